"""What a session that could not go on means for whoever began it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rung.errors import ObjectiveError, RungError, StudyPausedError

if TYPE_CHECKING:
    from rung.tuning.loop import Loop


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
