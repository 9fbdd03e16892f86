"""Freeze-thaw Bayesian optimisation: train whatever promises the best end a little further, and then ask again."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, final

from rung.checks import number, whole_number
from rung.history import is_point
from rung.registry import describe
from rung.schedulers._freeze_thaw_moves import Moves
from rung.schedulers._freeze_thaw_record import spread_levels
from rung.schedulers._settings import check_first_rung
from rung.searchers.random import RandomSearcher
from rung.types import Exhausted, Proposal, Suggestion, Wait

if TYPE_CHECKING:
    import numpy as np

    from rung.contracts import Searcher
    from rung.events import SearchEvent
    from rung.schedulers._freeze_thaw_moves import Outlook
    from rung.space import Space
    from rung.types import Decision, Json

_GRACE_SHARE: Final = 16  # of max_t, below which a training tells too little about its end
_FEWEST_INITIAL: Final = 6
_MOST_INITIAL: Final = 20
_RANDOM_SHARE: Final = 0.25  # of the configurations that would be the model's
_WORTHWHILE: Final = math.log(0.01)  # standard deviations of the losses


@final
class FreezeThaw:
    """Trains one trial a little further at a time: the one whose end promises most, or a new one if that does.

    A Gaussian process over configurations and training believes something about the loss that each trial, begun or not,
    will have at ``max_t``. Each time a worker is free, what counts is how much lower than the best loss so far that is
    expected to be, for each step that is left until then; the trial with most of it runs on to its next rung, and is
    paused there. Losses of trials that run count as if their mean had been observed, so that others go elsewhere.

    max_t: the step of a full training, an integer. grace_period: the first rung, to which every trial gets; by default
    a sixteenth of max_t. reduction_factor: about how many times further each rung is than the one before, above 1; the
    rungs are spread evenly over the logarithm of the steps.

    It wants an objective with checkpoints: without, a trial that goes on is trained anew from its beginning.

    - The first trials are the searcher's, two for each dimension of the space, at least 6 and at most 20, and so is
      whatever waits to be tried (initial_config, enqueued). After that ``RandomSearcher`` leaves it to the model where
      to look, but for one new trial in four, and all where the model expects next to no improvement of any; no
      configuration comes twice then. The suggestion of any other searcher competes with the trials that have begun.
    - When no trial may begin any more, those go on that promise an improvement worth while, of more than a hundredth of
      the standard deviation of the losses, and the one that is believed to end best, up to max_t. Then it is exhausted.
    - What counts at a rung is the first report at or past it, at the step that was reported. Losses are warped until
      they look normal. A failed trial counts as one that ends badly. A trial that a person paused waits for a person;
      one whose configuration an edit of the space has excluded waits until another edit.
    - Each tenth more readings bring a new fit of the hyperparameters, to at most 200 of them. The model knows 500: the
      last ones of the trials, and as many others as there is room for. The notes of a trial that begins or goes on hold
      the fit, so that the log alone determines what comes next, and those of one that goes on its ``expected_loss`` at
      max_t.

    Source: Swersky et al. 2014, "Freeze-Thaw Bayesian Optimization", with another kernel; the expected improvement for
    each unit of cost from Snoek et al. 2012, section 3.2; running trials from Desautels et al. 2014. SettingError when
    a number is not usable.
    """

    def __init__(
        self, searcher: Searcher, *, max_t: int, grace_period: int | None = None, reduction_factor: float = 1.75
    ) -> None:
        self.searcher = searcher
        self._max_t = whole_number("max_t", max_t, at_least=1, example=81)
        if grace_period is None:
            grace_period = max(1, round(self._max_t / _GRACE_SHARE))
        self._grace_period = whole_number("grace_period", grace_period, at_least=1, example=3)
        self._reduction_factor = number("reduction_factor", reduction_factor, above=1, example=1.75)
        check_first_rung(self._max_t, self._grace_period)
        levels = spread_levels(self._grace_period, self._max_t, self._reduction_factor)
        self._moves = Moves(searcher.space, levels)

    @property
    def space(self) -> Space:
        """The searcher's space."""
        return self.searcher.space

    @property
    def levels(self) -> tuple[int, ...]:
        """The rungs: the steps at which trials are looked at, the last of which is ``max_t``."""
        return self._moves.levels

    def suggest(self, rng: np.random.Generator, *, new_trials: bool) -> Proposal | Wait | Exhausted:
        """What people want to be tried, else the trial that promises most, be it a new one."""
        answer: Suggestion | Wait | Exhausted = Exhausted("no trial promises to become the best any more")
        if new_trials:
            answer = self.searcher.suggest(rng)
        evidence = self._moves.evidence()
        if isinstance(answer, Suggestion):
            is_early = evidence.n_begun < _n_initial(self.space) or not evidence.has_losses
            if is_early or is_point(answer.notes):
                return self._moves.begun(answer, {})
        elif not evidence.has_losses:
            return self._idle(answer)
        outlook = self._moves.outlook(evidence)
        if isinstance(answer, Suggestion):
            return self._new_or_thawed(outlook, answer, rng)
        return self._finishing(outlook, answer)

    def update(self, event: SearchEvent) -> Sequence[Decision]:
        """Take note of what trials have shown; pause a trial at each rung."""
        self.searcher.update(event)
        return self._moves.update(event)

    def spec(self) -> Mapping[str, Json]:
        """The JSON form, for the log."""
        return describe(
            self,
            max_t=self._max_t,
            grace_period=self._grace_period,
            reduction_factor=self._reduction_factor,
            searcher=self.searcher.spec(),
        )

    def _new_or_thawed(
        self, outlook: Outlook, suggestion: Suggestion, rng: np.random.Generator
    ) -> Proposal | Wait | Exhausted:
        """The better of the two; with a random searcher, the new configuration is the model's, if it finds one."""
        new = suggestion
        if isinstance(self.searcher, RandomSearcher):
            config = self._moves.new(outlook, rng)
            if config is None:
                return self._finishing(outlook, Exhausted())
            new = Suggestion(config)
        log_gain = outlook.log_gain_of(new.config)
        best = outlook.gains[0] if outlook.gains else None
        if best is not None and self._moves.log_rate(best) >= log_gain - math.log(self._max_t):
            return self._moves.thawed(best, outlook)
        is_drawn = log_gain < _WORTHWHILE or rng.random() < _RANDOM_SHARE
        if is_drawn and suggestion.config not in self._moves.tried:
            new = suggestion
        return self._moves.begun(new, outlook.notes)

    def _finishing(self, outlook: Outlook, answer: Wait | Exhausted) -> Proposal | Wait | Exhausted:
        """What goes on while nothing can begin."""
        for gain in outlook.gains:
            if gain.log_gain > _WORTHWHILE or gain.mean <= outlook.model.lowest_end:
                return self._moves.thawed(gain, outlook)
        return self._idle(answer)

    def _idle(self, answer: Wait | Exhausted) -> Wait | Exhausted:
        """Only a run that has not ended can change what trials promise."""
        return Wait(answer.why) if isinstance(answer, Exhausted) and self._moves.n_running else answer


def _n_initial(space: Space) -> int:
    n_dimensions = sum(domain.size > 1 for domain in space.values())
    return min(max(2 * n_dimensions, _FEWEST_INITIAL), _MOST_INITIAL)
