"""A grace period that follows from how well one rung's ranking predicts the next one's."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, final

from rung.events import Observed, Started
from rung.schedulers._rungs import rung_reached

if TYPE_CHECKING:
    from rung.events import SearchEvent
    from rung.schedulers._halving_rungs import AsynchronousRungs
    from rung.schedulers._rungs import Rung
    from rung.types import Json

AT_LEAST: Final = 12  # trials; with fewer, a rank correlation of 0.7 may well be measured as 0.2
DROP_BELOW: Final = 0.3  # promoting by such a ranking is hardly better than drawing lots
RETURN_ABOVE: Final = 0.9  # far from the other one, so that a rung does not come and go


def first_rung(max_t: int, reduction_factor: int) -> int:
    """Where to begin when nobody says: ``max_t / reduction_factor**3``, rounded up."""
    return -(-max_t // reduction_factor**3)


def midranks(values: Sequence[float], table: Sequence[float]) -> list[float]:
    """The rank of each value in a sorted table that has them all, 1 for the lowest; of equal ones the mean."""
    return [(bisect_left(table, value) + bisect_right(table, value) + 1) / 2 for value in values]


def rank_correlation(lower: Sequence[float], upper: Sequence[float]) -> float:
    """Spearman's rank correlation of two columns of the same length; 0 when all of one are equal."""
    x, y = midranks(lower, sorted(lower)), midranks(upper, sorted(upper))
    spread = _deviation(x) * _deviation(y)
    if spread == 0.0:
        return 0.0
    mean = (len(x) + 1) / 2
    return sum((a - mean) * (b - mean) for a, b in zip(x, y, strict=True)) / (len(x) * spread)


def unrestricted(correlation: float, ratio: float) -> float:
    """The correlation among all, from that among those who were selected by the one of both variables.

    ratio: the standard deviation of that variable among all, divided by that among the selected.
    Source: Thorndike 1949, "Personnel Selection", case 2.
    """
    return correlation * ratio / math.sqrt(1.0 + correlation**2 * (ratio**2 - 1.0))


def prediction(lower: Rung, upper: Rung) -> tuple[float, int] | None:
    """How well the ranking at one rung predicts that at the next, in [-1, 1], and over how many trials.

    Only the best of ``lower`` get to ``upper``, which alone makes a correlation weaker, so it is corrected for that.
    None when nothing can be said: fewer than 12 trials, or all are equal at ``upper``.
    """
    both = [(lower.losses[trial], loss) for trial, loss in upper.losses.items() if trial in lower.losses]
    if len(both) < AT_LEAST or len({loss for _, loss in both}) == 1:
        return None
    first, second = zip(*both, strict=True)
    correlation = rank_correlation(first, second)
    if correlation == 0.0:
        return 0.0, len(both)
    table = [loss for loss, _ in lower.ranked]
    ratio = _deviation(midranks(table, table)) / _deviation(midranks(first, table))
    return unrestricted(correlation, ratio), len(both)


@final
class AdaptiveGrace:
    """Drops the lowest rung while its ranking does not predict that of the next, and takes it back when it does.

    It is a fold of ``update``, and the only one to set ``halving.lowest``. It looks when 12 trials have come to the
    upper of both rungs, and each time that their number has doubled, so that a decision's mean cost doesn't grow.
    notes: for the next new trial, when there has been a change since the last one.
    """

    def __init__(self, halving: AsynchronousRungs) -> None:
        self.notes: Mapping[str, Json] = {}
        self._halving = halving
        self._levels = tuple(rung.level for rung in halving.rungs)
        self._look_at = [AT_LEAST] * len(self._levels)

    def update(self, event: SearchEvent) -> None:
        """Take note of an event that ``halving`` has been told already."""
        if isinstance(event, Observed):
            upper = rung_reached(self._levels, event.step)
            if upper >= 1 and upper - self._halving.lowest in {0, 1}:
                self._look(upper)
        elif isinstance(event, Started) and "grace_period" in event.notes:
            self.notes = {}

    def _look(self, upper: int) -> None:
        halving = self._halving
        n, was_lowest = len(halving.rungs[upper]), halving.lowest
        if n < self._look_at[upper]:
            return
        self._look_at[upper] = 2 * n
        found = prediction(halving.rungs[upper - 1], halving.rungs[upper])
        if found is None:
            return
        correlation, n = found
        if upper == was_lowest and correlation > RETURN_ABOVE:
            halving.lowest = upper - 1
        elif upper == was_lowest + 1 < len(self._levels) - 1 and correlation < DROP_BELOW:
            halving.lowest = upper
        if halving.lowest != was_lowest:
            below, above = self._levels[upper - 1], self._levels[upper]
            verb = "predicts" if halving.lowest < was_lowest else "does not predict"
            self.notes = {
                "grace_period": self._levels[halving.lowest],
                "grace_period_why": f"rung {below} {verb} rung {above}: rank correlation {correlation:.2f} of {n}",
            }


def _deviation(values: Sequence[float]) -> float:
    """The standard deviation of the whole population."""
    mean = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / len(values))
