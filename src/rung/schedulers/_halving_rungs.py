"""Asynchronous successive halving without a searcher: which of its trials are stopped, paused and promoted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, final

from msgspec import Struct

from rung.events import Changed, Ended, Observed, Started
from rung.schedulers._rungs import Rung, rung_reached
from rung.types import Action, Decision, Proposal, TrialState

if TYPE_CHECKING:
    from rung.events import SearchEvent
    from rung.types import Config, Suggestion

Variant: TypeAlias = Literal["stopping", "promotion"]
VARIANTS: Final = ("stopping", "promotion")


class _OpenTrial(Struct, gc=False):
    """A trial that is not over. rung: index of the highest rung it was recorded at; -1 for none. until: of its run."""

    config: Config
    until: int | None
    rung: int = -1
    is_running: bool = True


@final
class AsynchronousRungs:
    """Compares the trials that it is told of at ``levels``, whose last is the step of a full training.

    It is a fold of ``update`` as a scheduler is, and its proposals follow from that alone. Several can share a searcher
    when each is told of its own trials only.

    rungs: the tables, the lowest first; to be read only. n_running: how many of its trials run.
    lowest, highest: indices of the rungs between which trials are compared: below ``lowest`` nothing is decided, and
    nobody is promoted past ``highest``. Whoever sets them does so by events alone.
    """

    def __init__(self, levels: Sequence[int], *, reduction_factor: int, variant: Variant) -> None:
        self.rungs = tuple(Rung(level) for level in levels)
        self.lowest = 0
        self.highest = len(levels) - 1
        self.n_running = 0
        self._levels = tuple(levels)
        self._reduction_factor = reduction_factor
        self._promotes = variant == "promotion"
        self._open: dict[int, _OpenTrial] = {}

    @property
    def can_promote_later(self) -> bool:
        """Whether a run is on its way to a rung where it pauses; without one, nobody is promoted any more."""
        return self._promotes and self.n_running > 0

    def first_run(self, suggestion: Suggestion) -> Proposal:
        """A new trial: to the lowest rung when trials pause there, else to the end, past decisions at the rungs."""
        until = self._levels[self.lowest if self._promotes else -1]
        decide_at = () if self._promotes else self._levels[self.lowest : -1]
        return Proposal(config=suggestion.config, until=until, decide_at=decide_at, notes=suggestion.notes)

    def promotion(self, *, closed: bool = False) -> Proposal | None:
        """The best trial that waits at the highest rung where one is due to go on, to the rung above.

        Whether new trials can come (``closed``) makes no difference: nobody waits for them.
        """
        del closed
        if self._promotes:
            for index in reversed(range(self.highest)):
                trial = self.rungs[index].promotable(self._reduction_factor)
                if trial is not None:
                    until = self._levels[max(index + 1, self.lowest)]
                    notes = {"rung": self._levels[index]}
                    return Proposal(trial=trial, config=self._open[trial].config, until=until, notes=notes)
        return None

    def update(self, event: SearchEvent) -> Sequence[Decision]:
        """Keep the tables, and decide about a trial that has reached a rung. Events of no trial are ignored."""
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

    def _observed(self, event: Observed) -> Sequence[Decision]:
        index = rung_reached(self._levels, event.step)
        trial = self._open.get(event.trial)
        if trial is None or index <= trial.rung:
            return ()
        trial.rung = index
        rung = self.rungs[index]
        assert event.loss is not None, "reports without a loss don't reach a scheduler"
        rank = rung.record(event.trial, event.loss)
        if index == len(self.rungs) - 1:
            return ()
        n = len(rung)
        if self._promotes:
            is_passing = trial.until is not None and event.step < trial.until
            action = Action.CONTINUE if is_passing else Action.PAUSE
        elif index < self.lowest or n < self._reduction_factor or rank <= n // self._reduction_factor:
            action = Action.CONTINUE
        else:
            action = Action.STOP
        if action is Action.CONTINUE:
            return ()
        return (Decision(event.trial, action, f"rung {rung.level}: rank {rank} of {n}"),)

    def _started(self, event: Started) -> None:
        trial = self._open.get(event.trial)
        if trial is None:
            self._open[event.trial] = _OpenTrial(event.config, event.until)
        else:
            trial.config, trial.until = event.config, event.until
            trial.is_running = True
            if trial.rung >= 0:
                self.rungs[trial.rung].release(event.trial)
        self.n_running += 1

    def _ended(self, event: Ended) -> None:
        trial = self._open[event.trial]
        self.n_running -= trial.is_running
        trial.is_running = False
        if event.state is not TrialState.PAUSED:
            del self._open[event.trial]
            if trial.rung >= 0:
                self.rungs[trial.rung].release(event.trial)
        elif self._promotes and event.reason != "person" and 0 <= trial.rung < len(self.rungs) - 1:
            self.rungs[trial.rung].hold(event.trial)
