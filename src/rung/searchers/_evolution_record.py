"""What a population is made of: the trials of a study, and how good each of them is."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias, final

import numpy as np

from rung.events import Ended, Observed, Started
from rung.history import History
from rung.searchers._curves import Curves
from rung.searchers._cuts import compared_at
from rung.searchers._priors import Opinion
from rung.searchers._unseen import Tried
from rung.types import Config, Exhausted, Suggestion, TrialState

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from rung.events import SearchEvent
    from rung.space import Space

    Floats: TypeAlias = NDArray[np.float64]

_OTHER, _WHOLE, _CUT = range(3)
_KINDS: Final = {TrialState.COMPLETED: _WHOLE, TrialState.STOPPED: _CUT, TrialState.PAUSED: _CUT}


@final
class Record:
    """Folds events into trials with losses.

    A trial counts by its lowest loss; one that was not trained as far as others as ``Curves`` reckons. Failed trials,
    and those without a report, are infinitely bad.

    Where most trials are cut short they count as successive halving ranks them: first who got farther, then by the
    lowest loss until there. What lies beyond the step of ``compared_at`` is left aside; those that completed got there.
    """

    def __init__(self, space: Space, points: Sequence[Config]) -> None:
        self.history = History(space, points)
        self._tried = Tried()
        self._curves = Curves()
        self._kinds = bytearray()
        self._step: int | None = 0  # where trials compare, as of the last end

    @property
    def space(self) -> Space:
        """The space in force."""
        return self.history.space

    @property
    def is_comparable(self) -> bool:
        """Whether losses say which trials are good; not while most are cut before they could be compared."""
        return self._step is not None

    def update(self, event: SearchEvent) -> None:
        """Take the next event; unknown kinds are ignored."""
        self.history.update(event)
        self._tried.update(event, self.history)
        if isinstance(event, Observed):
            assert event.loss is not None, "reports without a loss don't reach a searcher"
            self._curves.add(event.trial, event.step, event.loss)
        elif isinstance(event, Started):
            self._kinds[event.trial : event.trial + 1] = bytes([_OTHER])  # a new one, or one that goes on
        elif isinstance(event, Ended):
            self._kinds[event.trial] = _KINDS.get(event.state, _OTHER)
            kinds = np.frombuffer(bytes(self._kinds), np.uint8)
            self._step = compared_at(self.history.steps, kinds == _CUT, kinds == _WHOLE)

    def has_loss(self, trial: int) -> bool:
        """Whether it has reported and not failed."""
        return trial in self._curves and self.history.states[trial] is not TrialState.FAILED

    def losses(self, trials: Iterable[int]) -> Floats:
        """(n,) lower is better; where most trials are cut short their places among these, from 0."""
        asked = list(trials)
        known = [trial for trial in asked if self.has_loss(trial)]
        if self._step == 0:
            counted = self._curves.outcomes(known)
        else:
            steps = self.history.steps
            last = steps.max() if self._step is None else self._step
            kinds = np.frombuffer(bytes(self._kinds), np.uint8)
            counted_at = np.where(kinds == _WHOLE, last, np.minimum(steps, last))[known]
            counted = _places(self._curves, known, counted_at.tolist())
        found = dict(zip(known, counted, strict=True))
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


def _places(curves: Curves, trials: Sequence[int], steps: Sequence[int]) -> list[float]:
    """By the steps and the lowest losses until there; trials that agree in both share a place."""
    keys = [(-step, curves.lowest_by(trial, step)) for trial, step in zip(trials, steps, strict=True)]
    places = {key: float(place) for place, key in enumerate(sorted(set(keys)))}
    return [places[key] for key in keys]
