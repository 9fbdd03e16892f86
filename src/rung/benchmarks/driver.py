"""One way to run every method: rung's own tuner on the problem's own clock, with every step counted once.

A trial that is paused and resumed, or stopped early, has cost the steps that it was trained, whoever decides that.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple, final

from rung.analysis.comparison.recording import Recorder
from rung.backends.simulated import Simulated
from rung.events import Observed, Started
from rung.runtime.failures import failure_of
from rung.stopping import Criterion, Halt, trials
from rung.tuner import Tuner
from rung.tuning.starter import Limits

if TYPE_CHECKING:
    import numpy as np

    from rung._trial import Trial
    from rung.analysis.comparison.runs import Budget, Point
    from rung.benchmarks.problem import Problem
    from rung.contracts import Scheduler
    from rung.events import Event, SearchEvent
    from rung.ledger import Ledger
    from rung.space import Space
    from rung.stopping import Standing
    from rung.study import Study
    from rung.types import Decision, Exhausted, Goal, Json, Proposal, Wait

COST: Final = "step_seconds"
"""The metric by which a step says how long it takes on the problem's clock."""

MOST_IDLE: Final = 1_000
"""Trainings in a row, for each worker, that spend nothing of the budget until the run is given up."""

TRUTH: Final = "noiseless"
"""The metric that has the value without noise, where that is known."""


class Drive(NamedTuple):
    """How a run went.

    points, completed: as in ``Run``. failed: why it has no proper end, in its first line, and the traceback below it;
    or empty.
    """

    points: tuple[Point, ...]
    completed: tuple[Point, ...]
    failed: str = ""


def drive(
    problem: Problem,
    make: Callable[[], Scheduler],
    budget: Budget,
    *,
    seed: int,
    clock: Callable[[], float] = time.perf_counter,
) -> Drive:
    """Run the method that ``make`` gives on a problem until the budget is spent or it has nothing left to try.

    Time to decide is what it takes to make the method, and all that it is asked and told. clock: real seconds.
    Whatever the method raises ends the run, and stands in ``failed``. So ends a run that would never spend its budget,
    such as one of steps where every training fails.
    """
    watch = _Watch(clock)
    recorder = Recorder(problem.goal, budget=budget, truth=TRUTH, clocks=watch.read)
    completed = Recorder(problem.goal, budget=budget, truth=TRUTH, clocks=watch.again, incumbent_from="final")
    try:
        with watch.deciding():
            scheduler = make()
        failed = _turn(problem, Timed(scheduler, watch), budget, recorder, completed, seed=seed)
    except Exception as error:  # noqa: BLE001  the border to other projects' code, which may raise anything
        failed = failure_of(error)[1]
    return Drive(recorder.points, completed.points, failed)


def _turn(
    problem: Problem, scheduler: Scheduler, budget: Budget, recorder: Recorder, completed: Recorder, *, seed: int
) -> str:
    """Turn the tuner's loop to the end; returns why there is no result, or nothing."""
    idling = _Idling(budget)

    def record(event: Event, ledger: Ledger) -> None:
        del ledger
        recorder.update(event)
        completed.update(event)
        idling.update(event)

    goal, workers = problem.goal, budget.workers
    tuner = Tuner(
        _trainer(problem),
        scheduler,
        metric=goal.metric,
        mode=goal.mode,
        backend=Simulated(workers, runtime=COST),
        seed=seed,
        limits=Limits(failures_in_a_row=None),
        stop=trials(int(budget.limit)) if budget.axis == "evaluations" else _Spent(recorder, idling),
        observers=[record],
    )
    with tuner:
        study = tuner.run()
        if study.row.ended_why == "interrupted":
            raise KeyboardInterrupt
        if idling.is_hopeless:
            return f"{idling.n_trainings:,} trainings in a row have spent nothing of the budget{_last_words(study)}"
        if recorder.points and recorder.points[-1].best is None:
            return next((trial.message for trial in study.trials if trial.message), "No training gave a value.")
    return ""


def _trainer(problem: Problem) -> Callable[[Trial], Iterator[dict[str, float]]]:
    """The problem as an objective of the tuner."""

    def train(trial: Trial) -> Iterator[dict[str, float]]:
        for step in problem.train(trial.config, trial.seed):
            truth = {} if step.truth is None else {TRUTH: step.truth}
            yield {problem.goal.metric: step.value, COST: step.cost_s, **truth}

    return train


def _last_words(study: Study) -> str:
    """Why the newest training that has failed did so, behind a colon; a full stop when none has."""
    message = next((trial.message for trial in reversed(study.trials) if trial.message), "")
    return f": {message}" if message else "."


@final
class _Idling:
    """Counts the trainings that have begun since the budget was last touched."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._at = 0.0
        self.n_trainings = 0

    @property
    def is_hopeless(self) -> bool:
        """Whether it would go on like this for ever. Evaluations and real seconds pass in any case."""
        return self.n_trainings >= MOST_IDLE * self._budget.workers

    def update(self, event: Event) -> None:
        """Take the next event."""
        if self._budget.axis in {"evaluations", "wall_s"}:
            return
        if isinstance(event, Observed) if self._budget.axis == "steps" else event.at > self._at:
            self._at, self.n_trainings = event.at, 0
        self.n_trainings += isinstance(event, Started) and event.cause == "new"


@final
class _Spent(Criterion, frozen=True):
    """The record has all that the budget pays for, or nothing is ever going to be paid."""

    halt: ClassVar[Halt] = Halt.RUNS
    recorder: Recorder
    idling: _Idling

    def met(self, standing: Standing, goal: Goal) -> str:  # noqa: ARG002  every criterion is asked in the same way
        """See ``Criterion``."""
        return "the budget is spent" if self.recorder.is_over or self.idling.is_hopeless else ""

    def to_json(self) -> Json:
        """For the log of a study that nobody resumes."""
        return "budget"


@final
class _Watch:
    """Adds up the time that the method takes, beside the time that everything takes."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._began = clock()
        self._decide_s = 0.0
        self._last = (0.0, 0.0)

    def read(self) -> tuple[float, float]:
        """Seconds of the method so far, and in all."""
        self._last = self._decide_s, self._clock() - self._began
        return self._last

    def again(self) -> tuple[float, float]:
        """What was read last."""
        return self._last

    @contextlib.contextmanager
    def deciding(self) -> Iterator[None]:
        """What happens in here is the method's."""
        began = self._clock()
        try:
            yield
        finally:
            self._decide_s += self._clock() - began


@final
class Timed:
    """A scheduler whose time is taken; it does what the one behind it does."""

    def __init__(self, inner: Scheduler, watch: _Watch) -> None:
        self._inner = inner
        self._watch = watch

    @property
    def space(self) -> Space:
        """The space in force."""
        return self._inner.space

    def suggest(self, rng: np.random.Generator, *, new_trials: bool) -> Proposal | Wait | Exhausted:
        """What the one behind it wants next."""
        with self._watch.deciding():
            return self._inner.suggest(rng, new_trials=new_trials)

    def update(self, event: SearchEvent) -> Sequence[Decision]:
        """What the one behind it decides."""
        with self._watch.deciding():
            return self._inner.update(event)

    def spec(self) -> Mapping[str, Json]:
        """The form of the one behind it."""
        return self._inner.spec()
