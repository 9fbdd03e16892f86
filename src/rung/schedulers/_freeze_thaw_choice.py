"""Which trial to thaw, or what to begin: the expected improvement of the value at the end of the training."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias, final

import numpy as np

from rung.schedulers._freeze_thaw_belief import Belief, Readings, belief_given
from rung.schedulers._freeze_thaw_fit import fit, prior
from rung.searchers._acquisition import log_expected_improvement
from rung.searchers._ascent import Box
from rung.searchers._embedding import Embedding
from rung.searchers._one_thread import in_one_thread
from rung.searchers._priors import Leaning, Opinion, power_after
from rung.searchers._promising import Aim, Effort, promising
from rung.searchers._region import Region
from rung.searchers._targets import Scale, targets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from rung.schedulers._freeze_thaw_evidence import Evidence
    from rung.searchers._unseen import Tried
    from rung.space import Space
    from rung.types import Config, Json

    Floats: TypeAlias = NDArray[np.float64]
    Flags: TypeAlias = NDArray[np.bool_]
    Places: TypeAlias = NDArray[np.intp]

EFFORT: Final = Effort(spread=512, near=256, starts=4, iterations=12, rounds=2)
_MOST_LISTED: Final = 1_000  # configurations of a space that are all compared
_GROWTH: Final = 1.1  # of the readings, that brings a new fit
_ITERATIONS: Final = 30
_MOST_FITTED: Final = 200
_TOP: Final = 5


class Fit(NamedTuple):
    """Hyperparameters, and how many readings there were when they were found."""

    n_readings: int
    theta: tuple[float, ...]


class Gain(NamedTuple):
    """What going on with a trial promises.

    log_gain: the logarithm of the expected improvement at the end, in standard deviations of the losses. mean: the
    value expected there, in the same units. is_inside: whether the space in force has the configuration.
    """

    trial: int
    log_gain: float
    mean: float
    is_inside: bool


class _Terrain(NamedTuple):
    """How much new trials promise at the end of their training."""

    embedding: Embedding
    belief: Belief
    best: float
    leaning: Leaning | None

    def heights(self, points: Floats) -> Floats:
        is_active = self.embedding.is_active(points)
        mean, std = self.belief.predict(self.embedding.embedded(points, is_active))
        height = log_expected_improvement(mean, std, self.best)[0]
        return height if self.leaning is None else self.leaning.heights(height, points, is_active)

    def heights_and_slopes(self, points: Floats, is_active: Flags) -> tuple[Floats, Floats]:
        x = self.embedding.embedded(points, is_active)
        mean, std, mean_slope, std_slope = self.belief.predict_with_slopes(x)
        height, by_mean, by_std = log_expected_improvement(mean, std, self.best)
        slope = self.embedding.slopes(by_mean[:, None] * mean_slope + by_std[:, None] * std_slope, is_active)
        if self.leaning is None:
            return height, slope
        return self.leaning.heights_and_slopes(height, slope, points, is_active)


class Model(NamedTuple):
    """What is believed.

    best: the target to beat. means, stds: (m,) where the trials of the evidence are expected to end, as targets.
    is_inside: (m,) whether the space in force has their configurations. scale: of the targets.
    """

    evidence: Evidence
    fit: Fit
    belief: Belief
    best: float
    means: Floats
    stds: Floats
    is_inside: Flags
    scale: Scale

    def loss_at_end(self, gain: Gain) -> float:
        """The loss that is expected at the end of the training, the median of what is believed; may be infinite."""
        return float(self.scale.loss(np.array([gain.mean]))[0])

    @property
    def lowest_end(self) -> float:
        """The lowest of the means in the space in force; infinite where there is none."""
        return float(self.means[self.is_inside].min(initial=np.inf))


@final
class Foresight:
    """Makes models and weighs moves, for one space in its hull; what it keeps in between is caches.

    partial: names of dimensions that some trials lack. last: the step of a full training.
    """

    def __init__(self, hull: Space, space: Space, partial: frozenset[str], *, last: int) -> None:
        self.partial = partial
        self._hull = hull
        self._space = space
        self._time = math.log(last)
        self._embedding = Embedding(hull, partial)
        self._region = Region(hull, space)
        self._opinion = Opinion(space)
        self._last: tuple[Evidence, Fit | None, Fit] | None = None

    @in_one_thread
    def model(self, evidence: Evidence, noted: Json) -> Model:
        """What to believe after the evidence, which has losses. noted: the last Fit on record, as JSON, or None.

        It depends on these two alone: bit by bit the same however many models were made before.
        """
        scale, y = targets(evidence.losses)
        is_active = ~np.isnan(evidence.points)
        configs = self._embedding.embedded(np.nan_to_num(evidence.points, nan=0.5), is_active)
        known = Readings(configs, evidence.owners, evidence.times)
        fitted = self._fitted(evidence, known, y, None if noted is None else Fit(noted[0], tuple(noted[1])))
        owners = np.concatenate([evidence.owners, evidence.pending_owners])
        times = np.concatenate([evidence.times, evidence.pending_times])
        belief = belief_given(
            np.array(fitted.theta),
            self._embedding.columns.groups,
            Readings(configs, owners, times),
            y,
            time=self._time,
        )
        is_inside = self._region.contains(evidence.points)
        means, stds = belief.predict_trials(np.arange(len(configs)))
        best = self._to_beat(evidence, belief, y, is_inside)
        return Model(evidence, fitted, belief, best, means, stds, is_inside, scale)

    def gains(self, model: Model, trials: Sequence[int]) -> list[Gain]:
        """What going on with each of these trials promises, of those that the model knows."""
        places = {int(trial): place for place, trial in enumerate(model.evidence.trials)}
        chosen = [places[trial] for trial in trials if trial in places]
        if not chosen:
            return []
        means, stds = model.means[chosen], model.stds[chosen]
        logs = log_expected_improvement(means, stds, model.best)[0]
        numbers, inside = model.evidence.trials[chosen], model.is_inside[chosen]
        columns = (numbers.tolist(), logs.tolist(), means.tolist(), inside.tolist())
        return [Gain(*row) for row in zip(*columns, strict=True)]

    @in_one_thread
    def log_gain_of(self, model: Model, config: Config) -> float:
        """What a new trial of a configuration of the space promises, as a Gain's log_gain."""
        points = np.nan_to_num(self._hull.encode([config]), nan=0.5)
        return float(_Terrain(self._embedding, model.belief, model.best, None).heights(points)[0])

    @in_one_thread
    def new(self, model: Model, tried: Tried, rng: np.random.Generator, *, n_since: int) -> Config | None:
        """The untried configuration that promises most; None where none is left.

        n_since: how many trials have begun since the priors were given.
        """
        leaning = Leaning(self._opinion, self._region, power_after(n_since)) if self._opinion else None
        for point in self._ranked(model, _Terrain(self._embedding, model.belief, model.best, leaning), tried, rng):
            config = self._region.config(point)
            if config not in tried:
                return config
        return tried.draw(self._space, rng)

    def _ranked(self, model: Model, terrain: _Terrain, tried: Tried, rng: np.random.Generator) -> Floats:
        if self._space.size <= _MOST_LISTED:
            points = np.nan_to_num(self._hull.encode(tried.others(self._space, _MOST_LISTED)), nan=0.5)
            return points[np.argsort(-terrain.heights(points), kind="stable")] if len(points) else points
        order = np.lexsort((model.means, ~model.is_inside))[:_TOP]
        top = np.nan_to_num(model.evidence.points[order], nan=0.5)
        if self._opinion:
            top = np.vstack([top, self._region.outward(self._opinion.centred(self._region.inward(top[:1])))])
        lengths = np.exp(np.array(model.fit.theta[: self._embedding.columns.n_lengths]))
        scales = np.minimum(self._embedding.per_dimension(np.minimum(lengths, 1.0)), self._region.spans)
        aim = Aim(self._region, Box(self._region.low, self._region.high), top)
        return promising(terrain, aim, scales=scales, effort=EFFORT, rng=rng)

    def _fitted(self, evidence: Evidence, known: Readings, y: Floats, noted: Fit | None) -> Fit:
        """The fit that still holds, or the one that is due: from the prior's start and from the fit before it."""
        columns, n = self._embedding.columns, evidence.n_readings
        given = prior(columns)
        if noted is not None and len(noted.theta) != len(given.means):
            noted = None
        if noted is not None and n < _GROWTH * noted.n_readings:
            return noted
        if self._last is not None and self._last[1] == noted and _same(self._last[0], evidence):
            return self._last[2]
        starts = [given.start] + ([np.array(noted.theta)] if noted else [])
        theta = fit(*_fitting(known, y), columns, starts=starts, iterations=_ITERATIONS)
        found = Fit(n, theta)
        self._last = (evidence, noted, found)
        return found

    def _to_beat(self, evidence: Evidence, belief: Belief, y: Floats, is_inside: Flags) -> float:
        """The lowest target in the region, and the lowest that is expected of what is pending there.

        Where none is known there: the lowest that a trial, moved into the region, is expected to end at.
        """
        is_reached = is_inside[evidence.owners] & ~np.isnan(evidence.losses)
        lowest = float(y[is_reached].min(initial=np.inf))
        running = is_inside[evidence.pending_owners]
        if running.any():
            owners, times = evidence.pending_owners[running], evidence.pending_times[running]
            lowest = min(lowest, float(belief.predict_trials(owners, times)[0].min()))
        if not is_reached.any():
            moved = np.clip(np.nan_to_num(evidence.points, nan=0.5), self._region.low, self._region.high)
            moved = self._region.kept(moved, np.full(moved.shape, 0.5))
            ends = belief.predict(self._embedding.embedded(moved, self._embedding.is_active(moved)))[0]
            lowest = min(lowest, float(ends.min()))
        return lowest


def _fitting(known: Readings, y: Floats) -> tuple[Readings, Floats]:
    """The readings that hyperparameters are fitted to: of many those of so many trials, evenly by their number."""
    firsts = np.flatnonzero(np.diff(known.owners, prepend=-1))
    n_trials = len(firsts)
    share = min(1.0, _MOST_FITTED / len(y))
    chosen = np.linspace(0, n_trials - 1, max(1, int(share * n_trials))).astype(np.intp)
    rows = np.flatnonzero(np.isin(known.owners, chosen))
    return Readings(known.configs[chosen], np.searchsorted(chosen, known.owners[rows]), known.times[rows]), y[rows]


def _same(a: Evidence, b: Evidence) -> bool:
    """Whether a fit to the one is a fit to the other; it doesn't depend on what is pending."""
    pairs = ((a.points, b.points), (a.owners, b.owners), (a.times, b.times), (a.losses, b.losses))
    return all(np.array_equal(one, other, equal_nan=True) for one, other in pairs)
