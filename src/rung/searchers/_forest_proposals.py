"""What a random forest holds for promising in one space."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias, final

import numpy as np

from rung.searchers._embedding import Embedding
from rung.searchers._forest_trees import Forest, Ranges, columns_of, exchanged, scores
from rung.searchers._priors import Leaning, Opinion, power_after
from rung.searchers._region import Region

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rung.searchers._surrogate import Evidence
    from rung.searchers._unseen import Tried
    from rung.space import Space
    from rung.types import Config

    Floats: TypeAlias = NDArray[np.float64]

_MOST_LISTED: Final = 1_000  # configurations of a space that are all compared
_BEST: Final = 10  # trials whose neighbours are looked at
_COPIES: Final = 4  # neighbours in each dimension
_MOST_COPIES: Final = 100


class Options(NamedTuple):
    """As ``ForestSearcher`` explains them."""

    trees: int
    leaf_size: int
    candidates: int
    initial_points: int


@final
class ForestProposals:
    """Makes suggestions for one space, from what is known in its hull. partial: see ``Embedding``."""

    def __init__(self, hull: Space, space: Space, options: Options, partial: frozenset[str] = frozenset()) -> None:
        self.partial = partial
        self._hull = hull
        self._space = space
        self._options = options
        self._embedding = Embedding(hull, partial)
        self._region = Region(hull, space)
        self._opinion = Opinion(space)
        self._ranges = _ranges(self._embedding, self._region)
        self._copies = min(_COPIES * int(self._ranges.can_move.sum()), _MOST_COPIES)

    def believed(self) -> Config | None:
        """The middle of the space, and of what a person believes; None where nothing is believed."""
        if not self._opinion:
            return None
        return self._space.decode(self._opinion.centred(np.full((1, len(self._space)), 0.5))[0])

    def ranked(self, evidence: Evidence, tried: Tried, n_since: int, rng: np.random.Generator) -> Iterator[Config]:
        """Configurations that keep to the constraints, the most promising first, tried ones among them.

        n_since: how many trials have begun since the priors were given.
        """
        y = scores(evidence.losses)
        points = self._points(evidence, y, tried, rng)
        if not len(points) or not self._ranges.can_move.any():
            return
        known, options = columns_of(evidence.points, evidence.is_active), self._options
        forest = Forest(known, y, trees=options.trees, leaf_size=options.leaf_size, rng=rng)
        is_active = self._embedding.is_active(points)
        heights = -forest.drawn(columns_of(points, is_active), rng)
        if self._opinion:
            heights = Leaning(self._opinion, self._region, power_after(n_since)).heights(heights, points, is_active)
        for row in np.lexsort((rng.random(len(points)), -heights)):  # in a leaf all are alike
            config = self._region.config(points[row])
            if self._region.is_met(config):
                yield config

    def _points(self, evidence: Evidence, y: Floats, tried: Tried, rng: np.random.Generator) -> Floats:
        """Points of the hull (m, d) that are compared."""
        if self._space.size <= _MOST_LISTED:
            return np.nan_to_num(self._hull.encode(tried.others(self._space, _MOST_LISTED)), nan=0.5)
        region, embedding = self._region, self._embedding
        spread = region.outward(rng.random((self._options.candidates, len(self._hull))))
        order = np.argsort(y, kind="stable")[:_BEST]
        drawn = region.outward(rng.random((len(order), len(self._hull))))
        best = np.where(evidence.is_active[order], evidence.points[order], drawn)  # what is inactive may become active
        best = region.kept(best, rng.random(best.shape))
        if self._opinion:
            best = np.vstack([best, region.outward(self._opinion.centred(region.inward(best[:1])))])
        near = exchanged(best, embedding.is_active(best), self._ranges, self._copies, rng)
        points = embedding.snapped(np.vstack([spread, near, best]))
        return points if region.is_whole else region.kept(points, rng.random(points.shape))


def _ranges(embedding: Embedding, region: Region) -> Ranges:
    dimensions = embedding.dimensions
    return Ranges(
        region.low,
        region.high,
        np.array([np.inf if each.levels is None else float(len(each.levels)) for each in dimensions]),
        np.array([each.is_category for each in dimensions], dtype=np.bool_),
        np.array([each.width > 0 for each in dimensions], dtype=np.bool_) & ~region.is_pinned,
    )
