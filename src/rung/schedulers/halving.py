"""Successive halving: train many a little, and the best of them longer, round by round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, final

from rung.checks import whole_number
from rung.registry import describe
from rung.schedulers._bracket import Bracket
from rung.schedulers._brackets import suggest
from rung.schedulers._rungs import rung_levels
from rung.schedulers._settings import training_lengths
from rung.schedulers._synchronous import SynchronousBrackets

if TYPE_CHECKING:
    import numpy as np

    from rung.contracts import Searcher
    from rung.events import SearchEvent
    from rung.space import Space
    from rung.types import Decision, Exhausted, Json, Proposal, Wait


@final
class SuccessiveHalving:
    """Trains ``n`` trials to the first rung, then the best ``1 / reduction_factor`` of them to the next, and so on.

    Rungs are at ``grace_period * reduction_factor**k`` below ``max_t``, and at ``max_t``, the step of a full training.
    Each trial pauses at each rung, so it wants an objective with checkpoints: without them a trial that goes on begins
    anew, and a full training costs up to ``1 + 1 / (reduction_factor - 1)`` of one. All numbers are integers.

    n: trials in a round; None: as many as leave one trial at ``max_t``.

    - A rung is decided when all have got there that will: of those that headed for it, the best
      ``1 / reduction_factor``, rounded down but at least one, go on. Who has failed, ended by itself or was stopped by
      a person counts as one that headed there, but has no rank. Of equal losses the older trial's is better.
    - The next round begins when all trials of the round before have begun, so no worker waits for the last of a rung.
      With one worker it is the textbook's algorithm; with several, rounds overlap.
    - A round that gets no more trials (the study's end, a searcher with nothing left) goes on with those it has.
    - What counts at a rung is the first report at or past its level; a report that jumps over rungs counts at the
      highest of them only. The step is the one that was reported. Past ``max_t`` nothing is decided.
    - A trial that a person has paused is not waited for. Continued in time it takes part again; after its rung was
      decided it is paused there. One that a person continues past its rung runs on to its own end, out of the round.

    Source: Jamieson & Talwalkar 2016, "Non-stochastic Best Arm Identification and Hyperparameter Optimization",
    with the rungs of Li et al. 2018, algorithm 1. SettingError when a number is not usable.
    """

    def __init__(
        self,
        searcher: Searcher,
        *,
        max_t: int,
        grace_period: int = 1,
        reduction_factor: int = 3,
        n: int | None = None,
    ) -> None:
        self.searcher = searcher
        longest, first, factor = training_lengths(max_t, grace_period, reduction_factor)
        levels = rung_levels(first, longest, factor)
        self._options = {"max_t": longest, "grace_period": first, "reduction_factor": factor}
        self._n = None if n is None else whole_number("n", n, at_least=1, example=27)
        n_trials = factor ** (len(levels) - 1) if self._n is None else self._n
        self._bracket = Bracket(n_trials, levels, Fraction(1, factor))
        self._brackets = SynchronousBrackets([self._bracket])

    @property
    def space(self) -> Space:
        """The searcher's space."""
        return self.searcher.space

    @property
    def bracket(self) -> Bracket:
        """The plan of each round: ``n`` trials, ``levels`` of rungs, and the ``sizes`` of the rungs."""
        return self._bracket

    def suggest(self, rng: np.random.Generator, *, new_trials: bool) -> Proposal | Wait | Exhausted:
        """A trial that is due to go on, in the oldest round that has one, else a new trial."""
        return suggest(self._brackets, self.searcher, rng, new_trials=new_trials)

    def update(self, event: SearchEvent) -> Sequence[Decision]:
        """Keep the rounds, and pause a trial that has reached a rung."""
        self.searcher.update(event)
        return self._brackets.update(event)

    def spec(self) -> Mapping[str, Json]:
        """The JSON form, for the log."""
        return describe(self, **self._options, n=self._n, searcher=self.searcher.spec())
