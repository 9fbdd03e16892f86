"""The median stopping rule: a trial that is worse than half of the others were at the same step is stopped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, final

from rung.registry import describe
from rung.schedulers.early import EarlyStopping
from rung.stopping import median

if TYPE_CHECKING:
    import numpy as np

    from rung.contracts import Searcher
    from rung.events import SearchEvent
    from rung.space import Space
    from rung.types import Decision, Exhausted, Json, Proposal, Wait


@final
class MedianStopping:
    """Stops a trial whose best value so far is worse than the median of the running averages of the others.

    grace_period: the first step at which a trial may be stopped. min_trials: so many others must have come to the step.
    It is ``EarlyStopping`` with the criterion ``median``, under a name of its own.

    Source: Golovin et al. 2017, "Google Vizier: A Service for Black-Box Optimization", section 3.2.2; here all trials
    that have come to the step are compared with, not the completed ones alone. SettingError.
    """

    def __init__(self, searcher: Searcher, *, grace_period: int = 1, min_trials: int = 5) -> None:
        self.searcher = searcher
        criterion = median(grace_period=grace_period, min_trials=min_trials)
        self._grace_period, self._min_trials = int(grace_period), int(min_trials)
        self._early = EarlyStopping(searcher, criterion=criterion)

    @property
    def space(self) -> Space:
        """The searcher's space."""
        return self.searcher.space

    def suggest(self, rng: np.random.Generator, *, new_trials: bool) -> Proposal | Wait | Exhausted:
        """The searcher's next suggestion; each report waits for a decision."""
        return self._early.suggest(rng, new_trials=new_trials)

    def update(self, event: SearchEvent) -> Sequence[Decision]:
        """Pass the event to the searcher, and stop the trial that has reported if it is worse than the median."""
        return self._early.update(event)

    def spec(self) -> Mapping[str, Json]:
        """The JSON form, for the log."""
        return describe(
            self, grace_period=self._grace_period, min_trials=self._min_trials, searcher=self.searcher.spec()
        )
