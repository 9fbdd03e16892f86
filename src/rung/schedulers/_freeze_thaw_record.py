"""What trials have shown at the rungs where they are looked at, and which of them wait there."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, final

from rung.events import Ended, Observed, Started
from rung.schedulers._rungs import rung_reached
from rung.types import Action, Decision, TrialState

if TYPE_CHECKING:
    from rung.events import SearchEvent


def spread_levels(first: int, last: int, factor: float) -> tuple[int, ...]:
    """Steps from ``first`` to ``last``, both included, each about ``factor`` times the one before.

    The factor is adapted so that the last gap is as wide as the others. Where it is so near to 1 that no step would be
    left out, all are levels.
    """
    if first == last:
        return (last,)
    if factor <= last / (last - 1):
        return tuple(range(first, last + 1))
    n = max(1, round(math.log(last / first) / math.log(factor)))
    return tuple(sorted({round(first * (last / first) ** (k / n)) for k in range(n + 1)}))


class Reading(NamedTuple):
    """A trial's loss at the first report at or past a rung, and the step of that report."""

    step: int
    loss: float


@final
class TrainingRecord:
    """Looks at trials at ``levels``, whose last is the step of a full training, and pauses them at all others.

    readings: trial -> what it has shown, by step. frozen: the trials that wait for their turn, in the order in which
    they were paused; those that a person has paused are not among them. Both are to be read only.
    """

    def __init__(self, levels: Sequence[int]) -> None:
        self.levels = tuple(levels)
        self.readings: dict[int, list[Reading]] = {}
        self.frozen: dict[int, None] = {}
        self._rungs: dict[int, int] = {}  # the highest one that each trial has reached
        self._steps: dict[int, int] = {}
        self._untils: dict[int, int | None] = {}  # of the runs that have not ended

    @property
    def n_running(self) -> int:
        """How many trials run."""
        return len(self._untils)

    def next_step(self, trial: int) -> int:
        """The rung that the trial, which has not got to the last one, gets to next."""
        return self.levels[rung_reached(self.levels, self._steps.get(trial, 0)) + 1]

    def remaining(self, trial: int) -> int:
        """The steps from what the trial has reported, if anything, to a full training."""
        return max(self.levels[-1] - self._steps.get(trial, 0), 0)

    def heading(self, trial: int) -> int:
        """The step at which more will be known about a trial that runs."""
        until = self._untils[trial]
        last = self.levels[-1]
        return min(self.next_step(trial) if self._steps.get(trial, 0) < last else last, until or last)

    def update(self, event: SearchEvent) -> Sequence[Decision]:
        """Take the next event; the answer to the report of a new rung below the last is a pause."""
        if isinstance(event, Observed):
            return self._observed(event)
        if isinstance(event, Started):
            self._untils[event.trial] = event.until
            self.frozen.pop(event.trial, None)
        elif isinstance(event, Ended):
            self._untils.pop(event.trial, None)
            self.frozen.pop(event.trial, None)
            is_due = self._rungs.get(event.trial, -1) >= 0 and self._steps[event.trial] < self.levels[-1]
            if event.state is TrialState.PAUSED and event.reason != "person" and is_due:
                self.frozen[event.trial] = None
        return ()

    def _observed(self, event: Observed) -> Sequence[Decision]:
        assert event.loss is not None, "reports without a loss don't reach a scheduler"
        trial, step = event.trial, event.step
        self._steps[trial] = step
        rung = rung_reached(self.levels, step)
        if trial not in self._untils or rung <= self._rungs.get(trial, -1):
            return ()
        self._rungs[trial] = rung
        self.readings.setdefault(trial, []).append(Reading(step, event.loss))
        if step >= self.levels[-1]:
            return ()
        return (Decision(trial, Action.PAUSE, f"rung {self.levels[rung]}: waits until it promises most"),)
