"""The domain of integers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, final

from rung.errors import SpaceError
from rung.space.categories import Constant
from rung.space.domain import Domain, unit
from rung.space.grids import EvenBins, LogBins, bins_for
from rung.space.reals import check_order
from rung.space.values import flag, is_number, plain, real, whole

if TYPE_CHECKING:
    from rung.types import Json


@final
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Int(Domain):
    """Integers from ``low`` to ``high``, both included (``randint(low, high)`` leaves high out).

    log: a value's share of the unit interval is that of the log axis from half a step below it to half a step above it,
    log((v + step/2) / (v - step/2)); needs low > step/2. Without log all have the same share.
    step: only low, low + step, … up to high, which is one of them if the step divides the range.

    Bounds lie within ±2**53, with at most 2**50 values; with log at most 2**40. ``from_unit(to_unit(value))`` is the
    value, always.
    """

    kind: ClassVar[str] = "int"

    low: int
    high: int
    log: bool = field(default=False, kw_only=True)
    step: int | None = field(default=None, kw_only=True)
    _bins: EvenBins | LogBins = field(init=False)

    def __post_init__(self) -> None:
        low, high, log = whole(self.low, "low"), whole(self.high, "high"), flag(self.log, "log")
        step = None if self.step is None else whole(self.step, "step")
        check_order(low, high, log=log, step=step, name="Int")
        bins = bins_for(low, step or 1, (high - low) // (step or 1) + 1, log=log)
        for name, value in (("low", low), ("high", high), ("step", step), ("_bins", bins)):
            object.__setattr__(self, name, value)

    @property
    def size(self) -> float:
        """The number of values."""
        return self._bins.count

    def from_unit(self, u: float) -> int:
        """The integer in whose bin ``u`` lies."""
        return self.low + self._bins.index(unit(u)) * (self.step or 1)

    def to_unit(self, value: Json) -> float:
        """The middle of the integer's bin."""
        return self._bins.middle((self.validate(value) - self.low) // (self.step or 1))

    def validate(self, value: Any) -> int:
        """The integer as a Python int; 3.0 is 3."""
        number = value if type(value) is int else plain(value)
        if not is_number(number) or number % 1 != 0:
            raise SpaceError(f"{value!r} is not an integer.", hint=f"Give an integer from {self.low} to {self.high}.")
        if not self.low <= number <= self.high:
            raise SpaceError(
                f"{number} is not between {self.low} and {self.high}.",
                hint="Give an integer in this range.",
            )
        beyond = (int(number) - self.low) % (self.step or 1)
        if beyond:
            raise SpaceError(
                f"{number} is not {self.low} plus a multiple of {self.step}.",
                hint=f"Give {int(number) - beyond}, for example.",
            )
        return int(number)

    def grid(self, points: int) -> list[Json]:
        """All integers if there are at most ``points``; else evenly spaced in the unit interval from end to end."""
        if self._bins.count <= points:
            return [self.low + index * (self.step or 1) for index in range(self._bins.count)]
        return Domain.grid(self, points)

    def nearest(self, value: Json) -> int:
        """The number clipped to the range, and on the grid."""
        step = self.step or 1
        index = round((min(max(real(value, "the value"), self.low), self.high) - self.low) / step)
        return self.low + min(index, self._bins.count - 1) * step

    def union(self, other: Domain) -> Int | None:
        """From the lower low to the higher high; None for another scale or grid, and where that is no range."""
        if isinstance(other, Constant) and is_number(other.value) and other.value % 1 == 0:
            ends = int(other.value), int(other.value)
        elif isinstance(other, Int) and (self.log, self.step) == (other.log, other.step):
            ends = other.low, other.high
        else:
            return None
        if (self.low - ends[0]) % (self.step or 1):
            return None
        try:
            return Int(min(self.low, ends[0]), max(self.high, ends[1]), log=self.log, step=self.step)
        except SpaceError:  # a log scale down to 0, or more values than can be told apart
            return None

    def part(self, low: float, high: float) -> Int:
        """From the integer at ``low`` to the integer at ``high``."""
        return Int(self.from_unit(low), self.from_unit(high), log=self.log, step=self.step)
