"""Conditions: dimensions that exist only while others have certain values."""

from __future__ import annotations

import graphlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, final

from rung.errors import SpaceError
from rung.space.domain import Domain
from rung.space.sets import Values, as_values

if TYPE_CHECKING:
    from rung.types import Config, Json

_MOST_LISTED = 100_000  # values of one parent that are gone through to count configurations; about 0.1 s


@final
@dataclass(frozen=True, slots=True, init=False)
class When:
    """True while ``parent`` is active and has one of the values: one value, a list, ``at_least(x)`` or ``Between``."""

    parent: str
    values: Values

    def __init__(self, parent: str, values: object) -> None:
        if not isinstance(parent, str):
            raise SpaceError(f"the parent in a condition is a name, got {parent!r}.")
        object.__setattr__(self, "parent", parent)
        object.__setattr__(self, "values", as_values(values))

    def __str__(self) -> str:
        return f"{self.parent} {self.values}"

    def is_met(self, config: Config) -> bool:
        """Whether it holds in a config whose values are canonical."""
        return self.parent in config and config[self.parent] in self.values

    def to_json(self) -> dict[str, Json]:
        """``{"parent": name, "in": [...]}``, or with "at_least" and "at_most"."""
        return {"parent": self.parent, **self.values.to_json()}


Conditions: TypeAlias = Mapping[str, tuple[When, ...]]
"""Name of a conditional dimension -> what all must hold for it to be active."""


def as_conditions(given: Mapping[str, Any], domains: Mapping[str, Domain]) -> dict[str, tuple[When, ...]]:
    """Conditions in the order of the domains, checked against them, with values as they stand in configs.

    given: name -> a When, a pair (parent, values), or a list of these, of which all must hold.
    """
    if not isinstance(given, Mapping):
        raise SpaceError(
            f"conditions must be a mapping, got {type(given).__name__}.", hint='Use {"momentum": ("optimizer", "sgd")}.'
        )
    for name in given:
        if name not in domains:
            raise SpaceError(f"conditions: there is no dimension {name!r}.", hint=f"There are {', '.join(domains)}.")
    return {name: _checked(name, given[name], domains) for name in domains if name in given}


def evaluation_order(names: Sequence[str], conditions: Conditions) -> tuple[str, ...]:
    """The names with parents before their children. SpaceError names a cycle."""
    parents = {name: {when.parent for when in conditions.get(name, ())} for name in names}
    try:
        return tuple(graphlib.TopologicalSorter(parents).static_order())
    except graphlib.CycleError as error:
        raise SpaceError(
            f"conditions form a cycle: {' -> '.join(error.args[1])}.", hint="Drop one of the conditions."
        ) from None


def count(domains: Mapping[str, Domain], order: Sequence[str], conditions: Conditions) -> float:
    """The number of configurations.

    At most that many where a dimension has conditions on several parents, or a parent has more than 100,000 values.
    """
    sizes = {name: domain.size for name, domain in domains.items()}
    if math.inf in sizes.values():
        return math.inf
    parents = {name: {when.parent for when in whens} for name, whens in conditions.items()}
    children: dict[str, list[str]] = {}
    for child, its_parents in parents.items():
        for parent in its_parents:
            children.setdefault(parent, []).append(child)
    if any(len(each) > 1 for each in parents.values()) or any(sizes[parent] > _MOST_LISTED for parent in children):
        return math.prod(sizes.values())
    ways: dict[str, float] = {}  # configurations of a dimension together with all below it
    for name in reversed(order):
        ways[name] = sizes[name]
        if name in children:
            configs = ({name: value} for value in domains[name].grid(int(sizes[name])))
            active = ([c for c in children[name] if is_active(c, conditions, config)] for config in configs)
            ways[name] = sum(math.prod(ways[child] for child in each) for each in active)
    return math.prod(ways[name] for name in order if name not in parents)


def is_active(name: str, conditions: Conditions, config: Config) -> bool:
    """Whether a dimension is active in a config that has its active parents already."""
    return all(when.is_met(config) for when in conditions.get(name, ()))


def _checked(name: str, given: Any, domains: Mapping[str, Domain]) -> tuple[When, ...]:
    several = isinstance(given, (list, tuple)) and not (len(given) == 2 and isinstance(given[0], str))
    whens = [_as_when(name, each) for each in (given if several else [given])]
    if not whens:
        raise SpaceError(f"conditions of {name!r}: the list is empty.", hint="Leave it out if it is always active.")
    forms = given if several else [given]
    checked = []
    for form, when in zip(forms, whens, strict=True):
        if when.parent not in domains:
            raise SpaceError(
                f"{name!r} depends on {when.parent!r}, which is no dimension.", hint=f"There are {', '.join(domains)}."
            )
        if isinstance(form, Mapping):  # written by ``to_json``; an edit may have taken its values from the parent since
            checked.append(when)
            continue
        try:
            checked.append(When(when.parent, when.values.within(domains[when.parent])))
        except SpaceError as error:
            raise SpaceError(f"{name!r} depends on {when}: {error.sentence}", hint=error.hint) from None
    return tuple(checked)


def _as_when(name: str, given: Any) -> When:
    if isinstance(given, When):
        return given
    if isinstance(given, (list, tuple)) and len(given) == 2 and isinstance(given[0], str):
        return When(given[0], given[1])
    if isinstance(given, Mapping) and "parent" in given:
        return When(given["parent"], {key: value for key, value in given.items() if key != "parent"})
    raise SpaceError(
        f"{given!r} is not a condition of {name!r}.", hint='Use a pair (parent, values) such as ("optimizer", ["sgd"]).'
    )
