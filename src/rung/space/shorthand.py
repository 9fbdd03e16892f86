"""Short ways to write domains, with the names and meanings of NumPy and SciPy where they have them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rung.errors import SpaceError
from rung.space.categories import Choice, Ordinal
from rung.space.integers import Int
from rung.space.reals import Float, Normal
from rung.space.values import whole


def uniform(low: float, high: float) -> Float:
    """Floats from low to high, evenly (``scipy.stats.uniform`` takes loc and scale instead)."""
    return Float(low, high)


def loguniform(low: float, high: float) -> Float:
    """Floats from low > 0 to high, evenly over the logarithm."""
    return Float(low, high, log=True)


def quniform(low: float, high: float, q: float) -> Float:
    """low, low + q, low + 2·q, … up to high, evenly."""
    return Float(low, high, step=q)


def randint(low: int, high: int) -> Int:
    """Integers from low to high - 1, evenly: high is left out, as in NumPy and SciPy."""
    return Int(low, _last(low, high, "randint"))


def lograndint(low: int, high: int) -> Int:
    """Integers from low > 0 to high - 1, evenly over the logarithm: high is left out, as in ``randint``."""
    return Int(low, _last(low, high, "lograndint"), log=True)


def normal(mean: float, std: float, *, low: float | None = None, high: float | None = None) -> Normal:
    """Floats with a normal distribution, cut at low and high where given."""
    return Normal(mean, std, low=low, high=high)


def choice(values: Iterable[object] | Mapping[str, object]) -> Choice:
    """One of the values, or one of the names of a mapping; no order."""
    return Choice(values)


def ordinal(values: Iterable[float | str]) -> Ordinal:
    """One of the numbers or strings, which are in order."""
    return Ordinal(values)


def _last(low: int, high: int, name: str) -> int:
    first, end = whole(low, "low"), whole(high, "high")
    if end <= first:
        raise SpaceError(
            f"{name}({first}, {end}) is empty, since high is left out.",
            hint=f"Use {name}({first}, {first + 1}) or more.",
        )
    return end - 1
