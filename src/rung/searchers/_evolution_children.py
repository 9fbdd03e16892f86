"""How children come from parents: points of the unit cube, NaN where a dimension is inactive."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rung.searchers._evolution_axes import Axes, Listed

    Floats: TypeAlias = NDArray[np.float64]

_LONGEST: Final = 0.15  # standard deviation of a step, in the unit interval
_DECADES: Final = 0.5  # by how many powers of ten a step may be shorter


def tournament(losses: Floats, size: int, rng: np.random.Generator) -> int:
    """The index of the best of ``size`` members (of all, if there are fewer), drawn without replacement.

    Of equal losses the last one wins, so that a plateau is no standstill.
    """
    drawn = np.sort(rng.choice(len(losses), min(size, len(losses)), replace=False))[::-1]
    return int(drawn[losses[drawn].argmin()])


def mutated(parent: Floats, axes: Axes, rng: np.random.Generator) -> Floats:
    """The parent with about one of its active dimensions changed, at least one: each with chance 1/n.

    A number moves by a normal step, mirrored at the ends of the interval, and if it has few values at least to the next
    one; a category becomes any other one. All steps of one child share their scale, which is log-uniform.
    """
    child = parent.copy()
    active = [column for column in _moving(axes) if not math.isnan(parent[column])]
    if not active:
        return child
    is_changed = rng.random(len(active)) < 1.0 / len(active)
    is_changed[rng.integers(len(active))] |= not is_changed.any()
    scale = _LONGEST * 10.0 ** -(_DECADES * rng.random())
    numbers = {each.column: each for each in axes.numbers}
    categories = {each.column: each for each in axes.categories}
    for column in (column for column, is_so in zip(active, is_changed, strict=True) if is_so):
        if column in categories:
            child[column] = _another(categories[column], parent[column], rng)
        else:
            child[column] = mirrored(parent[column] + scale * rng.standard_normal())
        if column in numbers:
            child[column] = _moved(numbers[column], parent[column], child[column], rng)
    return child


def crossed(
    target: Floats, base: Floats, difference: Floats, *, weight: float, crossover: float, rng: np.random.Generator
) -> Floats:
    """The target with some coordinates from the mutant ``base + weight · difference``, at least one.

    Each comes from the mutant with chance ``crossover`` (binomial crossover; Storn & Price 1997, eq. 4). One that lies
    outside the unit interval is put halfway from the target to the end that it went beyond.
    """
    mutant = base + weight * difference
    mutant = np.where(mutant < 0.0, target / 2.0, np.where(mutant > 1.0, (target + 1.0) / 2.0, mutant))
    is_crossed = rng.random(len(target)) < crossover
    if len(target):
        is_crossed[rng.integers(len(target))] = True
    return np.where(is_crossed, mutant, target)


def filled(point: Floats, rng: np.random.Generator) -> Floats:
    """The point with random numbers where it has none."""
    return np.where(np.isnan(point), rng.random(point.shape), point)


def mirrored(place: float) -> float:
    """A place on the line, folded into [0, 1]."""
    folded = abs(place) % 2.0
    return min(folded, 2.0 - folded)


def _moving(axes: Axes) -> list[int]:
    return [*axes.continuous, *(each.column for each in (*axes.numbers, *axes.categories))]


def _another(values: Listed, place: float, rng: np.random.Generator) -> float:
    """The place of any other value, all equally likely."""
    count = len(values.middles)
    step = 1 + int(rng.integers(count - 1))
    return float(values.middles[(values.nearest(place) + step) % count])


def _moved(values: Listed, place: float, new: float, rng: np.random.Generator) -> float:
    """The value nearest to a new place, but not the one before: then a neighbour of it."""
    before, index, last = values.nearest(place), values.nearest(new), len(values.middles) - 1
    if index == before:
        index += 1 if before == 0 or (before < last and rng.random() < 0.5) else -1
    return float(values.middles[index])
