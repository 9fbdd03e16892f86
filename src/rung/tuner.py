"""The tuner: a scheduler, an objective, a place to run it and a place to keep it, brought together."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, final

from rung import bookkeeping
from rung.bookkeeping import IncumbentFrom, Record
from rung.contracts import Backend, Scheduler, Store
from rung.errors import RungError, SettingError, StoreError
from rung.runtime.objective import Objective, as_objective
from rung.store import open_store
from rung.study import Study
from rung.tuning.aftermath import conclude, resume_command
from rung.tuning.endings import Endings
from rung.tuning.hand import Asked, ByHand, Hand, number_of
from rung.tuning.interrupts import heed_interrupts
from rung.tuning.loop import Loop
from rung.tuning.opening import OpenStudy, Resume, compare, find_study, new_study
from rung.tuning.recording import checked_known, checked_total, record_known, unrecorded
from rung.tuning.setup import (
    checked_given,
    checked_goal,
    checked_scheduler,
    default_backend,
    free_name,
    opened,
    reference_of,
    refuse_during_import,
)
from rung.tuning.terms import checked_terms
from rung.types import Config, Decision, Json

if TYPE_CHECKING:
    from rung.backends.resources import Resources
    from rung.stopping import Criterion
    from rung.tuning.recording import Result
    from rung.tuning.session import Observer, Session
    from rung.tuning.starter import Limits


@final
class Tuner:
    """Tunes an objective: ``run`` turns the loop, ``ask`` and ``tell`` turn it by hand.

    objective: any kind that the protocol of a trial knows, or None for ask and tell. metric, mode: what is judged.
    store: ``"memory"``, a path or URL of a database, or a store. study: its name; by default one that is not taken yet.
    workers: None runs the trials in this process, one after the other; a number runs as many in processes of their
    own. backend: any other place to run them. seed: None draws one; a resumed study keeps its own.
    resume: whether an existing study of that name is gone on with (``auto``, ``must``, ``never``).
    incumbent_from: ``any`` step of any trial, or the ``final`` values of completed trials.
    resources: GPUs and memory of each trial in a process of its own. limits: what a trial may cost before it is ended,
    and when a worker is given up. stop: when the study ends, as a criterion or its text; see ``rung.stopping``.
    project, message, tags: what it belongs to and is about; the last two add to what an existing study has.
    project_limit: the most that all trials of the project's studies in this store may take together, in seconds or as
    ``"8h"``. known_results: pairs of a configuration and what it came to elsewhere, as ``tell`` takes them; those that
    the study doesn't have yet become trials of it when the first session begins, and count in its total. observers:
    called with every committed event.

    Raises StudyMismatchError, naming the fields, when the stored study differs from what is asked for.
    """

    def __init__(
        self,
        objective: Callable[..., object] | Sequence[str] | str | Objective | None,
        scheduler: Scheduler,
        *,
        metric: str = "error",
        mode: Literal["min", "max"] = "min",
        store: Store | str | Path = "memory",
        study: str | None = None,
        workers: int | None = None,
        backend: Backend | None = None,
        resources: Resources | None = None,
        seed: int | None = None,
        resume: Resume = "auto",
        incumbent_from: IncumbentFrom = "any",
        limits: Limits | None = None,
        stop: Criterion | str | None = None,
        project: str | None = None,
        message: str = "",
        tags: Sequence[str] = (),
        project_limit: float | str | None = None,
        known_results: Iterable[tuple[Config, Result]] = (),
        observers: Sequence[Observer] = (),
    ) -> None:
        refuse_during_import()
        self._objective = None if objective is None else as_objective(objective)
        checked_scheduler(scheduler)
        self._goal = checked_goal(metric, mode)
        self._known = checked_known(known_results, scheduler, self._goal)
        self._terms = checked_terms(
            workers=workers,
            backend=backend,
            resources=resources,
            incumbent_from=incumbent_from,
            limits=limits,
            stop=stop,
            project=project,
            message=message,
            tags=tags,
            project_limit=project_limit,
        )
        self._tally = self._terms.tally()
        self._backend = backend
        self._observers = tuple(observers)
        self._owns_store = isinstance(store, str | Path)
        self._store = open_store(str(store), create=True) if isinstance(store, str | Path) else store
        with contextlib.ExitStack() as on_failure:
            if self._owns_store:
                on_failure.callback(self._store.close)
            name = study or free_name(self._store, "study" if self._objective is None else self._objective.name)
            reference = None if self._objective is None else reference_of(self._objective)
            labels = self._terms.labels
            wanted = new_study(name, scheduler, self._goal, seed=seed, objective=reference, labels=labels)
            if study is None and resume == "auto":
                resume = "never"  # the name was free a moment ago; whoever has taken it since has another study
            stored = find_study(self._store, name, resume=resume)
            if stored is not None:
                compare(stored, wanted, seed=seed)
                labels.check_project(stored)
            also = [] if self._terms.stop is None else [self._tally.apply]  # nothing else looks at it
            self._open = OpenStudy(self._store, scheduler, stored or wanted, is_new=stored is None, also=also)
            on_failure.pop_all()
        self._hand: tuple[Hand, Session] | None = None

    def run(
        self,
        number_of_trials: int | None = None,
        *,
        max_trials: int | None = None,
        seconds: float | None = None,
        given: Sequence[Mapping[str, Any]] = (),
    ) -> Study:
        """Run trials until a limit is reached or nothing is left to try; returns the study's read side.

        number_of_trials: so many more. max_trials: the study's total, running ones counted. seconds: wall time of this
        run; what still runs then is interrupted and can be resumed. given: configurations to run first, which nobody
        suggested: the space need not contain them, and the scheduler does not stop them. Ctrl-C once waits for the
        running trials and returns; twice ends them, and KeyboardInterrupt is raised once the study is in order.

        Raises StudyPausedError when every worker was given up because its trials failed one after the other, and
        ObjectiveError when the objective doesn't take the hyperparameters, or can't be loaded where trials run.
        """
        if self._objective is None:
            raise SettingError("this tuner has no objective to run.", hint="Use ask() and tell(), or give one.")
        self._put_down()
        limits = self._terms.limited(new_trials=number_of_trials, max_trials=max_trials, seconds=seconds)
        checked_total(limits.max_trials, self._known)
        given, engine, reference = checked_given(given), self._open.engine, reference_of(self._objective)
        n_given = len(given) + len(unrecorded(self._known, engine))
        settings = self._terms.settings(limits, engine.ledger, objective=reference, n_given=n_given)
        endings = self._endings()
        self._objective.check(engine.scheduler.space)
        backend = self._backend or default_backend(self._objective, self._terms.workers, self._terms.resources)
        folder = self._open.folder
        with opened(backend, self._open.name, self._objective, folder):
            session = self._begin(backend, settings)
            try:
                fixed = self._objective.fixed_among(session.engine.scheduler.space)
                loop = Loop(
                    session, backend, folder=folder, limits=limits, endings=endings, fixed=fixed, given=given, say=_say
                )
                with heed_interrupts(loop, say=_say):
                    why = loop.run()
            except BaseException:
                self._open.abandon()
                raise
            self._open.leave(session, why, loop.message)
        self._after(why, loop)
        return self.study

    def ask(self, count: int | None = None) -> Asked | list[Asked]:
        """The next trial to run by hand, or a list of ``count``. ExhaustedError when there is none to be had."""
        with self._by_hand() as hand:
            asked = hand.ask(1 if count is None else count)
        return asked[0] if count is None else asked

    def tell(self, trial: Asked | int | Config, value: Result, *, step: int | None = None) -> Decision:
        """Take a result: the metric, or all metrics by name.

        Without ``step`` an asked trial is finished, and the answer is to stop. With a step, it says whether the trial
        shall go on, pause or stop.

        A configuration in place of the trial ran elsewhere. It becomes a finished trial, whose number the answer has.
        value: also a list, with a value for each step from the first on. step: where a single value was reached; by
        default where trials are fully trained. SpaceError for a name that the space doesn't have; RungWarning for what
        else it refuses, as the searcher can't place that.
        """
        with self._by_hand() as hand:
            if isinstance(trial, Mapping):
                return hand.record(trial, value, step=step)
            return hand.tell(number_of(trial), value, step=step)

    def enqueue(self, config: Mapping[str, object]) -> None:
        """Have a configuration tried next. SpaceError when it is outside the space."""
        with self._by_hand() as hand:
            hand.enqueue(config)

    def close(self) -> None:
        """Let go of the study, and of the store if this tuner opened it. Idempotent."""
        try:
            self._put_down()
        finally:
            if self._owns_store:
                self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @property
    def study(self) -> Study:
        """The read side of the study."""
        return Study(self._store, self._open.name, incumbent_from=self._terms.incumbent_from)

    @property
    def incumbent(self) -> Config | None:
        """The best configuration so far; None before there is one."""
        best = self._open.incumbent(self._terms.incumbent_from)
        return None if best is None else best.config

    @property
    def incumbent_error(self) -> float | None:
        """The incumbent's value of the metric."""
        best = self._open.incumbent(self._terms.incumbent_from)
        return None if best is None else best.error

    @property
    def incumbent_trajectory(self) -> list[float | None]:
        """The incumbent's error after each finished trial, in the order in which they ended."""
        return bookkeeping.incumbent_trajectory(self.records, self._goal)

    @property
    def cumulative_runtime(self) -> list[float]:
        """Seconds on the study's clock at the end of each finished trial."""
        return [record.ended_at for record in self.records]

    @property
    def records(self) -> list[Record]:
        """Configuration, error and runtime of each finished trial."""
        trials = self._open.engine.ledger.trials.values()
        return bookkeeping.records(trials, self._goal, self._terms.incumbent_from)

    def _endings(self) -> Endings:
        return self._terms.endings(self._store.tables, self._open.engine.ledger, self._tally)

    def _begin(self, backend: Backend, settings: Mapping[str, Json] | None = None) -> Session:
        slots, now, observers, labels = backend.slots, backend.now, self._observers, self._terms.labels
        session = self._open.begin(slots=slots, now=now, observers=observers, settings=settings, labels=labels)
        try:
            record_known(session, self._known, backend, folder=self._open.folder)
        except BaseException:
            self._open.abandon()
            raise
        return session

    @contextlib.contextmanager
    def _by_hand(self) -> Iterator[Hand]:
        if self._hand is None:
            backend = ByHand()
            endings = self._endings()
            session = self._begin(backend)
            try:
                hand = Hand(session, backend, folder=self._open.folder, limits=self._terms.limits, endings=endings)
            except BaseException:
                self._open.abandon()
                raise
            self._hand = hand, session
        try:
            yield self._hand[0]
        except BaseException as error:
            if not isinstance(error, RungError) or isinstance(error, StoreError):  # else it is about what was given
                self._hand = None
                self._open.abandon()
            raise

    def _put_down(self) -> None:
        hand, self._hand = self._hand, None
        if hand is not None:
            self._open.leave(hand[1], "done")

    def _after(self, why: str, loop: Loop) -> None:
        resume, failures = resume_command(self._store, self._open.name), self._terms.limits.failures_in_a_row
        conclude(why, loop, study=self._open.name, failures_in_a_row=failures, resume=resume, say=_say)


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr)  # noqa: T201  # what a person at the keyboard must know now
