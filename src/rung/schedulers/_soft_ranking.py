"""Whether two rungs rank their trials alike, up to the noise of training. Pure; knows no events."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Final, TypeAlias, final

from rung.stopping._criterion import quantile

if TYPE_CHECKING:
    from rung.schedulers._rungs import Entry

Curve: TypeAlias = Mapping[int, float]
"""Step -> loss of one trial."""

NOISE_QUANTILE: Final = 0.9
NOISE_TRIALS: Final = 100  # have 4,950 pairs, which is plenty for a percentile, and bounds what a report costs


@final
class SoftRanking:
    """The ranking of trials at a rung beside that of the same trials at the rung below.

    Both agree when, for each rank, the losses at the lower rung of the two trials that have this rank here and there
    differ by at most epsilon.
    Source: Bohdal et al. 2023, "PASHA", section 4.2: epsilon instead of ranks decides who counts as equal.
    """

    def __init__(self) -> None:
        self._upper: list[Entry] = []
        self._below: list[float] = []  # the loss at the lower rung of each trial in ``_upper``
        self._lower: list[float] = []  # the same losses in order
        self._unchecked = (0, 0)
        self._epsilon = 0.0

    def __len__(self) -> int:
        return len(self._upper)

    def add(self, trial: int, lower: float, upper: float) -> None:
        """A trial with its losses at both rungs."""
        first, last = sorted((bisect_left(self._lower, lower), bisect_left(self._upper, (upper, trial))))
        insort(self._lower, lower)
        insort(self._upper, (upper, trial))
        self._below.insert(bisect_left(self._upper, (upper, trial)), lower)
        # Outside of these ranks the same two losses meet as before.
        self._unchecked = (min(first, self._unchecked[0]), max(last, self._unchecked[1]) + 1)

    def agrees(self, epsilon: float) -> bool:
        """Whether both rankings agree. What has agreed before, with no larger an epsilon, is not looked at again."""
        first, last = self._unchecked if epsilon >= self._epsilon else (0, len(self))
        pairs = zip(self._lower[first:last], self._below[first:last], strict=True)
        if not all(abs(a - b) <= epsilon for a, b in pairs):
            return False
        self._unchecked, self._epsilon = (len(self), 0), epsilon
        return True


@final
class RankNoise:
    """How much two losses may differ and still be in either order by chance.

    A pair of trials counts whose curves cross twice or more, so that the one that is ahead at last was ahead before,
    and behind in between. epsilon: the 90th percentile of how far the two are apart at the last step that both
    reported; 0 as long as no such pair is known. Only the first 100 trials are looked at.
    Source: Bohdal et al. 2023, "PASHA", section 4.2.
    """

    def __init__(self, epsilon: float = 0.0) -> None:
        self._curves: list[Curve] = []
        self._distances: list[float] = []
        self._epsilon = epsilon

    @property
    def epsilon(self) -> float:
        """In the units of the loss; what it was given at first as long as there are no pairs."""
        return quantile(self._distances, NOISE_QUANTILE) if self._distances else self._epsilon

    def add(self, curve: Curve) -> None:
        """A trial that has come as far as the rung; its curve must not change any more."""
        if len(self._curves) < NOISE_TRIALS:
            for other in self._curves:
                distance = crossing_distance(curve, other)
                if distance is not None:
                    insort(self._distances, distance)
            self._curves.append(curve)


def crossing_distance(one: Curve, other: Curve) -> float | None:
    """How far two curves are apart at their last common step, if they cross at least twice; else None."""
    apart = [one[step] - other[step] for step in sorted(one.keys() & other.keys())]
    ahead = [difference > 0 for difference in apart if difference]
    crossings = sum(a is not b for a, b in pairwise(ahead))
    return abs(apart[-1]) if crossings >= 2 else None
