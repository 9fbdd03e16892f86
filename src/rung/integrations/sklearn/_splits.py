"""Splits of cross-validation that stay the same for all candidates, whole or with fewer training samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Split: TypeAlias = "tuple[NDArray[np.intp], NDArray[np.intp]]"
"""Indices of the training samples, and of the test samples."""


@final
class SameSplits:
    """A splitter that is asked once: one that draws anew each time would give each candidate other folds."""

    def __init__(self, splitter: Any) -> None:
        self._splitter = splitter
        self._splits: list[Split] | None = None

    def split(self, X: Any, y: Any = None, **params: Any) -> Sequence[Split]:  # noqa: N803  # scikit-learn's name
        """The splits of the first call."""
        if self._splits is None:
            self._splits = list(self._splitter.split(X, y, **params))
        return self._splits


@final
class SmallerSplits:
    """The same splits with a share of the training samples, a larger share containing every smaller one.

    share: in (0, 1], of each fold's training samples, at least one. is_stratified: any share has the classes of ``y``
    in nearly the fold's own proportions. Test samples are all there.
    """

    def __init__(self, splits: SameSplits, share: float, *, seed: int, is_stratified: bool) -> None:
        self._splits, self._share, self._seed, self._is_stratified = splits, share, seed, is_stratified

    def split(self, X: Any, y: Any = None, **params: Any) -> Sequence[Split]:  # noqa: N803  # scikit-learn's name
        """The smaller splits."""
        labels = np.asarray(y) if self._is_stratified and y is not None else None
        labels = labels if labels is not None and labels.ndim == 1 else None  # several labels per sample
        return [
            (self._fewer(np.asarray(train), labels, number), test)
            for number, (train, test) in enumerate(self._splits.split(X, y, **params))
        ]

    def _fewer(self, train: NDArray[np.intp], labels: NDArray[Any] | None, number: int) -> NDArray[np.intp]:
        count = max(1, round(self._share * len(train)))
        if count >= len(train):
            return train
        rng = np.random.default_rng([self._seed, number])
        shuffled = rng.permutation(train)
        if labels is not None:
            shuffled = shuffled[np.argsort(_places(labels[shuffled]), kind="stable")]
        return shuffled[:count]


def _places(labels: NDArray[Any]) -> NDArray[np.float64]:
    """Where in (0, 1) each stands among those of its class, in their order; sorted by it, classes are mixed evenly."""
    places = np.empty(len(labels))
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        places[members] = (np.arange(len(members)) + 0.5) / len(members)
    return places
