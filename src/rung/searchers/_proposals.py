"""What to try next in one space: first an even design, then what a model holds for promising."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias, final

import numpy as np
from scipy.stats import qmc

from rung.searchers._acquisition import confidence_bound, expected_improvement, log_expected_improvement
from rung.searchers._embedding import Embedding
from rung.searchers._promising import Effort, Landscape, Region, candidates, promising
from rung.searchers._surrogate import Evidence, Fit, Model, Surrogate
from rung.types import Exhausted, Suggestion

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rung.searchers._acquisition import Valued
    from rung.searchers._unseen import Tried
    from rung.space import Space
    from rung.types import Config, Json

    Floats: TypeAlias = NDArray[np.float64]
    Flags: TypeAlias = NDArray[np.bool_]

AcquisitionName: TypeAlias = Literal["ei", "logei", "ucb", "thompson"]

FIT: Final = "fit"
SCRAMBLE: Final = "scramble"
EFFORT: Final = Effort()
_MOST_DESIGNED: Final = 4_096  # points of the design, those that are skipped included
_MOST_LISTED: Final = 1_000  # configurations of a space that are all compared
_SURE: Final = 1.959963984540054  # standard deviations to either side that hold 95 %


class Options(NamedTuple):
    """As ``GPSearcher`` explains them."""

    acquisition: AcquisitionName
    exploration: float
    initial_points: int | None
    warp_inputs: bool


class Picture(NamedTuple):
    """What a model believes about configurations, (n,) each.

    mean, low, high: of the loss (lower is better): its median, and the band that holds it with 95 %. acquisition: how
    much each promises, in the units of the acquisition function (of thompson, which has none: those of logei).
    """

    mean: Floats
    low: Floats
    high: Floats
    acquisition: Floats


@final
class Proposals:
    """Makes suggestions for one space; what it keeps in between is caches."""

    def __init__(self, space: Space, options: Options) -> None:
        self._space = space
        self._options = options
        self._embedding = Embedding(space)
        self._is_small = space.size <= _MOST_LISTED
        self._surrogate = Surrogate(self._embedding, warps=options.warp_inputs)

    def designed(
        self, index: int, scramble: int | None, tried: Tried, rng: np.random.Generator
    ) -> Suggestion | Exhausted:
        """The first untried point of a Sobol sequence from ``index`` on. scramble: the sequence's seed, if it has one.

        The notes hold the seed. Where the sequence has no such point: any untried one.
        """
        seed = int(rng.integers(2**32)) if scramble is None else scramble
        for point in _design(self._embedding, seed, index):
            config = self._space.decode(point)
            if config not in tried and self._is_met(config):
                return Suggestion(config, {SCRAMBLE: seed})
        return self._any(tried, rng, {SCRAMBLE: seed})

    def modelled(
        self, evidence: Evidence, noted: Json, tried: Tried, rng: np.random.Generator
    ) -> Suggestion | Exhausted:
        """What promises most of all that is untried. The notes hold the fit that was used."""
        is_sampled = self._options.acquisition == "thompson"
        model = self._surrogate.model(evidence.without_pending() if is_sampled else evidence, _fit(noted))
        notes = {FIT: [model.fit.n_trials, list(model.fit.theta)]}
        for point in self._ranked(model, tried, rng):
            config = self._space.decode(point)
            if config not in tried:
                return Suggestion(config, notes)
        return self._any(tried, rng, notes)

    def picture(self, evidence: Evidence, noted: Json, configs: Sequence[Config]) -> Picture:
        """What is believed about configurations of the space."""
        model = self._surrogate.model(evidence, _fit(noted))
        encoded = self._space.encode(configs)
        x = self._embedding.embedded(np.nan_to_num(encoded, nan=0.5), ~np.isnan(encoded))
        mean, std = model.belief.predict(x)
        middle, low, high = (model.scale.loss(mean + width * std) for width in (0.0, -_SURE, _SURE))
        return Picture(middle, low, high, self._acquisition(model)(mean, std)[0])

    def _ranked(self, model: Model, tried: Tried, rng: np.random.Generator) -> Floats:
        """Points (m, d), the most promising first."""
        is_sampled = self._options.acquisition == "thompson"
        landscape = Landscape(self._embedding, model.belief, self._acquisition(model))
        region = Region(model.box, model.top, self._are_allowed)
        if self._is_small:
            points = np.nan_to_num(self._space.encode(tried.others(self._space, _MOST_LISTED)), nan=0.5)
        elif is_sampled:
            points = candidates(self._embedding, region, model.scales, EFFORT, rng)
        else:
            return promising(landscape, region, scales=model.scales, effort=EFFORT, rng=rng)
        if not len(points):
            return points
        heights = landscape.sampled(points, rng) if is_sampled else landscape.heights(points)
        return points[np.argsort(-heights, kind="stable")]

    def _acquisition(self, model: Model) -> Callable[[Floats, Floats], Valued]:
        match self._options.acquisition:
            case "ucb":
                return partial(confidence_bound, width=self._options.exploration)
            case "ei":
                return partial(expected_improvement, best=model.best)
            case _:
                return partial(log_expected_improvement, best=model.best)

    def _are_allowed(self, points: Floats) -> Flags:
        if not self._space.constraints:
            return np.ones(len(points), dtype=np.bool_)
        return np.array([self._is_met(self._space.decode(point)) for point in points], dtype=np.bool_)

    def _is_met(self, config: Config) -> bool:
        return all(constraint.is_met(config) for constraint in self._space.constraints)

    def _any(self, tried: Tried, rng: np.random.Generator, notes: Mapping[str, Json]) -> Suggestion | Exhausted:
        config = tried.draw(self._space, rng)
        return Exhausted() if config is None else Suggestion(config, notes)


def _fit(noted: Json) -> Fit | None:
    return None if noted is None else Fit(noted[0], tuple(noted[1]))


def _design(embedding: Embedding, seed: int, start: int) -> Iterator[Floats]:
    """The points (d,) of a scrambled Sobol sequence from ``start`` on, in the dimensions that are no constants."""
    moving = [j for j, each in enumerate(embedding.dimensions) if each.width]
    if not 0 < len(moving) <= qmc.Sobol.MAXDIM:
        return
    sequence = qmc.Sobol(len(moving), seed=np.random.default_rng(seed))
    block = 64  # a power of two: the sequence is balanced in such blocks
    for number in range(_MOST_DESIGNED // block):
        points = np.full((block, len(embedding.dimensions)), 0.5)
        points[:, moving] = sequence.random(block)
        yield from points[max(start - number * block, 0) :]
