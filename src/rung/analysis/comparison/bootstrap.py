"""Intervals by resampling: of one sample, of runs within problems, and of problems and runs."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any, Final, Literal

import numpy as np
from msgspec import Struct
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Statistic = Callable[..., Any]
Method = Literal["percentile", "BCa"]

CONFIDENCE: Final = 0.95
N_RESAMPLES: Final = 2000
TRIM: Final = 0.25  # of the scores at each end, so that half of them are left: the interquartile mean


class Interval(Struct, frozen=True):
    """An estimate and where it may lie."""

    estimate: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """The whole interval is on one side of 0."""
        return self.low > 0 or self.high < 0


def interval(
    values: ArrayLike,
    statistic: Statistic = np.mean,
    *,
    rng: np.random.Generator,
    method: Method = "BCa",
    confidence: float = CONFIDENCE,
    n_resamples: int = N_RESAMPLES,
) -> Interval | None:
    """A bootstrap interval of a statistic of one sample; None for fewer than two values, which say nothing of spread.

    statistic: takes ``axis``. Source: Efron 1987 for BCa, by ``scipy.stats.bootstrap``. Where BCa is undefined (all
    resamples on one side of the estimate, as with many equal values) the percentiles are given.
    """
    from scipy.stats import DegenerateDataWarning, bootstrap

    sample = np.asarray(values, dtype=float)
    if sample.size < 2:
        return None
    estimate = float(statistic(sample, axis=0))
    if np.ptp(sample) == 0:
        return Interval(estimate, estimate, estimate)
    with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):
        warnings.simplefilter("ignore", DegenerateDataWarning)
        found = bootstrap(
            (sample,), statistic, rng=rng, method=method, confidence_level=confidence, n_resamples=n_resamples
        )
    low, high = found.confidence_interval
    if not np.isfinite([low, high]).all():
        low, high = _percentiles(found.bootstrap_distribution, confidence)
    return Interval(estimate, float(low), float(high))


def interquartile_mean(scores: ArrayLike, axis: int | None = None) -> Any:
    """The mean of the middle half of the scores. Source: Agarwal et al. 2021, section 4.3.

    Of n scores the lowest and highest ⌊n/4⌋ are left out.
    """
    from scipy.stats import trim_mean

    return trim_mean(np.asarray(scores, dtype=float), TRIM, axis=axis)


def stratified_interval(
    samples: Sequence[ArrayLike],
    *,
    rng: np.random.Generator,
    statistic: Statistic = interquartile_mean,
    confidence: float = CONFIDENCE,
    n_resamples: int = N_RESAMPLES,
) -> Interval | None:
    """An interval of a statistic of all scores together, with runs drawn anew within each problem.

    samples: per problem its scores. None when some problem has fewer than two. It speaks of these problems only.
    Source: the stratified bootstrap of Agarwal et al. 2021, section 4.1.
    """
    given = [np.asarray(sample, dtype=float) for sample in samples]
    if not given or min(map(len, given)) < 2:
        return None
    drawn = [sample[rng.integers(len(sample), size=(n_resamples, len(sample)))] for sample in given]
    resampled = statistic(np.concatenate(drawn, axis=1), axis=1)
    low, high = _percentiles(resampled, confidence)
    return Interval(float(statistic(np.concatenate(given), axis=0)), low, high)


def mean_weights(
    counts: Sequence[int], *, rng: np.random.Generator, n_resamples: int = N_RESAMPLES, with_problems: bool
) -> Array:
    """Resamples as weights: a row times the scores of all runs is the mean over problems of one resample.

    counts: of runs per problem, whose scores follow one another. with_problems: problems are drawn anew as well, and
    within each drawn one its runs (the hierarchical bootstrap, Davison and Hinkley 1997, section 3.8). Returns
    (n_resamples, sum(counts)); each row sums to 1 and each problem drawn has the same part in it.
    """
    starts = np.concatenate(([0], np.cumsum(counts)))
    weights = np.zeros((n_resamples, int(starts[-1])))
    n_problems = len(counts)
    for row in weights:
        drawn = rng.integers(n_problems, size=n_problems) if with_problems else range(n_problems)
        for problem in drawn:
            runs = starts[problem] + rng.integers(counts[problem], size=counts[problem])
            np.add.at(row, runs, 1.0 / (n_problems * counts[problem]))
    return weights


def weighted_interval(
    scores: ArrayLike, counts: Sequence[int], weights: Array, *, confidence: float = CONFIDENCE
) -> tuple[Array, Array, Array]:
    """Mean over problems, lower and upper end, of scores that stand one problem after the other.

    scores: (sum(counts), …); weights: from ``mean_weights``, the same for all that is compared, so that what is
    resampled for one is resampled for the other.
    """
    given = np.asarray(scores, dtype=float)
    own = np.concatenate([np.full(count, 1.0 / (len(counts) * count)) for count in counts])
    tail = (1 - confidence) / 2
    low, high = np.quantile(weights @ given, [tail, 1 - tail], axis=0)
    return own @ given, low, high


def _percentiles(resampled: ArrayLike, confidence: float) -> tuple[float, float]:
    tail = (1 - confidence) / 2
    low, high = np.quantile(np.asarray(resampled, dtype=float), [tail, 1 - tail])
    return float(low), float(high)
