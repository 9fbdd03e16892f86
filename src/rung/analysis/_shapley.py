"""What share each of several independent inputs has in the variance of an outcome.

Shapley effects: what inputs do together is divided equally among them, so that the shares sum to 1 and an input that
matters in company only has its own (Owen 2014; Song, Nelson & Staum 2016).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np
from scipy.stats import qmc

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]


class Walks(NamedTuple):
    """Ways between random points of the unit cube, on each of which one coordinate after the other is exchanged.

    points: (d + 1, n, d), from the starts to the ends; points[k] is uniform for each k. turns: (n, d) at which step a
    coordinate is exchanged, from 0.
    """

    points: Floats
    turns: NDArray[np.intp]


def random_walks(d: int, n: int, rng: np.random.Generator) -> Walks:
    """``n`` walks, each in an order of its own; starts and ends are points of a Sobol sequence. n: a power of two."""
    ends = qmc.Sobol(2 * d, seed=rng).random(n)
    turns = rng.permuted(np.tile(np.arange(d), (n, 1)), axis=1)
    is_exchanged = turns < np.arange(d + 1)[:, None, None]
    return Walks(np.where(is_exchanged, ends[:, d:], ends[:, :d]), turns)


def variance_shares(outcomes: Floats, turns: NDArray[np.intp]) -> Floats:
    """(d, s) the shares, from the outcomes (d + 1, n, s) of s functions along the walks; they sum to 1.

    Of a function that is the same at both ends of every walk: NaN.

    With f at the points x₀ … x_d of a walk, Var f = ½·E[(f(x_d) - f(x₀))²], and the Shapley effect of the coordinate
    that step k exchanges is ½·E[(f(x_d) - f(x₀))·(f(x_k) - f(x_{k-1}))] (Song et al. 2016, section 4, with both ends of
    a walk in turns as the fixed one).
    """
    whole = outcomes[-1] - outcomes[0]
    by_step = whole * np.diff(outcomes, axis=0)
    n, d = turns.shape
    effects = np.stack([by_step[turns[:, j], np.arange(n)].mean(axis=0) for j in range(d)])
    effects = np.maximum(effects, 0.0)  # below 0 by chance only
    totals = effects.sum(axis=0)
    shares: Floats = np.full(effects.shape, np.nan)
    np.divide(effects, totals, out=shares, where=totals > 0.0)
    return shares
