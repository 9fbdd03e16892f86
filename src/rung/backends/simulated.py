"""Runs any number of trials at a time on a virtual clock: days of training in seconds, the same way every time."""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, final

from rung.backends._stepping import Stepping, SteppingGenerator, begin
from rung.errors import ObjectiveError, SettingError
from rung.runtime.objective import Kind, Objective
from rung.types import Config, Exited, Fact, Handle, Job, Message, Reported

if TYPE_CHECKING:
    from rung.contracts import Deliver

_MOST_SUSPENDED = 10_000
"""Generators kept in memory over a pause; the longest suspended one is begun again if it is needed after all."""


@final
class Simulated:
    """A cluster of ``slots`` workers on which one trial computes at a time and all of them take virtual time.

    runtime: the virtual seconds that a step takes, as a number, as a function of the configuration and the step, or as
    the name of a metric by which each report says it.
    The objective's own code takes no virtual time. Generators are paused in memory; other functions run on threads of
    which exactly one is awake at a time, so that what happens depends on the virtual clock alone.
    Events of one instant are delivered together, in the order in which they came about.
    """

    runs_in_caller = True

    def __init__(self, slots: int, *, runtime: Callable[[Config, int], float] | float | str = 1.0) -> None:
        if slots < 1:
            raise SettingError(f"slots={slots} can run nothing.", hint="Give a whole number from 1.")
        self.slots = slots
        self._runtime = runtime
        self._calendar = _Calendar()
        self._objective: Objective | None = None
        self._attempts: dict[int, int] = {}
        self._runs: dict[int, Stepping] = {}
        self._ready: deque[Stepping] = deque()
        self._suspended: dict[int, SteppingGenerator] = {}

    def open(self, study: str, objective: Objective, folder: Path) -> None:  # noqa: ARG002  part of the contract
        """Get ready; ObjectiveError for scripts."""
        if objective.kind is Kind.SCRIPT:
            raise ObjectiveError("A script runs in processes.", hint="Use the processes backend.")
        self.close()
        self._objective = objective
        self._attempts.clear()

    def start(self, job: Job) -> None:
        """Begin a run at this instant, or go on with the generator that was suspended; one attempt is taken once."""
        if self._attempts.get(job.trial, 0) >= job.attempt:
            return
        assert self._objective is not None, "open comes before start"
        assert len(self._runs) < self.slots, "all slots are taken"
        self._attempts[job.trial] = job.attempt
        suspended = self._suspended.pop(job.trial, None)
        if suspended is not None and suspended.can_become(job):
            suspended.resume(job)
            run: Stepping = suspended
        else:
            if suspended is not None:
                suspended.cut()
            run = begin(job, self._objective)
        self._runs[job.trial] = run
        self._ready.append(run)

    def send(self, trial: int, message: Message) -> None:
        """Pass a message to a running trial; it sees it when its current step is over."""
        run = self._runs.get(trial)
        if run is None:
            return
        run.line.put(message)
        if run.line.is_parked and run.line.is_answered:
            run.line.is_parked = False
            self._ready.append(run)

    def stop(self, trial: int) -> None:
        """End a run, which gets TrialStopped where it stands."""
        run = self._runs.pop(trial, None)
        if run is not None:
            run.cut()

    def poll(self, timeout: float, deliver: Deliver) -> None:
        """Go to the instant of the next event and deliver all that happens then, however far off it is.

        When nothing is to come, ``timeout`` virtual seconds pass.
        """
        self._advance_ready()
        if not self._calendar.turn():
            self._calendar.now += timeout if math.isfinite(timeout) else 0.0
            return
        while due := self._calendar.take_due():
            self._deliver_due(due, deliver)
            self._advance_ready()

    def live(self) -> Sequence[Handle]:
        """The runs that are not over."""
        return [Handle(run.job.trial, run.job.attempt) for run in self._runs.values()]

    def now(self) -> float:
        """Virtual seconds since this backend was made."""
        return self._calendar.now

    def close(self) -> None:
        """End everything, also what is suspended."""
        for trial in list(self._runs):
            self.stop(trial)
        for run in self._suspended.values():
            run.cut()
        self._suspended.clear()
        self._ready.clear()
        self._calendar.clear()

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
                del self._runs[run.job.trial]
                raise
            facts = run.line.take()
            if isinstance(last := facts[-1], Reported):
                self._calendar.plan(run, facts[:-1])
                self._calendar.plan(run, [last], after=_seconds(self._runtime, run, last))
            else:
                self._calendar.plan(run, facts)

    def _deliver_due(self, due: Sequence[tuple[Stepping, list[Fact]]], deliver: Deliver) -> None:
        for run, facts in due:
            if isinstance(facts[-1], Exited):
                self._set_aside(run)
        deliver([fact for _, facts in due for fact in facts])
        for run, facts in due:
            if isinstance(facts[-1], Reported) and not run.line.is_cut:
                run.line.is_parked = not run.line.is_answered
                if not run.line.is_parked:
                    self._ready.append(run)

    def _set_aside(self, run: Stepping) -> None:
        del self._runs[run.job.trial]
        if isinstance(run, SteppingGenerator) and run.is_suspended:
            self._suspended[run.job.trial] = run
            if len(self._suspended) > _MOST_SUSPENDED:
                self._suspended.pop(next(iter(self._suspended))).cut()


@final
class _Calendar:
    """What has been said and is still to be heard, by the instant at which that is due. now: virtual seconds."""

    def __init__(self) -> None:
        self.now = 0.0
        self._entries: list[tuple[float, int, Stepping, list[Fact]]] = []
        self._planned = 0

    def plan(self, run: Stepping, facts: list[Fact], *, after: float = 0.0) -> None:
        """Put down facts, if there are any, for ``after`` seconds from now."""
        if facts:
            heapq.heappush(self._entries, (self.now + after, self._planned, run, facts))
            self._planned += 1

    def turn(self) -> bool:
        """Go to the instant of the next entry; False when there is none. Those of runs that were cut are gone."""
        while self._entries and self._entries[0][2].line.is_cut:
            heapq.heappop(self._entries)
        if self._entries:
            self.now = self._entries[0][0]
        return bool(self._entries)

    def take_due(self) -> list[tuple[Stepping, list[Fact]]]:
        """The entries of this instant, in the order in which they were put down."""
        due: list[tuple[Stepping, list[Fact]]] = []
        while self._entries and self._entries[0][0] <= self.now:
            _, _, run, facts = heapq.heappop(self._entries)
            if not run.line.is_cut:
                due.append((run, facts))
        return due

    def clear(self) -> None:
        """Tear out all pages; the time stays."""
        self._entries.clear()


def _seconds(runtime: Callable[[Config, int], float] | float | str, run: Stepping, report: Reported) -> float:
    """How long it takes from the last report, or the checkpoint that the run continued from, to this one."""
    job, step = run.job, report.step
    since = max([run.step, *(checkpoint.step for checkpoint in job.checkpoints if checkpoint.step < step)])
    run.step = step
    if isinstance(runtime, str):
        seconds = report.metrics.get(runtime, math.nan)
    elif callable(runtime):
        seconds = sum(runtime(job.config, number) for number in range(since + 1, step + 1))
    else:
        seconds = runtime * (step - since)
    if not 0.0 <= seconds < math.inf:
        raise SettingError(
            f"runtime gives {seconds} s for the steps {since + 1} to {step} of {dict(job.config)}.",
            hint="A step takes a finite number of seconds, from 0.",
        )
    return seconds
