"""The tree-structured Parzen estimator: what good trials have in common, against what the others have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias, final

from rung.checks import number, whole_number
from rung.events import Changed, SpaceEdited, Started
from rung.history import History, starting_points
from rung.registry import describe
from rung.searchers._one_thread import in_one_thread
from rung.searchers._tpe_model import ParzenModel
from rung.searchers._tpe_outcomes import Outcomes
from rung.searchers._unseen import Tried
from rung.space import as_space
from rung.types import Exhausted, Suggestion

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from rung.events import SearchEvent
    from rung.space import Space
    from rung.types import Config, Json

    Flags: TypeAlias = NDArray[np.bool_]

_MOST_GOOD: Final = 25  # as in hyperopt; more would include trials that are merely not bad
_EXPLORED: Final = 3  # one in so many is random where most trials are cut, as in Falkner et al. 2018
_CENTRE: Final = "centre"  # key of the notes: it is the centre of what is believed


@final
class TPESearcher:
    """Models where good trials lie and where the others lie, and tries what is most likely to belong to the good.

    Of ``candidates`` configurations drawn from the density of the good trials, the one where it exceeds the density of
    all others most. Takes one or two milliseconds, and seven at 10,000 trials. Takes any space: each trial is a kernel
    on all the dimensions that it has at once, so what suits together is learned together, in conditional spaces too.

    space: a Space or anything that ``as_space`` takes. startup_trials: as many trials must have ended before the model
    is used; random ones come until then. gamma: the share of trials that are good, at most 25 of them. candidates: more
    of them search more greedily. prior_weight: of the space's own distribution among the trials; more searches more
    widely. initial_config, points_to_evaluate: what is tried first; give one of them or none.

    Trials that run or have failed count among the others, so that the search keeps away from them. How trials are
    ranked that were stopped early says ``_tpe_outcomes.Outcomes``. Where a scheduler cuts most of them, good are only
    those of the ones that got far enough to be compared (``_cuts.compared_at``); the model waits until there are 15 of
    them, and every third configuration stays random. No configuration comes twice while there is another.

    An edit of the space narrows what is suggested, not what is known: trials outside of new ranges stay among the good
    and the others. Good are then the best inside, and those outside that are better still.

    Where the space has priors, their centre comes first, and until the model is used every other configuration is drawn
    from them; later a quarter of the candidates. These are weighed by the priors, the less the more trials have
    come in since they were given, as in ``GPSearcher``.

    Source: Bergstra et al. 2011; multivariate kernels after Falkner et al. 2018, priors after Hvarfner et al. 2022, and
    the meaning of the settings after Watanabe 2023 (arXiv:2304.11127). Defaults by ablation over six test functions:
    that kernels are narrow, and on all dimensions at once, matters most.
    """

    def __init__(
        self,
        space: object,
        *,
        startup_trials: int = 10,
        gamma: float = 0.1,
        candidates: int = 24,
        prior_weight: float = 1.0,
        initial_config: Config | None = None,
        points_to_evaluate: Sequence[Config] = (),
    ) -> None:
        given = as_space(space)
        self._startup_trials = whole_number("startup_trials", startup_trials, at_least=1, example=10)
        self._gamma = number("gamma", gamma, above=0, at_most=1, example=0.1)
        self._candidates = whole_number("candidates", candidates, at_least=1, example=24)
        self._prior_weight = number("prior_weight", prior_weight, above=0, example=1.0)
        self._points = starting_points(given, initial_config, points_to_evaluate)
        self._history = History(given, self._points)
        self._outcomes = Outcomes()
        self._tried = Tried()
        self._model: ParzenModel | None = None
        self._is_centred = False

    @property
    def space(self) -> Space:
        """The space in force."""
        return self._history.space

    @in_one_thread
    def suggest(self, rng: np.random.Generator) -> Suggestion | Exhausted:
        """The next waiting point, or the best of the candidates, or before the model is used a random configuration."""
        if waiting := self._history.next_point():
            return waiting
        is_compared = self._outcomes.compared() if self._outcomes.n_ended >= self._startup_trials else None
        for suggestion in self._believed(rng) if is_compared is None else self._promising(is_compared, rng):
            config = suggestion.config
            if config not in self._tried and all(each.is_met(config) for each in self.space.constraints):
                return suggestion
        other = self._tried.draw(self.space, rng)
        return Exhausted() if other is None else Suggestion(other)

    def update(self, event: SearchEvent) -> None:
        """Note what was tried and what came of it."""
        if isinstance(event, Started | Changed):
            self._note(event)
        elif isinstance(event, SpaceEdited):
            self._edited(event)
        else:
            self._history.update(event)
        self._outcomes.update(event)

    def spec(self) -> Mapping[str, Json]:
        """The JSON form, for the log."""
        return describe(
            self,
            startup_trials=self._startup_trials,
            gamma=self._gamma,
            candidates=self._candidates,
            prior_weight=self._prior_weight,
            points_to_evaluate=list(self._points) or None,
        )

    def _note(self, event: Started | Changed) -> None:
        """A trial has another configuration than before, or its first one."""
        configs, trial = self._history.configs, event.trial
        before = configs[trial] if trial < len(configs) else None
        self._history.update(event)
        if configs[trial] != before:
            self._tried.add(configs[trial])
            if self._model is not None:
                self._model.forget(trial)
        if isinstance(event, Started) and _CENTRE in event.notes:
            self._is_centred = True

    def _edited(self, event: SpaceEdited) -> None:
        believed = self.space.priors
        self._history.update(event)
        self._model = None
        self._is_centred &= self.space.priors == believed

    def _promising(self, is_compared: Flags, rng: np.random.Generator) -> Iterator[Suggestion]:
        """Candidates, in each round the most promising first; none when it is the turn of a random configuration."""
        model, points = self._modelled(), self._history.X
        if not is_compared.all() and len(points) % _EXPLORED == 0:
            return iter(())
        best = self._outcomes.best_of(self._gamma, _MOST_GOOD, model.contains(points), is_compared)
        n_since = len(points) - self._history.n_before_priors
        return map(Suggestion, model.candidates(points, best, self._candidates, rng, n_since=n_since))

    def _believed(self, rng: np.random.Generator) -> Iterator[Suggestion]:
        """What a person believes in, before the model is used: its centre, then draws from around it."""
        opinion = self._modelled().opinion
        if not opinion:
            return
        if not self._is_centred:
            centre = opinion.centred(rng.random((1, len(self.space))))[0]
            yield Suggestion(self.space.decode(centre), {_CENTRE: True})
        if len(self._history) % 2 == 0:
            drawn = opinion.quantiles(rng.random((self._candidates, len(self.space))))
            yield from map(Suggestion, map(self.space.decode, drawn))

    def _modelled(self) -> ParzenModel:
        if self._model is None:
            self._model = ParzenModel(self._history.hull, self.space, prior_weight=self._prior_weight)
        return self._model
