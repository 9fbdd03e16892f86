"""A small set of curves, and the process over configurations and training written down once more, entry by entry."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rung.schedulers._freeze_thaw_belief import JITTER, Readings
from rung.searchers._gp_belief import Columns

GROUPS = np.array([0, 1, 1])
COLUMNS = Columns(GROUPS, np.array([], dtype=np.intp), 2.0)
LASTING, FADING, OWN, TREND, RATE, NOISE = 0.8, 0.5, 0.2, 0.6, 0.35, 0.02
THETA = np.log([0.4, 0.9, LASTING, FADING, OWN, TREND, RATE, NOISE])
END = math.log(27.0)


def matern(a: Any, b: Any, lengths: Any) -> float:
    """Rasmussen & Williams 2006, eq. 4.17, of one pair."""
    r = math.sqrt(sum(((p - q) / length) ** 2 for p, q, length in zip(a, b, lengths, strict=True)))
    return (1.0 + math.sqrt(5.0) * r + 5.0 * r * r / 3.0) * math.exp(-math.sqrt(5.0) * r)


def kernel(a: tuple[Any, int, float], b: tuple[Any, int, float], theta: Any = THETA, groups: Any = GROUPS) -> float:
    """Between two values without noise; each is (configuration, trial, ln step)."""
    *lengths, lasting, fading, own, trend, rate, _ = np.exp(theta).tolist()
    gap = abs(a[2] - b[2])
    alike = matern(a[0], b[0], [lengths[group] for group in groups]) + own * (a[1] == b[1])
    return float(alike * (lasting + fading * math.exp(-rate * gap)) + trend * math.exp(-0.5 * gap) + 1.0)


def covariance(readings: Readings, theta: Any = THETA, groups: Any = GROUPS) -> Any:
    """The kernel matrix of readings, noise included."""
    given = values(readings)
    plain = np.array([[kernel(a, b, theta, groups) for b in given] for a in given])
    return plain + np.eye(len(given)) * (math.exp(theta[-1]) + JITTER * plain[0, 0])


def values(readings: Readings) -> list[tuple[Any, int, float]]:
    """The readings as values."""
    return [(readings.configs[i], int(i), float(u)) for i, u in zip(readings.owners, readings.times, strict=True)]


def dense(
    readings: Readings, y: Any, asked: list[tuple[Any, int, float]], theta: Any = THETA, groups: Any = GROUPS
) -> tuple[Any, Any]:
    """Mean and standard deviation at values, by a plain inverse."""
    across = np.array([[kernel(a, b, theta, groups) for b in asked] for a in values(readings)])
    inverse = np.linalg.inv(covariance(readings, theta, groups))
    prior = np.array([kernel(b, b, theta, groups) for b in asked])
    rest = prior - np.einsum("ij,ik,kj->j", across, inverse, across)
    return across.T @ inverse @ y, np.sqrt(rest)


def curves() -> tuple[Readings, Any]:
    """Four trials, of which two have the same configuration, with one to three readings; and targets."""
    rng = np.random.default_rng(3)
    configs = rng.random((4, 3))
    configs[3] = configs[1]
    owners = np.array([0, 0, 0, 1, 1, 2, 3])
    times = np.log([1.0, 3.0, 9.0, 1.0, 3.0, 1.0, 2.0])
    return Readings(configs, owners, times), rng.standard_normal(7)
