"""The axes of a Parzen estimator, and points as it sees them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]
    Ints: TypeAlias = NDArray[np.int64]

_PIN_WIDTH: Final = 0.1  # standard deviation by which trials away from a pinned number count less
_OTHER_LABEL: Final = 0.25  # how much a trial with another label than the pinned one counts
_SAME: Final = 1e-9


class Listed(NamedTuple):
    """An axis of K > 1 values: a scale, or labels. column: in a point; edges: (K+1,) of their bins, from 0 to 1."""

    column: int
    edges: Floats
    is_ordered: bool

    @property
    def size(self) -> int:
        """K."""
        return len(self.edges) - 1

    def middles(self) -> Floats:
        """(K,) where the values stand."""
        middles: Floats = (self.edges[:-1] + self.edges[1:]) / 2.0
        return middles

    def values(self, points: Floats) -> Ints:
        """(n,) the index of the value that each of the points (n, columns) has; K where it has none."""
        places = points[:, self.column]
        indices = np.clip(np.searchsorted(self.edges, places, side="right") - 1, 0, self.size - 1)
        return np.where(np.isnan(places), self.size, indices)


class Pinned(NamedTuple):
    """A column in which all candidates have one place, and the trials have others too. is_ordered: as in Listed."""

    column: int
    place: float
    is_ordered: bool


class Axes(NamedTuple):
    """The axes of a space; a column that is in none of them is of no account.

    continuous: (r,) columns. The coordinates of points (n, n_columns) lie in [0, 1], NaN where they have none.
    spans: (n_columns,) the share of the unit interval that candidates have on an axis, over which the prior is uniform.
    """

    n_columns: int
    continuous: Ints
    listed: tuple[Listed, ...]
    spans: Floats
    pinned: tuple[Pinned, ...] = ()

    def values(self, points: Floats) -> Ints:
        """(n, q) ``Listed.values`` on each of the listed axes."""
        if not self.listed:
            return np.empty((len(points), 0), dtype=np.int64)
        return np.stack([axis.values(points) for axis in self.listed], axis=1)

    def snapped(self, points: Floats) -> Floats:
        """The points, on listed axes moved to where the values stand."""
        moved = points.copy()
        for axis in self.listed:
            moved[:, axis.column] = np.append(axis.middles(), math.nan)[axis.values(points)]
        return moved

    def log_prior(self, points: Floats, values: Ints) -> Floats:
        """(n,) the log density of the prior at points with these values."""
        is_active = ~np.isnan(points[:, self.continuous])
        total: Floats = -(is_active @ np.log(self.spans[self.continuous]))
        for index, axis in enumerate(self.listed):
            masses = np.diff(axis.edges) / self.spans[axis.column]
            total += np.append(np.log(masses), 0.0)[values[:, index]]
        return total

    def log_relevance(self, points: Floats) -> Floats:
        """(n,) the log of how much trials count, ≤ 0: the less, the farther they are from what is pinned."""
        total = np.zeros(len(points))
        for each in self.pinned:
            away = np.nan_to_num(points[:, each.column] - each.place)
            other = np.where(np.abs(away) > _SAME, math.log(_OTHER_LABEL), 0.0)
            total += -0.5 * (away / _PIN_WIDTH) ** 2 if each.is_ordered else other
        return total
