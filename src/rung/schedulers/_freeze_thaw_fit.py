"""The hyperparameters of the process over configurations and training: their prior, and where both make them likely."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from scipy.linalg import lapack

from rung.schedulers._freeze_thaw_belief import (
    JITTER,
    LEVEL_VARIANCE,
    N_BESIDE_LENGTHS,
    TREND_RATE,
    Readings,
    factorised,
    scaled,
    variances,
)
from rung.searchers._gp_fit import Prior
from rung.searchers._kernel import matern52_with_slope, squared_distances

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rung.searchers._gp_belief import Columns

    Floats: TypeAlias = NDArray[np.float64]
    Places: TypeAlias = NDArray[np.intp]

# (mean, std) of logarithms, and the bounds of the hyperparameters themselves
_LENGTH: Final = (math.sqrt(2.0), math.sqrt(3.0), 0.025, 100.0)  # plus log √d: Hvarfner et al. 2024, section 4.1
_LASTING: Final = (math.log(0.7), 1.0, 1e-3, 100.0)
_FADING: Final = (math.log(0.3), 1.0, 1e-3, 100.0)
_OWN: Final = (math.log(0.1), 1.5, 1e-4, 10.0)
_TREND: Final = (math.log(0.5), 1.0, 0.01, 10.0)
_RATE: Final = (math.log(0.5), 0.7, 0.05, 5.0)
_NOISE: Final = (-6.0, 2.0, 1e-6, 1.0)
_NOISE_AT_START: Final = math.log(0.01)


def prior(columns: Columns) -> Prior:
    """The prior for configurations with these columns; length scales grow with the root of the number of dimensions."""
    d = columns.n_lengths
    means, stds, low, high = np.array([_LENGTH] * d + [_LASTING, _FADING, _OWN, _TREND, _RATE, _NOISE]).T
    means[:d] += 0.5 * math.log(max(columns.n_active, 1.0))
    is_noise = np.arange(len(means)) == len(means) - 1
    has_jacobian = (np.arange(len(means)) < d).astype(np.float64)
    return Prior(means, stds, has_jacobian, is_noise, np.log(low), np.log(high))


def negative_log_posterior(
    theta: Floats, readings: Readings, y: Floats, groups: Places, given: Prior
) -> tuple[float, Floats]:
    """Minus the log of likelihood times prior, up to a constant, and its gradient.

    readings: those of a configuration stand together, in the order of the configurations, each of which has some.
    y: (n,) standardised. theta: within the prior's bounds. Source: Rasmussen & Williams 2006, eq. 5.8 and 5.9.
    """
    v, n, owners = variances(theta), len(y), readings.owners
    z = scaled(readings.configs, theta, groups)
    correlation, slope = matern52_with_slope(squared_distances(z, z))
    gaps = np.abs(readings.times[:, None] - readings.times)
    fading, trend = v.fading * np.exp(-v.rate * gaps), v.trend * np.exp(-TREND_RATE * gaps)
    own = v.own * (owners[:, None] == owners)
    alike = correlation[owners[:, None], owners] + own
    kernel = alike * (v.lasting + fading) + trend + LEVEL_VARIANCE
    kernel.flat[:: n + 1] += v.noise + JITTER * v.prior
    lower = factorised(kernel)
    weights = lapack.dpotrs(lower, y, lower=1)[0]
    penalty, gradient = given.penalty(theta)
    value = 0.5 * float(y @ weights) + float(np.log(np.diagonal(lower)).sum()) + penalty
    half = lapack.dpotri(lower, lower=1, overwrite_c=1)[0]  # the lower half of the inverse, and zeros
    half.flat[:: n + 1] *= 0.5
    by_kernel = half + half.T
    by_kernel -= weights[:, None] * weights  # twice the derivative by the kernel matrix
    trace = float(np.trace(by_kernel))
    by_time, by_alike = by_kernel * alike, by_kernel * (v.lasting + fading)
    by_fading = by_time * fading
    gradient[-6:] += 0.5 * np.array(
        [
            v.lasting * (float(by_time.sum()) + JITTER * (1.0 + v.own) * trace),
            float(by_fading.sum()) + JITTER * v.fading * (1.0 + v.own) * trace,
            float(np.vdot(by_alike, own)) + JITTER * v.own * (v.lasting + v.fading) * trace,
            float(np.vdot(by_kernel, trend)) + JITTER * v.trend * trace,
            -v.rate * float(np.vdot(by_fading, gaps)),
            v.noise * trace,
        ]
    )
    firsts = np.flatnonzero(np.append(True, owners[1:] != owners[:-1]))
    pulls = np.add.reduceat(np.add.reduceat(by_alike, firsts, axis=0), firsts, axis=1) * slope
    away = pulls.sum(axis=1)[:, None] * z - pulls @ z  # minus the derivative by z
    d = len(theta) - N_BESIDE_LENGTHS
    gradient[:d] += np.bincount(groups, (away * z).sum(axis=0), minlength=d)
    return value, gradient


def fit(
    readings: Readings, y: Floats, columns: Columns, *, starts: Sequence[Floats], iterations: int
) -> tuple[float, ...]:
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
            args=(readings, y, columns.groups, given),
            method="L-BFGS-B",
            jac=True,
            bounds=np.column_stack([given.low, given.high]),
            options={"maxiter": iterations, "gtol": 1e-2, "ftol": 1e-5},
        )
        if found.fun < lowest:
            best, lowest = found.x, float(found.fun)
    theta: tuple[float, ...] = tuple(np.round(best, 4).tolist())
    return theta
