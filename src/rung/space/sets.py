"""Sets of values that conditions and constraints speak of."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias, final

from rung.errors import SpaceError
from rung.space.categories import Choice, Constant, Ordinal
from rung.space.domain import Domain
from rung.space.values import Frozen, distinct, freeze, identity, is_number, listing, thaw, tidy

if TYPE_CHECKING:
    from rung.types import Json


@final
@dataclass(frozen=True, slots=True, init=False)
class In:
    """One of the listed values."""

    values: tuple[Frozen, ...] = field(compare=False)
    _identities: frozenset[Hashable]

    def __init__(self, values: Iterable[object]) -> None:
        listed = tuple(freeze(value) for value in values)
        if not listed:
            raise SpaceError("In() needs at least one value.")
        object.__setattr__(self, "values", listed)
        object.__setattr__(self, "_identities", frozenset(map(identity, listed)))

    def __contains__(self, value: Any) -> bool:
        return identity(value) in self._identities

    def __str__(self) -> str:
        return f"= {thaw(self.values[0])!r}" if len(self.values) == 1 else f"in [{listing(self.values)}]"

    def within(self, domain: Domain) -> In:
        """The same values as they stand in configs, in the domain's order. SpaceError for one that it does not have."""
        return In(sorted(distinct(domain.validate(thaw(value)) for value in self.values), key=domain.to_unit))

    def to_json(self) -> dict[str, Json]:
        """``{"in": [values]}``."""
        return {"in": thaw(self.values)}


@final
@dataclass(frozen=True, slots=True)
class Between:
    """A number from ``low`` to ``high``, both included; None leaves a side open."""

    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        low = None if self.low is None else tidy(self.low, "low")
        high = None if self.high is None else tidy(self.high, "high")
        if low is None and high is None:
            raise SpaceError("Between() needs a bound.", hint="Give low, high or both.")
        if low is not None and high is not None and low > high:
            raise SpaceError(f"Between() needs low <= high, got {low} and {high}.", hint=f"Use Between({high}, {low}).")
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", high)

    def __contains__(self, value: Any) -> bool:
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)

    def __str__(self) -> str:
        if self.high is None:
            return f">= {self.low}"
        return f"<= {self.high}" if self.low is None else f"from {self.low} to {self.high}"

    def within(self, domain: Domain) -> Between:
        """The same range. SpaceError when the domain's values aren't numbers, or none is in the range."""
        if not is_numeric(domain):
            raise SpaceError(
                f"{domain!r} has values that aren't numbers, so none is {self}.", hint="List values instead."
            )
        if isinstance(domain, (Choice, Ordinal, Constant)):
            is_met = any(value in self for value in domain.grid(int(domain.size)))
        else:
            least, most = domain.from_unit(0.0), domain.from_unit(1.0)
            low, high = (-math.inf if self.low is None else self.low), (math.inf if self.high is None else self.high)
            is_met = least <= high and most >= low
        if not is_met:
            raise SpaceError(f"{domain!r} has no value {self}.")
        return self

    def to_json(self) -> dict[str, Json]:
        """``{"at_least": low, "at_most": high}`` without the open side."""
        bounds = {"at_least": self.low, "at_most": self.high}
        return {name: bound for name, bound in bounds.items() if bound is not None}


Values: TypeAlias = In | Between


def at_least(low: float) -> Between:
    """Numbers from ``low`` on, which is included."""
    return Between(low, None)


def at_most(high: float) -> Between:
    """Numbers up to ``high``, which is included."""
    return Between(None, high)


def as_values(given: object) -> Values:
    """The set that is meant by a value (just this one), a list (one of these), In, Between, or a set's JSON form."""
    if isinstance(given, (In, Between)):
        return given
    if isinstance(given, Mapping):
        if given.keys() == {"in"} and isinstance(given["in"], list):
            return In(given["in"])
        if given and given.keys() <= {"at_least", "at_most"}:
            return Between(given.get("at_least"), given.get("at_most"))
        raise SpaceError(
            f"{dict(given)!r} is not a set of values.", hint="Use a value, a list, at_least(x) or at_most(x)."
        )
    if isinstance(given, (list, tuple)):
        return In(given)
    return In([given])


def is_numeric(domain: Domain) -> bool:
    """Whether all values of the domain are numbers."""
    if isinstance(domain, Constant):
        return is_number(domain.value)
    if isinstance(domain, (Choice, Ordinal)):
        return all(is_number(value) for value in domain.values)
    return True
