"""What trials amount to, when some were trained longer than others."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from statistics import median
from typing import final


@final
class Curves:
    """The lowest loss so far of each trial at each step that it has reported.

    A trial counts by its lowest loss, as the incumbent does. One that was not trained as far as others (stopped,
    paused, still running) counts as if it went on to improve as those did from there on, in the median; for what it has
    shown at a low step says little beside losses at the last one. Where all are trained equally long, this changes
    nothing.
    """

    def __init__(self) -> None:
        self._steps: dict[int, list[int]] = {}
        self._lowest: dict[int, list[float]] = {}
        self._last = 0  # step that any has reached

    def __contains__(self, trial: int) -> bool:
        return trial in self._steps

    def add(self, trial: int, step: int, loss: float) -> None:
        """Take a report; steps of a trial rise."""
        steps, lowest = self._steps.setdefault(trial, []), self._lowest.setdefault(trial, [])
        steps.append(step)
        self._last = max(self._last, step)
        lowest.append(min(loss, lowest[-1]) if lowest else loss)

    def lowest_by(self, trial: int, step: int) -> float:
        """The lowest loss that a trial had reported by this step, or that of its first report, where that is later."""
        return self._lowest[trial][max(bisect_right(self._steps[trial], step), 1) - 1]

    def outcomes(self, trials: Iterable[int]) -> list[float]:
        """What each of these trials, which have reported, amounts to at the last step that any has reached."""
        gains: dict[int, float] = {}
        found = []
        for trial in trials:
            step = self._steps[trial][-1]
            if step not in gains:
                gains[step] = self._gain(step)
            found.append(self._lowest[trial][-1] + gains[step])
        return found

    def _gain(self, step: int) -> float:
        """By how much the trials that got farthest went below what they had at ``step``: the median, at most 0."""
        last = self._last
        if step == last:
            return 0.0
        changes = [
            self._lowest[trial][-1] - self._lowest[trial][place - 1]
            for trial, steps in self._steps.items()
            if steps[-1] == last and (place := bisect_right(steps, step))
        ]
        return median(changes) if changes else 0.0
