"""A box around the best point so far, which grows with success and shrinks with failure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from rung.searchers._ascent import Box

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]

# Eriksson et al. 2019, section 2 and appendix B
_FIRST: Final = 0.8
_LONGEST: Final = 1.6
_SHORTEST: Final = 2.0**-7
_SUCCESSES: Final = 3
_LEAST_FAILURES: Final = 4


def trust_length(losses: Iterable[float], best: float, n_dimensions: int) -> float:
    """The length of the box after these losses, in the order in which they came in, from what was the best before.

    Doubled after three successes in a row; halved after as many failures in a row as there are dimensions, four at
    least; begun anew when it is below 1/128. NaN is a failure.
    """
    length, successes, failures = _FIRST, 0, 0
    for loss in losses:
        if loss < best:
            best, successes, failures = loss, successes + 1, 0
        else:
            successes, failures = 0, failures + 1
        if successes == _SUCCESSES:
            length, successes = min(2.0 * length, _LONGEST), 0
        elif failures == max(_LEAST_FAILURES, n_dimensions):
            length, failures = length / 2.0, 0
            if length < _SHORTEST:
                length = _FIRST
    return length


def trust_box(centre: Floats, length: float, scales: Floats) -> Box:
    """The box around ``centre`` (d,) with sides in proportion to ``scales`` and this one's geometric mean."""
    sides = length * scales / np.exp(np.log(scales).mean())
    return Box(np.maximum(centre - sides / 2.0, 0.0), np.minimum(centre + sides / 2.0, 1.0))
