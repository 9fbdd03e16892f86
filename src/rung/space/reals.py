"""Domains of floats."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar, final

from rung.errors import SpaceError
from rung.space.categories import Constant
from rung.space.domain import Domain, unit
from rung.space.grids import StepScale
from rung.space.scales import LinearScale, LogScale, NormalScale, Scale
from rung.space.values import flag, is_number, plain, real

if TYPE_CHECKING:
    from rung.types import Json


@final
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Float(Domain):
    """Floats from ``low`` to ``high``, both included.

    log: spread evenly over the logarithm instead of the number; needs low > 0.
    step: only low, low + step, low + 2·step, … up to high, which is one of them if the step divides the range; reckoned
    in decimals, so that 0.1 + 2·0.1 is 0.3. Together with log, a number's share of the unit interval is that of the log
    axis from half a step below it to half a step above it.

    ``from_unit(to_unit(value))`` is the value: exactly with step; within 1e-12·value with log; else within
    1e-15·max(|low|, |high|), so that a number near 0 in a wide linear range keeps few of its digits.
    """

    kind: ClassVar[str] = "float"

    low: float
    high: float
    log: bool = field(default=False, kw_only=True)
    step: float | None = field(default=None, kw_only=True)
    _scale: Scale = field(init=False)

    def __post_init__(self) -> None:
        low, high, log = real(self.low, "low"), real(self.high, "high"), flag(self.log, "log")
        step = None if self.step is None else real(self.step, "step")
        check_order(low, high, log=log, step=step, name="Float")
        scale: Scale
        if step is not None:
            scale = StepScale(low, high, step, log=log)
        else:
            scale = LogScale(low, high) if log else LinearScale(low, high)
        for name, value in (("low", low), ("high", high), ("step", step), ("_scale", scale)):
            object.__setattr__(self, name, value)

    @property
    def size(self) -> float:
        """The number of steps; 1 if low is high; else infinite."""
        if isinstance(self._scale, StepScale):
            return self._scale.bins.count
        return 1 if self.low == self.high else math.inf

    def from_unit(self, u: float) -> float:
        """The number at ``u``; low at 0 and the largest at 1."""
        return self._scale.at(unit(u))

    def to_unit(self, value: Json) -> float:
        """Where the number stands; its bin's middle when there is a step, 0.5 when there is but one number."""
        return self._scale.place(self.validate(value))

    def validate(self, value: Any) -> float:
        """The number as a Python float, set right on the grid if it is off by rounding only."""
        number = within(value, self.low, self.high)
        if isinstance(self._scale, StepScale):
            near = self._scale.nearest(number)
            if not self._scale.contains(number):
                raise SpaceError(
                    f"{number} is not {self.low} plus a multiple of {self.step}.", hint=f"Give {near}, for example."
                )
            return near
        return number

    def grid(self, points: int) -> list[Json]:
        """All steps if there are at most ``points``; else evenly spaced in the unit interval from end to end."""
        if isinstance(self._scale, StepScale) and self._scale.bins.count <= points:
            return [self._scale.number(index) for index in range(self._scale.bins.count)]
        return Domain.grid(self, points)

    def nearest(self, value: Json) -> float:
        """The number clipped to the range, and on the grid."""
        number = min(max(real(value, "the value"), self.low), self.high)
        return self._scale.nearest(number) if isinstance(self._scale, StepScale) else number

    def union(self, other: Domain) -> Float | None:
        """From the lower low to the higher high; None for another scale or grid, and where that is no range."""
        if isinstance(other, Constant) and is_number(other.value):
            ends = float(other.value), float(other.value)
        elif isinstance(other, Float) and (self.log, self.step) == (other.log, other.step):
            ends = other.low, other.high
        else:
            return None
        low, high = min(self.low, ends[0]), max(self.high, ends[1])
        if self.step is not None and not _is_on_grid(max(self.low, ends[0]), low, self.step):
            return None
        try:
            return Float(low, high, log=self.log, step=self.step)
        except SpaceError:  # a log scale down to 0, or a grid too fine for so wide a range
            return None

    def part(self, low: float, high: float) -> Float:
        """From the number at ``low`` to the number at ``high``."""
        ends = self.from_unit(low), self.from_unit(high)
        return Float(min(ends), max(ends), log=self.log, step=self.step)


@final
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Normal(Domain):
    """Floats with a normal distribution, as in ``normal(mean, std)``.

    low, high: cut the distribution there; the rest keeps its shape. Where there is no bound, it is cut where a
    trillionth of the probability is left, at 7.03 standard deviations: farther values neither occur nor validate.

    ``from_unit(to_unit(value))`` is the value within 1e-11·std up to 4 standard deviations from the mean, and within
    1e-3·std at the cut, where the probability above a number has few digits left.
    """

    kind: ClassVar[str] = "normal"

    mean: float
    std: float
    low: float | None = field(default=None, kw_only=True)
    high: float | None = field(default=None, kw_only=True)
    _scale: NormalScale = field(init=False)

    def __post_init__(self) -> None:
        mean, std = real(self.mean, "mean"), real(self.std, "std")
        low = None if self.low is None else real(self.low, "low")
        high = None if self.high is None else real(self.high, "high")
        if std <= 0.0:
            raise SpaceError(f"Normal needs std > 0, got std={std}.", hint="For one fixed value use Constant(mean).")
        if low is not None and high is not None and not low < high:
            raise SpaceError(f"Normal needs low < high, got low={low} and high={high}.")
        scale = NormalScale(mean, std, low, high)
        for name, value in (("mean", mean), ("std", std), ("low", low), ("high", high), ("_scale", scale)):
            object.__setattr__(self, name, value)

    @property
    def size(self) -> float:
        """Infinite."""
        return math.inf

    def from_unit(self, u: float) -> float:
        """The quantile of ``u``."""
        return self._scale.at(unit(u))

    def to_unit(self, value: Json) -> float:
        """The probability of smaller numbers."""
        return self._scale.place(self.validate(value))

    def validate(self, value: Any) -> float:
        """The number as a Python float."""
        return within(value, self._scale.low, self._scale.high)

    def grid(self, points: int) -> list[Json]:
        """The middles of ``points`` parts of equal probability: the ends of a normal represent nothing."""
        return middles(self, points)

    def nearest(self, value: Json) -> float:
        """The number clipped to where the distribution is cut."""
        return min(max(real(value, "the value"), self._scale.low), self._scale.high)

    def union(self, other: Domain) -> Normal | None:
        """The same normal with the wider cut; None for another mean or std."""
        if isinstance(other, Constant):
            is_inside = is_number(other.value) and self._scale.low <= other.value <= self._scale.high
            return self if is_inside else None
        if not isinstance(other, Normal) or (self.mean, self.std) != (other.mean, other.std):
            return None
        low = None if self.low is None or other.low is None else min(self.low, other.low)
        high = None if self.high is None or other.high is None else max(self.high, other.high)
        return Normal(self.mean, self.std, low=low, high=high)

    def part(self, low: float, high: float) -> Normal:
        """The same normal, cut at the quantiles ``low`` and ``high``; all of it if too little would be left."""
        ends = self.low if low == 0.0 else self.from_unit(low), self.high if high == 1.0 else self.from_unit(high)
        try:
            return Normal(self.mean, self.std, low=ends[0], high=ends[1])
        except SpaceError:
            return self


def check_order(low: float, high: float, *, log: bool, step: float | None, name: str) -> None:
    """SpaceError unless low <= high, log has low > 0, and the step is positive."""
    if low > high:
        raise SpaceError(
            f"{name} needs low <= high, got low={low} and high={high}.", hint=f"Use {name}({high}, {low})."
        )
    if step is not None and step <= 0:
        raise SpaceError(f"{name} needs step > 0, got step={step}.", hint="Leave it out for no step.")
    if log and low <= 0:
        example = 1 if name == "Int" else high * 1e-6
        fix = f"Use {name}({example}, {high}, log=True) or drop log." if 0 < example <= high else "Drop log."
        raise SpaceError(f"a log scale needs low > 0, got low={low}.", hint=fix)


def _is_on_grid(number: float, low: float, step: float) -> bool:
    far, start, each = (Fraction(repr(value)) for value in (number, low, step))
    return (far - start) % each == 0


def within(value: Any, low: float, high: float) -> float:
    """``value`` as a float, if it is a number from low to high. SpaceError otherwise."""
    number = value if type(value) is float else plain(value)
    if not is_number(number):
        raise SpaceError(f"{value!r} is not a number.", hint=f"Give a number from {low} to {high}.")
    if not low <= number <= high:
        raise SpaceError(f"{number!r} is not between {low} and {high}.", hint="Give a number in this range.")
    return number + 0.0


def middles(domain: Domain, points: int) -> list[Json]:
    """The values at the middles of ``points`` equal parts of the unit interval."""
    if points < 1:
        raise SpaceError(f"a grid needs at least one point, got {points}.")
    return [domain.from_unit((k + 0.5) / points) for k in range(points)]
