"""Monotone maps that make losses look more normal, and inputs more stationary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]

_EDGE: Final = 1e-9  # how near the ends of [0, 1] a warped input may come, so that logarithms stay finite


def yeo_johnson(y: Floats, power: float) -> Floats:
    """The transform of Yeo & Johnson 2000, eq. 2.1: the identity at power 1, concave below, convex above."""
    result = np.empty_like(y)
    is_up = y >= 0.0
    result[is_up] = _box_cox(y[is_up], power)
    result[~is_up] = -_box_cox(-y[~is_up], 2.0 - power)
    return result


def inverse_yeo_johnson(z: Floats, power: float) -> Floats:
    """The values that ``yeo_johnson`` maps to ``z``; infinite beyond the ends of its range."""
    result = np.empty_like(z)
    is_up = z >= 0.0
    result[is_up] = _inverse_box_cox(z[is_up], power)
    result[~is_up] = -_inverse_box_cox(-z[~is_up], 2.0 - power)
    return result


def log_slope_of_yeo_johnson(y: Floats, power: float) -> Floats:
    """The logarithm of the transform's derivative."""
    return (power - 1.0) * np.sign(y) * np.log1p(np.abs(y))


def kumaraswamy(u: Floats, a: Floats, b: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """1 - (1 - u^a)^b for u (n, w) in [0, 1] and a, b (w,) > 0, with its derivatives by u, log a and log b.

    Source: Snoek et al. 2014, with the distribution function of Kumaraswamy for that of the beta distribution.
    """
    inside = np.clip(u, _EDGE, 1.0 - _EDGE)
    log_u = np.log(inside)
    power = np.exp(a * log_u)
    rest = np.maximum(1.0 - power, 1e-300)
    log_rest = np.log(rest)
    tail = np.exp(b * log_rest)
    by_power = b * tail / rest * power  # the derivative by log(u^a)
    return 1.0 - tail, by_power * a / inside, by_power * a * log_u, -tail * log_rest * b


def _box_cox(y: Floats, power: float) -> Floats:
    """((1 + y)^power - 1) / power for y ≥ 0, and log(1 + y) at 0."""
    logs = np.log1p(y)
    return logs if power == 0.0 else np.expm1(power * logs) / power


def _inverse_box_cox(z: Floats, power: float) -> Floats:
    if power == 0.0:
        return np.expm1(z)
    with np.errstate(divide="ignore"):
        return np.expm1(np.log1p(np.maximum(power * z, -1.0)) / power)
