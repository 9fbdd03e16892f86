"""What belongs into a training loop of torch. Torch is imported when a name is first used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rung.integrations._lazy import lazily

if TYPE_CHECKING:
    from rung.integrations.torch.schedule_lr import ScheduleLR
    from rung.integrations.torch.weight_average import WeightAverage

__all__ = ["ScheduleLR", "WeightAverage"]

__getattr__ = lazily(__name__, {"ScheduleLR": "schedule_lr", "WeightAverage": "weight_average"}, extra="torch")


def __dir__() -> list[str]:
    return __all__
