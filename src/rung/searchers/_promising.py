"""The points of a space that an acquisition function holds for the most promising."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol, TypeAlias

import numpy as np

from rung.searchers._ascent import Box, climb

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rung.searchers._acquisition import Valued
    from rung.searchers._embedding import Embedding
    from rung.searchers._gp_belief import Belief
    from rung.searchers._priors import Leaning
    from rung.searchers._region import Region

    Floats: TypeAlias = NDArray[np.float64]
    Flags: TypeAlias = NDArray[np.bool_]

FEW_LEVELS: Final = 16  # values of a dimension that are all tried; more are climbed, then rounded
_KEPT: Final = 64  # candidates that are given beside the ends of the climbs
_ROUNDING: Final = 1e-7  # on the diagonal of a covariance of standardised targets, whose digits cancel
_MOST_ENTRIES: Final = 4_000_000  # of the climbers' matrices, d² each
_JUMP: Final = 0.1  # chance that a coordinate near a good point is drawn anew


class Terrain(Protocol):
    """Heights over a space: how much each point promises."""

    @property
    def embedding(self) -> Embedding:
        """Of the space."""

    def heights(self, points: Floats) -> Floats:
        """(m,) at points (m, d) of the unit cube."""

    def heights_and_slopes(self, points: Floats, is_active: Flags) -> tuple[Floats, Floats]:
        """(m,) and (m, d), while the same dimensions stay active."""


class Landscape(NamedTuple):
    """How much each point of a space promises.

    acquisition: of means and standard deviations, what they promise and its derivatives by both. leaning: what a person
    believes about the optimum, which bears on all heights.
    """

    embedding: Embedding
    belief: Belief
    acquisition: Callable[[Floats, Floats], Valued]
    leaning: Leaning | None = None

    def heights(self, points: Floats) -> Floats:
        """(m,) at points (m, d) of the unit cube."""
        is_active = self.embedding.is_active(points)
        x = self.embedding.embedded(points, is_active)
        return self._leant(self.acquisition(*self.belief.predict(x))[0], points, is_active)

    def heights_and_slopes(self, points: Floats, is_active: Flags) -> tuple[Floats, Floats]:
        """(m,) and (m, d), while the same dimensions stay active."""
        x = self.embedding.embedded(points, is_active)
        mean, std, mean_slope, std_slope = self.belief.predict_with_slopes(x)
        height, by_mean, by_std = self.acquisition(mean, std)
        by_column = by_mean[:, None] * mean_slope + by_std[:, None] * std_slope
        slope = self.embedding.slopes(by_column, is_active)
        return (
            (height, slope)
            if self.leaning is None
            else self.leaning.heights_and_slopes(height, slope, points, is_active)
        )

    def sampled(self, points: Floats, rng: np.random.Generator) -> Floats:
        """(m,) minus one function drawn from the belief, at points (m, d). In O(m³)."""
        is_active = self.embedding.is_active(points)
        x = self.embedding.embedded(points, is_active)
        mean, covariance = self.belief.predict(x)[0], self.belief.covariance(x)
        covariance.flat[:: len(x) + 1] += _ROUNDING
        drawn = -mean - np.linalg.cholesky(covariance) @ rng.standard_normal(len(x))
        return self._leant(drawn, points, is_active)

    def _leant(self, heights: Floats, points: Floats, is_active: Flags) -> Floats:
        return heights if self.leaning is None else self.leaning.heights(heights, points, is_active)


class Aim(NamedTuple):
    """Where to look: in the part of the region inside the box, and more closely around the best points (k, d)."""

    region: Region
    box: Box
    best: Floats


class Effort(NamedTuple):
    """How hard to look.

    spread: candidates all over the box. near: candidates around the best points. starts: how many of them climb, each
    for so many iterations; in a space with listed values, several rounds of climbing and of changing such a value.
    """

    spread: int = 512
    near: int = 256
    starts: int = 8
    iterations: int = 30
    rounds: int = 3


def candidates(embedding: Embedding, aim: Aim, scales: Floats, effort: Effort, rng: np.random.Generator) -> Floats:
    """Allowed points (m, d), perhaps none: all over the box, and near the best ones."""
    low, high = aim.box
    spread = low + rng.random((effort.spread, len(low))) * (high - low)
    near = np.clip(_near(aim.best, aim.box, scales, effort.near, rng), low, high)
    points = embedding.snapped(np.vstack([spread, near]))
    if not aim.region.is_whole:
        points = aim.region.kept(points, rng.random(points.shape))
    return points[aim.region.are_met(points)]


def promising(landscape: Terrain, aim: Aim, *, scales: Floats, effort: Effort, rng: np.random.Generator) -> Floats:
    """Allowed points (m, d), the most promising first; none if no candidate is allowed.

    scales: (d,) the distance over which the landscape changes, in the unit interval.
    """
    points = candidates(landscape.embedding, aim, scales, effort, rng)
    if not len(points):
        return points
    heights = landscape.heights(points)
    chosen = _starts(heights, min(effort.starts, max(1, _MOST_ENTRIES // len(scales) ** 2)), rng)
    ends, high = points[chosen], heights[chosen]
    for _ in range(effort.rounds):
        ends, high = _climbed(landscape, ends, high, box=aim.box, scales=scales, iterations=effort.iterations)
        ends, high, is_changed = _exchanged(landscape, aim.region, ends, high)
        if not is_changed:
            break
    is_allowed = aim.region.are_met(ends)
    kept = np.argsort(-heights, kind="stable")[:_KEPT]
    found = np.vstack([ends[is_allowed], points[kept]])
    return found[np.argsort(-np.concatenate([high[is_allowed], heights[kept]]), kind="stable")]


def _near(best: Floats, box: Box, scales: Floats, count: int, rng: np.random.Generator) -> Floats:
    """Points around the best ones, at all distances from a thousandth to a fifth of the scales.

    In every other one only some coordinates move, three on average; and now and then one jumps.
    """
    if not len(best):
        return np.empty((0, len(scales)))
    d = len(scales)
    centres = best[np.arange(count) % len(best)]
    reach = 0.1 * 10.0 ** rng.uniform(-2.0, 0.0, (count, 1)) * np.minimum(2.0 * scales, 1.0)
    moved = centres + reach * rng.standard_normal((count, d))
    jumps = rng.random((count, d)) < _JUMP
    moved = np.where(jumps, box.low + rng.random((count, d)) * (box.high - box.low), moved)
    chance = np.where(np.arange(count) % 2, 1.0, min(1.0, 3.0 / max(d, 1)))
    return np.where(rng.random((count, d)) < chance[:, None], moved, centres)


def _starts(heights: Floats, count: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """The index of the highest point, and of others drawn in proportion to 1 / rank, none twice."""
    order = np.argsort(-heights, kind="stable")
    raised = rng.gumbel(size=len(order)) - np.log1p(np.arange(len(order)))  # the largest ones are such a draw
    raised[0] = np.inf
    return order[np.argsort(-raised, kind="stable")[:count]]


def _climbed(
    landscape: Terrain, points: Floats, heights: Floats, *, box: Box, scales: Floats, iterations: int
) -> tuple[Floats, Floats]:
    """The points moved uphill in what is continuous, or nearly so, with listed values rounded."""
    embedding = landscape.embedding
    is_active = embedding.is_active(points)
    is_free = is_active & np.array([each.can_move(FEW_LEVELS) for each in embedding.dimensions])
    if not is_free.any():
        return points, heights
    ends, high = climb(
        lambda at: landscape.heights_and_slopes(at, is_active),
        points,
        box=box,
        scales=scales,
        is_free=is_free,
        iterations=iterations,
    )
    if embedding.has_levels:
        ends = embedding.snapped(ends)
        high = landscape.heights(ends)
    is_worse = high < heights
    return np.where(is_worse[:, None], points, ends), np.where(is_worse, heights, high)


def _exchanged(landscape: Terrain, region: Region, points: Floats, heights: Floats) -> tuple[Floats, Floats, bool]:
    """Each point with that one change of a listed value that helps most and is allowed, and whether any did."""
    variants = list(landscape.embedding.neighbours(points, FEW_LEVELS))
    changes = np.vstack(variants) if variants else points[:0]
    is_inside = region.contains(changes)
    if not is_inside.any():
        return points, heights, False
    reached = np.full(len(changes), -np.inf)
    reached[is_inside] = landscape.heights(changes[is_inside])
    table = reached.reshape(len(variants), len(points))
    which = table.argmax(axis=0)
    rows = np.arange(len(points))
    high = table[which, rows]
    is_better = high > heights + 1e-9
    changed = np.stack(variants)[which, rows]
    return (
        np.where(is_better[:, None], changed, points),
        np.where(is_better, high, heights),
        bool(is_better.any()),
    )
