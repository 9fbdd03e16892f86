"""What a Parzen estimator makes of the trials of a study, in one space."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, TypeAlias, final

import numpy as np

from rung.searchers._parzen import rank_weights
from rung.searchers._parzen_mixtures import Good, Others
from rung.searchers._priors import Leaning, Opinion, power_after
from rung.searchers._region import Region
from rung.searchers._tpe_space import axes_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rung.space import Space
    from rung.types import Json

    Floats: TypeAlias = NDArray[np.float64]
    Flags: TypeAlias = NDArray[np.bool_]
    Ints: TypeAlias = NDArray[np.int64]

_BELIEVED: Final = 0.25  # the share of the candidates that come from what a person believes
_ROUNDS: Final = 4  # of candidates, when all of a round have been tried or are forbidden


@final
class ParzenModel:
    """Knows the trials in the hull of a space, and finds candidates in the space.

    opinion: what a person believes. What is kept besides is work that need not be done again.
    """

    def __init__(self, hull: Space, space: Space, *, prior_weight: float) -> None:
        self.opinion = Opinion(space)
        self._hull = hull
        self._region = Region(hull, space)
        self._prior_weight = prior_weight
        self._axes = axes_of(hull, self._region)
        self._others = Others(self._axes)

    def forget(self, trial: int) -> None:
        """The trial has another configuration than before."""
        self._others.forget(trial)

    def contains(self, points: Floats) -> Flags:
        """(n,) which trials lie in the space, as far as is known."""
        return self._region.contains(points)

    def candidates(
        self, points: Floats, best: Ints, count: int, rng: np.random.Generator, *, n_since: int
    ) -> Iterator[dict[str, Json]]:
        """As many configurations from the density of the good trials, the most promising first; then as many again.

        points: (n, d) all trials in the hull, of which those with the index ``best``, best first, are the good ones.
        n_since: how many of them have begun since the priors were given.
        """
        self._others.extend(points)
        is_other = np.ones(len(points), dtype=np.bool_)
        is_other[best] = False
        good = Good(self._axes, points[best], rank_weights(len(best)), prior_weight=self._prior_weight)
        leaning = Leaning(self.opinion, self._region, power_after(n_since))
        for _ in range(_ROUNDS):
            drawn = self._drawn(good, count, rng)
            others = self._others.log_density(drawn, is_other, prior_weight=self._prior_weight)
            promise = good.log_density(drawn) - others
            if self.opinion:
                promise = leaning.heights(promise, drawn, ~np.isnan(drawn))
            yield from map(self._region.config, drawn[np.argsort(-promise, kind="stable")])

    def _drawn(self, good: Good, count: int, rng: np.random.Generator) -> Floats:
        """(count, d) points of the hull that lie in the region, NaN where a dimension is inactive."""
        drawn = good.draw(count, rng)
        if not self._region.is_whole:
            drawn = self._region.kept(drawn, rng.random(drawn.shape))
        if self.opinion:
            believed = self.opinion.quantiles(rng.random((round(_BELIEVED * count), len(self._hull))))
            drawn[: len(believed)] = self._axes.snapped(self._region.outward(believed))
        return self._hull.encode(map(self._region.config, drawn)) if self._hull.conditions else drawn
