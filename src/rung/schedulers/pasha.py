"""Progressive successive halving: train longer only as long as longer training changes who is best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, final

from msgspec import structs

from rung.events import Observed, Started
from rung.registry import describe
from rung.schedulers._brackets import suggest
from rung.schedulers._halving_rungs import AsynchronousRungs
from rung.schedulers._rungs import rung_levels
from rung.schedulers._settings import training_lengths
from rung.schedulers._soft_ranking import RankNoise, SoftRanking
from rung.types import Proposal

if TYPE_CHECKING:
    import numpy as np

    from rung.contracts import Searcher
    from rung.events import SearchEvent
    from rung.schedulers._rungs import Rung
    from rung.space import Space
    from rung.types import Decision, Exhausted, Json, Wait


@final
class PASHA:
    """Pauses and promotes as ``ASHA`` does, at first between the two lowest rungs only.

    Whenever a trial comes to the highest rung that is open, the ranking of all trials there is compared with theirs at
    the rung below. As soon as both disagree by more than the noise of training, the next rung opens, and the best go
    on to it. Where the rankings agree, nobody trains longer; so the best trial may end short of ``max_t``, paused, and
    is best trained to its end afterwards.

    max_t: the step at which a trial is fully trained. grace_period: the first rung; every trial gets there.
    reduction_factor: one in so many goes on from each rung. All are integers. It wants an objective with checkpoints.

    - How large the noise is follows from pairs of trials whose curves cross back and forth, see ``RankNoise``. A
      rung that opens begins with the noise of the one before.
    - The paper compares again at each report; here it is done when a trial comes to the highest open rung, since
      nothing else changes the rankings. The noise is that of the first 100 trials at the rung, and of no others.
    - Reports between and past the rungs, ties, failures and what people do are as with ``ASHA``.

    Source: Bohdal et al. 2023, "PASHA: Efficient HPO and NAS with Progressive Resource Allocation", algorithm 1 and
    section 4.2. SettingError when a number is not usable.
    """

    def __init__(self, searcher: Searcher, *, max_t: int, grace_period: int = 1, reduction_factor: int = 3) -> None:
        self.searcher = searcher
        self._max_t, self._grace_period, self._reduction_factor = training_lengths(
            max_t, grace_period, reduction_factor
        )
        levels = rung_levels(self._grace_period, self._max_t, self._reduction_factor)
        self._halving = AsynchronousRungs(levels, reduction_factor=self._reduction_factor, variant="promotion")
        self._halving.highest = min(1, len(levels) - 1)
        self._ranking = SoftRanking()
        self._noise = RankNoise()
        self._curves: dict[int, dict[int, float]] = {}  # of all trials, while rungs are still closed
        self._notes: Mapping[str, Json] = {}

    @property
    def space(self) -> Space:
        """The searcher's space."""
        return self.searcher.space

    @property
    def rungs(self) -> tuple[Rung, ...]:
        """The tables of the rungs that are open, the lowest first. To be read only."""
        return self._halving.rungs[: self._halving.highest + 1]

    @property
    def epsilon(self) -> float:
        """Losses at a rung that differ by no more than this count as equal."""
        return self._noise.epsilon

    def suggest(self, rng: np.random.Generator, *, new_trials: bool) -> Proposal | Wait | Exhausted:
        """A promotion if one is due, else a new trial. The first run after a rung has opened says in its notes why."""
        proposal = suggest(self._halving, self.searcher, rng, new_trials=new_trials)
        if not isinstance(proposal, Proposal) or not self._notes:
            return proposal
        return structs.replace(proposal, notes={**proposal.notes, **self._notes})

    def update(self, event: SearchEvent) -> Sequence[Decision]:
        """Keep the rung tables, pause a trial that has reached a rung, and open the next rung when it is time."""
        self.searcher.update(event)
        top = self._halving.rungs[self._halving.highest]
        n = len(top)
        decisions = self._halving.update(event)
        if isinstance(event, Observed):
            self._observed(event, is_at_top=len(top) > n)
        elif isinstance(event, Started) and "opened" in event.notes:
            self._notes = {}
        return decisions

    def spec(self) -> Mapping[str, Json]:
        """The JSON form, for the log."""
        return describe(
            self,
            max_t=self._max_t,
            grace_period=self._grace_period,
            reduction_factor=self._reduction_factor,
            searcher=self.searcher.spec(),
        )

    def _observed(self, event: Observed, *, is_at_top: bool) -> None:
        """Open rungs for as long as the two highest that are open disagree."""
        halving, n_rungs = self._halving, len(self._halving.rungs)
        if halving.highest == n_rungs - 1:
            return
        assert event.loss is not None, "reports without a loss don't reach a scheduler"
        self._curves.setdefault(event.trial, {})[event.step] = event.loss
        if not is_at_top:
            return
        self._add(event.trial)
        while halving.highest < n_rungs - 1 and not self._ranking.agrees(self._noise.epsilon):
            self._open_next()
        if halving.highest == n_rungs - 1:
            self._curves.clear()

    def _open_next(self) -> None:
        halving, epsilon = self._halving, self._noise.epsilon
        below, above = (rung.level for rung in halving.rungs[halving.highest - 1 : halving.highest + 1])
        halving.highest += 1
        top = halving.rungs[halving.highest]
        why = f"rungs {below} and {above} rank {len(self._ranking)} trials otherwise (epsilon {epsilon:.2g})"
        self._notes = {"opened": top.level, "opened_why": why}
        self._ranking, self._noise = SoftRanking(), RankNoise(epsilon)
        for trial in top.losses:  # who jumped there, or was sent there by a person
            self._add(trial)

    def _add(self, trial: int) -> None:
        lower, upper = self._halving.rungs[self._halving.highest - 1 : self._halving.highest + 1]
        if trial in lower.losses:
            self._ranking.add(trial, lower.losses[trial], upper.losses[trial])
            self._noise.add(dict(self._curves[trial]))
