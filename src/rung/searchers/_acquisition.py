"""How much a point promises, from what is believed about its value; for minimisation.

Each function returns its value and the derivatives by mean and by standard deviation, all (n,).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from scipy.special import erfcx, log_ndtr, ndtr

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]
    Valued: TypeAlias = tuple[Floats, Floats, Floats]

_LOG_ROOT_2_PI: Final = 0.5 * math.log(2.0 * math.pi)
_ROOT_HALF_PI: Final = math.sqrt(math.pi / 2.0)
_FAR: Final = -1e6  # where 1 - |z|·√(π/2)·erfcx(|z|/√2) has lost its digits; it is 1/z² there


def log_h(z: Floats) -> Floats:
    """The logarithm of h(z) = pdf(z) + z·cdf(z), to full precision for any z.

    Source: Ament et al. 2023, eq. 9, without their bound for the tail, where 1/z² is exact to twelve digits.
    """
    result = np.empty_like(z)
    near, far = z > -1.0, z <= _FAR
    here = z[near]
    result[near] = np.log(np.exp(-0.5 * here * here - _LOG_ROOT_2_PI) + here * ndtr(here))
    there = ~near & ~far
    deep = z[there]
    result[there] = -0.5 * deep * deep - _LOG_ROOT_2_PI + np.log1p(deep * _ROOT_HALF_PI * erfcx(-deep / math.sqrt(2.0)))
    depth = z[far]
    result[far] = -0.5 * depth * depth - _LOG_ROOT_2_PI - 2.0 * np.log(-depth)
    return result


def log_expected_improvement(mean: Floats, std: Floats, best: float) -> Valued:
    """The logarithm of the expected drop below ``best``; std > 0. Ament et al. 2023, eq. 8."""
    z = (best - mean) / std
    logs = log_h(z)
    slope = np.exp(log_ndtr(z) - logs)  # of log_h
    return logs + np.log(std), -slope / std, (1.0 - z * slope) / std


def expected_improvement(mean: Floats, std: Floats, best: float) -> Valued:
    """The expected drop below ``best``, ≥ 0, in the units of the mean; std > 0. Jones et al. 1998, eq. 15."""
    z = (best - mean) / std
    below = ndtr(z)
    density = np.exp(-0.5 * z * z - _LOG_ROOT_2_PI)
    return std * (density + z * below), -below, density


def confidence_bound(mean: Floats, std: Floats, width: float) -> Valued:
    """Minus the lower bound of the band of ``width`` standard deviations. Srinivas et al. 2010, eq. 6."""
    return width * std - mean, -np.ones_like(mean), np.full_like(std, width)
