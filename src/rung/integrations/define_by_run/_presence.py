"""Conditions of a space, concluded from which trials asked for what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from rung.space.conditions import evaluation_order, is_active
from rung.space.values import identity

if TYPE_CHECKING:
    from rung.space import Domain, Space
    from rung.types import Config

_MOST_VALUES: Final = 32  # of a parent
_LEAST_SEEN: Final = 3  # trials of either kind; fewer are often told apart by chance


class Seen(NamedTuple):
    """A trial that came to its end: its configuration, and the names for which its objective asked."""

    config: Config
    asked: frozenset[str]


def concluded(space: Space, seen: Sequence[Seen]) -> dict[str, Any]:
    """Name -> (parent, values) or what the space says, for ``Space(conditions=…)``.

    A dimension depends on another if it was asked for only where that was asked for too, and never at a value of it at
    which it was left out once; values that did not occur yet count as if it were asked for there. What contradicts what
    was seen is dropped.
    """
    found: dict[str, Any] = {}
    for name in space:
        whens = space.conditions.get(name, ())
        if whens and not any(
            name in each.asked and not all(when.is_met(each.config) for when in whens) for each in seen
        ):
            found[name] = list(whens)
        elif (condition := next(_candidates(name, space, seen), None)) is not None:
            found[name] = condition
    return found


def presumably_asked(config: Config, space: Space) -> frozenset[str]:
    """The names in a configuration for which its trial has asked, as far as the conditions of the space tell."""
    present: dict[str, Any] = {}
    for name in evaluation_order(space.names, space.conditions):
        if name in config and is_active(name, space.conditions, present):
            present[name] = config[name]
    return frozenset(present)


def _candidates(name: str, space: Mapping[str, Domain], seen: Sequence[Seen]) -> Iterator[tuple[str, list[Any]]]:
    with_it = [each for each in seen if name in each.asked]
    if len(with_it) < _LEAST_SEEN or len(seen) - len(with_it) < _LEAST_SEEN:
        return
    for parent, domain in space.items():
        if parent == name or domain.size > _MOST_VALUES or not all(parent in each.asked for each in with_it):
            continue
        without = [each for each in seen if parent in each.asked and name not in each.asked]
        present = {identity(each.config[parent]) for each in with_it}
        absent = {identity(each.config[parent]) for each in without}
        if len(without) >= _LEAST_SEEN and not present & absent:
            yield parent, [value for value in domain.grid(_MOST_VALUES) if identity(value) not in absent]
