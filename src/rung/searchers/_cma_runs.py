"""The runs of CMA-ES in a study: where each begins, who its members are, and when they are told."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias, final

import numpy as np

from rung.searchers._cma import Distribution, Start, distribution

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rung.searchers._evolution_axes import Axes
    from rung.types import Json

    Floats: TypeAlias = NDArray[np.float64]

_BEST_SHARE: Final = 0.1  # of the known points; how far they lie apart says how far to look around the best one
_LEAST_SIGMA: Final = 0.05  # times the sigma that is asked for
_WIDE: Final = 2.0  # times that sigma: where nothing is known
_MOST_GROWTH: Final = 512  # times the first population; without end, it would not fit into memory one day


class Member(NamedTuple):
    """A point (d,) of the unit cube, and the notes by which its trial joins the run."""

    point: Floats
    notes: Mapping[str, Json]


def start_at_best(axes: Axes, points: Floats, losses: Floats, *, population: int, sigma: float) -> Start:
    """A run around the best of the known points (n, d), with losses (n,); n > 0. NaN where a dimension is inactive.

    Its standard deviation is the distance (root mean square over the coordinates that are numbers) of the best tenth of
    the points, at least one, to the best one, but at most ``sigma`` and at least a twentieth of it.
    """
    order = np.argsort(losses, kind="stable")
    best = points[order[0]]
    numbers = [*axes.continuous, *(each.column for each in axes.numbers)]
    near = order[1 : max(2, math.ceil(_BEST_SHARE * len(order)))]
    steps = (points[near] - best)[:, numbers]
    steps = steps[~np.isnan(steps)]
    spread = math.sqrt(np.mean(steps**2)) if steps.size else sigma
    middle = [None if math.isnan(place) else place for place in best.tolist()]
    return Start(population, min(max(spread, _LEAST_SIGMA * sigma), sigma), middle)


def start_anywhere(axes: Axes, *, population: int, sigma: float, rng: np.random.Generator) -> Start:
    """A run around a random point, with all categories equally likely and twice the standard deviation."""
    middle: list[float | None] = [None] * axes.size
    for column in (*axes.continuous, *(each.column for each in axes.numbers)):
        middle[column] = float(rng.random())
    return Start(population, _WIDE * sigma, middle)


@final
class Runs:
    """The run that goes on, if one does.

    The distribution learns as soon as there are enough members that have ended. With several workers more are drawn
    from it in the meantime; these count in the generation in which they end, for a distribution changes little in one.
    population: of the first run.
    """

    def __init__(self, axes: Axes, population: int) -> None:
        self.axes = axes
        self.population = population
        self.is_lost = False  # whether the last run ended without hope, so that the next one should begin elsewhere
        self._most = _MOST_GROWTH * population
        self._number = 0
        self._generation = 0
        self._current: Distribution | None = None
        self._raws: dict[int, Sequence[float]] = {}
        self._ended: dict[int, Sequence[float]] = {}
        self._joined: set[int] = set()

    def __contains__(self, trial: int) -> bool:
        """Whether the trial is or was a member."""
        return trial in self._joined

    @property
    def is_going_on(self) -> bool:
        """Whether there is a run."""
        return self._current is not None

    @property
    def larger_population(self) -> int:
        """For the run after one that ended without hope (IPOP: Auger & Hansen 2005)."""
        return min(2 * self.population, self._most)

    def members(self, start: Start | None, seed: int) -> Iterator[Member]:
        """Without end, of the run that goes on, or of a new one. Changes nothing. seed: below 2**32."""
        if start is None:
            assert self._current is not None, "a run goes on"
            notes: dict[str, Json] = {"run": self._number, "generation": self._generation}
            draws = self._current.draws(seed)
        else:
            notes = {"run": self._number + 1, "generation": 0, "start": list(start)}
            draws = distribution(self.axes, start).draws(seed)
        for draw in draws:
            yield Member(draw.point, {**notes, "x": draw.raw})

    def join(self, trial: int, notes: Mapping[str, Any]) -> None:
        """The trial has been started with a member's notes. The first one of a new run begins it."""
        self._joined.add(trial)
        if notes["run"] == self._number + 1 and "start" in notes:
            self.stop()
            start = Start(*notes["start"])
            self._current = distribution(self.axes, start)
            self._number, self._generation, self.population = notes["run"], 0, start.population
        if notes["run"] == self._number and self.is_going_on:
            self._raws[trial] = notes["x"]

    def leave(self, trial: int) -> None:
        """The trial is not any more what was drawn."""
        self._joined.discard(trial)
        self._raws.pop(trial, None)
        self._ended.pop(trial, None)

    def stop(self) -> None:
        """The run is over: there is something better to begin with."""
        self._current = None
        self.is_lost = False
        self._raws.clear()
        self._ended.clear()

    def end(self, trial: int, losses: Callable[[Sequence[int]], Floats]) -> None:
        """The trial has ended. losses: of trials, once they are needed."""
        if trial not in self._raws:
            return
        self._ended[trial] = self._raws.pop(trial)
        if len(self._ended) < self.population:
            return
        assert self._current is not None, "members belong to the run that goes on"
        trials = sorted(self._ended)
        outcomes = losses(trials)
        raws = [self._ended[trials[place]] for place in np.argsort(outcomes, kind="stable")]
        self._ended.clear()
        self._generation += 1
        is_flat = bool((outcomes == outcomes[0]).all())
        if is_flat or not self._current.tell(raws):
            self.stop()
            self.is_lost = True
