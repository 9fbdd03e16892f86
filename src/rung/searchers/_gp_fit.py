"""The hyperparameters of a Gaussian process: their prior, their posterior density, and where it is highest."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

import numpy as np
from scipy.linalg import lapack

from rung.searchers._gp_belief import JITTER, MEAN_VARIANCE, Columns, scaled
from rung.searchers._kernel import matern52_with_slope, squared_distances
from rung.searchers._warping import kumaraswamy

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]

# (mean, std) of logarithms, and the bounds of the hyperparameters themselves
_LENGTH: Final = (math.sqrt(2.0), math.sqrt(3.0), 0.025, 100.0)  # plus log √d: Hvarfner et al. 2024, section 4.1
_VARIANCE: Final = (0.0, 1.0, 0.01, 100.0)
_NOISE: Final = (-6.0, 3.0, 1e-6, 1.0)  # wide: a noise of 1e-4 is as likely as none, and 1 is possible
_NOISE_AT_START: Final = math.log(0.02)
_WARP: Final = (0.0, 0.5, 0.2, 5.0)


class Prior(NamedTuple):
    """Log-normals over the hyperparameters, as a density over theta, their logarithms.

    What counts is the density of the hyperparameter itself, whose mode is exp(mean - std²). That of its logarithm has
    its mode at exp(mean), which means far longer length scales, and much worse searching. Warps, whose neutral value is
    1, are the exception: ``has_jacobian`` is 0 for them, else 1.
    """

    means: Floats
    stds: Floats
    has_jacobian: Floats
    is_noise: NDArray[np.bool_]
    low: Floats
    high: Floats

    @property
    def mode(self) -> Floats:
        """Where the density is highest inside the bounds."""
        return np.clip(self.means - self.has_jacobian * self.stds**2, self.low, self.high)

    @property
    def start(self) -> Floats:
        """Where to look from: the mode, but with some noise.

        On the lower bound of the noise, where its mode is, the slope by its logarithm is next to nothing.
        """
        return np.where(self.is_noise, _NOISE_AT_START, self.mode)

    def penalty(self, theta: Floats) -> tuple[float, Floats]:
        """The negative log density up to a constant, and its gradient."""
        z = (theta - self.means) / self.stds
        return 0.5 * float(z @ z) + float(theta @ self.has_jacobian), z / self.stds + self.has_jacobian


def prior(columns: Columns) -> Prior:
    """The prior for these columns; length scales grow with the root of the number of active dimensions."""
    d, w = columns.n_lengths, len(columns.warped)
    means, stds, low, high = np.array([_LENGTH] * d + [_VARIANCE, _NOISE] + [_WARP] * (2 * w)).T
    means[:d] += 0.5 * math.log(max(columns.n_active, 1.0))
    places = np.arange(len(means))
    has_jacobian = (places < d + 2).astype(np.float64)
    return Prior(means, stds, has_jacobian, places == d + 1, np.log(low), np.log(high))


def negative_log_posterior(theta: Floats, x: Floats, y: Floats, columns: Columns, given: Prior) -> tuple[float, Floats]:
    """Minus the log of likelihood times prior, up to a constant, and its gradient.

    x: (n, c), y: (n,) standardised, theta within the prior's bounds.
    Source: Rasmussen & Williams 2006, eq. 5.8 and 5.9.
    """
    d, n = columns.n_lengths, len(y)
    variance, noise = columns.variances(theta)
    z = scaled(x, theta, columns)
    correlation, slope = matern52_with_slope(squared_distances(z, z))
    kernel = variance * correlation + MEAN_VARIANCE
    kernel.flat[:: n + 1] += noise + JITTER * (variance + MEAN_VARIANCE)
    lower, failed = lapack.dpotrf(kernel, lower=1, clean=1)
    assert not failed, "the jitter keeps the matrix positive definite"
    penalty, gradient = given.penalty(theta)
    weights = lapack.dpotrs(lower, y, lower=1)[0]
    value = 0.5 * float(y @ weights) + float(np.log(np.diagonal(lower)).sum()) + penalty
    half = lapack.dpotri(lower, lower=1, overwrite_c=1)[0]  # the lower half of the inverse, and zeros
    half.flat[:: n + 1] *= 0.5
    by_kernel = half + half.T
    by_kernel -= weights[:, None] * weights  # twice the derivative by the kernel matrix
    trace = float(np.trace(by_kernel))
    gradient[d] += 0.5 * variance * (float(np.vdot(by_kernel, correlation)) + JITTER * trace)
    gradient[d + 1] += 0.5 * noise * trace
    pulls = by_kernel * slope
    pulls *= variance
    away = pulls.sum(axis=1)[:, None] * z - pulls @ z  # minus the derivative by z
    gradient[:d] += np.bincount(columns.groups, (away * z).sum(axis=0), minlength=d)
    if len(warped := columns.warped):
        _, _, by_a, by_b = kumaraswamy(x[:, warped], *columns.warp(theta))
        by_x = -away[:, warped] / columns.lengths(theta)[warped]
        gradient[d + 2 :] += np.concatenate([(by_x * by_a).sum(axis=0), (by_x * by_b).sum(axis=0)])
    return value, gradient


def fit(x: Floats, y: Floats, columns: Columns, *, starts: Sequence[Floats], iterations: int) -> Floats:
    """The theta of highest posterior density that L-BFGS-B finds from the starts, of which there is at least one.

    Rounded to four decimals, by which theta may go into a log and come back.
    """
    from scipy.optimize import minimize

    given = prior(columns)
    best, lowest = starts[0], math.inf
    for start in starts:
        found = minimize(
            negative_log_posterior,
            np.clip(start, given.low, given.high),
            args=(x, y, columns, given),
            method="L-BFGS-B",
            jac=True,
            bounds=np.column_stack([given.low, given.high]),
            options={"maxiter": iterations, "gtol": 1e-2, "ftol": 1e-5},
        )
        if found.fun < lowest:
            best, lowest = found.x, float(found.fun)
    return np.round(best, 4)
