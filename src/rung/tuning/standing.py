"""How far a study has come, folded from its log: what the stop criteria look at."""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, TypeAlias, final

from rung.bookkeeping import IncumbentFrom
from rung.events import Ended, Event, Interrupted, Observed, Placed, Started
from rung.stopping import Record, Standing
from rung.types import TrialState

if TYPE_CHECKING:
    from rung.ledger import Ledger

Fold: TypeAlias = "Callable[[Event, Ledger], None]"
"""Takes the next event of a log, with the ledger that has taken it already."""


@final
class Tally:
    """Counts what the ledger doesn't: steps, costs, how the best came about, and what each trial has brought.

    metrics: those that are costs. incumbent_from: which values compete to be the best. ``apply`` is the only way it
    changes, so a resumed tuner counts what the former one did.
    """

    def __init__(self, *, metrics: Collection[str] = (), incumbent_from: IncumbentFrom = "any") -> None:
        self._metrics = frozenset(metrics)
        self._counts_any = incumbent_from == "any"
        self._n_steps = 0
        self._costs = dict.fromkeys(self._metrics, 0.0)
        self._latest: dict[tuple[int, str], float] = {}
        self._best_final: float | None = None
        self._bests: list[float | None] = []
        self._finals: list[float] = []
        self._records: list[Record] = []
        self._underway = _Underway()

    def apply(self, event: Event, ledger: Ledger) -> None:
        """Take the next event of the log, which the ledger has taken already."""
        if isinstance(event, Started | Placed | Interrupted | Ended):
            self._underway.take_note(event.trial, ledger)
        if isinstance(event, Observed):
            self._observed(event)
        elif isinstance(event, Ended) and event.state.is_final:
            self._ended(event, ledger)
        else:
            return
        best = self._best(ledger)
        if best is not None and (not self._records or best < self._records[-1].loss):
            self._records.append(Record(self._n_steps, event.at, best))

    def standing(self, ledger: Ledger, at: float) -> Standing:
        """How far the study has come at this moment of its clock."""
        assert ledger.study is not None
        return Standing(
            n_trials=ledger.study.n_begun,
            n_steps=self._n_steps,
            seconds=at,
            runtime_s=ledger.study.runtime + self._underway.seconds(at),
            costs=self._costs,
            best_loss=self._best(ledger),
            bests=self._bests,
            finals=self._finals,
            records=self._records,
        )

    def _observed(self, event: Observed) -> None:
        self._n_steps += 1
        for metric in self._metrics & event.metrics.keys():
            latest = event.metrics[metric]
            if math.isfinite(latest):
                self._costs[metric] += latest - self._latest.get((event.trial, metric), 0.0)
                self._latest[event.trial, metric] = latest

    def _ended(self, event: Ended, ledger: Ledger) -> None:
        trial = ledger.trials[event.trial]
        final = trial.last_loss if event.state is TrialState.COMPLETED else None
        if final is not None:
            self._best_final = final if self._best_final is None else min(final, self._best_final)
        self._bests.append(self._best(ledger))
        counted = trial.best_loss if self._counts_any else final
        if counted is not None:
            insort(self._finals, counted)

    def _best(self, ledger: Ledger) -> float | None:
        assert ledger.study is not None
        return ledger.study.best_loss if self._counts_any else self._best_final


@final
class _Underway:
    """Adds up how long the running trials have run, without looking at each whenever somebody asks.

    In whole nanoseconds, so that what was added is what is taken away again.
    """

    def __init__(self) -> None:
        self._launched: dict[int, int] = {}
        self._sum = 0

    def take_note(self, number: int, ledger: Ledger) -> None:
        """Something has happened to that trial, which may run now, run since another moment, or run no longer."""
        self._sum -= self._launched.pop(number, 0)
        trial = ledger.running.get(number)
        if trial is not None:
            self._launched[number] = launched = round(trial.launched_at * 1e9)
            self._sum += launched

    def seconds(self, at: float) -> float:
        """Of all together, until then."""
        return (len(self._launched) * round(at * 1e9) - self._sum) / 1e9


def runtime_until(ledger: Ledger, at: float) -> float:
    """Seconds that all runs have taken together, those of running trials until then included."""
    assert ledger.study is not None
    return ledger.study.runtime + sum(at - trial.launched_at for trial in ledger.running.values())
