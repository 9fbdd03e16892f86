"""Decays that never end: powers of a factor, and powers of the time."""

from __future__ import annotations

import math
from typing import Any, final

from msgspec import structs

from rung.errors import SettingError
from rung.schedules._numbers import as_number, check_whole
from rung.schedules.lengths import Horizon, Period, Steps, as_length, updates
from rung.schedules.ramps import Ramp
from rung.schedules.schedule import Schedule


@final
class Exponential(Schedule, frozen=True, tag="exponential", forbid_unknown_fields=True):
    """gamma^(t / every), at least ``floor``. is_stepwise: ⌊t / every⌋ in the exponent."""

    gamma: float
    every: Period = 1
    floor: float = 0.0
    is_stepwise: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.gamma <= 1:
            raise SettingError(f"gamma={self.gamma!r} gives no decay.", hint="Give a number above 0, at most 1.")
        if not 0 <= self.floor <= 1:
            raise SettingError(
                f"floor={self.floor!r} is no part of the first value.",
                hint="It is a factor in [0, 1]: the lowest rate divided by the first one.",
            )

    def value(self, t: Any, maths: Any) -> Any:
        """By the formula of the class."""
        every = updates(self.every)
        power = self.gamma ** (t // every if self.is_stepwise else t / every)
        return max(power, self.floor) if maths is math else maths.maximum(power, self.floor)

    def resolved(self, horizon: Horizon) -> Schedule:
        """With ``every`` in updates."""
        return structs.replace(self, every=horizon.updates(self.every))


@final
class Inverse(Schedule, frozen=True, tag="inverse", forbid_unknown_fields=True):
    """(1 + rate·t / every)^(−power)."""

    rate: float = 1.0
    every: Period = 1
    power: float = 1.0

    def __post_init__(self) -> None:
        if not (0 < self.rate < math.inf and 0 < self.power < math.inf):
            raise SettingError(
                f"rate={self.rate!r} and power={self.power!r} give no decay.", hint="Give positive numbers."
            )

    def value(self, t: Any, maths: Any) -> Any:
        """By the formula of the class."""
        grown = 1 + self.rate * t / updates(self.every)
        return 1 / maths.sqrt(grown) if self.power == 0.5 else grown ** (-self.power)

    def resolved(self, horizon: Horizon) -> Schedule:
        """With ``every`` in updates."""
        return structs.replace(self, every=horizon.updates(self.every))


def exponential(gamma: float, *, every: Steps = 1, floor: float = 0.0) -> Schedule:
    """max(floor, gamma^(t / every)), smooth."""
    return Exponential(as_number("gamma", gamma), as_length(every), as_number("floor", floor))


def factor(gamma: float, *, every: Steps = 1, floor: float = 0.0) -> Schedule:
    """max(floor, gamma^⌊t / every⌋): a drop at every multiple of ``every``."""
    return Exponential(as_number("gamma", gamma), as_length(every), as_number("floor", floor), is_stepwise=True)


def inverse_time(rate: float, *, every: Steps = 1, power: float = 1.0) -> Schedule:
    """(1 + rate·t / every)^(−power). Source: Robbins and Monro 1951 for 1/2 < power ≤ 1."""
    return Inverse(as_number("rate", rate), as_length(every), as_number("power", power))


def square_root() -> Schedule:
    """(t + 1)^(−1/2)."""
    return Inverse(power=0.5)


def inverse_sqrt(timescale: Steps) -> Schedule:
    """√(timescale / (t + timescale)), 1 at t = 0; after a warmup of that length the tail of ``noam``."""
    return Inverse(every=as_length(timescale), power=0.5)


def noam(width: int, warmup_steps: int) -> Schedule:
    """The rate width^(−1/2)·min(n^(−1/2), n·warmup_steps^(−3/2)) with n = t + 1. Source: Vaswani et al. 2017, eq. 3.

    width: of the model; ≥ 1, as ``warmup_steps``.
    """
    check_whole("width", width)
    check_whole("warmup_steps", warmup_steps)
    width, warmup_steps = int(width), int(warmup_steps)  # NumPy's narrow ones could overflow
    if width < 1 or warmup_steps < 1:
        raise SettingError(f"noam({width!r}, {warmup_steps!r}) has no peak.", hint="Give 1 or more for both.")
    rise = Ramp(warmup_steps - 1, start=1 / warmup_steps, end=1.0)
    rate: Schedule = (width * warmup_steps) ** -0.5 * rise.then(inverse_sqrt(warmup_steps))
    return rate
