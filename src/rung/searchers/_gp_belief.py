"""A Gaussian process with a Matern-5/2 kernel, and what it believes.

Inputs are columns (n, c); columns that belong together, as those of one category, share a length scale. Targets are
standardised, with an unknown constant mean. The hyperparameters are one vector, theta, for an optimiser to turn:

    log length scales (g,), log variance, log noise variance, then log a (w,) and log b (w,) of the warped columns

Source: Rasmussen & Williams 2006, chapter 2.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

import numpy as np
from scipy.linalg import lapack

from rung.searchers._kernel import matern52, matern52_with_slope, squared_distances
from rung.searchers._warping import kumaraswamy

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]

MEAN_VARIANCE: Final = 1.0  # of the constant mean, which is integrated out; targets have variance 1
JITTER: Final = 1e-8  # of the prior variance, on the diagonal: a thousand times what rounding costs at n = 1,000


class Columns(NamedTuple):
    """What the columns of the inputs mean.

    groups: (c,) the length scale of each, from 0. warped: (w,) those with numbers in [0, 1] that are warped, maybe
    none. n_active: how many dimensions are active in a configuration, on average.
    """

    groups: NDArray[np.intp]
    warped: NDArray[np.intp]
    n_active: float

    @property
    def n_lengths(self) -> int:
        """How many length scales there are."""
        return int(self.groups.max()) + 1 if len(self.groups) else 0

    @property
    def n_hyperparameters(self) -> int:
        """The length of theta."""
        return self.n_lengths + 2 + 2 * len(self.warped)

    def lengths(self, theta: Floats) -> Floats:
        """(c,) the length scale of each column."""
        scales: Floats = np.exp(theta[: self.n_lengths])[self.groups]
        return scales

    def variances(self, theta: Floats) -> tuple[float, float]:
        """Of the function, and of the noise."""
        d = self.n_lengths
        return math.exp(theta[d]), math.exp(theta[d + 1])

    def warp(self, theta: Floats) -> tuple[Floats, Floats]:
        """The parameters a and b of the warped columns, both (w,)."""
        a, b = np.exp(theta[self.n_lengths + 2 :]).reshape(2, -1)
        return a, b


def scaled(x: Floats, theta: Floats, columns: Columns) -> Floats:
    """The inputs (n, c) warped and divided by their length scales: distances between the rows are what counts."""
    if len(columns.warped):
        x = x.copy()
        x[:, columns.warped] = kumaraswamy(x[:, columns.warped], *columns.warp(theta))[0]
    return x / columns.lengths(theta)


class Factor(NamedTuple):
    """The kernel matrix of scaled inputs (n, c), noise included, by its lower Cholesky factor (n, n)."""

    z: Floats
    lower: Floats


def factorised(z: Floats, theta: Floats, columns: Columns) -> Factor:
    """The factor for these scaled inputs, in O(n³)."""
    variance, noise = columns.variances(theta)
    kernel = variance * matern52(squared_distances(z, z)) + MEAN_VARIANCE
    kernel.flat[:: len(z) + 1] += noise + JITTER * (variance + MEAN_VARIANCE)
    lower, failed = lapack.dpotrf(kernel, lower=1, clean=1)
    assert not failed, "the jitter keeps the matrix positive definite"
    return Factor(z, lower)


def appended(factor: Factor, row: Floats, theta: Floats, columns: Columns) -> Factor:
    """The factor with one more scaled input (c,), in O(n²)."""
    n = len(factor.z)
    variance, noise = columns.variances(theta)
    prior = variance + MEAN_VARIANCE
    lower = np.zeros((n + 1, n + 1), order="F")
    lower[:n, :n] = factor.lower
    if n:
        across = variance * matern52(squared_distances(factor.z, row[None])) + MEAN_VARIANCE
        lower[n, :n] = lapack.dtrtrs(factor.lower, across, lower=1)[0][:, 0]
    rest = prior * (1.0 + JITTER) + noise - float(lower[n, :n] @ lower[n, :n])
    lower[n, n] = math.sqrt(max(rest, JITTER * prior))
    return Factor(np.vstack([factor.z, row]), lower)


def surprises(factor: Factor, y: Floats) -> Floats:
    """How many standard deviations each target (n,) lies from what those before it let expect."""
    return lapack.dtrtrs(factor.lower, y[:, None], lower=1)[0][:, 0]  # type: ignore[no-any-return]


class Belief(NamedTuple):
    """The posterior, ready to be asked.

    weights: (n,), 0 for the inputs whose target is not known. Those take uncertainty away and leave the mean as it is,
    as if just the mean had been observed there (Desautels et al. 2014, section 3.3).
    """

    theta: Floats
    columns: Columns
    factor: Factor
    weights: Floats

    @property
    def noise(self) -> float:
        """The noise variance."""
        return self.columns.variances(self.theta)[1]

    def means(self, y: Floats) -> Floats:
        """The mean (k,) at the first k inputs, whose targets (k,) are these; as ``predict`` says, in O(k)."""
        variance, noise = self.columns.variances(self.theta)
        return y - (noise + JITTER * (variance + MEAN_VARIANCE)) * self.weights[: len(y)]

    def predict(self, x: Floats) -> tuple[Floats, Floats]:
        """Mean and standard deviation, without noise, at inputs (m, c)."""
        across, solved = self._solved(scaled(x, self.theta, self.columns))
        return self.weights @ across, self._std(solved)

    def predict_with_slopes(self, x: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Mean, standard deviation, and how both change with each column of the inputs: (m,), (m,), (m, c), (m, c)."""
        z = scaled(x, self.theta, self.columns)
        variance = self.columns.variances(self.theta)[0]
        correlation, slope = matern52_with_slope(squared_distances(self.factor.z, z))
        across = variance * correlation + MEAN_VARIANCE
        slope *= variance
        solved = lapack.dtrtrs(self.factor.lower, across, lower=1)[0]
        duals = lapack.dtrtrs(self.factor.lower, solved, lower=1, trans=1)[0]
        std = self._std(solved)
        by_input = self._by_input(x)
        mean_slope = _pull(self.weights[:, None] * slope, self.factor.z, z) * by_input
        std_slope = _pull(duals * slope, self.factor.z, z) * (by_input / -std[:, None])
        return self.weights @ across, std, mean_slope, std_slope

    def covariance(self, x: Floats) -> Floats:
        """The posterior covariance, without noise, between all pairs of inputs (m, c)."""
        z = scaled(x, self.theta, self.columns)
        _, solved = self._solved(z)
        variance = self.columns.variances(self.theta)[0]
        return variance * matern52(squared_distances(z, z)) + MEAN_VARIANCE - solved.T @ solved

    def _solved(self, z: Floats) -> tuple[Floats, Floats]:
        """The kernel between the factor's inputs and these, and the factor's inverse times it; both (n, m)."""
        variance = self.columns.variances(self.theta)[0]
        across = variance * matern52(squared_distances(self.factor.z, z)) + MEAN_VARIANCE
        return across, lapack.dtrtrs(self.factor.lower, across, lower=1)[0]

    def _std(self, solved: Floats) -> Floats:
        prior = self.columns.variances(self.theta)[0] + MEAN_VARIANCE
        rest: Floats = prior - np.einsum("ij,ij->j", solved, solved)
        return np.sqrt(np.maximum(rest, JITTER * prior))

    def _by_input(self, x: Floats) -> Floats:
        """How the scaled inputs change with the inputs: (m, c) or (1, c)."""
        slopes = 1.0 / self.columns.lengths(self.theta)[None]
        if not len(warped := self.columns.warped):
            return slopes
        slopes = np.repeat(slopes, len(x), axis=0)
        slopes[:, warped] *= kumaraswamy(x[:, warped], *self.columns.warp(self.theta))[1]
        return slopes


def belief_given(theta: Floats, columns: Columns, factor: Factor, y: Floats) -> Belief:
    """The posterior given targets (k,) at the first k inputs of the factor; the others are pending."""
    k = len(y)
    weights = np.zeros(len(factor.z))
    weights[:k] = lapack.dpotrs(factor.lower[:k, :k], y, lower=1)[0]
    return Belief(theta, columns, factor, weights)


def _pull(strengths: Floats, z: Floats, at: Floats) -> Floats:
    """The slope at each of ``at`` (m, c) of a sum over ``z`` (n, c) of kernels with these strengths (n, m)."""
    slopes: Floats = strengths.T @ z - strengths.sum(axis=0)[:, None] * at
    return slopes
