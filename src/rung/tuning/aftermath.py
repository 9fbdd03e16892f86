"""What a session that could not go on means for whoever began it."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from rung.errors import ObjectiveError, RungError, StudyPausedError

if TYPE_CHECKING:
    from rung.contracts import Store
    from rung.tuning.loop import Loop


def conclude(
    why: str, loop: Loop, *, study: str, failures_in_a_row: int | None, resume: str, say: Callable[[str], None]
) -> None:
    """Raise what a run that ended so ends with, if it does; parameters as of ``error_of``.

    say: how the person is told to go on who has interrupted it.
    """
    error = error_of(why, loop, study=study, failures_in_a_row=failures_in_a_row, resume=resume)
    if error is not None:
        raise error
    if why == "interrupted":
        say(f"Interrupted. Go on with: {resume}")
        if loop.end_now:
            raise KeyboardInterrupt


def error_of(why: str, loop: Loop, *, study: str, failures_in_a_row: int | None, resume: str) -> RungError | None:
    """The error with which a run ends that ended so; None when it did what it was asked for.

    why: of the loop. resume: the command that goes on with the study.
    """
    if why == "failures":
        return StudyPausedError(
            f"the study {study!r} is paused: every worker had {failures_in_a_row} failures in a row. "
            f"The last one: {loop.workers.last_failure.rstrip('.')}.",
            hint=f"Mend the cause and go on with: {resume}",
        )
    if why == "objective":
        return ObjectiveError(
            f"the objective can't be loaded in the processes of the trials: {loop.message}",
            hint=f"Mend that and go on with: {resume}. No trial was used up.",
        )
    return None


def resume_command(store: Store, name: str) -> str:
    """The command line that goes on with a study, or what to do when there is none."""
    if store.url == "memory":
        return "the same script (the store is in memory, so this run's results end with the process)"
    return f"rung resume {shlex.quote(name)} --store {shlex.quote(_from_here(store.url))}"


def _from_here(url: str) -> str:
    """The address of a store as short as it can be: a file in the working directory goes by its bare name."""
    path = Path(url.removeprefix("sqlite:///"))
    return path.name if path.suffix == ".db" and path.parent == Path.cwd() else url
