"""What to try next in one space: first an even design, then what a model holds for promising."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias, final

import numpy as np
from scipy.stats import qmc

from rung.searchers._acquisition import confidence_bound, expected_improvement, log_expected_improvement
from rung.searchers._embedding import Embedding
from rung.searchers._one_thread import in_one_thread
from rung.searchers._priors import Leaning, Opinion, power_after
from rung.searchers._promising import Aim, Effort, Landscape, candidates, promising
from rung.searchers._region import Region
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
    much each promises, priors included, in the units of the acquisition function (of thompson, which has none: those of
    logei).
    """

    mean: Floats
    low: Floats
    high: Floats
    acquisition: Floats


@final
class Proposals:
    """Makes suggestions for one space, from what is known in its hull; what it keeps in between is caches.

    partial: names of dimensions that some trials lack. The design lies in the unit cube of the space in force, all
    other points in that of the hull.
    """

    def __init__(self, hull: Space, space: Space, options: Options, partial: frozenset[str] = frozenset()) -> None:
        self.partial = partial
        self._hull = hull
        self._space = space
        self._options = options
        self._region = Region(hull, space)
        self._opinion = Opinion(space)
        self._embedding = Embedding(hull, partial)
        self._is_small = space.size <= _MOST_LISTED
        self._surrogate = Surrogate(self._embedding, self._region, warps=options.warp_inputs)

    def designed(
        self, index: int, scramble: int | None, tried: Tried, rng: np.random.Generator
    ) -> Suggestion | Exhausted:
        """The first untried point of a Sobol sequence from ``index`` on. scramble: its seed, once it has begun.

        It begins where a person believes the best to be. The notes hold the seed. Where the sequence has no such point:
        any untried one.
        """
        seed = int(rng.integers(2**32)) if scramble is None else scramble
        for point in _sequence(self._space, seed, index):
            config = self._space.decode(point if scramble is not None else self._opinion.centred(point))
            if config not in tried and self._region.is_met(config):
                return Suggestion(config, {SCRAMBLE: seed})
        return self._any(tried, rng, {SCRAMBLE: seed})

    @in_one_thread
    def modelled(
        self, evidence: Evidence, noted: Json, tried: Tried, rng: np.random.Generator, *, n_since: int = 1
    ) -> Suggestion | Exhausted:
        """What promises most of all that is untried. The notes hold the fit that was used.

        n_since: how many trials have begun since the priors were given.
        """
        is_sampled = self._options.acquisition == "thompson"
        model = self._surrogate.model(evidence.without_pending() if is_sampled else evidence, _fit(noted))
        notes = {FIT: [model.fit.n_trials, list(model.fit.theta)]}
        for point in self._ranked(model, self._landscape(model, n_since), tried, rng):
            config = self._region.config(point)
            if config not in tried:
                return Suggestion(config, notes)
        return self._any(tried, rng, notes)

    @in_one_thread
    def picture(self, evidence: Evidence, noted: Json, configs: Sequence[Config], *, n_since: int = 1) -> Picture:
        """What is believed about configurations of the space."""
        model = self._surrogate.model(evidence, _fit(noted))
        encoded = self._hull.encode(configs)
        points = np.nan_to_num(encoded, nan=0.5)
        mean, std = model.belief.predict(self._embedding.embedded(points, ~np.isnan(encoded)))
        middle, low, high = (model.scale.loss(mean + width * std) for width in (0.0, -_SURE, _SURE))
        return Picture(middle, low, high, self._landscape(model, n_since).heights(points))

    def _ranked(self, model: Model, landscape: Landscape, tried: Tried, rng: np.random.Generator) -> Floats:
        """Points (m, d), the most promising first."""
        is_sampled = self._options.acquisition == "thompson"
        aim = Aim(self._region, model.box, self._best(model))
        if self._is_small:
            points = np.nan_to_num(self._hull.encode(tried.others(self._space, _MOST_LISTED)), nan=0.5)
        elif is_sampled:
            points = candidates(self._embedding, aim, model.scales, EFFORT, rng)
        else:
            return promising(landscape, aim, scales=model.scales, effort=EFFORT, rng=rng)
        if not len(points):
            return points
        heights = landscape.sampled(points, rng) if is_sampled else landscape.heights(points)
        return points[np.argsort(-heights, kind="stable")]

    def _best(self, model: Model) -> Floats:
        """Where to look more closely: at the best points, and at what is believed, with the rest as in the best one."""
        if not self._opinion:
            return model.top
        believed = self._opinion.centred(self._region.inward(model.top[:1]))
        return np.vstack([model.top, self._region.outward(believed)])

    def _landscape(self, model: Model, n_since: int) -> Landscape:
        acquisition = self._options.acquisition
        leaning = Leaning(self._opinion, self._region, power_after(n_since), is_factor=acquisition == "ei")
        promises: Callable[[Floats, Floats], Valued]
        match acquisition:
            case "ucb":
                promises = functools.partial(confidence_bound, width=self._options.exploration)
            case "ei":
                promises = functools.partial(expected_improvement, best=model.best)
            case _:
                promises = functools.partial(log_expected_improvement, best=model.best)
        return Landscape(self._embedding, model.belief, promises, leaning if self._opinion else None)

    def _any(self, tried: Tried, rng: np.random.Generator, notes: Mapping[str, Json]) -> Suggestion | Exhausted:
        config = tried.draw(self._space, rng)
        return Exhausted() if config is None else Suggestion(config, notes)


def _fit(noted: Json) -> Fit | None:
    return None if noted is None else Fit(noted[0], tuple(noted[1]))


def _sequence(space: Space, seed: int, start: int) -> Iterator[Floats]:
    """The points (d,) of a scrambled Sobol sequence from ``start`` on, in the dimensions that are no constants."""
    moving = [j for j, (name, domain) in enumerate(space.items()) if domain.size > 1 or name in space.conditions]
    if not 0 < len(moving) <= qmc.Sobol.MAXDIM:
        return
    sequence = qmc.Sobol(len(moving), seed=np.random.default_rng(seed))
    block = 64  # a power of two: the sequence is balanced in such blocks
    for number in range(_MOST_DESIGNED // block):
        points = np.full((block, len(space)), 0.5)
        points[:, moving] = sequence.random(block)
        yield from points[max(start - number * block, 0) :]
