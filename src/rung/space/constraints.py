"""Constraints between dimensions: forbidden combinations and linear bounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, final

from rung.errors import SpaceError
from rung.space.domain import Domain
from rung.space.sets import Between, Values, as_values, is_numeric
from rung.space.values import tidy

if TYPE_CHECKING:
    from rung.types import Config, Json

_ROUNDING = 1e-12  # of the sum of absolute terms: 0.1 + 0.2 <= 0.3 holds


@final
@dataclass(frozen=True, slots=True, init=False)
class Forbidden:
    """A combination of values that may not occur. One with an inactive dimension does not occur."""

    combination: tuple[tuple[str, Values], ...]

    def __init__(self, combination: Mapping[str, object]) -> None:
        if not isinstance(combination, Mapping) or not combination:
            raise SpaceError(
                f"forbid() takes a mapping from names to values, got {combination!r}.",
                hint='Use forbid({"optimizer": "adam", "lr": at_least(0.1)}).',
            )
        pairs = tuple((name, as_values(values)) for name, values in combination.items())
        object.__setattr__(self, "combination", pairs)

    def __str__(self) -> str:
        return "not (" + " and ".join(f"{name} {values}" for name, values in self.combination) + ")"

    @property
    def names(self) -> tuple[str, ...]:
        """The dimensions that it is about."""
        return tuple(name for name, _ in self.combination)

    def is_met(self, config: Config) -> bool:
        """Whether a config with canonical values keeps to it."""
        return not all(name in config and config[name] in values for name, values in self.combination)

    def within(self, domains: Mapping[str, Domain]) -> Forbidden:
        """The same with values as they stand in configs. SpaceError for names and values that aren't in the space."""
        checked = {}
        for name, values in self.combination:
            domain = _domain(name, domains, self)
            try:
                checked[name] = values.within(domain)
            except SpaceError as error:
                raise SpaceError(f"constraint {self}: {name}: {error.sentence}", hint=error.hint) from None
        return Forbidden(checked)

    def to_json(self) -> dict[str, Json]:
        """``{"type": "forbid", "combination": {name: values}}``."""
        return {"type": "forbid", "combination": {name: values.to_json() for name, values in self.combination}}


@final
@dataclass(frozen=True, slots=True, init=False)
class Linear:
    """at_least <= sum of coefficient · value <= at_most, up to 1e-12 of the terms.

    Inactive dimensions count as 0; if none is active, the constraint says nothing.
    """

    coefficients: tuple[tuple[str, float], ...]
    bounds: Between

    def __init__(
        self, coefficients: Mapping[str, float], *, at_least: float | None = None, at_most: float | None = None
    ) -> None:
        if not isinstance(coefficients, Mapping) or not coefficients:
            raise SpaceError(
                f"linear() takes a mapping from names to coefficients, got {coefficients!r}.",
                hint='Use linear({"a": 1, "b": 2}, at_most=10).',
            )
        if at_least is None and at_most is None:
            raise SpaceError("linear() needs a bound.", hint="Give at_least, at_most or both.")
        terms = tuple((name, tidy(factor, f"the coefficient of {name}")) for name, factor in coefficients.items())
        object.__setattr__(self, "coefficients", terms)
        object.__setattr__(self, "bounds", Between(at_least, at_most))

    def __str__(self) -> str:
        terms = [("- " if factor < 0 else "+ ") + _times(abs(factor), name) for name, factor in self.coefficients]
        return f"{' '.join(terms).removeprefix('+ ')} {self.bounds}"

    @property
    def names(self) -> tuple[str, ...]:
        """The dimensions that it is about."""
        return tuple(name for name, _ in self.coefficients)

    def is_met(self, config: Config) -> bool:
        """Whether a config keeps to it."""
        terms = [factor * config[name] for name, factor in self.coefficients if name in config]
        if not terms:
            return True
        total, slack = sum(terms), _ROUNDING * sum(map(abs, terms))
        low, high = self.bounds.low, self.bounds.high
        return (low is None or total >= low - slack) and (high is None or total <= high + slack)

    def within(self, domains: Mapping[str, Domain]) -> Linear:
        """Itself. SpaceError for names that aren't in the space or stand for something else than numbers."""
        for name, _ in self.coefficients:
            if not is_numeric(_domain(name, domains, self)):
                raise SpaceError(f"constraint {self}: {name} has values that aren't numbers.")
        return self

    def to_json(self) -> dict[str, Json]:
        """``{"type": "linear", "coefficients": {name: factor}, "at_least": low, "at_most": high}``."""
        return {"type": "linear", "coefficients": dict(self.coefficients), **self.bounds.to_json()}


Constraint: TypeAlias = Forbidden | Linear


def forbid(combination: Mapping[str, object]) -> Forbidden:
    """Forbids that all the named dimensions have the given values: one value, a list, ``at_least(x)`` or ``Between``.

    ``forbid({"optimizer": "adam", "lr": at_least(0.1)})``
    """
    return Forbidden(combination)


def linear(coefficients: Mapping[str, float], *, at_least: float | None = None, at_most: float | None = None) -> Linear:
    """Bounds a sum: ``linear({"a": 1, "b": 2}, at_most=10)`` is a + 2·b <= 10."""
    return Linear(coefficients, at_least=at_least, at_most=at_most)


def as_constraints(given: Any, domains: Mapping[str, Domain]) -> tuple[Constraint, ...]:
    """Constraints, or their JSON forms, checked against the domains and with values as they stand in configs."""
    if not isinstance(given, (list, tuple)):
        raise SpaceError(f"constraints must be a list, got {given!r}.", hint="Use [forbid({...}), linear({...}, ...)].")
    return tuple(_checked(each, domains) for each in given)


def _checked(given: Any, domains: Mapping[str, Domain]) -> Constraint:
    constraint = _as_constraint(given)
    if isinstance(given, Mapping):  # written by ``to_json``; an edit may have taken values from their domains since
        for name in constraint.names:
            _domain(name, domains, constraint)
        return constraint
    return constraint.within(domains)


def _as_constraint(given: Any) -> Constraint:
    if isinstance(given, (Forbidden, Linear)):
        return given
    if isinstance(given, Mapping) and given.keys() == {"type", "combination"} and given["type"] == "forbid":
        return Forbidden(given["combination"])
    known = {"type", "coefficients", "at_least", "at_most"}
    if isinstance(given, Mapping) and given.get("type") == "linear" and given.keys() <= known:
        return Linear(given.get("coefficients", {}), at_least=given.get("at_least"), at_most=given.get("at_most"))
    raise SpaceError(f"{given!r} is not a constraint.", hint="Use forbid({...}) or linear({...}, at_most=...).")


def _domain(name: str, domains: Mapping[str, Domain], constraint: Constraint) -> Domain:
    if name not in domains:
        raise SpaceError(
            f"constraint {constraint}: there is no dimension {name!r}.", hint=f"There are {', '.join(domains)}."
        )
    return domains[name]


def _times(factor: float, name: str) -> str:
    return name if factor == 1 else f"{factor}*{name}"
