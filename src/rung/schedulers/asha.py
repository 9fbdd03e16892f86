"""Asynchronous successive halving: train many a little and the best of them longer, without waiting for anybody."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, final

from msgspec import Struct

from rung.errors import SettingError
from rung.events import Changed, Ended, Observed, Started
from rung.registry import describe
from rung.schedulers._rungs import Rung, rung_levels, rung_reached
from rung.types import Action, Decision, Exhausted, Proposal, Suggestion, TrialState, Wait

if TYPE_CHECKING:
    import numpy as np

    from rung.contracts import Searcher
    from rung.events import SearchEvent
    from rung.space import Space
    from rung.types import Config, Json


class _OpenTrial(Struct):
    """A trial that is not over. rung: index of the highest rung it was recorded at; -1 for none."""

    config: Config
    rung: int = -1
    is_running: bool = True


@final
class ASHA:
    """Compares trials at the rungs ``grace_period * reduction_factor**k`` below ``max_t``; only the best of each go on.

    max_t: the step at which a trial is fully trained. grace_period: the first rung; every trial gets there.
    reduction_factor: one in so many goes on from each rung. All are integers.
    variant: ``"stopping"`` decides when a trial reaches a rung: unless it is among the best ``1 / reduction_factor`` of
    those that got there so far, it included, it is stopped for good; with fewer than ``reduction_factor`` there it goes
    on. ``"promotion"`` pauses every trial at each rung, and continues the best of those that wait, the highest rung
    first, as soon as they are among the best ``1 / reduction_factor`` there; it wants an objective with checkpoints.

    - Of equal losses the trial with the lower number ranks better.
    - What counts at a rung is the first report at or past its level; a report that jumps over several rungs counts at
      the highest of them only. The step is the one that was reported.
    - At and past ``max_t`` nothing is decided: there the run ends by itself. Failed trials keep the places that they
      had in rungs. A trial that a person paused isn't promoted until a person has continued it.
    - ``max_t == grace_period`` leaves one rung, so nothing is ever stopped or paused.

    Source: Li et al. 2020, "A System for Massively Parallel Hyperparameter Tuning", algorithm 2 (promotion).
    SettingError when a number is not usable.
    """

    def __init__(
        self,
        searcher: Searcher,
        *,
        max_t: int,
        grace_period: int = 1,
        reduction_factor: int = 3,
        variant: Literal["stopping", "promotion"] = "stopping",
    ) -> None:
        self.searcher = searcher
        self._max_t = _integer("max_t", max_t, at_least=1, example=81)
        self._grace_period = _integer("grace_period", grace_period, at_least=1, example=1)
        self._reduction_factor = _integer("reduction_factor", reduction_factor, at_least=2, example=3)
        if self._max_t < self._grace_period:
            raise SettingError(
                f"max_t={max_t} is below grace_period={grace_period}, so no trial could reach the first rung.",
                hint=f"Use grace_period <= {max_t}, or a higher max_t.",
            )
        if variant not in {"stopping", "promotion"}:
            raise SettingError(f"There is no variant {variant!r}.", hint="Use 'stopping' or 'promotion'.")
        self._variant = variant
        self._levels = rung_levels(self._grace_period, self._max_t, self._reduction_factor)
        self._rungs = tuple(Rung(level) for level in self._levels)
        self._open: dict[int, _OpenTrial] = {}
        self._n_running = 0

    @property
    def space(self) -> Space:
        """The searcher's space."""
        return self.searcher.space

    @property
    def rungs(self) -> tuple[Rung, ...]:
        """The rung tables as they stand, the lowest first; the last is at ``max_t``. To be read only."""
        return self._rungs

    def suggest(self, rng: np.random.Generator, *, new_trials: bool) -> Proposal | Wait | Exhausted:
        """A promotion if one is due, else a new trial."""
        promotes = self._variant == "promotion"
        if promotes and (promotion := self._promotion()):
            return promotion
        why = "no paused trial is due to go on"
        if new_trials:
            suggestion = self.searcher.suggest(rng)
            if isinstance(suggestion, Suggestion):
                until, decide_at = (self._levels[0], ()) if promotes else (self._max_t, self._levels[:-1])
                return Proposal(config=suggestion.config, until=until, decide_at=decide_at, notes=suggestion.notes)
            if isinstance(suggestion, Wait):
                return suggestion
            why = suggestion.why
        # Only a run that has not ended can bring a promotion; without one, nothing changes any more.
        return Wait(why) if promotes and self._n_running else Exhausted(why)

    def update(self, event: SearchEvent) -> Sequence[Decision]:
        """Keep the rung tables, and decide about a trial that has reached a rung."""
        self.searcher.update(event)
        if isinstance(event, Observed):
            return self._observed(event)
        if isinstance(event, Started):
            self._started(event)
        elif isinstance(event, Ended):
            self._ended(event)
        elif isinstance(event, Changed):
            trial = self._open[event.trial]
            trial.config = {**trial.config, **event.changes}
        return ()

    def spec(self) -> Mapping[str, Json]:
        """The JSON form, for the log."""
        return describe(
            self,
            max_t=self._max_t,
            grace_period=self._grace_period,
            reduction_factor=self._reduction_factor,
            variant=self._variant,
            searcher=self.searcher.spec(),
        )

    def _promotion(self) -> Proposal | None:
        for index in reversed(range(len(self._rungs) - 1)):
            trial = self._rungs[index].promotable(self._reduction_factor)
            if trial is not None:
                until = self._levels[index + 1]
                return Proposal(
                    trial=trial, config=self._open[trial].config, until=until, notes={"rung": self._levels[index]}
                )
        return None

    def _observed(self, event: Observed) -> Sequence[Decision]:
        index = rung_reached(self._levels, event.step)
        trial = self._open.get(event.trial)
        if trial is None or index <= trial.rung:
            return ()
        trial.rung = index
        rung = self._rungs[index]
        assert event.loss is not None, "reports without a loss don't reach a scheduler"
        rank = rung.record(event.trial, event.loss)
        if rung.level == self._max_t:
            return ()
        n = len(rung)
        if self._variant == "promotion":
            action = Action.PAUSE
        elif n < self._reduction_factor or rank <= n // self._reduction_factor:
            return ()
        else:
            action = Action.STOP
        return (Decision(event.trial, action, f"rung {rung.level}: rank {rank} of {n}"),)

    def _started(self, event: Started) -> None:
        trial = self._open.get(event.trial)
        if trial is None:
            self._open[event.trial] = _OpenTrial(event.config)
        else:
            trial.config = event.config
            trial.is_running = True
            if trial.rung >= 0:
                self._rungs[trial.rung].release(event.trial)
        self._n_running += 1

    def _ended(self, event: Ended) -> None:
        trial = self._open[event.trial]
        self._n_running -= trial.is_running
        trial.is_running = False
        if event.state is not TrialState.PAUSED:
            del self._open[event.trial]
            if trial.rung >= 0:
                self._rungs[trial.rung].release(event.trial)
        elif self._variant == "promotion" and event.reason != "person" and 0 <= trial.rung < len(self._rungs) - 1:
            self._rungs[trial.rung].hold(event.trial)


def _integer(name: str, value: object, *, at_least: int, example: int) -> int:
    try:
        number = operator.index(value)  # type: ignore[arg-type]  # what has no index is refused
    except TypeError:
        number = None
    if number is None or isinstance(value, bool) or number < at_least:
        raise SettingError(
            f"{name} must be a whole number, at least {at_least}, not {value!r}.",
            hint=f"Give for instance {name}={example}.",
        )
    return number
