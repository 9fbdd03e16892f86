"""What goes wrong in a simulated cluster: crashes, stragglers and lost workers, drawn from the simulation's seed."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from numbers import Integral, Real
from typing import final

from msgspec import Struct

from rung.errors import SettingError


@final
class Faults(Struct, frozen=True, kw_only=True):
    """How often runs and workers fail; by default never.

    crash: the chance, in [0, 1], that a run loses its process within any one step; the moment is uniform in the step.
    straggle: the chance that a run straggles: each of its steps then takes ``slowdown`` times as long.
    lifetime: the mean of the seconds after which a worker is lost, and its run with it; exponentially distributed. Or,
    by worker, the second at which just these are lost, once. absence: the seconds until a lost worker is back; infinite
    for ever.
    checkpoint_every: the steps from one checkpoint to the next of a generator, which has none of its own: when its run
    is lost, it trains again from the last one. None stands for no checkpoints: it trains again from the beginning.

    SettingError for what is out of range.
    """

    crash: float = 0.0
    straggle: float = 0.0
    slowdown: float = 4.0
    lifetime: float | Mapping[int, float] = math.inf
    absence: float = math.inf
    checkpoint_every: int | None = 1

    def __post_init__(self) -> None:
        _check("crash", self.crash, low=0.0, high=1.0, remedy="Give a chance from 0 to 1.")
        _check("straggle", self.straggle, low=0.0, high=1.0, remedy="Give a chance from 0 to 1.")
        remedy = "Give a factor from 1: 4 makes a step take four times as long."
        _check("slowdown", self.slowdown, low=1.0, high=sys.float_info.max, remedy=remedy)
        _check("absence", self.absence, low=0.0, remedy="Give seconds, or math.inf for workers that never come back.")
        if isinstance(self.lifetime, Mapping):
            for worker, at in self.lifetime.items():
                _check_whole("a worker in lifetime", worker, least=0)
                _check(f"lifetime[{worker}]", at, low=0.0, remedy="Give the second at which the worker is lost.")
        else:
            remedy = "Give a mean in seconds, or a dict from workers to the seconds at which they are lost."
            _check("lifetime", self.lifetime, low=0.0, remedy=remedy)
            if self.lifetime == 0:
                raise SettingError("lifetime=0 leaves no worker to run anything.", hint=remedy)
        if self.checkpoint_every is not None:
            _check_whole("checkpoint_every", self.checkpoint_every, least=1)


def _check(name: str, value: object, *, low: float, high: float = math.inf, remedy: str) -> None:
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    if not is_number or not low <= value <= high:  # type: ignore[operator]  # it is a number
        raise SettingError(f"{name}={value!r} is out of range.", hint=remedy)


def _check_whole(name: str, value: object, *, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise SettingError(f"{name}={value!r} is out of range.", hint=f"Give a whole number from {least}.")
