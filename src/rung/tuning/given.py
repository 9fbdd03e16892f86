"""A trial that ran elsewhere, and the events that a study gets of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from rung.events import ArtifactLogged, Checkpointed, Decided, Ended, Event, Noted, Observed, Started, Tagged
from rung.types import Action, Artifact, Checkpoint, Config, Goal, Json, TrialState

IMPORTED: Final = "imported"
"""By whom a trial was stopped that was stopped elsewhere."""


class GivenTrial(Struct, frozen=True, kw_only=True):
    """A trial that ran elsewhere. state: completed, stopped or failed.

    reports: (step, metrics) with rising steps from 1 on, each with the goal's metric. started, ended: seconds on the
    study's clock. reason: one word; of a stopped one by whom, of a failed one why. origin: where it comes from, such as
    its number there. checkpoints, artifacts: with their paths in the end.
    """

    config: Config
    state: TrialState = TrialState.COMPLETED
    started: float = 0.0
    ended: float = 0.0
    reports: tuple[tuple[int, Mapping[str, float]], ...] = ()
    reason: str = ""
    message: str = ""
    exit_code: int | None = None
    origin: Mapping[str, Json] = {}
    tags: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    checkpoints: tuple[Checkpoint, ...] = ()
    artifacts: tuple[Artifact, ...] = ()


def events_of_given(
    number: int, trial: GivenTrial, goal: Goal, *, unix: float, told: float | None = None
) -> Iterator[Event]:
    """All that happened to it, as the trial of that number. It ends as failed at the first loss that isn't finite.

    unix: of its notes, in seconds since 1970. told: when its reports came, all at once; None spreads them evenly over
    its time, as nobody knows.
    """
    yield Started(at=trial.started, trial=number, attempt=1, config=trial.config, cause="given", notes=trial.origin)
    step, bad = 0, None
    for count, (step, metrics) in enumerate(trial.reports, 1):
        at = told
        if at is None:
            at = trial.started + (trial.ended - trial.started) * count / len(trial.reports)
        loss = goal.loss(metrics)
        yield Observed(at=at, trial=number, attempt=1, step=step, metrics=metrics, loss=loss)
        if loss is None:
            bad = f"{goal.metric} is {metrics[goal.metric]} at step {step}"
            break
    for checkpoint in trial.checkpoints:
        yield Checkpointed(at=trial.ended, trial=number, attempt=1, checkpoint=checkpoint)
    for artifact in trial.artifacts:
        yield ArtifactLogged(at=trial.ended, trial=number, attempt=1, artifact=artifact)
    if bad is not None:
        trial = replace(trial, state=TrialState.FAILED, reason="nan", message=bad)
    yield from _end(number, trial, step, is_stopped=bad is not None or trial.state is TrialState.STOPPED)
    if trial.tags:
        yield Tagged(at=trial.ended, trial=number, added=trial.tags)
    for text in trial.notes:
        yield Noted(at=trial.ended, trial=number, text=text, unix=unix)


def _end(number: int, trial: GivenTrial, step: int, *, is_stopped: bool) -> Iterator[Event]:
    reason, message = trial.reason, trial.message
    if is_stopped:
        reason = reason or IMPORTED
        yield Decided(at=trial.ended, trial=number, attempt=1, step=step, action=Action.STOP, why=message, by=reason)
    yield Ended(
        at=trial.ended,
        trial=number,
        attempt=1,
        state=trial.state,
        reason=reason,
        message=message,
        exit_code=trial.exit_code,
    )
