"""Runs any number of trials at a time on a virtual clock: days of training in seconds, the same way every time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

from rung.backends._cluster import Cluster, Runtime
from rung.backends._course import Course
from rung.backends._stepping import begin
from rung.backends.faults import Faults
from rung.checks import whole_number
from rung.errors import ObjectiveError, SettingError
from rung.runtime.objective import Kind, Objective
from rung.types import Handle, Job, Message

if TYPE_CHECKING:
    from rung.contracts import Deliver


@final
class Simulated:
    """A cluster of ``slots`` workers on which one trial computes at a time and all of them take virtual time.

    runtime: the virtual seconds that a step takes on a worker of speed 1, as a number, as a function of the
    configuration and the step, or as the name of a metric by which each report says it.
    speeds: of the workers, 2 taking half the time: a number for each, or one domain (``rung.uniform(0.5, 2.0)``, a
    distribution of scipy.stats) to draw them from. faults: what goes wrong; see ``Faults``. seed: of all that is drawn,
    so that the same study on the same cluster has the same events. What befalls a run follows from its trial and
    attempt, whatever else happens, so schedulers are compared under the same luck.

    The objective's own code takes no virtual time. Generators are paused in memory; other functions run on threads of
    which exactly one is awake at a time, so that what happens depends on the virtual clock alone.
    Events of one instant are delivered together, in the order in which they came about.

    - A run that finds its worker lost takes another that is free, or waits for one; its time then counts from when it
      got one. When none is left for ever, what waits is lost.
    - A generator stands for a training that keeps a checkpoint at each report: after a pause, and in another session,
      it goes on from its last one in no time. After its run was lost, ``Faults.checkpoint_every`` says from where; what
      it trains again takes time, but is not reported again. A copy of another trial begins anew. Functions go on from
      real checkpoints, copies too, or begin anew.
    """

    runs_in_caller = True

    def __init__(
        self,
        slots: int,
        *,
        runtime: Runtime = 1.0,
        speeds: Any = 1.0,
        faults: Faults | None = None,
        seed: int = 0,
    ) -> None:
        slots = whole_number("slots", slots, at_least=1, example=4)
        seed = whole_number("seed", seed, at_least=0, example=0)
        if not isinstance(faults, Faults | None):
            raise SettingError(f"faults={faults!r} says no faults.", hint="Give Faults(crash=0.01).")
        self.slots = slots
        self._course = Course(Cluster(slots, runtime=runtime, speeds=speeds, faults=faults or Faults(), seed=seed))
        self._objective: Objective | None = None
        self._attempts: dict[int, int] = {}

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
        assert len(self._course.runs) < self.slots, "all slots are taken"
        self._attempts[job.trial] = job.attempt
        self._course.begin(self._course.suspended.take(job) or begin(job, self._objective))

    def send(self, trial: int, message: Message) -> None:
        """Pass a message to a running trial; it sees it when its current step is over."""
        run = self._course.runs.get(trial)
        if run is not None:
            run.line.put(message)
            self._course.wake(run)

    def stop(self, trial: int) -> None:
        """End a run, which gets TrialStopped where it stands."""
        run = self._course.runs.get(trial)
        if run is not None:
            self._course.end(run)

    def poll(self, timeout: float, deliver: Deliver) -> None:
        """Go to the instant of the next event and deliver all that happens then, however far off it is.

        When nothing is to come, ``timeout`` virtual seconds pass.
        """
        self._course.go_on(timeout, deliver)

    def live(self) -> Sequence[Handle]:
        """The runs that are not over."""
        return [Handle(run.job.trial, run.job.attempt) for run in self._course.runs.values()]

    def now(self) -> float:
        """Virtual seconds since this backend was made."""
        return self._course.calendar.now

    def close(self) -> None:
        """End everything, also what is suspended."""
        course = self._course
        for run in list(course.runs.values()):
            course.end(run)
        course.suspended.clear()
        course.calendar.clear()
