"""Ranks of methods: their averages over time, the Friedman test, and the critical difference after Nemenyi."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


class Friedman(Struct, frozen=True):
    """Whether any method differs, and by how much average ranks must differ to tell two apart.

    ranks: average ones, in the order of the methods given; 1 is best. chi_square, f, p: of the test. difference: the
    critical one. groups: largest sets of methods, by number and from the best to the worst, within that difference.
    """

    n_blocks: int
    ranks: tuple[float, ...]
    chi_square: float
    f: float | None
    p: float
    difference: float
    groups: tuple[tuple[int, ...], ...]
    alpha: float


def ranks_of(losses: ArrayLike, axis: int = -1) -> Array:
    """Ranks along an axis: 1 is the lowest loss, and equal ones share the average of their ranks."""
    from scipy.stats import rankdata

    return np.asarray(rankdata(np.asarray(losses, dtype=float), axis=axis), dtype=float)


def friedman(losses: ArrayLike, *, alpha: float = 0.05) -> Friedman | None:
    """The Friedman test as improved by Iman and Davenport, and Nemenyi's critical difference.

    losses: (blocks, methods), finite; a block is a problem, or a seed. None for fewer than two of either.
    Source: Demšar 2006, section 3.2.2: χ²_F, F_F and CD. As there, without a correction for ties: it is cautious.
    Where all blocks agree F_F is infinite: ``f`` is None, and ``p`` the chance (k!)^(1-N) that they all do.
    """
    from scipy.stats import f as f_distribution

    ranked = ranks_of(losses, axis=1)
    n, k = ranked.shape
    if n < 2 or k < 2:
        return None
    mean = ranked.mean(axis=0)
    chi_square = max(0.0, 12 * n / (k * (k + 1)) * (float(np.sum(mean**2)) - k * (k + 1) ** 2 / 4))
    rest = n * (k - 1) - chi_square
    f = (n - 1) * chi_square / rest if rest > 1e-9 * n * k else None
    difference = critical_difference(k, n, alpha=alpha)
    return Friedman(
        n_blocks=n,
        ranks=tuple(map(float, mean)),
        chi_square=chi_square,
        f=f,
        p=math.factorial(k) ** (1.0 - n) if f is None else float(f_distribution.sf(f, k - 1, (k - 1) * (n - 1))),
        difference=difference,
        groups=groups_within(tuple(map(float, mean)), difference),
        alpha=alpha,
    )


def critical_difference(n_methods: int, n_blocks: int, *, alpha: float = 0.05) -> float:
    """By how much two average ranks must differ: q_α √(k(k+1) / 6N), with q_α of the studentized range over √2.

    Source: Demšar 2006, section 3.2.2 and table 5(a), after Nemenyi 1963.
    """
    from scipy.stats import studentized_range

    q = float(studentized_range.ppf(1 - alpha, n_methods, np.inf)) / math.sqrt(2)
    return q * math.sqrt(n_methods * (n_methods + 1) / (6 * n_blocks))


def groups_within(ranks: Sequence[float], difference: float) -> tuple[tuple[int, ...], ...]:
    """The largest sets of two methods or more whose ranks differ by no more than that: the bars of the diagram.

    Methods by number, each group from the best to the worst, groups from the best to the worst.
    """
    order = sorted(range(len(ranks)), key=lambda method: ranks[method])
    groups: list[tuple[int, ...]] = []
    reach = 0
    for start, method in enumerate(order):
        end = start
        while end + 1 < len(order) and ranks[order[end + 1]] - ranks[method] <= difference:
            end += 1
        if end > start and end > reach:
            groups.append(tuple(order[start : end + 1]))
            reach = end
    return tuple(groups)
