"""Kernels on the unit interval, and mixtures of their products: the mathematics of the Parzen estimators.

An axis is continuous, or a scale (ordered values, each with a bin of the interval), or labels (values without order).
A kernel is a normal cut to [0, 1]; on a scale its mass in each bin; on labels a share for its own value and the rest
evenly for the others. Densities integrate to 1 over [0, 1], masses sum to 1 over the bins or the labels.

Where a kernel has no coordinate (NaN), the axis has its prior there: uniform. Where a candidate has none, the axis
does not count. So one mixture covers a space whose axes are not always active, and coordinates that nobody knows.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from scipy.special import ndtr, ndtri

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]
    Ints: TypeAlias = NDArray[np.int64]

_ROOT_TWO_PI: Final = math.sqrt(2.0 * math.pi)
_LEAST_MASS: Final = 1e-300  # of a bin far from its kernel; positive, since its logarithm is taken


def neighbour_widths(places: Floats, *, least: float, most: float = 1.0) -> Floats:
    """A bandwidth for each place in [0, 1], (n,): the distance to its farther neighbour, clipped to [least, most].

    The first and the last place have one neighbour, and a single one has the ends of the interval. Equal places stand
    in their given order. Source: Bergstra et al. 2011, section 4.2.
    """
    n = len(places)
    if n == 0:
        return np.empty(0)
    order = np.argsort(places, kind="stable")
    ordered = places[order]
    if n == 1:
        gaps = np.maximum(ordered, 1.0 - ordered)
    else:
        between = np.diff(ordered)
        gaps = np.maximum(np.append(between, 0.0), np.append(0.0, between))
    widths = np.empty(n)
    widths[order] = np.clip(gaps, least, max(least, most))
    return widths


def magic_clip(n: int, *, exponent: float, least: float) -> float:
    """The least bandwidth of n kernels: (n + 2)^-exponent, but not below ``least``.

    Source: Watanabe 2023 (arXiv:2304.11127); hyperopt has exponent 1 and least 0.01.
    """
    return max(least, math.pow(n + 2.0, -exponent))


def own_share(n: int) -> float:
    """What each of n kernels on labels gives to its own label: (n + 1) / (n + 2), as if it had seen one other."""
    return (n + 1.0) / (n + 2.0)


def rank_weights(n: int) -> Floats:
    """Weights of the best n trials, best first, with mean 1: as log(n + 1) - log(rank).

    In the manner of Hansen 2016, eq. 49. Ranks instead of losses, so that only the order of losses matters.
    """
    weights: Floats = math.log(n + 1.0) - np.log(np.arange(1.0, n + 1.0))
    return weights / weights.mean() if n else weights


def draw_from_normals(centres: Floats, widths: Floats, uniforms: Floats) -> Floats:
    """The quantiles ``uniforms`` of normals cut to [0, 1]; all of one shape, widths > 0."""
    below, above = ndtr(-centres / widths), ndtr((1.0 - centres) / widths)
    draws: Floats = np.clip(centres + widths * ndtri(below + uniforms * (above - below)), 0.0, 1.0)
    return draws


def normal_factors(centres: Floats, widths: Floats) -> Floats:
    """What ``normal_terms`` is multiplied with to give the log density of normals cut to [0, 1].

    centres: (n, r), NaN where a kernel has no coordinate; widths: (n, r), > 0. Returns (n, 3r).
    log density = x²·(-1/2w²) + x·(c/w²) - c²/2w² - log(w·√(2π)·Z), Z being the probability of [0, 1].
    """
    is_absent = np.isnan(centres)
    c = np.where(is_absent, 0.5, centres)
    inside = ndtr((1.0 - c) / widths) - ndtr(-c / widths)
    precision = widths**-2.0
    constant = -0.5 * precision * c**2 - np.log(widths * _ROOT_TWO_PI * inside)
    factors = np.stack([-0.5 * precision, precision * c, constant])
    factors[:, is_absent] = 0.0
    return np.concatenate(list(factors), axis=1)


def normal_terms(points: Floats) -> Floats:
    """x², x and 1 of candidates (m, r), all 0 where they have no coordinate (NaN). Returns (3r, m)."""
    is_active = ~np.isnan(points)
    x = np.where(is_active, points, 0.0)
    return np.concatenate([x**2, x, is_active], axis=1).T


def log_masses(edges: Floats, centres: Floats, widths: Floats) -> Floats:
    """Log of what normals cut to [0, 1] have in each of K bins; edges: (K+1,) from 0 to 1. Returns (n+1, K+1).

    centres, widths: (n,). The last row is the prior's, for kernels without a coordinate; the last column is 0, for
    candidates without one.
    """
    below = ndtr((edges - centres[:, None]) / widths[:, None])
    masses = np.diff(below, axis=1) / (below[:, -1:] - below[:, :1])
    table = np.zeros((len(centres) + 1, len(edges)))
    table[:-1, :-1] = np.log(np.maximum(masses, _LEAST_MASS))
    table[-1, :-1] = np.log(np.diff(edges))
    return table


def log_shares(n: int, labels: Ints, *, own: float) -> Floats:
    """Log of the shares that a kernel on each of n labels gives to labels (m,), of which n stands for none: 0.

    own: what a kernel gives to its own label. Returns (n+1, m); the last row is the prior's, as in ``log_masses``.
    """
    other = math.log((1.0 - own) / (n - 1.0))
    table = np.full((n + 1, len(labels)), other)
    table[-1] = -math.log(n)
    columns = np.flatnonzero(labels < n)
    table[labels[columns], columns] = math.log(own)
    table[:, labels == n] = 0.0
    return table


def draw_labels(centres: Ints, uniforms: Floats, n: int, *, own: float) -> Ints:
    """Labels drawn from kernels on labels (m,) of n: itself with probability ``own``, else any other, evenly."""
    others = np.minimum((uniforms - own) / (1.0 - own) * (n - 1.0), n - 2.0).astype(np.int64)
    return np.where(uniforms < own, centres, others + (others >= centres))


def log_mixture(kernels: Floats, log_weights: Floats, prior: Floats) -> Floats:
    """Log density of a mixture at m candidates, (m,), from those of its parts.

    kernels: (n, m) and their log weights (n,), -inf to leave one out; prior: (m,), a part of weight 1.
    """
    parts = kernels + log_weights[:, None]
    top = np.maximum(parts.max(axis=0, initial=-math.inf), prior)
    parts -= top
    total = np.exp(parts, out=parts).sum(axis=0) + np.exp(prior - top)
    density: Floats = top + np.log(total) - math.log(np.exp(log_weights).sum() + 1.0)
    return density
