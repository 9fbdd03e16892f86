"""Progress on a terminal: a table of the newest trials that is kept up to date, above a line of totals."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import IO, TYPE_CHECKING, final

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from rung.console.plain import banner, summary
from rung.console.table import GAP, columns_of, fitted, shortened, window
from rung.console.wording import MARKS, clock, number, roughly
from rung.events import Ended, Event, Interrupted, Observed, SessionEnded, SessionStarted, Started
from rung.types import TrialState

if TYPE_CHECKING:
    from rich.console import RenderableType

    from rung.ledger import Ledger
    from rung.rows import StudyRow, TrialRow

_MOST_TRIALS = 12
_OTHER_LINES = 6  # of the terminal that the table must leave: header, totals, the prompt
_REFRESHES_PER_SECOND = 4
_STYLES = {
    MARKS[TrialState.RUNNING]: "cyan",
    MARKS[TrialState.WAITING]: "magenta",
    MARKS[TrialState.PAUSED]: "blue",
    MARKS[TrialState.COMPLETED]: "green",
    MARKS[TrialState.STOPPED]: "yellow",
    MARKS[TrialState.FAILED]: "red",
}


def can_be_live(stream: IO[str]) -> bool:
    """Whether the stream is a terminal that can move its cursor and show the signs of the table."""
    console = Console(file=stream)
    return console.is_terminal and not console.is_dumb_terminal and console.encoding.startswith("utf")


@final
class LiveTable:
    """Keeps the picture of a study; a thread of rich's draws it, so that the tuner never waits for the terminal."""

    def __init__(self, stream: IO[str], *, store: str, max_trials: int | None) -> None:
        self._console = Console(file=stream, highlight=False)
        self._store = store
        self._max_trials = max_trials
        self._live: Live | None = None
        self._lock = threading.Lock()
        self._picture: _Picture | None = None

    def __call__(self, event: Event, ledger: Ledger) -> None:
        """Take the event into the picture."""
        if isinstance(event, SessionStarted):
            self._begin(event, ledger)
        picture = self._picture
        if picture is None:
            return
        with self._lock:
            picture.take(event, ledger)
        if isinstance(event, SessionEnded):
            self.close()
            self._console.print(Text(summary(event, ledger)))

    def close(self) -> None:
        """Draw the picture for the last time and leave it on the screen."""
        live, self._live = self._live, None
        if live is not None:
            live.stop()

    def _begin(self, event: SessionStarted, ledger: Ledger) -> None:
        self.close()
        self._picture = _Picture(event, ledger, max_trials=self._max_trials)
        opening = banner(event, ledger, store=self._store, max_trials=self._max_trials)
        self._console.print(Text(opening, style="bold"), Text(), sep="\n")
        self._live = Live(
            get_renderable=self._draw,
            console=self._console,
            refresh_per_second=_REFRESHES_PER_SECOND,
            vertical_overflow="crop",
        )
        self._live.start()

    def _draw(self) -> RenderableType:
        picture = self._picture
        if picture is None:
            return Text()
        width, height = self._console.size
        with self._lock:
            return picture.draw(width, height)


@final
class _Picture:
    """The newest trials and the totals, as far as events have told."""

    def __init__(self, event: SessionStarted, ledger: Ledger, *, max_trials: int | None) -> None:
        assert ledger.study is not None, "events follow on the first one"
        self._study: StudyRow = ledger.study
        self._max_trials = max_trials
        self._running: dict[int, TrialRow] = {}
        newest = sorted(ledger.trials.values(), key=lambda row: row.last_at)[-_MOST_TRIALS:]
        self._others = deque(newest, maxlen=_MOST_TRIALS)
        self._began_at = self._at = event.at
        self._seen = time.monotonic()
        self._n_trials = len(ledger.trials)
        self._finished = 0
        self._best_at: float | None = None
        self._is_over = False

    def take(self, event: Event, ledger: Ledger) -> None:
        """Note what the event changes."""
        self._at, self._seen = event.at, time.monotonic()
        self._n_trials = len(ledger.trials)
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

    def draw(self, width: int, height: int) -> RenderableType:
        """The table and the totals, for a terminal of that many cells and lines."""
        at = self._now()
        size = max(3, min(_MOST_TRIALS, height - _OTHER_LINES))
        trials = window(self._running.values(), self._others, size)
        table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="dim", show_edge=False)
        columns = fitted(columns_of(trials, self._study, at=at), width)
        for column, cells in columns:
            table.add_column(shortened(column.title, cells), justify=column.justify, width=cells, no_wrap=True)
        for index in range(len(trials)):
            row = [shortened(column.cells[index], cells) for column, cells in columns]
            table.add_row(*(Text(cell, style=_STYLES.get(cell, "")) for cell in row))
        return Group(table, Text(self._totals(at, hidden=len(self._running) - size)))

    def _put_away(self, trial: int) -> None:
        self._others = deque((row for row in self._others if row.number != trial), maxlen=_MOST_TRIALS)

    def _now(self) -> float:
        return self._at if self._is_over else self._at + time.monotonic() - self._seen

    def _totals(self, at: float, *, hidden: int) -> str:
        study = self._study
        total = f"/{self._max_trials}" if self._max_trials else ""
        parts = [f"trials {self._n_trials}{total}"]
        if hidden > 0:
            parts.append(f"{hidden} more running")
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

    def _seconds_left(self, at: float) -> float | None:
        """A guess from the pace of this session; None before there is something to go by."""
        if self._max_trials is None or self._finished < 3 or self._is_over:
            return None
        final = sum(self._study.counts.get(state, 0) for state in _FINAL)
        return max(0, self._max_trials - final) * (at - self._began_at) / self._finished


_FINAL = (TrialState.COMPLETED, TrialState.STOPPED, TrialState.FAILED)
