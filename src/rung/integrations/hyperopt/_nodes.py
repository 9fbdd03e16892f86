"""What ``hp`` functions return: the places in a search space where something is drawn or applied."""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias, final

from rung.errors import SpaceError

if TYPE_CHECKING:
    from rung.space import Domain
    from rung.types import Json


@final
@dataclass(frozen=True)
class Plain:
    """The number in the study is hyperopt's number."""

    def read(self, stored: Json) -> Json:
        """The number of hyperopt for one in the study."""
        return stored

    def write(self, value: Json) -> Json:
        """The number in the study for one of hyperopt's."""
        return value


@final
@dataclass(frozen=True)
class Rounded:
    """The study has the number as it is drawn; hyperopt's is its exponential if so, then the nearest multiple of q."""

    is_log: bool = False
    q: float | None = None

    def read(self, stored: Json) -> Json:
        """The number of hyperopt for one in the study."""
        value = math.exp(stored) if self.is_log else stored
        return value if self.q is None else multiple(value, self.q)

    def write(self, value: Json) -> Json:
        """A number that becomes this one, if there is one; it may lie just beyond the range."""
        return math.log(max(value, math.ulp(0.0))) if self.is_log else value


@final
@dataclass(frozen=True)
class Weighed:
    """The study has a number from 0 to 1; hyperopt's is the option whose share of the probability it falls into.

    ends: the upper ends of the shares, the last of them 1.
    """

    ends: tuple[float, ...]

    def read(self, stored: Json) -> Json:
        """The option's index."""
        return min(bisect.bisect_right(self.ends, stored), len(self.ends) - 1)

    def write(self, value: Json) -> Json:
        """The middle of the option's share."""
        low, high = self.share(value)
        return (low + high) / 2

    def share(self, index: int) -> tuple[float, float]:
        """From where to where the option's share reaches."""
        return (self.ends[index - 1] if index else 0.0), self.ends[index]


Reading: TypeAlias = Plain | Rounded | Weighed


@final
@dataclass(frozen=True, eq=False)
class Parameter:
    """A hyperparameter. domain: as the study searches it. options: what its index chooses among, None for a number."""

    label: str
    domain: Domain
    reading: Reading = field(default_factory=Plain)
    options: tuple[Any, ...] | None = None

    def stored(self, value: Any) -> Json:
        """What the study has for one of hyperopt's values. SpaceError when it is none of them."""
        if not isinstance(self.reading, Rounded):
            return self.reading.write(value)
        nearest = self.domain.nearest(self.reading.write(value))
        if not math.isclose(self.reading.read(nearest), value, rel_tol=1e-9, abs_tol=1e-12):
            raise SpaceError(f"{self.label}: {value!r} can't be drawn.", hint=f"{self.reading.read(nearest)} is near.")
        return nearest


@final
@dataclass(frozen=True, eq=False)
class Applied:
    """A function of what stands below, such as ``scope.int(hp.quniform(…))``."""

    function: Callable[[Any], Any]
    argument: Any


def multiple(value: float, q: float) -> float:
    """The multiple of q nearest to a number; of two as near, the even one."""
    digits = max(0, -math.floor(math.log10(q)) + 12)
    return round(round(value / q) * q, digits)  # 3 * 0.1 is 0.3
