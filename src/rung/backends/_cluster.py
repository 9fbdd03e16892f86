"""Where the runs of a simulation are: on which worker, how long their steps take there, and what befalls them."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping
from numbers import Real
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, final

from rung.backends._machines import RUNS, Machines, stream
from rung.backends._stepping import SteppingGenerator
from rung.errors import SettingError
from rung.types import Config, Job, Reported

if TYPE_CHECKING:
    import numpy as np

    from rung.backends._stepping import Stepping
    from rung.backends.faults import Faults

Runtime: TypeAlias = Callable[[Config, int], float] | float | str
"""The seconds of a step: a number, a function of configuration and step, or the metric by which a report says it."""


class _Place(NamedTuple):
    """A run's worker; how many times as long its steps take there; and the stream that says whether it crashes."""

    worker: int
    pace: float
    luck: np.random.Generator | None


@final
class Cluster:
    """Gives each run a worker, in the order in which they come; those that find none wait for the next free one.

    next_change: when a worker is lost or back again.
    """

    def __init__(self, slots: int, *, runtime: Runtime, speeds: Any, faults: Faults, seed: int) -> None:
        self._runtime = _checked(runtime)
        self._faults = faults
        self._seed = seed
        self._machines = Machines(slots, speeds=speeds, faults=faults, seed=seed)
        self._n_workers = slots
        self._places: dict[int, _Place] = {}
        self._waiting: deque[Stepping] = deque()
        self._lost: set[int] = set()  # trials whose newest run was lost

    @property
    def next_change(self) -> float:
        """When a worker is lost or back again; infinite for never."""
        return self._machines.next_change

    @property
    def has_waiting(self) -> bool:
        """A run waits for a worker."""
        return bool(self._waiting)

    def admit(self, run: Stepping) -> bool:
        """Place a run that begins; False when it has to wait."""
        if run.job.trial in self._lost:
            self._lost.discard(run.job.trial)
            if isinstance(run, SteppingGenerator):
                run.step = self._restart(run.job)
        if self._waiting or not self._place(run):
            self._waiting.append(run)
            return False
        return True

    def leave(self, run: Stepping) -> None:
        """A run is over, or waits no longer."""
        place = self._places.pop(run.job.trial, None)
        if place is not None:
            self._machines.release(place.worker)
        elif run in self._waiting:  # else its worker was lost
            self._waiting.remove(run)

    def next_placed(self) -> Stepping | None:
        """The first of those that wait, if there is a worker for it by now: it has it."""
        if self._waiting and self._place(self._waiting[0]):
            return self._waiting.popleft()
        return None

    def turn(self, now: float) -> Mapping[int, str]:
        """Let workers go and come until now; returns the trials whose runs are lost by that, with the reason."""
        gone = set(self._machines.turn(now))
        lost = {
            trial: f"worker {place.worker} was lost" for trial, place in self._places.items() if place.worker in gone
        }
        for trial in lost:
            del self._places[trial]
        if self._machines.are_all_gone:
            lost |= dict.fromkeys(
                (run.job.trial for run in self._waiting), f"none of {self._n_workers} workers is left"
            )
        return lost

    def mark_lost(self, trial: int) -> None:
        """The trial's run was lost, so its next one trains again what no checkpoint has."""
        self._lost.add(trial)

    def step(self, run: Stepping, report: Reported) -> tuple[float, bool]:
        """The seconds until this report of a run, or until it crashes on the way there; and whether it does."""
        place = self._places[run.job.trial]
        steps, seconds = _duration(self._runtime, run, report)
        seconds *= place.pace
        if place.luck is None:
            return seconds, False
        luck, moment = place.luck.random(2)
        if luck >= 1.0 - (1.0 - self._faults.crash) ** steps:
            return seconds, False
        return seconds * float(moment), True

    def _place(self, run: Stepping) -> bool:
        worker = self._machines.take(run.job.worker)
        if worker is None:
            return False
        pace, luck = 1.0 / self._machines.speeds[worker], None
        if self._faults.crash or self._faults.straggle:
            luck = stream(self._seed, RUNS, run.job.trial, run.job.attempt)
            if luck.random() < self._faults.straggle:
                pace *= self._faults.slowdown
        self._places[run.job.trial] = _Place(worker, pace, luck)
        return True

    def _restart(self, job: Job) -> int:
        """The step from which the generator of a lost run trains again, counted as done already."""
        every = self._faults.checkpoint_every
        if job.checkpoints or every is None:  # real ones are looked at where the time is reckoned
            return 0
        return job.last_step - job.last_step % every


def _checked(runtime: Runtime) -> Runtime:
    if isinstance(runtime, bool) or not (callable(runtime) or isinstance(runtime, Real | str)):
        raise SettingError(
            f"runtime={runtime!r} says no seconds.",
            hint="Give a number, a function of the configuration and the step, or the name of a metric.",
        )
    return runtime


def _duration(runtime: Runtime, run: Stepping, report: Reported) -> tuple[int, float]:
    """How many steps it is from the last report, or from where the run went on, to this one; and their seconds."""
    job, step = run.job, report.step
    since = max([run.step, *(checkpoint.step for checkpoint in job.checkpoints if checkpoint.step < step)])
    run.step = step
    if isinstance(runtime, str):
        if runtime not in report.metrics:
            raise SettingError(
                f"the report of step {step} has no metric {runtime!r}, which is to be its runtime.",
                hint=f"It has: {', '.join(report.metrics)}.",
            )
        repeated = max(0, job.last_step - since)  # nobody hears of these again: they take as long as this one
        seconds = report.metrics[runtime] * (1 + repeated)
    elif callable(runtime):
        seconds = sum(runtime(job.config, number) for number in range(since + 1, step + 1))
    else:
        seconds = runtime * (step - since)
    if not 0.0 <= seconds < math.inf:
        raise SettingError(
            f"runtime gives {seconds} s for the steps {since + 1} to {step} of {dict(job.config)}.",
            hint="A step takes a finite number of seconds, from 0.",
        )
    return step - since, seconds
