"""Any-time curves: how good a run was after so much of its budget, on a grid that runs share."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rung.analysis.comparison.runs import Axis, Run

Array = NDArray[np.float64]


def grid_up_to(end: float, n_points: int) -> Array:
    """``n_points`` places at equal distances, the last one at ``end``; exact where they are whole numbers."""
    return end * np.arange(1, n_points + 1) / n_points


def values_in_force(places: ArrayLike, values: ArrayLike, grid: ArrayLike) -> Array:
    """The step function that takes each value at its place and keeps it until the next one, read off on a grid.

    places: (n,), in order; of several at one place the last counts. Returns one value per place of the grid; infinity
    before the first place, so that nothing yet is worse than anything.
    """
    index = np.searchsorted(np.asarray(places, dtype=float), np.asarray(grid, dtype=float), side="right")
    return np.concatenate(([np.inf], np.asarray(values, dtype=float)))[index]


def losses_of(run: Run, axis: Axis, grid: ArrayLike) -> Array:
    """The loss of a run's incumbent on a grid, lower is better. Infinity while there is none.

    It falls, but for problems with noise, where an incumbent that looks better may be worse in truth. A value that is
    no finite number is none. After its end a run keeps what it had.
    """
    losses = [np.inf if point.best is None else run.goal.loss({run.goal.metric: point.best}) for point in run.points]
    places = [point.spent(axis) for point in run.points]
    return values_in_force(places, [np.inf if loss is None else loss for loss in losses], grid)


def with_worst(losses: ArrayLike) -> Array:
    """The same with one rule for whoever has nothing: it counts as just worse than anything seen in these losses.

    So it ranks last, ties with others that have nothing, and leaves means finite. losses: of one problem, any shape;
    infinite or NaN where there is none. ValueError when there is no finite value at all.
    """
    given = np.asarray(losses, dtype=float)
    is_there = np.isfinite(given)
    if not is_there.any():
        raise ValueError("no run has a value")
    return np.where(is_there, given, np.nextafter(given[is_there].max(), np.inf))
