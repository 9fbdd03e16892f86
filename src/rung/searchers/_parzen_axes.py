"""The axes of a Parzen estimator, and points as it sees them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]
    Ints: TypeAlias = NDArray[np.int64]


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


class Axes(NamedTuple):
    """The axes of a space; a column that is in none of them is of no account.

    continuous: (r,) columns. The coordinates of points (n, n_columns) lie in [0, 1], NaN where they have none.
    """

    n_columns: int
    continuous: Ints
    listed: tuple[Listed, ...]

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

    def log_prior(self, values: Ints) -> Floats:
        """(n,) the log density of the prior at points with these values; it is uniform, so only masses count."""
        total = np.zeros(len(values))
        for index, axis in enumerate(self.listed):
            total += np.append(np.log(np.diff(axis.edges)), 0.0)[values[:, index]]
        return total
