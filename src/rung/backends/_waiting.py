"""Which runs can't begin yet, because a process that was told to end still stands at their worker's place."""

from __future__ import annotations

from typing import final

from rung.backends._runs import Run
from rung.types import Job


@final
class WaitingRoom:
    """Lets one process at a time have what belongs to a worker, such as its GPU and the memory on it.

    A run that is stopped by force is over for the tuner at once, but its process may take its grace to be gone.
    """

    def __init__(self) -> None:
        self._leaving: dict[tuple[int, int], int] = {}  # trial and attempt -> worker
        self._waiting: list[Run] = []

    def enter(self, run: Run) -> None:
        """A run wants to begin."""
        self._waiting.append(run)

    def holds(self, run: Run) -> bool:
        """Whether the run has not been called yet."""
        return run in self._waiting

    def leave(self, run: Run) -> None:
        """A run is not to begin after all."""
        self._waiting.remove(run)

    def called(self) -> list[Run]:
        """The runs that can begin now, in the order in which they came; they are in here no more."""
        taken = set(self._leaving.values())
        called = [run for run in self._waiting if run.job.worker not in taken]
        self._waiting = [run for run in self._waiting if run.job.worker in taken]
        return called

    def expect_gone(self, job: Job) -> None:
        """The process of a run was told to end."""
        self._leaving[job.trial, job.attempt] = job.worker

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
