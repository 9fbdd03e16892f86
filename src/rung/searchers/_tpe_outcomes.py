"""How the trials of a study compare, also those that were stopped early."""

from __future__ import annotations

import math
from array import array
from typing import TYPE_CHECKING, Final, TypeAlias, final

import numpy as np

from rung.events import Ended, Observed, SearchEvent, Started
from rung.searchers._cuts import compared_at
from rung.types import TrialState

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]
    Ints: TypeAlias = NDArray[np.int64]
    Flags: TypeAlias = NDArray[np.bool_]

_OPEN, _COMPLETED, _CUT, _FAILED = range(4)
_KINDS: Final = {
    TrialState.COMPLETED: _COMPLETED,
    TrialState.STOPPED: _CUT,
    TrialState.PAUSED: _CUT,
    TrialState.FAILED: _FAILED,
}
_END: Final = 2**62  # later than any step


@final
class Outcomes:
    """Folds events into a ranking. An event costs the same however many there were.

    Completed trials compete by their last losses. A trial that was stopped or paused has the place that its last loss
    takes among all losses that were reported at that step, however much farther their trials went. So of trials that
    are cut at rungs, those that got farther are ahead; and whoever was spared the rungs has no advantage from it. Of
    equal places the one that got farther comes first, then the lower loss, then the older trial.

    Where most trials are cut short, those that completed or got as far as ``compared_at`` says compete by their last
    losses, and are ahead of the others; only they can be good.

    A running trial is compared as if it stopped now, once it got as far as any that was cut; until then nobody knows.
    Failed trials, and those that ended without a loss, have no rank: they are bad.
    """

    def __init__(self) -> None:
        self._kinds = array("b")
        self._steps = array("q")
        self._losses = array("d")
        self._losses_at: dict[int, array[float]] = {}
        self._n_open = 0

    def __len__(self) -> int:
        return len(self._kinds)

    @property
    def n_ended(self) -> int:
        """The number of trials that neither run nor wait to run again."""
        return len(self) - self._n_open

    def update(self, event: SearchEvent) -> None:
        """Take the next event; unknown kinds are ignored."""
        if isinstance(event, Observed):
            assert event.loss is not None, "reports without a loss don't reach a searcher"
            self._steps[event.trial] = event.step
            self._losses[event.trial] = event.loss
            self._losses_at.setdefault(event.step, array("d")).append(event.loss)
        elif isinstance(event, Started):
            if event.trial == len(self):
                self._kinds.append(_FAILED)  # set right below
                self._steps.append(0)
                self._losses.append(math.nan)
            self._set(event.trial, _OPEN)
        elif isinstance(event, Ended):
            self._set(event.trial, _KINDS.get(event.state, _OPEN))

    def best(self, share: float, most: int) -> Ints:
        """The best ``share`` of the ranked trials, rounded up, but no more than ``most``; best first."""
        place, steps, losses = self._places()
        n = min(math.ceil(share * np.count_nonzero(np.isfinite(place))), most)
        if n == 0:
            return np.empty(0, dtype=np.int64)
        rows = np.flatnonzero(place <= np.partition(place, n - 1)[n - 1])
        return rows[np.lexsort((losses[rows], -steps[rows], place[rows]))[:n]]

    def compared(self) -> Flags | None:
        """(n,) the trials that can be good: all but those that were cut too early to be compared.

        None while most are cut and nobody knows yet how they compare.
        """
        kinds, steps = np.array(self._kinds), np.array(self._steps)
        step = _compared_at(kinds, steps)
        return None if step is None else (kinds != _CUT) | (steps >= step)

    def best_of(self, share: float, most: int, is_inside: Flags, is_compared: Flags) -> Ints:
        """The best ``share`` of those compared (n,) that lie inside (n,), best first.

        With them those outside that are better than the last of these, as far as they belong to the best of the others.
        """
        if is_inside.all() and is_compared.all():
            return self.best(share, most)
        ranked = self.best(1.0, len(self))
        ranked = ranked[is_compared[ranked]]
        inside = is_inside[ranked]
        n_inside, n_outside = (math.ceil(share * np.count_nonzero(each)) for each in (inside, ~inside))
        chosen = np.flatnonzero(inside)[: min(n_inside, most)]
        ahead = np.flatnonzero(~inside)[: min(n_outside, most - len(chosen))]
        better = ahead[ahead < chosen[-1]] if len(chosen) else ahead
        good: Ints = ranked[np.sort(np.concatenate([chosen, better]))]
        return good

    def _set(self, trial: int, kind: int) -> None:
        self._n_open += (kind == _OPEN) - (self._kinds[trial] == _OPEN)
        self._kinds[trial] = kind

    def _places(self) -> tuple[Floats, Ints, Floats]:
        """For each trial how many are better, infinite where it has no rank; its step and loss."""
        kinds, steps, losses = np.array(self._kinds), np.array(self._steps), np.array(self._losses)
        place = np.full(len(self), math.inf)
        is_reported = steps > 0
        step = _compared_at(kinds, steps)
        is_ahead = is_reported & (kinds == _COMPLETED)
        if step:
            is_ahead |= (steps >= step) & (kinds != _FAILED)
        ahead = np.flatnonzero(is_ahead)
        place[ahead[np.argsort(losses[ahead], kind="stable")]] = np.arange(len(ahead))
        is_cut = is_reported & (kinds == _CUT) & ~is_ahead
        if is_cut.any():
            is_cut |= (kinds == _OPEN) & (steps >= steps[is_cut].min()) & (not step)
            for cut_at in np.unique(steps[is_cut]).tolist():
                rows = np.flatnonzero(is_cut & (steps == cut_at))
                place[rows] = np.searchsorted(np.sort(np.array(self._losses_at[cut_at])), losses[rows])
            place[is_cut] += len(ahead) if step else 0
        steps[is_ahead] = _END
        return place, steps, losses


def _compared_at(kinds: NDArray[np.int8], steps: Ints) -> int | None:
    return compared_at(steps, kinds == _CUT, kinds == _COMPLETED)
