"""The Matern-5/2 kernel over scaled points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]

_ROOT_5: Final = 5.0**0.5


def squared_distances(a: Floats, b: Floats) -> Floats:
    """Between all rows of ``a`` (n, c) and ``b`` (m, c): (n, m), ≥ 0."""
    squares: Floats = (a * a).sum(axis=1)[:, None] + (b * b).sum(axis=1)
    squares -= 2.0 * (a @ b.T)
    np.maximum(squares, 0.0, out=squares)  # what cancels may fall a little below 0
    return squares


def matern52(squares: Floats) -> Floats:
    """The correlation (1 + √5·r + 5/3·r²)·exp(-√5·r) at squared distances r².

    Source: Rasmussen & Williams 2006, eq. 4.17.
    """
    scaled = _ROOT_5 * np.sqrt(squares)
    return (1.0 + scaled + scaled * scaled / 3.0) * np.exp(-scaled)


def matern52_with_slope(squares: Floats) -> tuple[Floats, Floats]:
    """The correlation, and -2 times its derivative by r², which is 5/3·(1 + √5·r)·exp(-√5·r).

    The slope is finite at r = 0, so that nothing is ever divided by a distance.
    """
    scaled = _ROOT_5 * np.sqrt(squares)
    decay = np.exp(-scaled)
    slope = (1.0 + scaled) * decay
    return slope + (scaled * scaled / 3.0) * decay, slope * (5.0 / 3.0)
