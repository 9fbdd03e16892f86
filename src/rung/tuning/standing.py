"""How far a study has come, folded from its log: what the stop criteria look at."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, TypeAlias, final

from rung.bookkeeping import IncumbentFrom
from rung.events import Ended, Event, Observed
from rung.stopping import Standing
from rung.types import TrialState

if TYPE_CHECKING:
    from rung.ledger import Ledger

Fold: TypeAlias = "Callable[[Event, Ledger], None]"
"""Takes the next event of a log, with the ledger that has taken it already."""


@final
class Tally:
    """Counts what the ledger doesn't: steps, costs, and how good the best was when each trial ended.

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

    def apply(self, event: Event, ledger: Ledger) -> None:
        """Take the next event of the log, which the ledger has taken already."""
        if isinstance(event, Observed):
            self._n_steps += 1
            for metric in self._metrics & event.metrics.keys():
                latest = event.metrics[metric]
                if not math.isfinite(latest):
                    continue
                self._costs[metric] += latest - self._latest.get((event.trial, metric), 0.0)
                self._latest[event.trial, metric] = latest
        elif isinstance(event, Ended) and event.state.is_final:
            loss = ledger.trials[event.trial].last_loss
            if event.state is TrialState.COMPLETED and loss is not None:
                self._best_final = loss if self._best_final is None else min(loss, self._best_final)
            self._bests.append(self._best(ledger))

    def standing(self, ledger: Ledger, at: float) -> Standing:
        """How far the study has come at this moment of its clock."""
        assert ledger.study is not None
        return Standing(
            n_trials=len(ledger.trials),
            n_steps=self._n_steps,
            seconds=at,
            runtime_s=runtime_until(ledger, at),
            costs=self._costs,
            best_loss=self._best(ledger),
            bests=self._bests,
        )

    def _best(self, ledger: Ledger) -> float | None:
        assert ledger.study is not None
        return ledger.study.best_loss if self._counts_any else self._best_final


def runtime_until(ledger: Ledger, at: float) -> float:
    """Seconds that all runs have taken together, those of running trials until then included."""
    assert ledger.study is not None
    return ledger.study.runtime + sum(at - trial.launched_at for trial in ledger.running.values())
