"""Functions drawn from what a Gaussian process believes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, TypeAlias, final

import numpy as np
from scipy.linalg import lapack

from rung.searchers._gp_belief import JITTER, MEAN_VARIANCE, scaled
from rung.searchers._kernel import matern52, squared_distances

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rung.searchers._gp_belief import Belief

    Floats: TypeAlias = NDArray[np.float64]

FEATURES: Final = 512
BLOCK: Final = 4_096  # inputs at a time, to bound the memory
_DEGREES: Final = 5  # twice the smoothness 5/2 of the kernel


@final
class Draws:
    """Functions drawn from the posterior, to be asked at as many inputs as one likes.

    Each is one drawn from the prior, corrected by what that misses at the known inputs (Wilson et al. 2020, eq. 13).
    Those from the prior are sums of cosines with random frequencies (Rahimi & Recht 2007), which for a Matern kernel
    follow a t distribution.

    y: the targets (n,) at the belief's inputs, all of which are known. counts: (n, s) how often each of them counts for
    each of the s functions, at least one of them: all once for the posterior itself.
    """

    def __init__(self, belief: Belief, y: Floats, counts: NDArray[np.int64], rng: np.random.Generator) -> None:
        self._belief = belief
        variance, noise = belief.columns.variances(belief.theta)
        self._variance = variance
        known = belief.factor.z
        chi = np.sqrt(rng.chisquare(_DEGREES, FEATURES) / _DEGREES)
        self._frequencies = rng.standard_normal((known.shape[1], FEATURES)) / chi
        self._phases = rng.uniform(0.0, 2.0 * math.pi, FEATURES)
        self._heights = rng.standard_normal((FEATURES, counts.shape[1])) * math.sqrt(2.0 * variance / FEATURES)
        self._means = rng.standard_normal(counts.shape[1]) * math.sqrt(MEAN_VARIANCE)
        single = noise + JITTER * (variance + MEAN_VARIANCE)  # as the factor has it
        noises = single / np.maximum(counts, 1)  # of the mean of so many measurements
        misses = y[:, None] - self._prior(known) - np.sqrt(noises) * rng.standard_normal(counts.shape)
        self._weights = self._solved(noises, misses, counts > 0)

    def at(self, x: Floats) -> Floats:
        """(m, s) the values at inputs (m, c)."""
        blocks = [self._block(x[start : start + BLOCK]) for start in range(0, len(x), BLOCK)]
        return np.concatenate(blocks)

    def _block(self, x: Floats) -> Floats:
        z = scaled(x, self._belief.theta, self._belief.columns)
        values: Floats = self._prior(z) + self._kernel(z) @ self._weights
        return values

    def _solved(self, noises: Floats, misses: Floats, is_used: NDArray[np.bool_]) -> Floats:
        """The kernel matrix of the inputs that are used, noises (n, s) included, divided into the misses (n, s)."""
        kernel = self._kernel(self._belief.factor.z)
        weights = np.zeros_like(misses)
        for s in range(misses.shape[1]):
            rows = np.flatnonzero(is_used[:, s])
            matrix = kernel[np.ix_(rows, rows)]
            matrix.flat[:: len(rows) + 1] += noises[rows, s]
            weights[rows, s] = lapack.dposv(matrix, misses[rows, s], lower=1)[1]
        return weights

    def _kernel(self, z: Floats) -> Floats:
        """Between inputs and the known ones."""
        return self._variance * matern52(squared_distances(z, self._belief.factor.z)) + MEAN_VARIANCE

    def _prior(self, z: Floats) -> Floats:
        values: Floats = np.cos(z @ self._frequencies + self._phases) @ self._heights + self._means
        return values
