"""From the events of a study to the any-time record of a run."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, final

from rung.analysis.comparison.runs import Point
from rung.events import Ended, Observed, Started
from rung.types import TrialState

if TYPE_CHECKING:
    from rung.analysis.comparison.runs import Budget
    from rung.bookkeeping import IncumbentFrom
    from rung.events import Event
    from rung.types import Goal

Clocks: TypeAlias = Callable[[], tuple[float, float]]
"""Seconds that the method has taken to decide so far, and real seconds since the run began."""


class _Spent(NamedTuple):
    n_evaluations: int = 0
    n_steps: int = 0
    at: float = 0.0
    decide_s: float = 0.0
    wall_s: float = 0.0


@final
class Recorder:
    """Folds the events of a study, which come in the order of its log, into points.

    The best value is that of the best report so far, of any trial at any step. A step of a trial counts once; a report
    that skips steps counts them too. What comes after the budget is spent does not count.

    truth: the metric whose value the best report has instead of the goal's, where it has one; as reports still compete
    by the goal's, it may get worse. incumbent_from: ``final`` lets only the last report of a completed trial compete.
    clocks: read at every event; by default a study's decisions take what its log says, and its clock is the real one.
    """

    def __init__(
        self,
        goal: Goal,
        *,
        budget: Budget | None = None,
        truth: str | None = None,
        incumbent_from: IncumbentFrom = "any",
        clocks: Clocks | None = None,
    ) -> None:
        self._goal = goal
        self._budget = budget
        self._truth = truth
        self._incumbent_from: IncumbentFrom = incumbent_from
        self._clocks = clocks
        self._newest: dict[int, Observed] = {}
        self._spent = _Spent()
        self._steps: dict[int, int] = {}
        self._best_loss = math.inf
        self._best: float | None = None
        self._points: list[Point] = []
        self.is_over = False

    @property
    def points(self) -> tuple[Point, ...]:
        """Where the incumbent changed, and how far the run has come; nothing before its first event."""
        now = self._point()
        if now.wall_s == now.simulated_s == now.n_evaluations == 0:
            return ()
        return tuple(self._points) if self._points and self._points[-1] == now else (*self._points, now)

    def update(self, event: Event) -> None:
        """Take the next event."""
        if self.is_over:
            return
        before, self._spent = self._spent, self._moved_on(event)
        if self._is_beyond():
            self._spent = self._cut(before)
            self.is_over = True
            return
        report = self._judged(event)
        if report is not None and report.loss is not None and report.loss < self._best_loss:
            self._best_loss = report.loss
            truth = None if self._truth is None else report.metrics.get(self._truth)
            self._best = self._goal.value(report.loss) if truth is None else truth
            self._points.append(self._point())
        self.is_over = self._is_used_up()

    def _judged(self, event: Event) -> Observed | None:
        """The report that competes now to be the best one, if there is one."""
        if isinstance(event, Observed):
            self._newest[event.trial] = event
            return event if self._incumbent_from == "any" else None
        if isinstance(event, Ended) and event.state is TrialState.COMPLETED and self._incumbent_from == "final":
            return self._newest.get(event.trial)
        return None

    def _moved_on(self, event: Event) -> _Spent:
        spent = self._spent
        n_evaluations, n_steps, decide_s = spent.n_evaluations, spent.n_steps, spent.decide_s
        if isinstance(event, Started):
            n_evaluations += event.trial not in self._steps
            self._steps.setdefault(event.trial, 0)
            decide_s += event.decide_s
        elif isinstance(event, Observed):
            n_steps += max(0, event.step - self._steps[event.trial])
            self._steps[event.trial] = max(event.step, self._steps[event.trial])
        wall_s = event.at
        if self._clocks is not None:
            decide_s, wall_s = self._clocks()
        return _Spent(n_evaluations, n_steps, event.at, decide_s, wall_s)

    def _used(self) -> float:
        assert self._budget is not None
        return self._point().spent(self._budget.axis)

    def _is_beyond(self) -> bool:
        return self._budget is not None and self._used() > self._budget.limit

    def _is_used_up(self) -> bool:
        """Whether nothing that is still to come could count: open trials still bring values on other axes."""
        return self._budget is not None and self._budget.axis == "steps" and self._used() >= self._budget.limit

    def _cut(self, before: _Spent) -> _Spent:
        """The end of the budget, on the axis that it limits; on the others where the last event within it was."""
        assert self._budget is not None
        if self._budget.axis == "simulated_s":
            return before._replace(at=self._budget.limit)
        if self._budget.axis == "wall_s":
            return before._replace(wall_s=self._budget.limit)
        return before

    def _point(self) -> Point:
        spent = self._spent
        return Point(spent.n_evaluations, spent.n_steps, spent.at, spent.decide_s, spent.wall_s, self._best)
