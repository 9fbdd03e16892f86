"""Asynchronous successive halving: train many a little and the best of them longer, without waiting for anybody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, final

from msgspec import structs

from rung.errors import SettingError
from rung.registry import describe
from rung.schedulers._brackets import suggest
from rung.schedulers._grace import AdaptiveGrace, first_rung
from rung.schedulers._halving_rungs import VARIANTS, AsynchronousRungs, Variant
from rung.schedulers._rungs import rung_levels
from rung.schedulers._settings import training_lengths
from rung.types import Proposal

if TYPE_CHECKING:
    import numpy as np

    from rung.contracts import Searcher
    from rung.events import SearchEvent
    from rung.schedulers._rungs import Rung
    from rung.space import Space
    from rung.types import Decision, Exhausted, Json, Wait


@final
class ASHA:
    """Compares trials at the rungs ``grace_period * reduction_factor**k`` below ``max_t``; only the best of each go on.

    max_t: the step at which a trial is fully trained. reduction_factor: one in so many goes on from each rung. Both are
    integers. grace_period: the first rung, to which every trial gets; an integer stays as it is. ``"auto"`` begins at
    ``max_t / reduction_factor**3``, rounded up, and drops the lowest rung while its ranking does not predict that of
    the next (rank correlation below 0.3 over 12 trials or more): then new trials are first compared at the next one.
    A rung that predicts well (above 0.9) comes back. The first trial after such a change says so in its notes.
    variant: ``"stopping"`` decides when a trial reaches a rung: unless it is among the best ``1 / reduction_factor`` of
    those that got there so far, it included, it is stopped for good; with fewer than ``reduction_factor`` there it goes
    on. ``"promotion"`` pauses every trial at each rung, and continues the best of those that wait, the highest rung
    first, as soon as they are among the best ``1 / reduction_factor`` there; it wants an objective with checkpoints.

    - Of equal losses the trial with the lower number ranks better.
    - What counts at a rung is the first report at or past its level; a report that jumps over several rungs counts at
      the highest of them only. The step is the one that was reported.
    - At and past ``max_t`` nothing is decided: there the run ends by itself. Failed trials keep the places that they
      had in rungs. A trial that a person paused isn't promoted until a person has continued it.
    - A report that is no number fails its trial before it enters a rung; a trial that never reports enters none.
    - A promoted trial without a checkpoint begins anew; the steps that it repeats are not counted again.
    - ``max_t == grace_period`` leaves one rung, so nothing is ever stopped or paused.

    Source: Li et al. 2020, "A System for Massively Parallel Hyperparameter Tuning", algorithm 2 (promotion).
    SettingError when a number is not usable.
    """

    def __init__(
        self,
        searcher: Searcher,
        *,
        max_t: int,
        grace_period: int | Literal["auto"] = "auto",
        reduction_factor: int = 3,
        variant: Variant = "stopping",
    ) -> None:
        self.searcher = searcher
        if is_adaptive := grace_period == "auto":
            longest, _, factor = training_lengths(max_t, 1, reduction_factor)
            grace_period = first_rung(longest, factor)
        self._max_t, first, self._reduction_factor = training_lengths(max_t, grace_period, reduction_factor)
        if variant not in VARIANTS:
            raise SettingError(f"There is no variant {variant!r}.", hint="Use 'stopping' or 'promotion'.")
        self._variant = variant
        levels = rung_levels(first, self._max_t, self._reduction_factor)
        self._halving = AsynchronousRungs(levels, reduction_factor=self._reduction_factor, variant=variant)
        self._grace = AdaptiveGrace(self._halving) if is_adaptive else None

    @property
    def space(self) -> Space:
        """The searcher's space."""
        return self.searcher.space

    @property
    def grace_period(self) -> int:
        """The lowest rung at which new trials are compared."""
        return self._halving.rungs[self._halving.lowest].level

    @property
    def rungs(self) -> tuple[Rung, ...]:
        """The rung tables as they stand, the lowest first; the last is at ``max_t``. To be read only."""
        return self._halving.rungs

    def suggest(self, rng: np.random.Generator, *, new_trials: bool) -> Proposal | Wait | Exhausted:
        """A promotion if one is due, else a new trial."""
        proposal = suggest(self._halving, self.searcher, rng, new_trials=new_trials)
        if (
            self._grace is None
            or not self._grace.notes
            or not isinstance(proposal, Proposal)
            or proposal.trial is not None
        ):
            return proposal
        return structs.replace(proposal, notes={**proposal.notes, **self._grace.notes})

    def update(self, event: SearchEvent) -> Sequence[Decision]:
        """Keep the rung tables, and decide about a trial that has reached a rung."""
        self.searcher.update(event)
        decisions = self._halving.update(event)
        if self._grace is not None:
            self._grace.update(event)
        return decisions

    def spec(self) -> Mapping[str, Json]:
        """The JSON form, for the log."""
        return describe(
            self,
            max_t=self._max_t,
            grace_period="auto" if self._grace else self._halving.rungs[0].level,
            reduction_factor=self._reduction_factor,
            variant=self._variant,
            searcher=self.searcher.spec(),
        )
