"""Discrete scales: bins along the unit interval, and numbers at equal steps."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol, final

from rung.errors import SpaceError

MOST_BINS = 2**50  # so that the middle of every bin is a float of its own, with three bits to spare
MOST_LOG_BINS = 2**40  # the same for the narrowest bin of a log scale, whose logarithms carry an error of 1e-14
MOST_STEPS = 2**48  # so that neighbours on a grid of floats differ
_OFF_GRID = 1e-6  # how far from the grid, in steps, a float may lie because of the way it was computed


class Bins(Protocol):
    """The unit interval in ``count`` pieces, numbered from 0."""

    @property
    def count(self) -> int:
        """How many there are."""

    def index(self, u: float) -> int:
        """The number of the bin in which ``u`` lies."""

    def middle(self, index: int) -> float:
        """The middle of a bin; ``index`` brings its number back."""


@final
@dataclass(frozen=True, slots=True)
class EvenBins:
    """Bins of one width. At most 2**50."""

    count: int

    def index(self, u: float) -> int:
        """The number of the bin in which ``u`` lies."""
        return min(int(u * self.count), self.count - 1)

    def middle(self, index: int) -> float:
        """The middle of a bin."""
        return (index + 0.5) / self.count


@final
@dataclass(frozen=True, slots=True, init=False)
class LogBins:
    """Bins as wide as the log axis from half a step below a number to half a step above it.

    The numbers are first, first + 1, … in units of the step; first > 1/2, and the last is at most 2**40.
    """

    first: float
    count: int
    _start: float
    _width: float

    def __init__(self, first: float, count: int) -> None:
        start = math.log(first - 0.5)
        width = math.log(first + count - 0.5) - start
        for name, value in zip(self.__slots__, (first, count, start, width), strict=True):
            object.__setattr__(self, name, value)

    def index(self, u: float) -> int:
        """The number of the bin in which ``u`` lies."""
        nearest = int(math.exp(self._start + u * self._width) - self.first + 0.5)
        return min(max(nearest, 0), self.count - 1)

    def middle(self, index: int) -> float:
        """The middle of a bin: on the log axis, which is a little below the number itself."""
        number = self.first + index
        return ((math.log(number - 0.5) + math.log(number + 0.5)) / 2.0 - self._start) / self._width


def bins_for(first: float, step: float, count: int, *, log: bool) -> EvenBins | LogBins:
    """The bins of ``count`` numbers at equal steps from ``first``. SpaceError when a float can't tell them apart."""
    if count > MOST_BINS:
        raise SpaceError(f"{count} values are more than the unit interval can tell apart (2**50).", hint="Use Float.")
    if not log:
        return EvenBins(count)
    if not first > step / 2.0:
        raise SpaceError(
            f"on a log scale the bin of low={first} would begin at low - step/2 = {first - step / 2.0}, "
            f"which has no logarithm.",
            hint=f"Use low={step}, a step below {2 * first}, or drop log or step.",
        )
    if first / step + count > MOST_LOG_BINS:
        raise SpaceError(
            f"a log scale tells values apart up to 2**40 steps from zero, and this one has {first / step + count:g}.",
            hint="Use a larger step, or Float(low, high, log=True).",
        )
    return LogBins(first / step, count)


@final
@dataclass(frozen=True, slots=True, init=False)
class StepScale:
    """low, low + step, low + 2·step, … up to high, reckoned in the decimals in which the three are written.

    So 0.1 + 2·0.1 is 0.3, and the last number is the largest that is not above high.
    """

    step: float
    bins: EvenBins | LogBins
    _first: int  # value k is (first + k·each) / denominator; dividing two ints rounds correctly
    _each: int
    _denominator: int

    def __init__(self, low: float, high: float, step: float, *, log: bool) -> None:
        if max(abs(low), abs(high)) / step > MOST_STEPS:
            raise SpaceError(
                f"step={step} is finer than floats near {low if abs(low) > abs(high) else high} are.",
                hint="Use a larger step, or none.",
            )
        first, last, each = (Fraction(repr(number)) for number in (low, high, step))
        bins = bins_for(low, step, (last - first) // each + 1, log=log)
        denominator = math.lcm(first.denominator, each.denominator)
        numbers = (int(first * denominator), int(each * denominator), denominator)
        for name, value in zip(self.__slots__, (step, bins, *numbers), strict=True):
            object.__setattr__(self, name, value)

    def number(self, index: int) -> float:
        """The number with that index, from 0."""
        return (self._first + index * self._each) / self._denominator

    def index(self, value: float) -> int:
        """The index of the number nearest to ``value``."""
        return min(max(round(value / self.step - self._first / self._each), 0), self.bins.count - 1)

    def nearest(self, value: float) -> float:
        """The number nearest to ``value``."""
        return self.number(self.index(value))

    def contains(self, value: float) -> bool:
        """Whether ``value`` is one of the numbers, up to rounding."""
        return abs(value - self.nearest(value)) <= _OFF_GRID * self.step

    def at(self, u: float) -> float:
        """The number in whose bin ``u`` lies."""
        return self.number(self.bins.index(u))

    def place(self, value: float) -> float:
        """The middle of the bin of the number nearest to ``value``."""
        return self.bins.middle(self.index(value))
