"""Frozen distributions of scipy.stats as domains. SciPy is imported only when one is used."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol, final, runtime_checkable

from rung.errors import SpaceError
from rung.space.categories import Constant
from rung.space.domain import Domain, unit
from rung.space.integers import Int
from rung.space.reals import Float, Normal, middles, within
from rung.space.scales import TAIL
from rung.space.values import is_number, plain, real

if TYPE_CHECKING:
    from rung.types import Json


@runtime_checkable
class FrozenDistribution(Protocol):
    """What scipy.stats returns for a distribution with its parameters, such as ``stats.gamma(2.0)``."""

    dist: Any
    args: tuple[Any, ...]
    kwds: dict[str, Any]

    def ppf(self, q: Any) -> Any:
        """Quantiles."""

    def cdf(self, x: Any) -> Any:
        """Probabilities of values up to x."""


@final
@dataclass(frozen=True, eq=False, repr=False)
class Distribution(Domain):
    """A univariate distribution of scipy.stats by its name there (``family``), with the parameters that it takes.

    Continuous ones give floats, discrete ones ints, each evenly over the probability. An infinite tail, and any tail of
    a discrete one, is cut where a trillionth of the probability is left: farther values neither occur nor validate.
    Within a trillionth of 0 and 1 ``from_unit`` gives the ends.

    ``from_unit(to_unit(value))`` is as exact as SciPy's ppf and cdf; for a discrete one it is the value, if its
    probability is above 1e-12.
    """

    kind: ClassVar[str] = "distribution"

    family: str
    args: tuple[float, ...] = field(default=(), kw_only=True)
    kwds: Mapping[str, float] = field(default_factory=dict, kw_only=True)

    def __post_init__(self) -> None:
        if not (
            isinstance(self.family, str) and isinstance(self.args, (list, tuple)) and isinstance(self.kwds, Mapping)
        ):
            raise SpaceError(
                f"Distribution takes a name, args and kwds, got {self.family!r}, {self.args!r} and {self.kwds!r}."
            )
        object.__setattr__(self, "args", tuple(_parameter(value, self.family) for value in self.args))
        kwds = {str(name): _parameter(value, self.family) for name, value in self.kwds.items()}
        object.__setattr__(self, "kwds", kwds)

    @property
    def size(self) -> float:
        """The number of integers if discrete (within the tails), else infinite."""
        law = self._law
        return int(law.high - law.low) + 1 if law.is_discrete else math.inf

    def from_unit(self, u: float) -> float:
        """The quantile of ``u``: an int if the distribution is discrete."""
        u, law = unit(u), self._law
        if TAIL < u < 1.0 - TAIL:
            value = min(max(float(law.frozen.ppf(u)), law.low), law.high)
        else:
            value = law.low if u <= TAIL else law.high  # where SciPy's root finders often give up
        return int(value) if law.is_discrete else value

    def to_unit(self, value: Json) -> float:
        """The probability up to the value; of a discrete one, up to the middle of its own."""
        return self.to_units([value])[0]

    def to_units(self, values: Sequence[Json]) -> Sequence[float]:
        """``to_unit`` of each value, by one call of SciPy."""
        law, valid = self._law, [self.validate(value) for value in values]
        shares = law.frozen.cdf(valid)
        if law.is_discrete:
            shares = (shares + law.frozen.cdf([value - 1 for value in valid])) / 2.0
        return [min(max(share, 0.0), 1.0) for share in shares.tolist()]

    def validate(self, value: Any) -> float:
        """The number as a Python float, or int if discrete."""
        law = self._law
        if law.is_discrete:
            return Int(int(law.low), int(law.high)).validate(value)
        return within(value, law.low, law.high)

    def grid(self, points: int) -> list[Json]:
        """All integers if there are at most ``points``; else the middles of parts of equal probability."""
        if self.size <= points:
            return list(range(int(self._law.low), int(self._law.high) + 1))
        return list(dict.fromkeys(middles(self, points)))

    def nearest(self, value: Json) -> float:
        """The number clipped to where the distribution is cut."""
        number = min(max(real(value, "the value"), self._law.low), self._law.high)
        return round(number) if self._law.is_discrete else number

    def union(self, other: Domain) -> Distribution | None:
        """This one, if the other is equal or a constant that it contains; a distribution has no wider one."""
        if not isinstance(other, Constant):
            return self if self == other else None
        try:
            self.validate(other.value)
        except SpaceError:
            return None
        return self

    @cached_property
    def _law(self) -> _Law:
        return _law_of(self.family, self.args, self.kwds)


class _Law(NamedTuple):
    """A distribution of SciPy, and the ends of what is used of it."""

    frozen: Any
    low: float
    high: float
    is_discrete: bool


def _law_of(name: str, args: Sequence[float], kwds: Mapping[str, float]) -> _Law:
    from scipy import stats

    family = getattr(stats, name, None)
    if not isinstance(family, (stats.rv_continuous, stats.rv_discrete)):
        raise SpaceError(f"scipy.stats has no distribution {name!r}.", hint="Custom distributions can't be stored.")
    given = ", ".join([*map(repr, args), *(f"{key}={value!r}" for key, value in kwds.items())])
    try:
        frozen = family(*args, **kwds)
        low, high = map(float, frozen.support())
    except (TypeError, ValueError) as error:
        raise SpaceError(f"scipy.stats.{name}({given}): {error}.") from error
    is_discrete = isinstance(family, stats.rv_discrete)
    if is_discrete or low == -math.inf:
        low = max(low, float(frozen.ppf(TAIL)))
    if is_discrete or high == math.inf:
        high = min(high, float(frozen.ppf(1.0 - TAIL)))
    if not -math.inf < low <= high < math.inf:
        raise SpaceError(f"scipy.stats.{name}({given}) has no finite quantiles.", hint="Check its parameters.")
    return _Law(frozen, low, high, is_discrete=is_discrete)


def from_scipy(frozen: FrozenDistribution) -> Domain:
    """The domain of a frozen distribution, in SciPy's meaning: uniform(loc, scale), and randint leaves high out.

    uniform, loguniform and reciprocal become Float, randint Int, norm Normal; all others Distribution.
    """
    family = frozen.dist
    name = str(family.name)
    if not type(family).__module__.startswith("scipy.stats"):
        raise SpaceError(
            f"the distribution {name!r} is not one of scipy.stats, so it can't be stored.",
            hint="Use one of scipy.stats, or transform a uniform() in the training function.",
        )
    given = Distribution(name, args=frozen.args, kwds=frozen.kwds)
    given.from_unit(0.5)  # SpaceError for wrong parameters now, and not in the middle of a study
    shapes = [] if family.shapes is None else family.shapes.replace(" ", "").split(",")
    named = dict(zip([*shapes, "loc", "scale"], given.args, strict=False)) | dict(given.kwds)
    loc, scale = named.get("loc", 0), named.get("scale", 1)
    if name == "uniform":
        return Float(loc, loc + scale)
    if name in {"loguniform", "reciprocal"} and loc == 0:
        return Float(named["a"] * scale, named["b"] * scale, log=True)
    if name == "randint":
        return Int(named["low"] + loc, named["high"] + loc - 1)
    if name == "norm":
        return Normal(loc, scale)
    return given


def _parameter(value: object, name: str) -> float:
    number = plain(value)
    if not is_number(number) or not math.isfinite(number):
        raise SpaceError(f"scipy.stats.{name} must have finite numbers as parameters here, got {value!r}.")
    return number
