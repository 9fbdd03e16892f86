"""The runs of a simulation under way: taken from report to report, each when its time on the virtual clock comes."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, final

from rung.backends._calendar import Calendar
from rung.backends._stepping import SteppingGenerator
from rung.backends._suspended import Suspended
from rung.types import Exited, Fact, Launched, Outcome, Reported

if TYPE_CHECKING:
    from rung.backends._cluster import Cluster
    from rung.backends._stepping import Stepping
    from rung.contracts import Deliver


@final
class Course:
    """What runs, what it says, and when that is heard.

    calendar: has the time. runs: those that are not over, by trial. suspended: the generators that outlast a pause.
    """

    def __init__(self, cluster: Cluster) -> None:
        self.runs: dict[int, Stepping] = {}
        self.suspended = Suspended()
        self._cluster = cluster
        self.calendar = Calendar()
        self._ready: deque[Stepping] = deque()

    def begin(self, run: Stepping) -> None:
        """Take in a run, which begins at this instant if there is a worker for it."""
        self.runs[run.job.trial] = run
        if self._cluster.admit(run):
            self._ready.append(run)

    def wake(self, run: Stepping) -> None:
        """Something was said to a run: it goes on if that is what it waited for."""
        if run.line.is_parked and run.line.is_answered:
            run.line.is_parked = False
            self._ready.append(run)

    def end(self, run: Stepping) -> None:
        """End a run where it stands; nothing of it is heard any more."""
        self._vacate(run)
        run.cut()

    def go_on(self, timeout: float, deliver: Deliver) -> None:
        """Go to the next instant at which something happens and deliver all that does; without one, timeout passes."""
        self._advance_ready()
        self.calendar.now = self._next_instant(timeout)
        self._turn_workers()
        while due := self.calendar.take_due():
            self._deliver_due(due, deliver)
            self._advance_ready()

    def _next_instant(self, timeout: float) -> float:
        """When something happens next; when nothing is to come, after the timeout."""
        at = self.calendar.next_at
        if at < math.inf or self._cluster.has_waiting:
            at = min(at, self._cluster.next_change)
        if at < math.inf:
            return max(at, self.calendar.now)
        return self.calendar.now + (timeout if math.isfinite(timeout) else 0.0)

    def _turn_workers(self) -> None:
        """Let workers go and come, with what that means for the runs."""
        now = self.calendar.now
        if now < self._cluster.next_change and not self._cluster.has_waiting:
            return
        for trial, why in self._cluster.turn(now).items():
            self.calendar.plan(self.runs[trial], [_loss(self.runs[trial], why)])
        self._place_waiting()

    def _advance_ready(self) -> None:
        """Take every run that need not stand still to its next report, and plan when that arrives."""
        while self._ready:
            run = self._ready.popleft()
            if run.line.is_cut:
                continue
            try:
                run.advance()
            except KeyboardInterrupt:
                run.line.is_cut = True
                self._vacate(run)
                raise
            facts = run.line.take()
            if not isinstance(last := facts[-1], Reported):
                self.calendar.plan(run, facts)
                continue
            self.calendar.plan(run, facts[:-1])
            seconds, crashes = self._cluster.step(run, last)
            told = _loss(run, f"its process crashed on the way to step {last.step}") if crashes else last
            self.calendar.plan(run, [told], after=seconds)

    def _deliver_due(self, due: Sequence[tuple[Stepping, Sequence[Fact]]], deliver: Deliver) -> None:
        told: list[Fact] = []
        for run, facts in due:
            if self.runs.get(run.job.trial) is run:  # else it was lost at the instant of its own end
                told += facts
                if isinstance(last := facts[-1], Exited):
                    self._set_aside(run, is_lost=last.outcome is Outcome.LOST)
        deliver(told)
        for run, facts in due:
            if isinstance(facts[-1], Reported) and not run.line.is_cut:
                run.line.is_parked = not run.line.is_answered
                if not run.line.is_parked:
                    self._ready.append(run)

    def _set_aside(self, run: Stepping, *, is_lost: bool) -> None:
        """A run is over, and goes on later if it is suspended."""
        self._vacate(run)
        if is_lost:
            self._cluster.mark_lost(run.job.trial)
            run.cut()
        elif isinstance(run, SteppingGenerator) and run.is_suspended:
            self.suspended.keep(run)

    def _vacate(self, run: Stepping) -> None:
        """Take a run from its worker, which is free for one that waits."""
        del self.runs[run.job.trial]
        self._cluster.leave(run)
        self._place_waiting()

    def _place_waiting(self) -> None:
        """Begin the runs that have waited for the workers that are free now, and say that their time begins."""
        while (run := self._cluster.next_placed()) is not None:
            self.calendar.plan(run, [Launched(run.job.trial, run.job.attempt, host="simulated", pid=0)])
            self._ready.append(run)


def _loss(run: Stepping, why: str) -> Exited:
    return Exited(run.job.trial, run.job.attempt, Outcome.LOST, "killed", f"Simulated: {why}.")
