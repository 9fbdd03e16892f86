"""What is minimised or maximised, by the names that Keras gives to metrics."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from rung.errors import SettingError
from rung.types import Goal

_MAXIMISED: Final = ("acc", "auc", "precision", "recall", "f1", "iou", "r2", "cosine_similarity", "true_positives")
_MINIMISED: Final = ("loss", "error", "mae", "mse", "mape", "msle", "rmse", "crossentropy", "divergence", "hinge")


class Objective(Struct, frozen=True):
    """A metric in the logs of Keras, such as ``val_loss``, and its direction, ``min`` or ``max``."""

    name: str
    direction: str


def goal_of(objective: str | Objective) -> Goal:
    """The goal of the study. SettingError for several objectives, and for a name whose direction can't be told."""
    if isinstance(objective, Objective):
        if objective.direction not in {"min", "max"}:
            raise SettingError(f"{objective.direction!r} is no direction.", hint="Use 'min' or 'max'.")
        return Goal(objective.name, objective.direction)  # type: ignore[arg-type]  # just checked
    if not isinstance(objective, str):
        raise SettingError(f"objective={objective!r} is no single metric.", hint="Give one, such as 'val_loss'.")
    if any(part in objective for part in _MAXIMISED):
        return Goal(objective, "max")
    if any(part in objective for part in _MINIMISED):
        return Goal(objective, "min")
    raise SettingError(
        f"whether {objective!r} is to be small or large is not known.",
        hint=f"Write objective=Objective({objective!r}, 'max'), or 'min'.",
    )
