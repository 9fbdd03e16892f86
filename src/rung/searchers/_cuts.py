"""Which trials tell anything about each other, where a scheduler cuts most of them short."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints: TypeAlias = NDArray[np.int64]
    Flags: TypeAlias = NDArray[np.bool_]

_LEAST: Final = 15  # Falkner et al. 2018 take one more than there are dimensions; models of 5 or 10 did worse
_SHARE: Final = 10  # one in so many, lest of a thousand trials that end at all sorts of steps only a few count


def compared_at(steps: Ints, is_cut: Flags, is_whole: Flags) -> int | None:
    """The step that trials must have reached, or completed, to be compared; 0 for none, None while nobody knows.

    steps: (n,) the last ones, 0 without a report. is_cut, is_whole: (n,) the trials that were stopped or paused, and
    those that came to their own end.

    It is 0 unless more were cut than came to their end. Else it is the highest step that a tenth of them got to, and 15
    at least. It has to lie above the lowest step at which any was cut: what a loss is worth there is seen by those that
    went on. Where it is worth nothing, a model of it would seek what looks well there and comes to nothing.

    Source: Falkner et al. 2018 (BOHB), algorithm 2, which models the highest budget with enough observations.
    """
    cut = steps[is_cut & (steps > 0)]
    if len(cut) <= np.count_nonzero(is_whole):
        return 0
    ended = np.sort(steps[(is_cut | is_whole) & (steps > 0)])
    enough = max(_LEAST, len(ended) // _SHARE)
    step = int(ended[-enough]) if len(ended) >= enough else 0
    return step if step > cut.min() else None
