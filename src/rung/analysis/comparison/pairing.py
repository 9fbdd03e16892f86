"""Two methods against each other: the signed-rank test, its correction, and how often one is ahead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from msgspec import Struct
from numpy.typing import ArrayLike, NDArray

from rung.analysis.comparison.ranking import ranks_of

Array = NDArray[np.float64]


class Record(Struct, frozen=True):
    """How often the first was ahead, both were equal, and the second was ahead."""

    wins: int
    ties: int
    losses: int


def record(first: ArrayLike, second: ArrayLike) -> Record:
    """Wins, ties and losses of the first over pairs of losses; the lower one wins."""
    one, two = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    return Record(wins=int(np.sum(one < two)), ties=int(np.sum(one == two)), losses=int(np.sum(one > two)))


def signed_rank_p(differences: ArrayLike) -> float:
    """The two-sided p value of Wilcoxon's signed-rank test over paired differences, exact; 1 without any.

    Equal absolute values share their mean rank, and the ranks of zeros are split evenly. The null distribution has
    each rank at either sign with probability 1/2. O(n³) for n differences
    that are not zero, 0.05 s at 500 of them.
    Sources: Wilcoxon 1945; zeros as in Demšar 2006, section 3.1.3.
    """
    given = np.asarray(differences, dtype=float)
    doubled = np.rint(2 * ranks_of(np.abs(given))).astype(int)  # mean ranks are multiples of 1/2
    positive, negative = doubled[given > 0], doubled[given < 0]
    lesser = min(positive.sum(), negative.sum())
    weights = np.zeros(lesser + 1)  # the chance of each sum of doubled ranks, up to the one that was found
    weights[0] = 1.0
    for rank in (*positive, *negative):
        weights /= 2
        weights[rank:] += weights[:-rank].copy()
    return min(1.0, 2.0 * float(weights.sum()))


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Corrected p values, in the same order; compare each with α. Source: Holm 1979."""
    given = np.asarray(p_values, dtype=float)
    order = np.argsort(given, kind="stable")
    scaled = given[order] * np.arange(len(given), 0, -1)
    corrected = np.empty_like(given)
    corrected[order] = np.minimum(1.0, np.maximum.accumulate(scaled))
    return tuple(map(float, corrected))


def least_p(n: int, n_pairs: int) -> float:
    """The lowest p value that the test over so many differences can have after Holm: where all of them agree.

    n_pairs: of methods.
    """
    return min(1.0, 2.0 / 2.0**n * n_pairs)


class Tested(NamedTuple):
    """What the signed-rank test says of one pair of several. p_holm: corrected for all of them.

    lean: the sum of the signed ranks, below 0 where negative differences outweigh. It need not have the sign of the
    mean, which a few large differences may turn.
    """

    p: float
    p_holm: float
    lean: float


def signed_rank_tests(differences: Sequence[ArrayLike]) -> list[Tested]:
    """The signed-rank test of each pair of methods. differences: per pair of methods, over pairs of runs."""
    given = [np.asarray(each, dtype=float) for each in differences]
    p_values = [signed_rank_p(each) for each in given]
    leans = [float(np.sum(ranks_of(np.abs(each)) * np.sign(each))) for each in given]
    return list(map(Tested, p_values, holm(p_values), leans))


def probability_of_improvement(first: Sequence[ArrayLike], second: Sequence[ArrayLike]) -> float:
    """How likely a run of the first is better than a run of the second, averaged over problems; ties count half.

    first, second: per problem the losses, not paired. Source: Agarwal et al. 2021, section 4.3 (Mann–Whitney's U over
    the number of pairs).
    """
    return float(np.mean([_share_below(*each) for each in zip(first, second, strict=True)]))


def _share_below(first: ArrayLike, second: ArrayLike) -> float:
    one, two = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    return float(np.less.outer(one, two).mean() + np.equal.outer(one, two).mean() / 2)
