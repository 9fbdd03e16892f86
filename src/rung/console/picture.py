"""The picture of a study that its events leave behind: the newest trials, and the totals."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, final

from rung.console.table import Column, columns_of, window
from rung.console.wording import clock, number, roughly
from rung.events import Ended, Event, Interrupted, Observed, SessionEnded, SessionStarted, Started
from rung.types import TrialState

if TYPE_CHECKING:
    from rung.ledger import Ledger
    from rung.rows import StudyRow, TrialRow

MOST_TRIALS = 12
"""As many as a table has at most."""


@final
class Picture:
    """The newest trials and the totals, as far as events have told."""

    def __init__(self, event: SessionStarted, ledger: Ledger, *, max_trials: int | None) -> None:
        assert ledger.study is not None, "events follow on the first one"
        self._study: StudyRow = ledger.study
        self._max_trials = max_trials
        self._running: dict[int, TrialRow] = {}
        newest = sorted(ledger.trials.values(), key=lambda row: row.last_at)[-MOST_TRIALS:]
        self._others = deque(newest, maxlen=MOST_TRIALS)
        self._began_at = self._at = event.at
        self._seen = time.monotonic()
        self._n_trials = self._study.n_begun
        self._finished = 0
        self._best_at: float | None = None
        self._is_over = False

    def take(self, event: Event, ledger: Ledger) -> None:
        """Note what the event changes."""
        self._at, self._seen = event.at, time.monotonic()
        self._n_trials = self._study.n_begun
        if isinstance(event, Started):
            self._running[event.trial] = ledger.trials[event.trial]
            self._put_away(event.trial)
        elif isinstance(event, Ended | Interrupted):
            self._running.pop(event.trial, None)
            self._put_away(event.trial)
            self._others.append(ledger.trials[event.trial])
            self._finished += isinstance(event, Ended) and event.state.is_final
        elif isinstance(event, Observed):
            study = self._study
            if (event.trial, event.step) == (study.best_trial, study.best_step):
                self._best_at = event.at
        self._is_over = isinstance(event, SessionEnded)

    def columns(self, size: int) -> list[Column]:
        """The table of so many trials: the running ones first, then the newest others."""
        return columns_of(window(self._running.values(), self._others, size), self._study, at=self._now())

    def totals(self, size: int) -> str:
        """The line below a table of so many trials."""
        at, study = self._now(), self._study
        total = f"/{self._max_trials}" if self._max_trials else ""
        parts = [f"trials {self._n_trials}{total}"]
        if len(self._running) > size:
            parts.append(f"{len(self._running) - size} more running")
        names = {TrialState.COMPLETED: "done"}
        parts += [
            f"{names.get(state, state)} {study.counts[state]}"
            for state in (*_FINAL, TrialState.PAUSED, TrialState.WAITING)
            if study.counts.get(state)
        ]
        if study.best_loss is not None:
            ago = "" if self._best_at is None else f", {roughly(at - self._best_at)} ago"
            value = number(study.goal.value(study.best_loss))
            parts.append(f"best {value} (#{study.best_trial} at step {study.best_step}{ago})")
        parts.append(f"elapsed {clock(at - self._began_at)}")
        left = self._seconds_left(at)
        if left is not None:
            parts.append(f"about {roughly(left)} left")
        return " · ".join(parts)

    def _put_away(self, trial: int) -> None:
        self._others = deque((row for row in self._others if row.number != trial), maxlen=MOST_TRIALS)

    def _now(self) -> float:
        return self._at if self._is_over else self._at + time.monotonic() - self._seen

    def _seconds_left(self, at: float) -> float | None:
        """A guess from the pace of this session; None before there is something to go by."""
        if self._max_trials is None or self._finished < 3 or self._is_over:
            return None
        final = sum(self._study.counts.get(state, 0) for state in _FINAL)
        return max(0, self._max_trials - final) * (at - self._began_at) / self._finished


_FINAL = (TrialState.COMPLETED, TrialState.STOPPED, TrialState.FAILED)
