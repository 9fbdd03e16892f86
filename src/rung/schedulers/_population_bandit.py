"""The bandit of PB2: a Gaussian process over time and hyperparameters that says which ones will bring most next."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# What the likelihood chooses among. Lengths are in units of the cube's diagonal, so that they suit any dimension.
_LENGTHS: Final = (0.05, 0.1, 0.2, 0.4, 0.8)
_FORGETTING: Final = (0.0, 0.02, 0.1, 0.3)
_NOISES: Final = (0.01, 0.1, 0.5)  # variances, in units of that of the gains
_MOST: Final = 200  # gains that are looked at, the newest: more of them are old news, and cost with their cube
_JITTER: Final = 1e-9
_N_SPREAD, _N_NEAR, _REACH = 1_000, 200, 0.05  # candidates over the cube, and around the best of them


class Belief(NamedTuple):
    """What the kernel is like: k((t, x), (t', x')) = exp(-|x - x'|² / 2l²) (1 - forgetting)^(|t - t'| / 2).

    Source: Parker-Holder et al. 2020, section 4.1, after Bogunovic et al. 2016. noise: its variance is added.
    """

    length: float
    forgetting: float
    noise: float


class Gains(NamedTuple):
    """What was seen: (n,) times, in intervals; (n, d) places in the unit cube; (n,) gains, higher is better."""

    t: Floats
    x: Floats
    y: Floats


def kernel(belief: Belief, t: Floats, x: Floats, t_other: Floats, x_other: Floats) -> Floats:
    """The covariances of (n,) times and (n, d) places with (m,) and (m, d) others: (n, m), 1 on equals."""
    squares = np.sum((x[:, None, :] - x_other[None, :, :]) ** 2, axis=2)
    times = np.abs(t[:, None] - t_other[None, :])
    covariances: Floats = np.exp(-0.5 * squares / belief.length**2) * (1.0 - belief.forgetting) ** (times / 2.0)
    return covariances


def log_evidence(belief: Belief, gains: Gains) -> float:
    """The log likelihood of the gains under the belief, of mean 0."""
    lower = _factor(belief, gains)
    white = np.linalg.solve(lower, gains.y)
    return float(-0.5 * white @ white - np.sum(np.log(np.diag(lower))) - 0.5 * len(white) * math.log(2.0 * math.pi))


def fitted(gains: Gains) -> Belief:
    """The belief under which the gains are likeliest, on a grid; the first of equal ones."""
    diagonal = math.sqrt(max(gains.x.shape[1], 1))
    grid = itertools.product(_LENGTHS, _FORGETTING, _NOISES)
    beliefs = [Belief(length * diagonal, forgetting, noise) for length, forgetting, noise in grid]
    return max(beliefs, key=lambda belief: log_evidence(belief, gains))


def upper_bounds(belief: Belief, gains: Gains, pending: tuple[Floats, Floats], t: float, x: Floats) -> Floats:
    """The highest gain to be hoped for at time t in each of (m, d) places: mean + sqrt(beta) std, (m,).

    pending: times and places whose gain isn't known yet; where they are, the spread is as if it were, the mean as it
    is without. beta = 0.2 + max(0, log(0.4 n)) with n gains, as in the authors' code.
    """
    times = np.full(len(x), t)
    mean = np.zeros(len(x))
    if len(gains.y):
        lower = _factor(belief, gains)
        white = np.linalg.solve(lower, kernel(belief, gains.t, gains.x, times, x))
        mean = white.T @ np.linalg.solve(lower, gains.y)
    known = Gains(
        np.concatenate([gains.t, pending[0]]), np.concatenate([gains.x, pending[1]]), np.empty(0)
    )  # the spread doesn't depend on what was seen, but on where
    lower = _factor(belief, known)
    white = np.linalg.solve(lower, kernel(belief, known.t, known.x, times, x))
    spread = np.sqrt(np.maximum(1.0 - np.sum(white**2, axis=0), 0.0))
    beta = 0.2 + max(0.0, math.log(0.4 * max(len(gains.y), 1)))
    bounds: Floats = mean + math.sqrt(beta) * spread
    return bounds


def most_promising(
    belief: Belief, gains: Gains, pending: tuple[Floats, Floats], t: float, *, held: Floats, rng: np.random.Generator
) -> Floats:
    """The place, (d,), with the highest upper bound of the gain at time t; all standardised.

    held: (d,), NaN where a coordinate may be chosen, else what it is. Without gains a place far from the pending ones.
    """

    def best_of(places: Floats) -> Floats:
        places = np.where(np.isnan(held), np.clip(places, 0.0, 1.0), held)
        found: Floats = places[np.argmax(upper_bounds(belief, gains, pending, t, places))]
        return found

    first = best_of(rng.random((_N_SPREAD, len(held))))
    near = first + _REACH * rng.standard_normal((_N_NEAR, len(held)))
    return best_of(np.concatenate([first[None], near]))


def standardised(gains: Gains) -> Gains:
    """The newest 200, with mean 0 and, where they differ, standard deviation 1."""
    if not len(gains.y):
        return gains
    gains = Gains(gains.t[-_MOST:], gains.x[-_MOST:], gains.y[-_MOST:])
    spread = float(np.std(gains.y))
    y: Floats = (gains.y - np.mean(gains.y)) / (spread if spread > 0.0 else 1.0)
    return gains._replace(y=y)


def _factor(belief: Belief, gains: Gains) -> Floats:
    covariances = kernel(belief, gains.t, gains.x, gains.t, gains.x)
    covariances[np.diag_indices_from(covariances)] += belief.noise + _JITTER
    lower: Floats = np.linalg.cholesky(covariances).astype(np.float64, copy=False)
    return lower
