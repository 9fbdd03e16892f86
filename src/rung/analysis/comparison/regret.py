"""How far a loss is from the best, on a scale that problems share; and how soon a target is reached."""

from __future__ import annotations

from typing import overload

import numpy as np
from msgspec import Struct
from numpy.typing import ArrayLike, NDArray


@overload
def normalised_regret(value: float, *, best: float, median: float) -> float: ...
@overload
def normalised_regret(value: NDArray[np.float64], *, best: float, median: float) -> NDArray[np.float64]: ...
def normalised_regret(value: float | NDArray[np.float64], *, best: float, median: float) -> float | NDArray[np.float64]:
    """How far a value is from the best known one: 0 there, 1 at the median of random configurations.

    Slightly below 0 where it is better than the best known. All in the same direction, whichever; best and median must
    differ.
    """
    return (best - value) / (best - median)


class Scale(Struct, frozen=True):
    """What regret is measured by on one problem. best, median: as losses. is_known: from the problem, not the runs."""

    best: float
    median: float
    is_known: bool

    def regret(self, losses: NDArray[np.float64]) -> NDArray[np.float64]:
        """The regrets of losses; 0 for all where best and median don't differ, since all runs came out equal."""
        if self.best == self.median:
            return np.zeros_like(losses)
        return normalised_regret(losses, best=self.best, median=self.median)


def scale_of(losses: ArrayLike, *, best: float | None, median: float | None) -> Scale:
    """The scale of one problem: what is known, as losses, or else what its runs show.

    losses: (runs, places). Where nobody knows both, ``best`` is the best loss of any run, and ``median`` that of the
    runs' first finite losses, since at the beginning all methods know nothing; or the worst loss of all, where most
    runs begin with the best.
    """
    if best is not None and median is not None and best < median:
        return Scale(best, median, is_known=True)
    rows = [row[np.isfinite(row)] for row in np.asarray(losses, dtype=float)]
    there = [row for row in rows if len(row)]
    if not there:
        raise ValueError("no run has a value")
    everything = np.concatenate(there)
    lowest, middle = float(everything.min()), float(np.median([row[0] for row in there]))
    return Scale(lowest, middle if middle > lowest else float(everything.max()), is_known=False)


class Reached(Struct, frozen=True):
    """How soon runs came to a target.

    share: of those that did. median: the place by which half of all runs had come there; None when fewer did.
    """

    share: float
    median: float | None


def time_to_target(losses: ArrayLike, grid: ArrayLike, target: float) -> NDArray[np.float64]:
    """The first place of the grid at which each run is at or below the target; infinity where it never is.

    losses: (runs, places). Returns (runs,).
    """
    is_there = np.asarray(losses, dtype=float) <= target
    first = np.asarray(grid, dtype=float)[is_there.argmax(axis=1)]
    return np.where(is_there.any(axis=1), first, np.inf)


def reached(losses: ArrayLike, grid: ArrayLike, target: float) -> Reached:
    """What share of the runs came to the target, and when the middle one did.

    The middle one is the lower of two, a run that exists.
    """
    times = np.sort(time_to_target(losses, grid, target))
    middle = float(times[(len(times) - 1) // 2])
    return Reached(share=float(np.isfinite(times).mean()), median=middle if np.isfinite(middle) else None)
