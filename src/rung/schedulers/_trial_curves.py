"""What the trials of a study have reported, as stop criteria look at a single one of them."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right, insort
from collections.abc import Collection
from typing import final

from msgspec import Struct, field

from rung.events import Ended, Observed, Started
from rung.schedulers._sorted_floats import SortedFloats
from rung.stopping import Curve, Standing


class _Trial(Struct):
    """averages: the running average after each report; bests: the best loss after each. since: of the run; None pauses.

    past_s: seconds of the runs before.
    """

    steps: list[int] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    averages: list[float] = field(default_factory=list)
    bests: list[float] = field(default_factory=list)
    costs: dict[str, float] = field(default_factory=dict)
    since: float | None = None
    past_s: float = 0.0

    def seconds(self, at: float) -> float:
        return self.past_s + (0.0 if self.since is None else at - self.since)

    def average_up_to(self, step: int) -> float | None:
        """The running average up to a step that the trial has come to or passed; None before its first report."""
        index = bisect_right(self.steps, step) - 1
        return self.averages[index] if index >= 0 else None


@final
class TrialCurves:
    """A fold of what trials report. metrics: those that are costs. has_peers: whether trials are compared by averages.

    The running averages of all trials at a step are kept in order once the step has been reported. A table that a
    trial leaps over is made anew when somebody reports its step again, so that a report costs O(log n) for n trials
    that report the same steps, and O(n log n) at worst.
    """

    def __init__(self, metrics: Collection[str] = (), *, has_peers: bool = True) -> None:
        self._metrics = frozenset(metrics)
        self._has_peers = has_peers
        self._trials: dict[int, _Trial] = {}
        self._averages: dict[int, SortedFloats] = {}
        self._table_steps: list[int] = []  # the keys of the tables, in order
        self._leader: tuple[float, int] | None = None  # the best loss of all, and whose it is
        self._runner_up: tuple[float, int] | None = None  # the best of all other trials

    def started(self, event: Started) -> None:
        """A run of a trial begins."""
        self._trials.setdefault(event.trial, _Trial()).since = event.at

    def ended(self, event: Ended) -> None:
        """A run is over, for good or not."""
        trial = self._trials[event.trial]
        trial.past_s = trial.seconds(event.at)
        trial.since = None

    def observed(self, event: Observed) -> Standing:
        """A report; returns how its trial stands now, which holds until the next event."""
        trial, loss = self._trials[event.trial], event.loss
        assert loss is not None, "reports without a loss don't reach a scheduler"
        peers = self._table(trial, event.step) if self._has_peers else ()
        n = len(trial.steps)
        trial.steps.append(event.step)
        trial.losses.append(loss)
        trial.averages.append(loss if n == 0 else trial.averages[-1] + (loss - trial.averages[-1]) / (n + 1))
        trial.bests.append(min(loss, trial.bests[-1]) if n else loss)
        for name in self._metrics & event.metrics.keys():
            if math.isfinite(event.metrics[name]):
                trial.costs[name] = event.metrics[name]
        seconds = trial.seconds(event.at)
        return Standing(
            n_trials=1,
            n_steps=event.step,
            seconds=seconds,
            runtime_s=seconds,
            costs=trial.costs,
            best_loss=trial.bests[-1],
            bests=trial.bests,
            curve=Curve(trial.steps, trial.losses, peers, self._best_of_others(event.trial)),
        )

    def compared(self, event: Observed) -> None:
        """The report counts for the other trials from now on."""
        trial = self._trials[event.trial]
        if self._has_peers:
            self._averages[event.step].add(trial.averages[-1])
        self._rank(trial.losses[-1], event.trial)

    def _table(self, trial: _Trial, step: int) -> SortedFloats:
        """The running averages at this step of all that have come to it. The trial, which comes to it now, hasn't.

        The tables between its former step and this one are dropped, as it is missing in them from now on.
        """
        first = bisect_right(self._table_steps, trial.steps[-1] if trial.steps else 0)
        last = bisect_left(self._table_steps, step)
        for passed in self._table_steps[first:last]:
            del self._averages[passed]
        del self._table_steps[first:last]
        found = self._averages.get(step)
        if found is None:
            come = [other for other in self._trials.values() if other.steps and other.steps[-1] >= step]
            averages = [other.average_up_to(step) for other in come]
            found = self._averages[step] = SortedFloats(each for each in averages if each is not None)
            insort(self._table_steps, step)
        return found

    def _best_of_others(self, number: int) -> float | None:
        best = self._runner_up if self._leader is not None and self._leader[1] == number else self._leader
        return None if best is None else best[0]

    def _rank(self, loss: float, number: int) -> None:
        if self._leader is None or loss < self._leader[0]:
            if self._leader is not None and self._leader[1] != number:
                self._runner_up = self._leader
            self._leader = (loss, number)
        elif self._leader[1] != number and (self._runner_up is None or loss < self._runner_up[0]):
            self._runner_up = (loss, number)
