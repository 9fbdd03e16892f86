"""How good a trial will be at its end, from the curve that it has reported so far.

The belief is a mixture. Each component says that the loss follows one shape φ of the four families below, up to its
height and its end, and that what is left over is normal with a covariance of its own::

    y(t) = v + d ψ(t) + Σ dᵢ δᵢ(t) + e(t)
    ψ(t) = (φ(t) - φ(T)) / (φ(t₁) - φ(T)),   so that v is the value at the end T
    Cov[e(t), e(t')] = σ² [t = t'] + κ² exp(-|ln t - ln t'| / 2)

δᵢ is how ψ changes with its i-th parameter, from half-way to the shape before to half-way to the one behind: so the
parameters lie anywhere, though the shapes are few. κ is how far curves stray from every shape; it never is 0, since a
shape that fits so far need not fit later. Given the component, v, d and dᵢ are normal before and after the reports, so
that its evidence and its prediction have closed forms; components count by their evidence.

Sources: Domhan et al. 2015, "Speeding up Automatic Hyperparameter Optimization of Deep Neural Networks by Extrapolation
of Learning Curves" (a mixture of families, and what it is used for); Rasmussen & Williams 2006, section 2.7 (Gaussian
processes with explicit basis functions). The second covariance is that of
Ornstein and Uhlenbeck in ln t.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

import numpy as np
from scipy.special import ndtr

if TYPE_CHECKING:
    from numpy.typing import NDArray

    _Array: TypeAlias = NDArray[np.float64]

MIN_REPORTS: Final = 4
"""With fewer, a curve of three numbers (end, height, shape) says nothing about its noise."""

_MAX_POINTS = 50  # of a longer curve so many are looked at, evenly spaced in ln t
# All (σ, κ), in units of the range of the curve. With κ of at least 0.1 the ends of the curves of LCBench were as often
# below the 5 % quantile of the belief as they should be, and with 0.05 twice as often.
_NOISES = tuple((noise, drift) for noise in (0.01, 0.03, 0.1, 0.3, 1.0) for drift in (0.1, 0.3))
_STEPS = (1.0, 2**-0.5, 2**0.5)  # of a parameter: itself, and half-way to the ones before and behind it
_BETWEEN = 0.3  # how far a parameter is from that of its shape, as a share of the way between two
_HUGE = 1e100  # beyond this, and below its inverse, losses are all the same; nothing overflows
_FLAT = 1e-3  # the least range of a curve, in units of its size, so that a constant one has a scale


class _Shapes(NamedTuple):
    """columns: ψ and both δᵢ at the steps, (K, n, 3). log_prior: of each shape, (K,); families have equal shares."""

    columns: _Array
    log_prior: _Array


class Mixture(NamedTuple):
    """What is believed of the value at the end: normal components, one for each row. weights: they sum to 1."""

    weights: _Array
    means: _Array
    stds: _Array

    def chance_below(self, level: float) -> float:
        """The probability that the value is below ``level``."""
        return min(float(self.weights @ ndtr((min(level, _HUGE) - self.means) / self.stds)), 1.0)


def chance_below(steps: Sequence[int], losses: Sequence[float], *, level: float, at: int) -> float:
    """The probability that the loss reported at step ``at`` is below ``level``; see ``predict``."""
    return predict(steps, losses, at=at).chance_below(level)


def predict(steps: Sequence[int], losses: Sequence[float], *, at: int) -> Mixture:
    """The loss that will be reported at step ``at``, noise included; lower is better.

    steps: in order, all below ``at``; at least two. losses: finite, one for each.
    """
    chosen = _thinned(len(steps))
    t = np.array(steps, dtype=float)[chosen]
    y = np.clip(np.array(losses, dtype=float)[chosen], -_HUGE, _HUGE)
    scale = max(float(np.ptp(y)), _FLAT * float(np.max(np.abs(y))), 1 / _HUGE)
    z = (y - y[-1]) / scale
    log_weights, means, variances = _components(t, z, _shapes(t, at), at)
    weights = np.exp(log_weights - log_weights.max())
    return Mixture(weights / weights.sum(), y[-1] + scale * means, scale * np.sqrt(variances))


def _thinned(n: int) -> NDArray[np.intp]:
    """Which of n reports are looked at, the first and the last among them."""
    if n <= _MAX_POINTS:
        return np.arange(n)
    return np.unique(np.round(np.geomspace(1, n, _MAX_POINTS)).astype(np.intp)) - 1


def _shapes(t: _Array, end: int) -> _Shapes:
    """Parameters lie a factor of two apart. A δᵢ of a family that has no such parameter is 0. Units do not matter."""
    u = np.append(t, end)
    families: list[list[list[_Array]]] = [
        [[_psi(u ** -(c * f)) for f in _STEPS] for c in (0.25, 0.5, 1.0, 2.0)],
        [[_psi(np.exp(-u / (end * tau * f))) for f in _STEPS] for tau in (0.06, 0.12, 0.25, 0.5, 1.0, 2.0)],
        [[_psi(-np.log(u))], [_psi(1 / np.log(u / t[0] + 1))]],
        [
            [_psi(1 / (1 + (u / (end * half * f)) ** c)) for f in _STEPS]
            + [_psi(1 / (1 + (u / (end * half)) ** (c * f))) for f in _STEPS[1:]]
            for half in (0.06, 0.12, 0.25, 0.5)
            for c in (1.0, 2.0, 4.0)
        ],
    ]
    columns = np.zeros((sum(map(len, families)), len(t), 3))
    for row, (psi, *sides) in enumerate(shape for family in families for shape in family):
        columns[row, :, 0] = psi
        for column in range(len(sides) // 2):
            columns[row, :, 1 + column] = sides[2 * column + 1] - sides[2 * column]
    log_prior = np.concatenate([np.full(len(family), -np.log(len(families) * len(family))) for family in families])
    return _Shapes(columns, log_prior)


def _psi(phi: _Array) -> _Array:
    """From a shape at the steps and at the end: 1 at the first step and 0 at the end, which is left out."""
    scaled: _Array = (phi[:-1] - phi[-1]) / (phi[0] - phi[-1])
    return scaled


def _components(t: _Array, z: _Array, shapes: _Shapes, end: int) -> tuple[_Array, _Array, _Array]:
    """Logarithm of the weight, mean and variance at the end of each component, for S kinds of noise and K shapes."""
    # A curve that falls by as much in each unit of ln t as it did so far would go on falling by this much.
    to_come = np.log(end / t[-1]) / np.log(t[-1] / t[0])
    centre = np.array([0.0, z[0], 0.0, 0.0])  # what is believed of v, d and both dᵢ before any report
    spread = np.array([1.0 + to_come, 1.0 + to_come, _BETWEEN, _BETWEEN])
    noise, drift = (np.square(part)[:, None] for part in np.array(_NOISES).T)  # (S, 1), variances
    log_t = np.log(t)
    eigenvalues, axes = np.linalg.eigh(np.exp(-np.abs(log_t[:, None] - log_t) / 2))
    inverse_noise = 1 / (noise + drift * eigenvalues)  # (S, n): along the axes the noise is independent
    ahead = drift * (axes.T @ np.exp(-(np.log(end) - log_t) / 2))  # (S, n), the covariance with the noise at the end
    design = axes.T @ np.concatenate([np.ones((*shapes.columns.shape[:2], 1)), shapes.columns], axis=2)  # (K, n, 4)
    rest = axes.T @ z - design @ centre  # (K, n)
    products = design[..., None] * np.concatenate([design, rest[..., None]], axis=2)[:, :, None, :]  # (K, n, 4, 5)
    sums = np.tensordot(inverse_noise, products, axes=(1, 1))  # (S, K, 4, 5)
    precision, slope = sums[..., :4] + np.diag(spread**-2), sums[..., 4]
    inverse = np.linalg.inv(precision)
    shift = (inverse @ slope[..., None])[..., 0]  # the mean after the reports, less the centre
    fit = inverse_noise @ np.square(rest).T - np.sum(slope * shift, axis=2)  # (S, K)
    log_det = -np.log(inverse_noise).sum(axis=1, keepdims=True) + np.linalg.slogdet(precision)[1]
    log_weight = shapes.log_prior - 0.5 * (fit + log_det)
    # Rasmussen & Williams 2006, eq. 2.41: what the coefficients do not explain, plus what is not known of them.
    weighted = ahead * inverse_noise  # (S, n)
    left = np.array([1.0, 0.0, 0.0, 0.0]) - np.tensordot(weighted, design, axes=(1, 1))  # (S, K, 4)
    mean = centre[0] + weighted @ rest.T + np.sum(left * shift, axis=2)
    unexplained = noise + drift - np.sum(weighted * ahead, axis=1, keepdims=True)
    variance = unexplained + np.einsum("ski,skij,skj->sk", left, inverse, left)
    return log_weight.ravel(), mean.ravel(), variance.ravel()
