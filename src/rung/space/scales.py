"""Continuous scales: how the unit interval is laid over a range of numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Protocol, final

from rung.errors import SpaceError

TAIL = 1e-12
"""The probability beyond which an infinite tail is cut off, so that [0, 1] always gives finite numbers."""

_STANDARD = NormalDist()
_REACH = -_STANDARD.inv_cdf(TAIL)  # 7.03 standard deviations
_SLIVER = 1e-6  # a normal cut down to less than this has lost its shape, and its upper tail its digits


class Scale(Protocol):
    """A map between [0, 1] and the numbers of a range; both ways never decreasing."""

    def at(self, u: float) -> float:
        """The number at ``u``; the ends of the range at exactly 0 and 1."""

    def place(self, value: float) -> float:
        """Where a number of the range stands in [0, 1]."""


@final
@dataclass(frozen=True, slots=True)
class LinearScale:
    """Evenly from ``low`` to ``high``; any finite floats, low <= high. One number stands at 0.5."""

    low: float
    high: float

    def at(self, u: float) -> float:
        """Low + u·(high - low), without overflow."""
        if u >= 1.0:
            return self.high
        width = self.high - self.low
        if width == math.inf:
            value = 2.0 * (self.low / 2.0 + u * (self.high / 2.0 - self.low / 2.0))
        else:
            value = self.low + u * width
        return min(value, self.high)

    def place(self, value: float) -> float:
        """(value - low) / (high - low), without overflow."""
        width = self.high - self.low
        if width == 0.0:
            return 0.5
        if width == math.inf:
            return (value / 2.0 - self.low / 2.0) / (self.high / 2.0 - self.low / 2.0)
        return (value - self.low) / width


@final
@dataclass(frozen=True, slots=True)
class LogScale:
    """Evenly over the logarithm from ``low`` to ``high``, 0 < low <= high. One number stands at 0.5."""

    low: float
    high: float

    def at(self, u: float) -> float:
        """low^(1 - u) · high^u."""
        if u <= 0.0:
            return self.low
        if u >= 1.0:
            return self.high
        start = math.log(self.low)
        return min(max(math.exp(start + u * (math.log(self.high) - start)), self.low), self.high)

    def place(self, value: float) -> float:
        """log(value / low) / log(high / low), without overflow."""
        start = math.log(self.low)
        width = math.log(self.high) - start
        return (math.log(value) - start) / width if width else 0.5  # neighbouring floats may have one logarithm


@final
@dataclass(frozen=True, slots=True, init=False)
class NormalScale:
    """Evenly over the probability of a normal distribution, cut to [low, high] and to 7.03 standard deviations.

    SpaceError when less than a millionth of the probability is left.
    """

    mean: float
    std: float
    low: float
    high: float
    _below: float  # the probability below ``low``
    _within: float

    def __init__(self, mean: float, std: float, low: float | None, high: float | None) -> None:
        least, most = mean - _REACH * std, mean + _REACH * std
        least = least if low is None else max(low, least)
        most = most if high is None else min(high, most)
        if not (math.isfinite(least) and math.isfinite(most)):
            raise SpaceError(f"a normal with mean={mean} and std={std} reaches beyond the largest float.")
        below = _probability_below((least - mean) / std)
        within = _probability_below((most - mean) / std) - below
        if within < _SLIVER:
            raise SpaceError(
                f"a normal with mean={mean} and std={std} has less than {_SLIVER:g} of its values "
                f"between low={low} and high={high}.",
                hint="Use Float(low, high), or a mean between them.",
            )
        for name, value in zip(self.__slots__, (mean, std, least, most, below, within), strict=True):
            object.__setattr__(self, name, value)

    def at(self, u: float) -> float:
        """The quantile of ``u``."""
        if u <= 0.0:
            return self.low
        if u >= 1.0:
            return self.high
        value = self.mean + self.std * _STANDARD.inv_cdf(self._below + u * self._within)
        return min(max(value, self.low), self.high)

    def place(self, value: float) -> float:
        """The probability between low and ``value``, as a share of that between low and high."""
        share = (_probability_below((value - self.mean) / self.std) - self._below) / self._within
        return min(max(share, 0.0), 1.0)


def _probability_below(z: float) -> float:
    return 0.5 * math.erfc(-z / math.sqrt(2.0))  # NormalDist.cdf loses the digits of the lower tail
