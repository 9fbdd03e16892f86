"""Who belongs to a population, and how it brings forth the next child. Members are trials, known by their numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, NamedTuple, Protocol, TypeAlias, final

import numpy as np

from rung.searchers._evolution_children import crossed, filled, mutated, tournament

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rung.searchers._evolution_axes import Axes
    from rung.types import Json

    Floats: TypeAlias = NDArray[np.float64]
    Losses: TypeAlias = Callable[[Sequence[int]], Floats]


class Child(NamedTuple):
    """A point (d,) of the unit cube, and the notes by which its trial belongs to the population."""

    point: Floats
    notes: Mapping[str, Json]


class Population(Protocol):
    """Trials that have ended with a loss, and from which others come. least: how many it takes to have a child."""

    least: ClassVar[int]

    def members(self, losses: Losses) -> Sequence[int]:
        """Those that children come from now."""

    def child(self, axes: Axes, points: Floats, losses: Floats, rng: np.random.Generator) -> Child:
        """The next one, from the points (n, d) and losses (n,) of the members, NaN where a dimension is inactive."""

    def begin(self, losses: Losses) -> None:
        """A child has been started."""

    def enter(self, trial: int, notes: Mapping[str, Json] | None, losses: Losses) -> None:
        """A trial has ended with a loss; notes: None unless it is a child."""


@final
class Ageing:
    """Whoever is best of a sample brings forth a child; the oldest member dies for each that enters.

    Until the first child is started all trials are kept; then the best of them are the first members, so that what was
    known before is chosen by its quality and not by its age. Source: Real et al. 2019, algorithm 1.
    """

    least: ClassVar[int] = 1

    def __init__(self, size: int, *, sample: int) -> None:
        self._size = size
        self._sample = sample
        self._trials: dict[int, None] = {}  # the oldest first
        self._has_begun = False

    def members(self, losses: Losses) -> Sequence[int]:
        trials = list(self._trials)
        if len(trials) <= self._size:
            return trials
        best = np.argsort(losses(trials), kind="stable")[: self._size]
        return [trials[place] for place in sorted(best)]

    def child(self, axes: Axes, points: Floats, losses: Floats, rng: np.random.Generator) -> Child:
        parent = points[tournament(losses, self._sample, rng)]
        return Child(filled(mutated(parent, axes, rng), rng), {})

    def begin(self, losses: Losses) -> None:
        if not self._has_begun:
            self._trials = dict.fromkeys(self.members(losses))
        self._has_begun = True

    def enter(self, trial: int, notes: Mapping[str, Json] | None, losses: Losses) -> None:
        del notes, losses
        self._trials.setdefault(trial)
        if self._has_begun and len(self._trials) > self._size:
            del self._trials[next(iter(self._trials))]


@final
class Slots:
    """Each child is aimed at one member, the next in turn, and takes its place unless it is worse.

    So nobody waits for a generation to be complete. Whoever else ends takes an empty place, or if it is no child that
    of the worst member, if it is better. A mutant is the best member plus a weighted difference of two others
    (best/1/bin; Storn & Price 1997); numbers with few values, and categories in their order, are rounded.
    """

    least: ClassVar[int] = 3  # the target, and two others for a difference

    def __init__(self, size: int, *, weight: float, crossover: float) -> None:
        self._size = size
        self._weight = weight
        self._crossover = crossover
        self._trials: list[int] = []
        self._n_children = 0

    def members(self, losses: Losses) -> Sequence[int]:
        del losses
        return self._trials

    def child(self, axes: Axes, points: Floats, losses: Floats, rng: np.random.Generator) -> Child:
        del axes
        count = len(losses)
        slot = self._n_children % count
        first, second = rng.choice([other for other in range(count) if other != slot], 2, replace=False)
        known = filled(points, rng)
        point = crossed(
            known[slot],
            known[losses.argmin()],
            known[first] - known[second],
            weight=self._weight,
            crossover=self._crossover,
            rng=rng,
        )
        return Child(point, {"slot": slot})

    def begin(self, losses: Losses) -> None:
        del losses
        self._n_children += 1

    def enter(self, trial: int, notes: Mapping[str, Json] | None, losses: Losses) -> None:
        if trial in self._trials:
            return
        known = losses([*self._trials, trial])
        loss, others = known[-1], known[:-1]
        if notes is not None and len(others) and loss <= others[slot := notes["slot"] % len(others)]:
            self._trials[slot] = trial
        elif len(others) < self._size:
            self._trials.append(trial)
        elif notes is None and loss < others.max():
            self._trials[int(others.argmax())] = trial
