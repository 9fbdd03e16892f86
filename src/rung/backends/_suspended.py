"""Generators that outlast a pause in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

if TYPE_CHECKING:
    from rung.backends._stepping import SteppingGenerator
    from rung.types import Job

MOST_SUSPENDED = 10_000
"""Generators kept in memory; the longest suspended one is begun again if it is needed after all."""


@final
class Suspended:
    """The suspended generators, by trial."""

    def __init__(self) -> None:
        self._runs: dict[int, SteppingGenerator] = {}

    def keep(self, run: SteppingGenerator) -> None:
        """Keep one that is suspended."""
        self._runs[run.job.trial] = run
        if len(self._runs) > MOST_SUSPENDED:
            self._runs.pop(next(iter(self._runs))).cut()

    def take(self, job: Job) -> SteppingGenerator | None:
        """The trial's generator, as this run of it; None when there is none, or none that can become it."""
        run = self._runs.pop(job.trial, None)
        if run is None:
            return None
        if not run.can_become(job):
            run.cut()
            return None
        run.resume(job)
        return run

    def clear(self) -> None:
        """End them all."""
        for run in self._runs.values():
            run.cut()
        self._runs.clear()
