"""Trees grown at random, one-exchange neighbours, and draws from what the trees say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias, final

import numpy as np
from scipy.special import ndtri
from scipy.stats import rankdata

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]
    Columns: TypeAlias = NDArray[np.float32]
    Flags: TypeAlias = NDArray[np.bool_]

_INACTIVE: Final = -1.0  # outside of all ranges, so that one split tells what is inactive; as in SMAC
_REACHES: Final = (0.05, 0.3)  # of the range of a number: the deviation of a step lies between them


def columns_of(points: Floats, is_active: Flags) -> Columns:
    """What trees split, (m, d): the places in [0, 1], also of categories, and -1 where a dimension is inactive."""
    return np.where(is_active, points, _INACTIVE).astype(np.float32)


def scores(losses: Floats) -> Floats:
    """Normal scores of losses (n,): the quantiles of a standard normal at their ranks; ties have their mean rank.

    So only the order of losses matters. NaN, a trial that has failed, is tied with the highest or above it.
    """
    ranks = rankdata(np.where(np.isnan(losses), np.inf, losses))
    quantiles: Floats = ndtri((ranks - 0.5) / len(losses))
    return quantiles


@final
class Forest:
    """Extremely randomised trees, each fitted to all targets; what a tree says is the mean of a leaf.

    x: (n, c) columns. y: (n,) finite. leaf_size: how many of them are in a leaf at least. The thresholds of splits are
    random, so that trees differ most where little is known; of all columns the split is taken that explains most.
    Source: Geurts et al. 2006, with all columns at each split; grown by scikit-learn.
    """

    def __init__(self, x: Columns, y: Floats, *, trees: int, leaf_size: int, rng: np.random.Generator) -> None:
        from sklearn.tree import ExtraTreeRegressor

        self.trees: list[Any] = [
            ExtraTreeRegressor(min_samples_leaf=leaf_size, random_state=seed).fit(x, y, check_input=False)
            for seed in rng.integers(2**31, size=trees).tolist()
        ]

    def drawn(self, x: Columns, rng: np.random.Generator) -> Floats:
        """(m,) for each row (m, c) what one tree says of it, drawn for that row."""
        which = rng.integers(len(self.trees), size=len(x))
        result = np.empty(len(x))
        for number, tree in enumerate(self.trees):
            rows = which == number
            if rows.any():
                result[rows] = tree.predict(x[rows], check_input=False)
        return result


class Ranges(NamedTuple):
    """What may change, (d,) each. low, high: of places. sizes: the number of values, infinite where there is no step.

    can_move: there is more than one value.
    """

    low: Floats
    high: Floats
    sizes: Floats
    is_category: Flags
    can_move: Flags


def exchanged(points: Floats, is_active: Flags, ranges: Ranges, copies: int, rng: np.random.Generator) -> Floats:
    """So many copies of each point (m, d), each with another value in one active dimension; (copies·m, d).

    Of a category any other value; of a number one a normal step away, and not less than one value. No dimension changes
    where none is active.
    """
    result = np.repeat(points, copies, axis=0)
    may_move = np.repeat(is_active & ranges.can_move, copies, axis=0)
    columns = np.argmax(rng.random(result.shape) * may_move, axis=1)
    rows = np.arange(len(result))
    low, high, sizes = ranges.low[columns], ranges.high[columns], ranges.sizes[columns]
    near, far = _REACHES
    reach = near * (far / near) ** rng.random(len(rows)) * (high - low)
    step = reach * rng.standard_normal(len(rows))
    step = np.copysign(np.maximum(np.abs(step), 1.0 / sizes), step)
    here = result[rows, columns]
    moved = np.clip(here + step, low, high)
    places = np.floor(rng.random(len(rows)) * (np.where(ranges.is_category[columns], sizes, 2.0) - 1.0)) + 1.0
    other = (here + places / sizes) % 1.0
    changed = np.where(ranges.is_category[columns], other, moved)
    result[rows, columns] = np.where(may_move[rows, columns], changed, here)
    return result
