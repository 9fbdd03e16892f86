"""What the best of some trials say about where to look next: the rules of zooming, in the unit interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

_SHRINKAGE: Final = 0.5  # a range is at most halved, so that a few lucky trials mislead for a while only
_THINNEST: Final = 1e-3  # of all that is allowed; closer up, there is mostly noise
_BORDER: Final = 0.05  # of a range
_OPENING: Final = 0.5  # of a range
_LEAST_TRIED: Final = 5
_CHANCE: Final = 0.1
_SURE: Final = 0.01


def narrowed(
    start: float, stop: float, best: Sequence[float], others: Sequence[float], margin: float
) -> tuple[float, float]:
    """The range (low, high) in which to go on instead of (start, stop), from places of trials in [0, 1].

    best: the places of the best trials, the very best first; others: those of the others. The range reaches beyond the
    best ones by ``margin``, as a share of the former range, and keeps a side where no other trial lies farther out, so
    that nothing speaks against it. It is at least half as wide as the former, and a thousandth. Where the very best is
    at the border of the former, up to a twentieth of it away, it begins half a range outside. At the ends of [0, 1] it
    leaves nothing over that would be less than a twentieth of it.
    """
    width, first, last = stop - start, min(best), max(best)
    low, high = first - margin * width, last + margin * width
    if not any(start <= place < first for place in others):
        low = min(low, start)
    if not any(last < place <= stop for place in others):
        high = max(high, stop)
    least = max(_SHRINKAGE * width, _THINNEST)
    if (lacking := least - (high - low)) > 0.0:
        low, high = low - lacking / 2.0, high + lacking / 2.0
    if best[0] - start <= _BORDER * width:
        low = min(low, start - _OPENING * width)
    if stop - best[0] <= _BORDER * width:
        high = max(high, stop + _OPENING * width)
    low, high = max(low, 0.0), min(high, 1.0)
    if (lacking := least - (high - low)) > 0.0:  # what was cut off at one end goes on at the other
        low, high = max(low - lacking, 0.0) if high == 1.0 else low, min(high + lacking, 1.0) if low == 0.0 else high
    rest = _BORDER * (high - low)
    return (0.0 if low <= rest else low), (1.0 if high >= 1.0 - rest else high)


def is_left_out(tried: int, trials: int, best: int) -> bool:
    """Whether an option that none of the ``best`` of so many trials has was tried too often for that to be chance.

    That is five times, and so often that of equally good options one would be missing with 10 % at most: no more of
    all choices of the best trials are without it.
    """
    return tried >= _LEAST_TRIED and math.comb(trials - tried, best) <= _CHANCE * math.comb(trials, best)


def is_crowd(count: int, total: int, share: float) -> bool:
    """Whether so many of ``total`` in a part of this size are more than chance puts there, but for 1 %."""
    ways = (math.comb(total, k) * share**k * (1.0 - share) ** (total - k) for k in range(count, total + 1))
    return sum(ways) <= _SURE
