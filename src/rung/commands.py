"""Commands: what people and other programs ask of a study, in the only rows that others than the tuner may write."""

from __future__ import annotations

from typing import TypeAlias

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


class StopStudy(Struct, frozen=True, tag="stop_study"):
    """Start nothing more; ``now`` also ends what runs. Either way the study can be resumed."""

    now: bool = False


class UnknownCommand(Struct, frozen=True):
    """What a newer rung posted and this one can't read: a store may give it out, but nobody can post it.

    kind: its tag.
    """

    kind: str


Command: TypeAlias = Enqueue | EditSpace | StopTrial | PauseTrial | ContinueTrial | ChangeTrial | StopStudy
