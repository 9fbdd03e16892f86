"""Ways from one value to another in a given time: linear, polynomial, cosine and others; warmups; constants."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, TypeAlias, final

from msgspec import structs

from rung.errors import SettingError
from rung.schedules._numbers import as_number
from rung.schedules.lengths import Horizon, Length, Period, Steps, as_optional_length, updates
from rung.schedules.schedule import Schedule

Shape: TypeAlias = Literal["linear", "polynomial", "cosine", "1-sqrt", "rex", "exponential", "constant"]


def _polynomial(u: Any, maths: Any, power: float) -> Any:
    del maths
    return (1 - u) ** power


def _cosine(u: Any, maths: Any, power: float) -> Any:
    del power
    return (1 + maths.cos(math.pi * u)) / 2


def _one_minus_sqrt(u: Any, maths: Any, power: float) -> Any:
    del power
    return 1 - maths.sqrt(u)


def _rex(u: Any, maths: Any, power: float) -> Any:
    del maths, power
    return (1 - u) / (1 - u / 2)


def _linear(u: Any, maths: Any, power: float) -> Any:
    del maths, power
    return 1 - u


def _constant(u: Any, maths: Any, power: float) -> Any:
    del power
    return float(u < 1) if maths is math else (u < 1).astype(float)


_LEFT: Final[Mapping[str, Callable[[Any, Any, float], Any]]] = {
    "linear": _linear,
    "polynomial": _polynomial,
    "cosine": _cosine,
    "1-sqrt": _one_minus_sqrt,
    "rex": _rex,
    "constant": _constant,
}
"""Shape -> which part of the way is left after a part u of the time: 1 at u = 0, exactly 0 at u = 1."""


@final
class Constant(Schedule, frozen=True, tag="constant", forbid_unknown_fields=True):
    """One value for all updates. steps: where the next part begins; None for what the others leave, if one follows."""

    number: float = 1.0
    steps: Length | None = None

    def __post_init__(self) -> None:
        if not math.isfinite(self.number):
            raise SettingError(f"a constant of {self.number!r} is no schedule.", hint="Give a finite number.")

    @property
    def length(self) -> Length | float:
        """As given; without, it has no end."""
        return math.inf if self.steps is None else self.steps

    def value(self, t: Any, maths: Any) -> Any:
        """The number."""
        del t, maths
        return self.number

    def resolved(self, horizon: Horizon) -> Schedule:
        """With its length in updates, if it has one."""
        return self if self.steps is None else structs.replace(self, steps=horizon.span(self.steps))


@final
class Ramp(Schedule, frozen=True, tag="ramp", forbid_unknown_fields=True):
    """From ``start`` at update 0 to ``end`` at update ``steps``, along a shape; ``end`` from then on.

    With u = min(t / steps, 1)^k and l(u) what the shape leaves of the way, the value is start·l + end·(1 − l):

    linear 1 − u; polynomial (1 − u)^power; cosine (1 + cos πu) / 2; 1-sqrt 1 − √u; rex (1 − u) / (1 − u/2);
    constant 1 for u < 1, then 0. exponential is geometric: start^(1 − u)·end^u, both above 0.
    """

    steps: Length | None = None
    start: float = 1.0
    end: float = 0.0
    shape: Shape = "linear"
    power: float = 1.0
    k: float = 1.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.start) and math.isfinite(self.end)):
            raise SettingError(
                f"a ramp from {self.start!r} to {self.end!r} has no values.", hint="Give finite numbers."
            )
        if self.start < 0 or self.end < 0:
            raise SettingError(
                f"a ramp from {self.start!r} to {self.end!r} goes below zero.", hint="Give numbers from 0 on."
            )
        if self.shape == "exponential" and not (self.start > 0 and self.end > 0):
            raise SettingError(
                f"an exponential ramp from {self.start:g} to {self.end:g} has no values between.",
                hint="Let both be above 0, such as 0.01.",
            )
        for name, number in (("power", self.power), ("k", self.k)):
            if not 0 < number < math.inf:
                raise SettingError(f"{name}={number!r} gives no ramp.", hint="Give a positive number.")

    @property
    def length(self) -> Length | None:
        """As given."""
        return self.steps

    def value(self, t: Any, maths: Any) -> Any:
        """By the formula of the class."""
        steps = updates(self.steps)
        if maths is math:
            u = min(t / steps, 1.0) if steps else 1.0
        else:
            u = maths.minimum(t / steps, 1.0) if steps else maths.ones(t.shape)
        if self.k != 1:
            u = u**self.k
        if self.shape == "exponential":
            return self.end**u if self.start == 1 else self.start ** (1 - u) * self.end**u
        left = _LEFT[self.shape](u, maths, self.power)
        if self.start == 1 and self.end == 0:
            return left
        return self.start * left + self.end * (1 - left)

    def resolved(self, horizon: Horizon) -> Schedule:
        """With its length in updates."""
        return structs.replace(self, steps=horizon.span(self.steps))


@final
class Tanh(Schedule, frozen=True, tag="tanh", forbid_unknown_fields=True):
    """See ``tanh``."""

    steps: Period | None = None
    end: float = 0.0
    lower: float = -6.0
    upper: float = 3.0

    def __post_init__(self) -> None:
        if not 0 <= self.end <= 1:
            raise SettingError(f"end={self.end!r} is no part of the first value.", hint="Give a number from 0 to 1.")
        if not -math.inf < self.lower < self.upper < math.inf:
            raise SettingError(
                f"a hyperbolic tangent from {self.lower!r} to {self.upper!r} does not fall.",
                hint="lower is below upper, as in lower=-6, upper=3.",
            )

    @property
    def length(self) -> Length | None:
        """As given."""
        return self.steps

    def value(self, t: Any, maths: Any) -> Any:
        """By the formula of ``tanh``."""
        u = t / updates(self.steps)
        u = min(u, 1.0) if maths is math else maths.minimum(u, 1.0)
        left = (1 - maths.tanh(self.lower + (self.upper - self.lower) * u)) / 2
        return self.end + (1 - self.end) * left

    def resolved(self, horizon: Horizon) -> Schedule:
        """With its length in updates."""
        return structs.replace(self, steps=horizon.span(self.steps))


def constant(value: float = 1.0, steps: Steps | None = None) -> Schedule:
    """The same value for all updates. steps: where the next part begins, if there is one."""
    return Constant(as_number("value", value), as_optional_length(steps, least=0))


def ramp(
    steps: Steps | None = None,
    *,
    start: float = 1.0,
    end: float = 0.0,
    shape: Shape = "linear",
    power: float = 1.0,
    k: float = 1.0,
) -> Schedule:
    """From one value to another along a shape; see ``Ramp`` for the formulas."""
    if shape not in {"exponential", *_LEFT}:
        raise SettingError(f"there is no shape {shape!r}.", hint=f"There are exponential, {', '.join(_LEFT)}.")
    first, last = as_number("start", start), as_number("end", end)
    return Ramp(as_optional_length(steps), first, last, shape, as_number("power", power), as_number("k", k))


def warmup(steps: Steps | None, *, start: float = 0.0, shape: Shape = "linear") -> Schedule:
    """From ``start`` to 1 in so many updates: linear start + (1 − start)·t/n; also cosine, exponential and constant.

    1 is reached at t = n, for which the next part's first value stands as a rule. With ``start=0`` the first update
    changes nothing; ``start=1/n`` begins with the rate that this one has at its second. 0 updates are no warmup.
    constant: ``start`` until t = n. Source: Goyal et al. 2017, section 2.2 (linear and constant).
    """
    checked = ramp(1, start=start, end=1.0, shape=shape)
    return structs.replace(checked, steps=as_optional_length(steps, least=0))


def linear(steps: Steps | None = None, *, end: float = 0.0) -> Schedule:
    """1 − (1 − end)·t/n: to zero over the whole training by default. Source: Li et al. 2020 (budgeted training)."""
    return ramp(steps, end=end)


def polynomial(steps: Steps | None = None, *, power: float, end: float = 0.0, k: float = 1.0) -> Schedule:
    """Falls by end + (1 − end)·(1 − (t/n)^k)^power. Source for k, as in ``cosine``: Zhang and Li 2020 (k-decay)."""
    return ramp(steps, end=end, shape="polynomial", power=power, k=k)


def cosine(steps: Steps | None = None, *, end: float = 0.0, k: float = 1.0) -> Schedule:
    """Falls by end + (1 − end)·(1 + cos(π·(t/n)^k)) / 2. Source: Loshchilov and Hutter 2017, eq. 5, one cycle.

    k: above 1 it stays high for longer and then falls faster. Source: Zhang and Li 2020 (k-decay).
    """
    return ramp(steps, end=end, shape="cosine", k=k)


def one_minus_sqrt(steps: Steps | None = None, *, end: float = 0.0) -> Schedule:
    """Falls by end + (1 − end)·(1 − √(t/n)), a cooldown. Source: Hägele et al. 2024."""
    return ramp(steps, end=end, shape="1-sqrt")


def tanh(steps: Steps | None = None, *, end: float = 0.0, lower: float = -6.0, upper: float = 3.0) -> Schedule:
    """Falls by end + (1 − end)·(1 − tanh x) / 2 with x = lower + (upper − lower)·t/n. Source: Hsueh et al. 2019.

    It begins a little below 1 and ends a little above ``end``: by default 6e-6 below, and 0.0025 above an end of 0.
    """
    low, high = as_number("lower", lower), as_number("upper", upper)
    return Tanh(as_optional_length(steps), as_number("end", end), low, high)


def rex(steps: Steps | None = None, *, end: float = 0.0) -> Schedule:
    """Falls by end + (1 − end)·(1 − u) / (1 − u/2) with u = t/n. Source: Chen et al. 2022."""
    return ramp(steps, end=end, shape="rex")


def warmup_stable_decay(
    warmup_steps: Steps | None,
    stable: Steps | None = None,
    decay: Steps | None = 0.2,
    *,
    shape: Shape = "1-sqrt",
    end: float = 0.0,
) -> Schedule:
    """Linear from 0 to 1, then 1, then along a shape to ``end``. Source: Hu et al. 2024; the shape: Hägele et al. 2024.

    One of the three may be None: what the others leave.
    """
    return warmup(warmup_steps).then(constant(steps=stable)).then(ramp(decay, end=end, shape=shape))
