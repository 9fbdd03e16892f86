"""The two densities of the tree-structured Parzen estimator: of the good trials, and of all others."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, TypeAlias, final

import numpy as np

from rung.searchers import _parzen as parzen

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rung.searchers._parzen_axes import Axes, Listed

    Floats: TypeAlias = NDArray[np.float64]
    Ints: TypeAlias = NDArray[np.int64]
    Flags: TypeAlias = NDArray[np.bool_]

LEAST_WIDTH: Final = 0.02  # of a good trial's kernel, in spans of its axis
CLIP_EXPONENT: Final = 2.0
OTHER_WIDTH: Final = 0.04  # of any other trial's kernel, in spans of its axis
LEAST_BINS: Final = 0.5  # the least width on a scale, in mean bins, so that neighbouring values are tried too


@final
class Good:
    """The density of the good trials, whose kernels reach as far as their neighbours; candidates are drawn from it.

    points: (k, columns); weights: (k,), whose mean is that of the prior for prior_weight 1. k may be 0.
    """

    def __init__(self, axes: Axes, points: Floats, weights: Floats, *, prior_weight: float) -> None:
        self._axes = axes
        self._own = parzen.own_share(len(points))
        unit = math.log(prior_weight * (weights.mean() if len(weights) else 1.0))
        self._log_weights = np.log(weights) - unit + axes.log_relevance(points)
        self._points, self._widths = points, _widths(axes, points)

    def draw(self, m: int, rng: np.random.Generator) -> Floats:
        """(m, columns) random points with a coordinate in every column, listed values in the middle of their bins."""
        columns = self._axes.n_columns
        uniforms = rng.random((m, columns + 1))
        cumulated = np.cumsum(np.append(np.exp(self._log_weights), 1.0))
        parts = np.searchsorted(cumulated[:-1], uniforms[:, -1] * cumulated[-1], side="right")
        centres = np.vstack([self._points, np.full(columns, math.nan)])[parts]
        widths = np.vstack([self._widths, np.ones(columns)])[parts]
        drawn = parzen.draw_from_normals(np.nan_to_num(centres, nan=0.5), widths, uniforms[:, :-1])
        for axis in self._axes.listed:
            if not axis.is_ordered:
                indices = parzen.draw_labels(axis.values(centres), uniforms[:, axis.column], axis.size, own=self._own)
                drawn[:, axis.column] = (indices + 0.5) / axis.size
        return self._axes.snapped(np.where(np.isnan(centres), uniforms[:, :-1], drawn))

    def log_density(self, candidates: Floats) -> Floats:
        """(m,) at candidates (m, columns)."""
        axes, columns = self._axes, self._axes.continuous
        factors = _factors(axes, self._points[:, columns], self._widths[:, columns])
        kernels = factors @ parzen.normal_terms(candidates[:, columns])
        rows, values = axes.values(self._points), axes.values(candidates)
        for index, axis in enumerate(axes.listed):
            row, value = rows[:, index], values[:, index]
            if axis.is_ordered:
                centres = np.append(axis.middles(), 0.5)[row]
                table = _mass_table(axis, centres, self._widths[:, axis.column], axes.spans[axis.column])[:, value]
                row = np.where(row < axis.size, np.arange(len(row)), len(row))
            else:
                table = _share_table(axis, value, self._own, axes.spans[axis.column])
            kernels += table[row]
        return parzen.log_mixture(kernels, self._log_weights, axes.log_prior(candidates, values))


@final
class Others:
    """The density of the trials that are not among the good: kernels of one width, each reckoned once.

    Row i is trial i. A new trial costs the same however many there are.
    """

    def __init__(self, axes: Axes) -> None:
        self.axes = axes
        self._n = 0
        self._factors = np.empty((0, 3 * len(axes.continuous)))
        self._values = np.empty((0, len(axes.listed)), dtype=np.int64)
        self._log_relevance = np.empty(0)
        self._tables = [
            _other_masses(axis, axes.spans[axis.column]) if axis.is_ordered else None for axis in axes.listed
        ]

    def extend(self, points: Floats) -> None:
        """Take in what is new among the points of all trials so far (n, columns)."""
        new = points[self._n :]
        if not len(new):
            return
        self._reserve(len(points))
        rows = slice(self._n, len(points))
        centres = new[:, self.axes.continuous]
        widths = np.broadcast_to(OTHER_WIDTH * self.axes.spans[self.axes.continuous], centres.shape)
        self._factors[rows] = _factors(self.axes, centres, widths)
        self._values[rows] = self.axes.values(new)
        self._log_relevance[rows] = self.axes.log_relevance(new)
        self._n = len(points)

    def forget(self, row: int) -> None:
        """Reckon the rows from this one on anew."""
        self._n = min(self._n, row)

    def log_density(self, candidates: Floats, is_counted: Flags, *, prior_weight: float) -> Floats:
        """(m,) at candidates (m, columns), of those trials (n,) that count."""
        kernels = self._factors[: self._n] @ parzen.normal_terms(candidates[:, self.axes.continuous])
        values = self.axes.values(candidates)
        own = parzen.own_share(int(np.count_nonzero(is_counted)))
        for index, (axis, table) in enumerate(zip(self.axes.listed, self._tables, strict=True)):
            value = values[:, index]
            span = self.axes.spans[axis.column]
            lookup = _share_table(axis, value, own, span) if table is None else table[:, value]
            kernels += np.take(lookup, self._values[: self._n, index], axis=0)
        weights = self._log_relevance[: self._n] - math.log(prior_weight)
        log_weights = np.where(is_counted, weights, -math.inf)
        return parzen.log_mixture(kernels, log_weights, self.axes.log_prior(candidates, values))

    def _reserve(self, n: int) -> None:
        if n > len(self._factors):
            more = max(n, 2 * len(self._factors)) - self._n
            self._factors = np.pad(self._factors[: self._n], ((0, more), (0, 0)))
            self._values = np.pad(self._values[: self._n], ((0, more), (0, 0)))
            self._log_relevance = np.pad(self._log_relevance[: self._n], (0, more))


def _widths(axes: Axes, points: Floats) -> Floats:
    """(n, columns) of the kernels of good trials."""
    result = np.ones(points.shape)
    least = parzen.magic_clip(len(points), exponent=CLIP_EXPONENT, least=LEAST_WIDTH)
    leasts = {column: least * axes.spans[column] for column in axes.continuous.tolist()}
    for axis in axes.listed:
        if axis.is_ordered:
            leasts[axis.column] = max(least * axes.spans[axis.column], LEAST_BINS / axis.size)
    for column, narrowest in leasts.items():
        rows = np.flatnonzero(~np.isnan(points[:, column]))
        places = points[rows, column]
        result[rows, column] = parzen.neighbour_widths(places, least=narrowest, most=axes.spans[column])
    return result


def _factors(axes: Axes, centres: Floats, widths: Floats) -> Floats:
    """``normal_factors`` of the continuous axes, uniform over their spans where a kernel has no coordinate."""
    factors = parzen.normal_factors(centres, widths)
    factors[:, 2 * len(axes.continuous) :] -= np.isnan(centres) * np.log(axes.spans[axes.continuous])
    return factors


def _mass_table(axis: Listed, centres: Floats, widths: Floats, span: float) -> Floats:
    """``log_masses``, with a prior that is uniform over the span."""
    table = parzen.log_masses(axis.edges, centres, widths)
    table[-1, :-1] -= math.log(span)
    return table


def _other_masses(axis: Listed, span: float) -> Floats:
    """The table of kernels of one width, one for each value."""
    width = max(OTHER_WIDTH * span, LEAST_BINS / axis.size)
    return _mass_table(axis, axis.middles(), np.full(axis.size, width), span)


def _share_table(axis: Listed, labels: Ints, own: float, span: float) -> Floats:
    """``log_shares``, with a prior that is uniform over the span."""
    table = parzen.log_shares(axis.size, labels, own=own)
    table[-1, labels < axis.size] -= math.log(span)
    return table
