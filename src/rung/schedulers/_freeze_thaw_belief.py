"""A Gaussian process over configurations and their training, and what it believes about the end of each.

The value of trial i, a configuration x, at step t, with u = ln t:

    f(x, i, t) = level + trend(u) + course(x, u) + own(i, u)

all Gaussian processes: a constant; what all trials share as they are trained; what similar configurations share; and
what a trial has to itself. The trend forgets as exp(-|u - u'| / 2). The last two have a part that lasts, and one that
fades as exp(-rate·|u - u'|), so that what is seen early tells more or less about the end; of what is a trial's own both
parts have the same share of those of the course. The hyperparameters are one vector, theta, for an optimiser to turn:

    log length scales (g,), then the logs of: lasting variance, fading variance, own share, trend variance, rate, noise

Source: freezing and thawing from Swersky et al. 2014, "Freeze-Thaw Bayesian Optimization", with another kernel over
time; Rasmussen & Williams 2006, chapter 2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

import numpy as np
from scipy.linalg import lapack

from rung.searchers._kernel import matern52, matern52_with_slope, squared_distances

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]
    Places: TypeAlias = NDArray[np.intp]

N_BESIDE_LENGTHS: Final = 6
LEVEL_VARIANCE: Final = 1.0  # of the constant, which is integrated out; targets have variance 1
TREND_RATE: Final = 0.5
JITTER: Final = 1e-8  # of the prior variance, on the diagonal


class Readings(NamedTuple):
    """Where trials were looked at. configs: (m, c) as columns. owners, times: (n,) whose reading it is, and ln step."""

    configs: Floats
    owners: Places
    times: Floats


class Variances(NamedTuple):
    """The parts of theta that are no length scales, in the order in which they stand there."""

    lasting: float
    fading: float
    own: float
    trend: float
    rate: float
    noise: float

    @property
    def prior(self) -> float:
        """The variance of a value before anything is known."""
        return (self.lasting + self.fading) * (1.0 + self.own) + self.trend + LEVEL_VARIANCE

    def memory(self, gaps: Floats) -> Floats:
        """The covariance of one course at two times that lie so far apart."""
        kept: Floats = self.lasting + self.fading * np.exp(-self.rate * gaps)
        return kept


def variances(theta: Floats) -> Variances:
    """The last hyperparameters of theta, out of their logarithms."""
    return Variances(*np.exp(theta[-N_BESIDE_LENGTHS:]).tolist())


def scaled(configs: Floats, theta: Floats, groups: Places) -> Floats:
    """Configurations (m, c) divided by their length scales. groups: (c,) the length scale of each column."""
    return configs / np.exp(theta[:-N_BESIDE_LENGTHS])[groups]


class Belief(NamedTuple):
    """The posterior, ready to be asked about the values at ``time`` = ln step, without noise.

    z: (m, c) the scaled configurations. lower: (n, n) the Cholesky factor over all readings. weights: (n,), 0 for those
    whose target isn't known; they take uncertainty away and leave the mean as it is, as if just the mean had been
    observed there (Desautels et al. 2014, section 3.3).
    """

    theta: Floats
    groups: Places
    readings: Readings
    z: Floats
    lower: Floats
    weights: Floats
    time: float

    def predict(self, x: Floats) -> tuple[Floats, Floats]:
        """Mean and standard deviation (k,) of new trials of the configurations x (k, c)."""
        z = scaled(x, self.theta, self.groups)
        return self._moments(self._across(matern52(squared_distances(self.z, z)), self.time))

    def predict_trials(self, trials: Places, times: Floats | None = None) -> tuple[Floats, Floats]:
        """Mean and standard deviation (k,) of the trials at these places (k,) among the configurations.

        times: (k,), or all at ``time``.
        """
        at = self.time if times is None else times
        across = self._across(matern52(squared_distances(self.z, self.z[trials])), at)
        is_own = self.readings.owners[:, None] == trials
        across += is_own * (variances(self.theta).own * self._memory(at))
        return self._moments(across)

    def predict_with_slopes(self, x: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """As ``predict``, and how both change with each column of x: (k,), (k,), (k, c), (k, c)."""
        z = scaled(x, self.theta, self.groups)
        correlation, slope = matern52_with_slope(squared_distances(self.z, z))
        across = self._across(correlation, self.time)
        mean, std = self._moments(across)
        duals = lapack.dpotrs(self.lower, across, lower=1)[0]
        remembered = self._memory(self.time)
        per_column = np.exp(-self.theta[:-N_BESIDE_LENGTHS])[self.groups]
        by_mean = self._by_config(self.weights[:, None] * remembered) * slope
        by_std = self._by_config(duals * remembered) * slope
        return mean, std, _pull(by_mean, self.z, z) * per_column, _pull(by_std, self.z, z) * per_column / -std[:, None]

    def _across(self, correlation: Floats, at: float | Floats) -> Floats:
        """The kernel (n, k) between readings and new trials. correlation: (m, k) of their configurations."""
        given = variances(self.theta)
        trend = given.trend * np.exp(-TREND_RATE * np.abs(self.readings.times[:, None] - at))
        course = correlation[self.readings.owners]
        course *= self._memory(at)
        course += trend + LEVEL_VARIANCE
        return course

    def _memory(self, at: float | Floats) -> Floats:
        """(n, k), or (n, 1) where all are at one time."""
        return variances(self.theta).memory(np.abs(self.readings.times[:, None] - at))

    def _moments(self, across: Floats) -> tuple[Floats, Floats]:
        prior = variances(self.theta).prior
        solved = lapack.dtrtrs(self.lower, across, lower=1)[0]
        rest = prior - np.einsum("ij,ij->j", solved, solved)
        return self.weights @ across, np.sqrt(np.maximum(rest, JITTER * prior))

    def _by_config(self, strengths: Floats) -> Floats:
        """Sums over the readings of each configuration: (n, k) to (m, k)."""
        belongs = np.zeros((len(self.z), len(strengths)))
        belongs[self.readings.owners, np.arange(len(strengths))] = 1.0
        sums: Floats = belongs @ strengths
        return sums


def belief_given(theta: Floats, groups: Places, readings: Readings, y: Floats, *, time: float) -> Belief:
    """The posterior given targets (k,), k >= 1, of the first k readings; the others are pending. In O(n³)."""
    z = scaled(readings.configs, theta, groups)
    lower = factorised(covariance(theta, readings, matern52(squared_distances(z, z))))
    k = len(y)
    weights = np.zeros(len(readings.times))
    weights[:k] = lapack.dpotrs(lower[:k, :k], y, lower=1)[0]
    return Belief(theta, groups, readings, z, lower, weights, time)


def covariance(theta: Floats, readings: Readings, correlation: Floats) -> Floats:
    """The kernel matrix (n, n) of readings, noise included. correlation: (m, m) between the configurations."""
    given, owners = variances(theta), readings.owners
    gaps = np.abs(readings.times[:, None] - readings.times)
    kernel: Floats = correlation[owners[:, None], owners] + given.own * (owners[:, None] == owners)
    kernel *= given.memory(gaps)
    kernel += given.trend * np.exp(-TREND_RATE * gaps) + LEVEL_VARIANCE
    kernel.flat[:: len(kernel) + 1] += given.noise + JITTER * given.prior
    return kernel


def factorised(kernel: Floats) -> Floats:
    """The lower Cholesky factor; overwrites the kernel matrix."""
    lower, failed = lapack.dpotrf(kernel, lower=1, clean=1)
    assert not failed, "the jitter keeps the matrix positive definite"
    return lower  # type: ignore[no-any-return]


def _pull(strengths: Floats, z: Floats, at: Floats) -> Floats:
    """The slope at each of ``at`` (k, c) of a sum over ``z`` (m, c) of kernels with these strengths (m, k)."""
    slopes: Floats = strengths.T @ z - strengths.sum(axis=0)[:, None] * at
    return slopes
