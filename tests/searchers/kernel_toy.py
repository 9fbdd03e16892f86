"""A model-based searcher with a cache, as somebody might write it: kernel regression with one fixed kernel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, final

import numpy as np

from rung.history import History
from rung.registry import describe
from rung.space import as_space
from rung.types import Exhausted, Suggestion, TrialState

if TYPE_CHECKING:
    from rung.events import SearchEvent
    from rung.space import Space

_NOISE = 1e-3
_LENGTH = 0.3


@final
class KernelSearcher:
    """Of some random candidates the one with the lowest mean minus deviation; a pending trial counts as average."""

    def __init__(self, space: object, *, candidates: int = 32) -> None:
        self._history = History(as_space(space))
        self._n_candidates = candidates
        self.factor = _Factor()

    @property
    def space(self) -> Space:
        return self._history.space

    def suggest(self, rng: np.random.Generator) -> Suggestion | Exhausted:
        if point := self._history.next_point():
            return point
        candidates = [self.space.sample(rng) for _ in range(self._n_candidates)]
        losses = self._history.last_losses
        if np.isfinite(losses).sum() < 3:
            return Suggestion(candidates[0])
        best = int(np.argmin(self._scores(self.space.encode(candidates), losses)))
        return Suggestion(candidates[best], {"candidate": best})

    def update(self, event: SearchEvent) -> None:
        self._history.update(event)

    def spec(self) -> Mapping[str, Any]:
        return describe(self, candidates=self._n_candidates)

    def _scores(self, candidates: np.ndarray, losses: np.ndarray) -> np.ndarray:
        seen = np.isfinite(losses)
        has_failed = np.array([state is TrialState.FAILED for state in self._history.states])
        ranks = np.argsort(np.argsort(losses[seen])) / seen.sum()
        y = np.full(len(losses), 0.5)
        y[seen] = ranks
        y[has_failed] = 1.0
        encoded = self._history.X
        lower = self.factor.of(encoded)
        cross = np.linalg.solve(lower, _kernel(encoded, candidates))
        mean = cross.T @ np.linalg.solve(lower, y - 0.5)
        return mean - np.sqrt(np.maximum(1.0 - (cross**2).sum(axis=0), 0.0))


class _Factor:
    """The Cholesky factor of the kernel matrix, one row per trial.

    A row depends on the rows before it and on nothing else, so that it is the same to the last bit whether it was
    computed when the trial started or later, in a replay that asks for the first time.
    """

    def __init__(self) -> None:
        self.rows_computed = 0
        self._encoded = np.empty((0, 0))
        self._lower = np.empty((0, 0))

    def of(self, encoded: np.ndarray) -> np.ndarray:
        n = len(self._encoded)
        if n > len(encoded) or not np.array_equal(self._encoded, encoded[:n], equal_nan=True):
            n = 0  # the space was edited, or a configuration changed
        lower = np.zeros((len(encoded), len(encoded)))
        lower[:n, :n] = self._lower[:n, :n]
        for row in range(n, len(encoded)):
            if row:
                lower[row, :row] = np.linalg.solve(
                    lower[:row, :row], _kernel(encoded[:row], encoded[row : row + 1])[:, 0]
                )
            lower[row, row] = np.sqrt(1.0 + _NOISE - (lower[row, :row] ** 2).sum())
            self.rows_computed += 1
        self._encoded, self._lower = encoded.copy(), lower
        return lower


def _kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    gap = np.abs(a[:, None] - b[None])
    one_is_inactive = np.isnan(a)[:, None] ^ np.isnan(b)[None]
    gap = np.where(one_is_inactive, 0.5, np.nan_to_num(gap))
    return np.exp(-((gap / _LENGTH) ** 2).sum(axis=2) / 2)
