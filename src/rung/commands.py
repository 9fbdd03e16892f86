"""Commands: what people and other programs ask of a study, in the only rows that others than the tuner may write."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from rung.types import Config, Json


class Enqueue(Struct, frozen=True, tag="enqueue"):
    """Try this configuration next."""

    config: Config


class EditSpace(Struct, frozen=True, tag="edit_space"):
    """Search in this space (JSON form) from now on."""

    space: Json


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
    Enqueue | EditSpace | StopTrial | PauseTrial | ContinueTrial | ChangeTrial | RetryTrial | Note | Tag | StopStudy
)
