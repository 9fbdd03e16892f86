"""What a population is made of: the trials of a study, and how good each of them is."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TypeAlias, final

import numpy as np

from rung.events import Observed
from rung.history import History
from rung.searchers._curves import Curves
from rung.searchers._priors import Opinion
from rung.searchers._unseen import Tried
from rung.types import Config, Exhausted, Suggestion, TrialState

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rung.events import SearchEvent
    from rung.space import Space

    Floats: TypeAlias = NDArray[np.float64]


@final
class Record:
    """Folds events into trials with losses.

    A trial counts by its lowest loss; one that was not trained as far as others as ``Curves`` reckons. Failed trials,
    and those without a report, are infinitely bad.
    """

    def __init__(self, space: Space, points: Sequence[Config]) -> None:
        self.history = History(space, points)
        self._tried = Tried()
        self._curves = Curves()

    @property
    def space(self) -> Space:
        """The space in force."""
        return self.history.space

    def update(self, event: SearchEvent) -> None:
        """Take the next event; unknown kinds are ignored."""
        self.history.update(event)
        self._tried.update(event, self.history)
        if isinstance(event, Observed):
            assert event.loss is not None, "reports without a loss don't reach a searcher"
            self._curves.add(event.trial, event.step, event.loss)

    def has_loss(self, trial: int) -> bool:
        """Whether it has reported and not failed."""
        return trial in self._curves and self.history.states[trial] is not TrialState.FAILED

    def losses(self, trials: Iterable[int]) -> Floats:
        """(n,) lower is better."""
        asked = list(trials)
        known = [trial for trial in asked if self.has_loss(trial)]
        found = dict(zip(known, self._curves.outcomes(known), strict=True))
        return np.array([found.get(trial, math.inf) for trial in asked])

    def is_new(self, config: Config) -> bool:
        """Whether it may be tried: the constraints allow it, and nobody has tried it yet."""
        return config not in self._tried and all(each.is_met(config) for each in self.space.constraints)

    def points(self, trials: Iterable[int]) -> Floats:
        """(n, d) where they stand in the unit cube of the space in force; NaN where they don't."""
        return self.space.encode([self.history.configs[trial] for trial in trials])

    def known(self) -> list[int]:
        """The trials that have a loss and lie in the space in force."""
        configs = self.history.configs
        return [trial for trial in range(len(configs)) if self.has_loss(trial) and self.is_inside(trial)]

    def is_inside(self, trial: int) -> bool:
        """Whether the space in force contains the trial."""
        return self.space.is_allowed(self.history.configs[trial])

    def first(self, rng: np.random.Generator) -> Suggestion | Exhausted:
        """A configuration that no result leads to: for the first trial the middle of the space, else a random one.

        Where the space has priors, their centres and draws from them.
        """
        believed, d = Opinion(self.space), len(self.space)
        if not len(self.history):
            config = self.space.decode(believed.centred(np.full((1, d), 0.5))[0])
        elif believed:
            config = self.space.decode(believed.quantiles(rng.random((1, d)))[0])
        else:
            return self.random(rng)
        return Suggestion(config) if self.is_new(config) else self.random(rng)

    def random(self, rng: np.random.Generator) -> Suggestion | Exhausted:
        """A random configuration that nobody has tried yet."""
        drawn = self._tried.draw(self.space, rng)
        return Exhausted() if drawn is None else Suggestion(drawn)
