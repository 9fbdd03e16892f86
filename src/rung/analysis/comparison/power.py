"""How many more seeds it would take to tell two methods apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import ArrayLike

from rung.analysis.comparison.bootstrap import CONFIDENCE

FEWEST: Final = 5  # seeds; the spread of fewer differences is not worth extrapolating
MOST: Final = 1000  # seeds per problem beyond which nobody would go
N_RESAMPLES: Final = 1000
POWER: Final = 0.8


class Seeds(Struct, frozen=True):
    """How many more seeds per problem it would take; None with the reason where that can't be told."""

    further: int | None
    reason: str = ""


def further_seeds(
    differences: Sequence[ArrayLike],
    *,
    rng: np.random.Generator,
    power: float = POWER,
    confidence: float = CONFIDENCE,
    most: int = MOST,
) -> Seeds:
    """How many more seeds per problem until the interval of the mean difference excludes 0 with this probability.

    differences: per problem those of paired runs, as many as there are seeds; the problems stay as they are. Zero
    further ones when the present number is enough already. It takes the difference seen so far for the true one, so
    it is a guess that gets better with the number of seeds.
    """
    given = [np.asarray(each, dtype=float) for each in differences]
    present = min(map(len, given), default=0)
    if present < FEWEST:
        return Seeds(None, f"fewer than {FEWEST} seeds are too few to guess from")
    if not any(each.any() for each in given):
        return Seeds(None, "all runs came out equal")
    seed = int(rng.integers(2**63))

    def is_enough(n_seeds: int) -> bool:
        return power_of(given, n_seeds, rng=np.random.default_rng(seed), confidence=confidence) >= power

    if is_enough(present):
        return Seeds(0)
    if not is_enough(most):
        return Seeds(None, f"more than {most:,} seeds: the difference is small against its spread")
    low, high = present, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_enough(middle) else (middle, high)
    return Seeds(high - present)


def power_of(
    differences: Sequence[ArrayLike],
    n_seeds: int,
    *,
    rng: np.random.Generator,
    confidence: float = CONFIDENCE,
    n_resamples: int = N_RESAMPLES,
) -> float:
    """How often the interval of the mean difference would exclude 0 with so many seeds per problem, 2 at least.

    Each resample draws that many paired differences within each problem (Efron and Tibshirani 1993, chapter 25); its
    interval is mean ± t √(Σ s²/n) / P over P problems, with P(n−1) degrees of freedom.
    """
    from scipy.stats import t as t_distribution

    mean = np.zeros(n_resamples)
    variance = np.zeros(n_resamples)
    for each in differences:
        given = np.asarray(each, dtype=float)
        middle = given.mean()
        times = rng.multinomial(n_seeds, np.full(len(given), 1 / len(given)), size=n_resamples)
        shift = times @ (given - middle) / n_seeds
        spread = np.maximum(0.0, times @ (given - middle) ** 2 / n_seeds - shift**2) * n_seeds / (n_seeds - 1)
        mean += (middle + shift) / len(differences)
        variance += spread / n_seeds / len(differences) ** 2
    reach = t_distribution.ppf((1 + confidence) / 2, len(differences) * (n_seeds - 1)) * np.sqrt(variance)
    return float(np.mean(np.abs(mean) > reach))
