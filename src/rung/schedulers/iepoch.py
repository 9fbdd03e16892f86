"""i-Epoch: train all for a few epochs, and the best to the end; the baseline of early stopping."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, final

from rung.checks import whole_number
from rung.errors import SettingError
from rung.registry import describe
from rung.schedulers._bracket import Bracket
from rung.schedulers._brackets import suggest
from rung.schedulers._settings import check_first_rung
from rung.schedulers._synchronous import SynchronousBrackets

if TYPE_CHECKING:
    import numpy as np

    from rung.contracts import Searcher
    from rung.events import SearchEvent
    from rung.space import Space
    from rung.types import Decision, Exhausted, Json, Proposal, Wait


@final
class IEpoch:
    """Trains ``n`` trials for ``epochs`` steps, then the ``top`` best of them to ``max_t``, round after round.

    It is successive halving with two rungs: rounds, workers, pauses and reports are as in ``SuccessiveHalving``, and it
    wants checkpoints as that does; without them a trial that goes on costs ``epochs`` steps more. Of a round that gets
    fewer than ``n`` trials, ``top / n`` go on, rounded down but at least one. All numbers are integers.

    epochs: after which the trials are compared. One is often enough, and worthless where the first epoch says nothing
    about the last. n: trials in a round; None: as many as cost together what their best cost in full, so that half of
    the steps goes to looking around. ``epochs == max_t`` trains every trial in full.

    In the papers a study is one round: all candidates first, as many as the budget allows, then the best. Here rounds
    repeat until the budget ends, because a study need not know its budget; for the papers' way give ``n`` as the number
    of candidates, and end the study after as many trials.

    Source: Egele et al. 2024, "The Unreasonable Effectiveness of Early Discarding After One Epoch in Neural Network
    Hyperparameter Optimization"; the defaults of ``n`` and ``top`` are rung's.
    SettingError when a number is not usable.
    """

    def __init__(self, searcher: Searcher, *, max_t: int, epochs: int = 1, n: int | None = None, top: int = 1) -> None:
        self.searcher = searcher
        longest = whole_number("max_t", max_t, at_least=1, example=81)
        first = whole_number("epochs", epochs, at_least=1, example=1)
        best = whole_number("top", top, at_least=1, example=1)
        self._n = None if n is None else whole_number("n", n, at_least=1, example=27)
        check_first_rung(longest, first, name="epochs")
        n_trials = -(-best * longest // first) if self._n is None else self._n
        if best > n_trials:
            raise SettingError(f"top={best} of n={n_trials} trials can't be.", hint=f"Use top <= {n_trials}.")
        self._options = {"max_t": longest, "epochs": first, "top": best}
        levels = (longest,) if first == longest else (first, longest)
        self._bracket = Bracket(n_trials, levels, Fraction(best, n_trials))
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
        """Keep the rounds, and pause a trial after its first epochs."""
        self.searcher.update(event)
        return self._brackets.update(event)

    def spec(self) -> Mapping[str, Json]:
        """The JSON form, for the log."""
        return describe(self, **self._options, n=self._n, searcher=self.searcher.spec())
