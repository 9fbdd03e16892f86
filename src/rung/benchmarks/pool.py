"""Runs of a benchmark side by side, each in a process of its own that can't disturb another."""

from __future__ import annotations

import contextlib
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, Self, final

import msgspec
from msgspec.structs import replace

from rung.analysis.comparison.runs import Run
from rung.backends.processes import Processes
from rung.benchmarks._worker import COST, Worker
from rung.benchmarks.one_run import Assignment, failed_run, in_words, seed_of
from rung.checks import whole_number
from rung.durations import duration_text
from rung.errors import RungError, SettingError
from rung.places import OUTPUT, trial_folder
from rung.runtime.objective import as_objective
from rung.types import CANNOT_IMPORT, Exited, Fact, Job, Launched, Outcome

if TYPE_CHECKING:
    from types import TracebackType

MOST_OUTPUT: Final = 8_000
"""Characters of the output of a failed run that are kept, from its end."""

_ATTEMPTS: Final = 2
_GRACE_S: Final = 2.0  # from SIGTERM to SIGKILL
_OWN_FAULT: Final = {"error", CANNOT_IMPORT}  # it would go the same way again
_RESULT: Final = "run.json"
_OUTPUT_FOLLOWS: Final = "The last lines of its output:"  # in the message of an end that nobody has announced


class Done(NamedTuple):
    """A run that is over. seconds: from the start of its last process to its end."""

    run: Run
    seconds: float


class _Running(NamedTuple):
    """began_at: when its process started, on the backend's clock; None while there is none."""

    assignment: Assignment
    job: Job
    began_at: float | None = None


@final
class Pool:
    """Up to ``jobs`` runs at a time, forked from a process that has imported ``modules``; all end with this one.

    A run whose process ends without a result is tried once more, and then has failed. So has one that takes longer than
    ``run_limit_s``. folder: for what exists only while this lasts; it is removed at the end. SettingError on Windows;
    RungError, from ``poll``, for a result that can't be written.
    """

    def __init__(
        self, folder: Path, *, jobs: int, modules: Sequence[str] = (), run_limit_s: float | None = None
    ) -> None:
        if sys.platform == "win32":
            raise SettingError("Benchmarks don't run on Windows.", hint="They do in WSL; reports can be made anywhere.")
        jobs = whole_number("jobs", jobs, at_least=1, example=4)
        self._folder = folder.absolute()
        self._modules = modules
        self._run_limit_s = run_limit_s
        self._backend = Processes(jobs, grace_s=_GRACE_S)
        self._workers = list(range(jobs))
        self._running: dict[int, _Running] = {}
        self._begun = 0

    def __enter__(self) -> Self:
        shutil.rmtree(self._folder, ignore_errors=True)  # what a killed runner has left
        self._folder.mkdir(parents=True)
        self._backend.open(self._folder.name, as_objective(Worker(self._modules)), self._folder)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._backend.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def n_free(self) -> int:
        """How many more runs could be started now."""
        return len(self._workers)

    @property
    def running(self) -> list[Assignment]:
        """What runs."""
        return [each.assignment for each in self._running.values()]

    def start(self, assignment: Assignment) -> None:
        """Begin a run; one must be free."""
        number, self._begun = self._begun, self._begun + 1
        folder = trial_folder(self._folder, number)
        folder.mkdir()
        config = {"assignment": msgspec.to_builtins(assignment), "into": str(folder / _RESULT)}
        job = Job(
            study=self._folder.name,
            trial=number,
            attempt=1,
            config=config,
            metric=COST,
            seed=seed_of(assignment.problem, assignment.seed),  # of the global generators, which peers may draw from
            folder=str(folder),
            worker=self._workers.pop(),
        )
        self._running[number] = _Running(assignment, job)
        self._backend.start(job)

    def poll(self, timeout: float) -> list[Done]:
        """Wait up to ``timeout`` seconds for runs that are over; those that are."""
        facts: list[Fact] = []
        self._backend.poll(self._patience(timeout), facts.extend)
        done = [each for fact in facts if (each := self._heard(fact)) is not None]
        return done + self._overdue()

    def _heard(self, fact: Fact) -> Done | None:
        found = self._running.get(fact.trial) if isinstance(fact, Launched | Exited) else None
        if found is None:
            return None
        if isinstance(fact, Launched):
            self._running[fact.trial] = found._replace(began_at=self._backend.now())
            return None
        assert isinstance(fact, Exited), "nothing else was let through"
        if fact.outcome is Outcome.FINISHED:
            return self._over(found, _result(found.job))
        if found.job.attempt < _ATTEMPTS and fact.reason not in _OWN_FAULT:
            job = replace(found.job, attempt=found.job.attempt + 1)
            self._running[fact.trial] = _Running(found.assignment, job)
            self._backend.start(job)
            return None
        return self._over(found, _failed(found, fact))

    def _overdue(self) -> list[Done]:
        """The runs that have taken too long, which end here."""
        if self._run_limit_s is None:
            return []
        late = [each for each in self._running.values() if self._seconds(each) > self._run_limit_s]
        for each in late:
            self._backend.stop(each.job.trial)
        why = f"It took longer than {duration_text(self._run_limit_s)}."
        return [self._over(each, failed_run(each.assignment, why, output=_printed(each.job))) for each in late]

    def _over(self, running: _Running, run: Run) -> Done:
        job = running.job
        del self._running[job.trial]
        self._workers.append(job.worker)
        if not run.failed:  # else somebody may want to look
            shutil.rmtree(job.folder, ignore_errors=True)
        return Done(run, self._seconds(running))

    def _seconds(self, running: _Running) -> float:
        return 0.0 if running.began_at is None else self._backend.now() - running.began_at

    def _patience(self, timeout: float) -> float:
        if self._run_limit_s is None:
            return timeout
        left = [self._run_limit_s - self._seconds(each) for each in self._running.values()]
        return min([timeout, *(max(0.0, each) + 0.01 for each in left)])


def _result(job: Job) -> Run:
    """What the process of the run has written, and if that has failed also what it has printed."""
    try:
        run = msgspec.json.decode((Path(job.folder) / _RESULT).read_bytes(), type=Run)
    except FileNotFoundError as error:
        raise RungError(
            f"A result could not be written to {job.folder}: the disk may be full.",
            hint="Free space there, and run again: finished runs are kept.",
        ) from error
    output = _printed(job) if run.failed else ""
    return replace(run, notes={**run.notes, "output": output}) if output else run


def _failed(running: _Running, exited: Exited) -> Run:
    """A run whose process has not written a result."""
    why, _, rest = exited.message.partition("\n")
    traceback = rest.partition(_OUTPUT_FOLLOWS)[0].strip()
    return failed_run(running.assignment, in_words(why), traceback=traceback, output=_printed(running.job))


def _printed(job: Job) -> str:
    """The end of what it has printed."""
    with contextlib.suppress(OSError):  # it has printed nothing
        return (Path(job.folder) / OUTPUT).read_text(errors="replace")[-MOST_OUTPUT:].strip()
    return ""
