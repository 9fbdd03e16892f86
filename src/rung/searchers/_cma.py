"""The distributions that CMA-ES adapts, by the library ``cmaes``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import astuple
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, TypeAlias, final

import numpy as np
from cmaes import CMA, CatCMAwM

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rung.searchers._evolution_axes import Axes, Listed

    Floats: TypeAlias = NDArray[np.float64]

_SURE: Final = 0.5  # how likely the categories are that a run begins with; the others share the rest


class Start(NamedTuple):
    """Where a run begins.

    population: at least 4; below, the weights of the library are not defined. sigma: standard deviation in the unit
    cube. point: (d,) its middle, and which categories are likely; None for the middle of the interval, and where all
    categories are equally likely.
    """

    population: int
    sigma: float
    point: Sequence[float | None]


class Draw(NamedTuple):
    """A point (d,) of the unit cube, and what ``Distribution.tell`` wants to know of it: numbers, as in JSON."""

    point: Floats
    raw: list[float]


class Distribution(Protocol):
    """A distribution over the unit cube. Asking changes nothing, telling moves it on by a generation."""

    def draws(self, seed: int) -> Iterator[Draw]:
        """Draws without end, the same for the same seed (below 2**32)."""

    def tell(self, raws: Sequence[Sequence[float]]) -> bool:
        """Learn from a whole population, best first. False when the distribution is of no more use after it."""


def distribution(axes: Axes, start: Start) -> Distribution:
    """Where a run begins; ``axes`` has at least one that moves."""
    return _Mixed(axes, start) if axes.numbers or axes.categories else _Normal(axes, start)


@final
class _Normal:
    """Of continuous coordinates; what falls outside the cube is drawn again."""

    def __init__(self, axes: Axes, start: Start) -> None:
        self._axes = axes
        self._columns = list(axes.continuous)
        self._optimiser = CMA(
            mean=_middle(start, self._columns),
            sigma=start.sigma,
            bounds=np.tile([0.0, 1.0], (len(self._columns), 1)),
            population_size=start.population,
        )

    def draws(self, seed: int) -> Iterator[Draw]:
        self._optimiser.reseed_rng(seed)
        while True:
            x = self._optimiser.ask()
            point = np.full(self._axes.size, 0.5)
            point[self._columns] = x
            yield Draw(point, x.tolist())

    def tell(self, raws: Sequence[Sequence[float]]) -> bool:
        return _told(self._optimiser, [np.array(raw) for raw in raws], can_stop=True)


@final
class _Mixed:
    """Of numbers and categories. None of the listed values becomes too unlikely to come ever again: the margin.

    A raw draw is the numbers, which may lie outside the cube, followed by the index of each category.
    """

    def __init__(self, axes: Axes, start: Start) -> None:
        self._axes = axes
        self._columns = [*axes.continuous, *(each.column for each in axes.numbers)]
        self._optimiser = CatCMAwM(
            x_space=[[0.0, 1.0]] * len(axes.continuous) or None,
            z_space=[each.middles for each in axes.numbers] or None,
            c_space=[len(each.middles) for each in axes.categories] or None,
            population_size=start.population,
            mean=_middle(start, self._columns),
            sigma=start.sigma,
            cov=np.eye(len(self._columns)),
            cat_param=_chances(start, axes.categories) if axes.categories else None,
        )

    def draws(self, seed: int) -> Iterator[Draw]:
        self._optimiser.reseed_rng(seed)
        while True:
            x, z, is_chosen, numbers = astuple(self._optimiser.ask())
            chosen = [] if is_chosen is None else is_chosen.argmax(axis=1).tolist()
            point = np.full(self._axes.size, 0.5)
            point[self._columns] = np.concatenate([part for part in (x, z) if part is not None] or [[]])
            for each, index in zip(self._axes.categories, chosen, strict=True):
                point[each.column] = each.middles[index]
            yield Draw(point, [*([] if numbers is None else numbers.tolist()), *chosen])

    def tell(self, raws: Sequence[Sequence[float]]) -> bool:
        return _told(self._optimiser, [self._solution(raw) for raw in raws], can_stop=bool(self._columns))

    def _solution(self, raw: Sequence[float]) -> Any:
        numbers, chosen = np.array(raw[: len(self._columns)]), raw[len(self._columns) :]
        most = max((len(each.middles) for each in self._axes.categories), default=0)
        is_chosen = np.arange(most) == np.array(chosen).reshape(-1, 1)
        return CatCMAwM.Solution(None, None, is_chosen, numbers)  # it learns from the raw numbers, not from x and z


def _told(optimiser: Any, solutions: Sequence[Any], *, can_stop: bool) -> bool:
    """Tell a whole population, best first, by their places: only the order of losses shall matter."""
    try:
        with np.errstate(divide="raise", invalid="raise", over="raise"):
            optimiser.tell([(solution, float(place)) for place, solution in enumerate(solutions)])
            return not (can_stop and optimiser.should_stop())
    except (FloatingPointError, np.linalg.LinAlgError):  # it has shrunk to nothing in some direction
        return False


def _middle(start: Start, columns: Sequence[int]) -> Floats:
    places = (start.point[column] for column in columns)
    return np.array([0.5 if place is None else place for place in places], dtype=np.float64)


def _chances(start: Start, categories: Sequence[Listed]) -> Floats:
    """(number of categories, most values of any) how likely each value is; 0 for those that are none."""
    chances = np.zeros((len(categories), max(len(each.middles) for each in categories)))
    for row, each in zip(chances, categories, strict=True):
        place, count = start.point[each.column], len(each.middles)
        row[:count] = 1.0 / count
        if place is not None:
            row[:count] *= 1.0 - _SURE
            row[each.nearest(place)] += _SURE
    return chances
