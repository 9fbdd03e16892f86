"""Which runs can't begin yet, because a process that was told to end is not gone."""

from __future__ import annotations

from typing import final

from rung.backends._runs import Run
from rung.types import Job


@final
class WaitingRoom:
    """Keeps the runs of a worker, and those of a trial, from having processes at the same time.

    A run that is stopped by force is over for the tuner at once, but its process may take its grace to be gone, and has
    its GPU, with the memory on it, until then.
    """

    def __init__(self) -> None:
        self._leaving: dict[tuple[int, int], Job] = {}
        self._waiting: list[Run] = []

    def enter(self, run: Run) -> None:
        """A run wants to begin."""
        self._waiting.append(run)

    def holds(self, run: Run) -> bool:
        """Whether the run has not left."""
        return run in self._waiting

    def leave(self, run: Run) -> None:
        """A run has begun, or is not to begin after all."""
        self._waiting.remove(run)

    def called(self) -> list[Run]:
        """The runs that can begin now, in the order in which they came."""
        workers = {job.worker for job in self._leaving.values()}
        trials = {job.trial for job in self._leaving.values()}
        return [run for run in self._waiting if run.job.worker not in workers and run.job.trial not in trials]

    def expect_gone(self, job: Job) -> None:
        """The process of a run was told to end."""
        self._leaving[job.trial, job.attempt] = job

    def leaving(self, trial: int) -> list[Job]:
        """The runs of a trial whose processes were told to end and are not gone."""
        return [job for job in self._leaving.values() if job.trial == trial]

    def gone(self, trial: int, attempt: int) -> None:
        """A process is gone with its group, or there never was one."""
        self._leaving.pop((trial, attempt), None)

    def all_gone(self) -> None:
        """All processes are gone."""
        self._leaving.clear()

    def clear(self) -> None:
        """Forget everything."""
        self._leaving.clear()
        self._waiting.clear()
