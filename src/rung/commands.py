"""Commands: what people and other programs ask of a study, in the only rows that others than the tuner may write."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from rung.types import Artifact, Checkpoint, Config, Json, Remark, TrialState


class Enqueue(Struct, frozen=True, tag="enqueue"):
    """Try this configuration next."""

    config: Config


class EditSpace(Struct, frozen=True, tag="edit_space"):
    """Search in this space (JSON form) from now on."""

    space: Json


class ChangeSearcher(Struct, frozen=True, tag="change_searcher"):
    """Have another searcher (JSON form) go on with the study."""

    searcher: Json


class StopTrial(Struct, frozen=True, tag="stop_trial"):
    """End one running trial for good."""

    trial: int


class PauseTrial(Struct, frozen=True, tag="pause_trial"):
    """End one running trial at its next checkpoint; it can be continued."""

    trial: int


class ContinueTrial(Struct, frozen=True, tag="continue_trial"):
    """Go on with a paused trial from its newest checkpoint."""

    trial: int


class ChangeTrial(Struct, frozen=True, tag="change_trial"):
    """Give a running trial other values for some of its hyperparameters."""

    trial: int
    changes: dict[str, Json]


class RetryTrial(Struct, frozen=True, tag="retry_trial"):
    """Try the configuration of a trial that failed or was stopped once more, as a new trial."""

    trial: int


class Record(Struct, frozen=True, kw_only=True, tag="record", omit_defaults=True):
    """Keep the result of a run that was none of the study's, as a new trial which is over; the searcher learns from it.

    reports: (step, metrics) with rising steps from 1 on, each with the study's metric. state: completed, stopped or
    failed; reason, message, exit_code: as of the end of a trial. seconds: that the run took. notes: on it.
    files: absolute path of a folder within the study's own, which becomes the trial's; checkpoints, artifacts: of what
    is in it, with paths relative to it.
    """

    config: Config
    reports: tuple[tuple[int, dict[str, float]], ...] = ()
    state: TrialState = TrialState.COMPLETED
    reason: str = ""
    message: str = ""
    exit_code: int | None = None
    seconds: float = 0.0
    notes: tuple[Remark, ...] = ()
    files: str = ""
    checkpoints: tuple[Checkpoint, ...] = ()
    artifacts: tuple[Artifact, ...] = ()


class Note(Struct, frozen=True, tag="note"):
    """Keep a remark on the study, or on one of its trials."""

    text: str
    trial: int | None = None


class Tag(Struct, frozen=True, tag="tag"):
    """Put tags on the study, or on one of its trials, and take others away."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    trial: int | None = None


class StopStudy(Struct, frozen=True, tag="stop_study"):
    """Start nothing more; either way the study can be resumed.

    how: ``finish`` lets the running trials come to their ends, ``pause`` ends each at its next checkpoint, ``now`` ends
    them at once.
    """

    how: Literal["finish", "pause", "now"] = "finish"


class UnknownCommand(Struct, frozen=True):
    """What a newer rung posted and this one can't read: a store may give it out, but nobody can post it.

    kind: its tag.
    """

    kind: str


Command: TypeAlias = (
    Enqueue
    | EditSpace
    | ChangeSearcher
    | StopTrial
    | PauseTrial
    | ContinueTrial
    | ChangeTrial
    | RetryTrial
    | Record
    | Note
    | Tag
    | StopStudy
)
