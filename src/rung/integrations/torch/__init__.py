"""What belongs into a training loop of torch. Torch is imported when a name is first used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from rung.errors import MissingExtraError

if TYPE_CHECKING:
    from rung.integrations.torch.schedule_lr import ScheduleLR

_HOME_OF = {"ScheduleLR": "schedule_lr"}

__all__ = ["ScheduleLR"]


def __getattr__(name: str) -> object:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'rung.integrations.torch' has no attribute {name!r}")
    try:
        value = getattr(import_module(f"rung.integrations.torch.{home}"), name)
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise MissingExtraError(name, "torch") from error
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
