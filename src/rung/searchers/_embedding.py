"""Points of a space as columns of numbers whose distances make sense: categories, integers, conditions."""

from __future__ import annotations

import math
from collections.abc import Container, Iterator
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias, final

import numpy as np

from rung.searchers._gp_belief import Columns
from rung.space.categories import Choice
from rung.space.conditions import evaluation_order

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rung.space import Space
    from rung.space.conditions import When
    from rung.space.domain import Domain

    Floats: TypeAlias = NDArray[np.float64]
    Flags: TypeAlias = NDArray[np.bool_]

MOST_LEVELS: Final = 1_024  # values that are listed; between more there is no difference to speak of
_ACTIVE: Final = 0.5  # how far apart a dimension's being active or not moves two points, beside half its range
_CATEGORY: Final = math.sqrt(0.5)  # so that two categories are at distance 1


class Dimension(NamedTuple):
    """How one dimension is embedded.

    levels: the middles of its values' parts of the unit interval, ascending; None when there are too many. column: its
    first one. width: how many it has; 0 for a constant.
    """

    levels: Floats | None
    is_category: bool
    is_conditional: bool
    is_parent: bool
    column: int
    width: int

    def can_move(self, few: int) -> bool:
        """Whether it can be moved along a slope: it has more than a few values, and no condition hangs on it."""
        if not self.width or self.is_category or self.is_parent:
            return False
        return self.levels is None or len(self.levels) > few


@final
class Embedding:
    """The columns of a space.

    A number has its place in [0, 1]; a category a column for each value, so that any two differ by 1; a constant none.
    A number under a condition has its place less ½ while it is active, else 0, and a second column that says whether it
    is: distances stay those between points, so that every kernel stays positive definite (an arc kernel, straightened;
    Swersky et al. 2013). All columns of a dimension share one length scale.

    partial: names of further dimensions that some points lack, such as those that were added to a study later. They
    are embedded as if under a condition.

    Points are rows (m, d) in [0, 1]; coordinates of inactive dimensions may have any value, even NaN.
    """

    def __init__(self, space: Space, partial: Container[str] = ()) -> None:
        self.space = space
        parents = {when.parent for whens in space.conditions.values() for when in whens}
        self.dimensions: list[Dimension] = []
        groups: list[int] = []
        for name, domain in space.items():
            is_conditional = name in space.conditions or (name in partial and domain.size > 1)
            each = _dimension(domain, len(groups), is_conditional=is_conditional, is_parent=name in parents)
            groups += [sum(other.width > 0 for other in self.dimensions)] * each.width
            self.dimensions.append(each)
        self._activity = _Activity(space, self.dimensions)
        n_active = self.is_active(np.random.default_rng(0).random((64, len(space))))
        self._is_identity = all(each.width == 1 and not each.is_category for each in self.dimensions)
        self.has_levels = any(each.levels is not None and each.width for each in self.dimensions)
        moving = np.array([each.width > 0 for each in self.dimensions], dtype=np.bool_)
        warped = [each.column for each in self.dimensions if each.width == 1 and not each.is_category]
        self.columns = Columns(
            np.array(groups, dtype=np.intp),
            np.array(warped, dtype=np.intp),
            float(n_active[:, moving].sum(axis=1).mean()) if moving.any() else 0.0,
        )

    def is_active(self, points: Floats) -> Flags:
        """(m, d) which dimensions are active."""
        return self._activity.of(points)

    def snapped(self, points: Floats) -> Floats:
        """The points with listed values in the middles of their parts of the unit interval."""
        result = points.copy()
        for j, each in enumerate(self.dimensions):
            if each.levels is not None:
                result[:, j] = each.levels[_level(each.levels, points[:, j])]
        return result

    def neighbours(self, points: Floats, few: int) -> Iterator[Floats]:
        """The points (m, d) with another listed value in one dimension, for each dimension and each such value.

        Of a category, and of a number with a few values, all others; else two to either side.
        """
        for j, each in enumerate(self.dimensions):
            if not each.width or each.levels is None:
                continue
            k = len(each.levels)
            here = _level(each.levels, points[:, j])
            for step in range(1, k) if each.is_category or k <= few else (-2, -1, 1, 2):
                changed = points.copy()
                changed[:, j] = each.levels[(here + step) % k]
                yield changed

    def embedded(self, points: Floats, is_active: Flags) -> Floats:
        """The points as columns, (m, c)."""
        if self._is_identity:
            return points
        result = np.zeros((len(points), len(self.columns.groups)))
        for j, each in enumerate(self.dimensions):
            if not each.width:
                continue
            active = is_active[:, j]
            if each.is_category:
                assert each.levels is not None
                rows = np.flatnonzero(active)
                result[rows, each.column + _level(each.levels, points[rows, j])] = _CATEGORY
            elif each.is_conditional:
                result[active, each.column] = points[active, j] - 0.5
                result[active, each.column + 1] = _ACTIVE
            else:
                result[:, each.column] = points[:, j]
        return result

    def per_dimension(self, of_groups: Floats) -> Floats:
        """(d,) from numbers (g,) for each length scale; 1 for constants."""
        groups = self.columns.groups
        return np.array([of_groups[groups[each.column]] if each.width else 1.0 for each in self.dimensions])

    def slopes(self, by_column: Floats, is_active: Flags) -> Floats:
        """From slopes by column (m, c) to slopes by coordinate (m, d); 0 for categories and what is inactive."""
        if self._is_identity:
            return by_column
        result = np.zeros(is_active.shape)
        for j, each in enumerate(self.dimensions):
            if each.width and not each.is_category:
                result[:, j] = by_column[:, each.column] * is_active[:, j]
        return result


def _dimension(domain: Domain, column: int, *, is_conditional: bool, is_parent: bool) -> Dimension:
    size = domain.size
    levels = None
    if size <= MOST_LEVELS:
        levels = np.array(domain.to_units(domain.grid(int(size))))
    is_category = isinstance(domain, Choice) and levels is not None
    width = 0 if size == 1 and not is_conditional else int(size) if is_category else 1 + is_conditional
    return Dimension(levels, is_category, is_conditional, is_parent, column, width)


def _level(levels: Floats, places: Floats) -> NDArray[np.intp]:
    """The index of the level nearest to each place."""
    return np.searchsorted((levels[1:] + levels[:-1]) / 2.0, places)


@final
class _Activity:
    """Which dimensions are active where: conditions looked up in tables, for many points at once."""

    def __init__(self, space: Space, dimensions: list[Dimension]) -> None:
        self._space = space
        self._places = {name: j for j, name in enumerate(space.names)}
        self._dimensions = dimensions
        self._order = [name for name in evaluation_order(space.names, space.conditions) if name in space.conditions]
        self._tables = {
            (when.parent, when.values): self._table(when) for name in self._order for when in space.conditions[name]
        }

    def of(self, points: Floats) -> Flags:
        active = np.ones(points.shape, dtype=np.bool_)
        for name in self._order:
            for when in self._space.conditions[name]:
                parent = self._places[when.parent]
                active[:, self._places[name]] &= active[:, parent] & self._is_met(when, points[:, parent])
        return active

    def _table(self, when: When) -> Flags | None:
        each = self._dimensions[self._places[when.parent]]
        if each.levels is None:
            return None
        values = self._space[when.parent].grid(len(each.levels))
        return np.array([value in when.values for value in values])

    def _is_met(self, when: When, places: Floats) -> Flags:
        levels, table = self._dimensions[self._places[when.parent]].levels, self._tables[when.parent, when.values]
        if levels is not None and table is not None:
            met: Flags = table[_level(levels, places)]
            return met
        domain = self._space[when.parent]
        return np.array(
            [not math.isnan(u) and domain.from_unit(u) in when.values for u in places.tolist()], dtype=np.bool_
        )
