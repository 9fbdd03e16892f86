"""One training along a schedule of configurations that is known beforehand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, final

from rung.checks import whole_number
from rung.errors import SettingError
from rung.events import Ended, Observed, Started
from rung.registry import describe
from rung.types import Exhausted, Proposal, TrialState, Wait

if TYPE_CHECKING:
    import numpy as np

    from rung.contracts import Searcher
    from rung.events import SearchEvent
    from rung.space import Space
    from rung.types import Config, Decision, Json


class _Stretch(NamedTuple):
    until: int
    config: Config


@final
class Replay:
    """Trains one configuration after the other, each from the weights and the optimizer that the one before has left.

    stretches: pairs of the step to which a configuration is trained, increasing, and the configuration. Each is a trial
    of its own, from the second on a copy of the one before, so the objective needs checkpoints. When one fails, or a
    person stops it, nothing follows. The searcher is told everything and asked for nothing.

    SettingError for stretches that make no schedule, and SpaceError for a configuration that isn't in the space.
    """

    def __init__(self, searcher: Searcher, *, stretches: Sequence[tuple[int, Mapping[str, Any]]]) -> None:
        self.searcher = searcher
        self._stretches = _checked(stretches, searcher.space)
        self._trial: int | None = None
        self._n_begun = 0
        self._step = 0
        self._state = TrialState.COMPLETED

    @property
    def space(self) -> Space:
        """The searcher's space."""
        return self.searcher.space

    def suggest(self, rng: np.random.Generator, *, new_trials: bool) -> Proposal | Wait | Exhausted:  # noqa: ARG002
        """The next stretch, once the one before is trained."""
        if self._state is TrialState.RUNNING:
            return Wait("the stretch before is being trained")
        if self._state is not TrialState.COMPLETED or (self._trial is None and not new_trials):
            return Exhausted("the stretch before was not trained to its end")
        if self._n_begun == len(self._stretches) or self._step < self._reached:
            return Exhausted("the training has come to its end")
        until, config = self._stretches[self._n_begun]
        decide_at = tuple(stretch.until for stretch in self._stretches[: self._n_begun])
        return Proposal(config=config, until=until, decide_at=decide_at, parent=self._trial)

    def update(self, event: SearchEvent) -> Sequence[Decision]:
        """Keep track of how far it has come; nothing is ever decided."""
        self.searcher.update(event)
        if isinstance(event, Started) and event.cause != "given":
            self._n_begun += event.cause == "new"
            self._trial, self._state = event.trial, TrialState.RUNNING
        elif isinstance(event, Observed) and event.trial == self._trial:
            self._step = event.step
        elif isinstance(event, Ended) and event.trial == self._trial:
            self._state = event.state
        return ()

    def spec(self) -> Mapping[str, Json]:
        """The JSON form, for the log."""
        stretches = [[stretch.until, dict(stretch.config)] for stretch in self._stretches]
        return describe(self, stretches=stretches, searcher=self.searcher.spec())

    @property
    def _reached(self) -> int:
        """The step to which the stretches that have begun lead."""
        return self._stretches[self._n_begun - 1].until if self._n_begun else 0


def _checked(stretches: Sequence[tuple[int, Mapping[str, Any]]], space: Space) -> tuple[_Stretch, ...]:
    found: list[_Stretch] = []
    for until, config in stretches:
        step = whole_number("a stretch's step", until, at_least=1, example=5)
        if found and step <= found[-1].until:
            raise SettingError(
                f"A stretch to step {step} follows one to {found[-1].until}.", hint="Let the steps grow."
            )
        found.append(_Stretch(step, space.validate(config)))
    if not found:
        raise SettingError("There are no stretches to train.", hint="Give pairs of a step and a configuration.")
    return tuple(found)
