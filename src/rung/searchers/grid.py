"""Grid search: every combination of a few values per dimension."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, final

from rung.checks import whole_number
from rung.errors import RungWarning, SettingError
from rung.events import SpaceEdited, Started
from rung.history import History, starting_points
from rung.registry import describe
from rung.searchers._unmoved import warn_of_priors
from rung.space import as_space
from rung.space.conditions import evaluation_order, is_active
from rung.space.values import identity
from rung.types import Exhausted, Suggestion

if TYPE_CHECKING:
    import numpy as np

    from rung.events import SearchEvent
    from rung.space import Space
    from rung.types import Config, Json

_DEFAULT_POINTS: Final = 5
_MANY_DIMENSIONS: Final = 4
_MANY_POINTS: Final = 1_000
_MOST_POINTS: Final = 1_000_000  # as many take some seconds to list, and a gigabyte


@final
class GridSearcher:
    """Tries all combinations, each once, then is exhausted. ``len`` is their number.

    space: a Space or anything that ``as_space`` takes. points: how many values each dimension gets at most, one number
    for all or a mapping by name (5 where it has none); they are ``Domain.grid``'s, so of a choice always all.
    initial_config, points_to_evaluate: what is tried first; give one of them or none.

    The order is that of nested loops: the last dimension changes fastest, and conditional dimensions stand in loops of
    their own inside all others. Inactive dimensions don't multiply, and combinations that break a constraint are left
    out. What has been tried already, by whomever, isn't tried again. An edit of the space makes a new grid.

    SettingError for unusable points, and when there would be more than a million combinations. RungWarning above 1,000
    combinations or 4 dimensions, and for a space with priors, which a grid can't use.
    """

    def __init__(
        self,
        space: object,
        *,
        points: int | Mapping[str, int] = _DEFAULT_POINTS,
        initial_config: Config | None = None,
        points_to_evaluate: Sequence[Config] = (),
    ) -> None:
        given = as_space(space)
        self._points = _checked_points(points, given)
        self._first = starting_points(given, initial_config, points_to_evaluate)
        self._history = History(given, self._first)
        warn_of_priors(given, "GridSearcher")
        self._lay_out()
        dimensions = sum(len(values) > 1 for values in _values(given, self._points).values())
        if len(self) > _MANY_POINTS or dimensions > _MANY_DIMENSIONS:
            warnings.warn(_too_big(len(self), dimensions), stacklevel=2)

    def __len__(self) -> int:
        return len(self._grid)

    @property
    def space(self) -> Space:
        """The space in force."""
        return self._history.space

    def suggest(self, rng: np.random.Generator) -> Suggestion | Exhausted:
        """The next waiting point, or the first combination that has not been tried; takes nothing from ``rng``."""
        del rng
        if point := self._history.next_point():
            return point
        if self._next < len(self._grid):
            return Suggestion(dict(self._grid[self._next]), {"grid": self._next})
        return Exhausted(f"all {len(self):,} combinations of the grid have been tried")

    def update(self, event: SearchEvent) -> None:
        """Note what has been tried."""
        self._history.update(event)
        if isinstance(event, Started):
            self._note(event.config)
        elif isinstance(event, SpaceEdited):
            self._lay_out()

    def spec(self) -> Mapping[str, Json]:
        """The JSON form, for the log."""
        return describe(self, points=self._points, points_to_evaluate=list(self._first) or None)

    def _lay_out(self) -> None:
        self._grid = list(itertools.islice(combinations(self.space, self._points), _MOST_POINTS + 1))
        if len(self._grid) > _MOST_POINTS:
            raise SettingError(
                f"the grid would have more than {_MOST_POINTS:,} combinations.",
                hint="Use fewer points per dimension, or RandomSearcher(space).",
            )
        self._place_of = {_key(config): index for index, config in enumerate(self._grid)}
        self._is_tried = bytearray(len(self._grid))
        self._next = 0
        for config in self._history.configs:
            self._note(config)

    def _note(self, config: Config) -> None:
        place = self._place_of.get(_key(config))
        if place is not None:
            self._is_tried[place] = True
        while self._next < len(self._grid) and self._is_tried[self._next]:
            self._next += 1


def _key(config: Config) -> Hashable:
    return tuple(sorted((name, identity(value)) for name, value in config.items()))


def _checked_points(points: int | Mapping[str, int], space: Space) -> int | dict[str, int]:
    if not isinstance(points, Mapping):
        return whole_number("points", points, at_least=1, example="5, or a mapping from names to numbers")
    for name in points:
        if name not in space:
            raise SettingError(
                f"points: the space has no dimension {name!r}.", hint=f"It has {', '.join(space.names)}."
            )
    return {name: whole_number(f"points[{name!r}]", n, at_least=1, example=5) for name, n in points.items()}


def _values(space: Space, points: int | Mapping[str, int]) -> dict[str, list[Json]]:
    named = {} if isinstance(points, int) else points
    default = points if isinstance(points, int) else _DEFAULT_POINTS
    return {name: domain.grid(named.get(name, default)) for name, domain in space.items()}


def combinations(space: Space, points: int | Mapping[str, int]) -> Iterator[dict[str, Any]]:
    """All configurations of a grid that keep to the constraints. points: per dimension, where it has more values."""
    values = _values(space, points)
    order = evaluation_order(space.names, space.conditions)

    def extended(config: dict[str, Any], depth: int) -> Iterator[dict[str, Any]]:
        if depth == len(order):
            yield {name: config[name] for name in space.names if name in config}
        elif is_active(order[depth], space.conditions, config):
            for value in values[order[depth]]:
                yield from extended({**config, order[depth]: value}, depth + 1)
        else:
            yield from extended(config, depth + 1)

    return (config for config in extended({}, 0) if all(constraint.is_met(config) for constraint in space.constraints))


def _too_big(n: int, dimensions: int) -> RungWarning:
    return RungWarning(
        f"This grid has {n:,} combinations over {dimensions} dimensions.",
        hint="RandomSearcher and SobolSearcher (--searcher random, sobol) try as many values of each dimension as "
        "there are trials, and can be stopped any time.",
    )
