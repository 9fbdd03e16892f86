"""Hyperband: successive halving from several first rungs, since nobody knows how early is too early."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, final

from rung.errors import SettingError
from rung.registry import describe
from rung.schedulers._asynchronous import AsynchronousBrackets
from rung.schedulers._bracket import Bracket, hyperband_brackets
from rung.schedulers._brackets import Brackets, suggest
from rung.schedulers._settings import training_lengths
from rung.schedulers._synchronous import SynchronousBrackets

if TYPE_CHECKING:
    import numpy as np

    from rung.contracts import Searcher
    from rung.events import SearchEvent
    from rung.space import Space
    from rung.types import Decision, Exhausted, Json, Proposal, Wait

Variant: TypeAlias = Literal["synchronous", "stopping", "promotion"]
_VARIANTS: Final = ("synchronous", "stopping", "promotion")


@final
class Hyperband:
    """Halves in brackets that differ in how early they begin: from many short trainings to a few full ones.

    With R = ``max_t`` and eta = ``reduction_factor``, bracket s = s_max … 0 has n = ceil((s_max + 1) / (s + 1) eta^s)
    trials, and rungs at R eta^-s, …, R / eta, R, rounded to whole steps: each bracket ends exactly at ``max_t``. s_max
    is the largest s with R eta^-s >= ``grace_period``, so nothing is compared before that step; the first rung may come
    later, where R is no power of eta times ``grace_period``. All are integers.

    New trials fill one bracket after the other, and again from s_max when all are filled. variant: ``"synchronous"``
    waits in each bracket for all trials of a rung, and treats rungs, workers, people and the end of a study as
    ``SuccessiveHalving`` does. ``"stopping"`` and ``"promotion"`` decide in each bracket as an ``ASHA`` of that variant
    does, over all trials that the bracket ever had; of those that are due to go on, the one that gets furthest goes
    first. ``"synchronous"`` and ``"promotion"`` pause trials, so they want an objective with checkpoints; without them
    a trial that goes on begins anew.

    Source: Li et al. 2018, "Hyperband: A Novel Bandit-Based Approach to Hyperparameter Optimization", algorithm 1;
    asynchronous brackets as in Li et al. 2020, "A System for Massively Parallel Hyperparameter Tuning", section 3.
    SettingError when a number is not usable.
    """

    def __init__(
        self,
        searcher: Searcher,
        *,
        max_t: int,
        grace_period: int = 1,
        reduction_factor: int = 3,
        variant: Variant = "synchronous",
    ) -> None:
        self.searcher = searcher
        longest, first, factor = training_lengths(max_t, grace_period, reduction_factor)
        if variant not in _VARIANTS:
            raise SettingError(
                f"There is no variant {variant!r}.", hint="Use 'synchronous', 'stopping' or 'promotion'."
            )
        self._options = {
            "max_t": longest,
            "grace_period": first,
            "reduction_factor": factor,
            "variant": variant,
        }
        self._plans = hyperband_brackets(longest, first, factor)
        self._brackets: Brackets = (
            SynchronousBrackets(self._plans)
            if variant == "synchronous"
            else AsynchronousBrackets(self._plans, reduction_factor=factor, variant=variant)
        )

    @property
    def space(self) -> Space:
        """The searcher's space."""
        return self.searcher.space

    @property
    def brackets(self) -> tuple[Bracket, ...]:
        """The plans, in order: each with ``s``, ``n`` (trials), ``r`` (first step), ``levels`` and ``sizes``."""
        return self._plans

    def suggest(self, rng: np.random.Generator, *, new_trials: bool) -> Proposal | Wait | Exhausted:
        """A trial that is due to go on, else a new one in the bracket whose turn it is."""
        return suggest(self._brackets, self.searcher, rng, new_trials=new_trials)

    def update(self, event: SearchEvent) -> Sequence[Decision]:
        """Keep the brackets, and pause or stop who has reached a rung."""
        self.searcher.update(event)
        return self._brackets.update(event)

    def spec(self) -> Mapping[str, Json]:
        """The JSON form, for the log."""
        return describe(self, **self._options, searcher=self.searcher.spec())
