"""A search space as a Parzen estimator sees it, and which of its configurations have been tried."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import TYPE_CHECKING, Any, Final, final

import numpy as np

from rung.searchers._parzen_axes import Axes, Listed
from rung.space.categories import Choice
from rung.space.conditions import evaluation_order, is_active
from rung.space.values import identity

if TYPE_CHECKING:
    from rung.space import Space
    from rung.space.domain import Domain
    from rung.types import Config

MOST_LISTED: Final = 256  # values of a scale; the bins of more are narrow against a kernel, so it counts as continuous
_TRIES: Final = 64  # random configurations in search of a new one
_MOST_COUNTED: Final = 100_000  # configurations of a space that are gone through for a new one; about half a second


def axes_of(space: Space) -> Axes:
    """The axes of the dimensions that have more than one value."""
    continuous, listed = [], []
    for column, domain in enumerate(space.values()):
        if isinstance(domain, Choice) or domain.size <= MOST_LISTED:
            if domain.size > 1:
                listed.append(Listed(column, _edges(domain), not isinstance(domain, Choice)))
        else:
            continuous.append(column)
    return Axes(len(space), np.array(continuous, dtype=np.int64), tuple(listed))


def _edges(domain: Domain) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The ends of the bins, of which the domain tells the middles."""
    edges = [0.0]
    for middle in domain.to_units(domain.grid(int(domain.size))):
        edges.append(2.0 * middle - edges[-1])
    return np.array([*edges[:-1], 1.0])


@final
class Tried:
    """The configurations that trials have had."""

    def __init__(self) -> None:
        self._keys: set[Hashable] = set()

    def __contains__(self, config: Config) -> bool:
        return _key(config) in self._keys

    def add(self, config: Config) -> None:
        """Note a configuration."""
        self._keys.add(_key(config))

    def draw_other(self, space: Space, rng: np.random.Generator) -> Config | None:
        """A random configuration that has not been tried; None when there is none left.

        In a finite space of more than 100,000 configurations a tried one, if 64 draws gave no other.
        """
        config: Config = {}
        for _ in range(_TRIES):
            config = space.sample(rng)
            if config not in self:
                return config
        if space.size > _MOST_COUNTED:
            return config
        left = [config for config in _all_configs(space) if config not in self]
        return left[rng.integers(len(left))] if left else None


def _key(config: Config) -> Hashable:
    return frozenset((name, identity(value)) for name, value in config.items())


def _all_configs(space: Space) -> Iterator[dict[str, Any]]:
    """All configurations of a finite space."""
    order = evaluation_order(space.names, space.conditions)
    values = {name: domain.grid(int(domain.size)) for name, domain in space.items()}
    found: list[dict[str, Any]] = [{}]
    for name in order:
        found = [
            extended
            for config in found
            for extended in (
                [{**config, name: value} for value in values[name]]
                if is_active(name, space.conditions, config)
                else [config]
            )
        ]
    for config in found:
        if all(constraint.is_met(config) for constraint in space.constraints):
            yield {name: config[name] for name in space.names if name in config}
