"""What is known of a study's trials, and the moves that follow from it: going on with one, beginning another."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple, final

from rung.events import SpaceEdited, Started
from rung.history import History
from rung.schedulers._freeze_thaw_record import TrainingRecord
from rung.searchers._unseen import Tried
from rung.types import Proposal, Suggestion

if TYPE_CHECKING:
    import numpy as np

    from rung.events import SearchEvent
    from rung.schedulers._freeze_thaw_choice import Foresight, Gain, Model
    from rung.schedulers._freeze_thaw_evidence import Evidence
    from rung.space import Space
    from rung.types import Config, Decision, Json

_FIT: Final = "freeze_thaw"  # the key of the notes that holds the fit
_EXPECTED: Final = "expected_loss"  # of a trial that goes on; for people


class Outlook(NamedTuple):
    """What is believed, and what the trials promise that wait and that the space in force has, the best first.

    notes: of the next trial that begins or goes on: the fit behind all this.
    """

    foresight: Foresight
    model: Model
    gains: list[Gain]
    notes: Mapping[str, Json]

    def log_gain_of(self, config: Config) -> float:
        """What a new trial of a configuration of the space promises, as that of a Gain."""
        return self.foresight.log_gain_of(self.model, config)


@final
class Moves:
    """The fold of a study's events, and what can be done next. levels: the rungs, the last of which is the end.

    tried: the configurations of all trials. To be read only.
    """

    def __init__(self, space: Space, levels: Sequence[int]) -> None:
        self.tried = Tried()
        self._history = History(space)
        self._record = TrainingRecord(levels)
        self._foresight: Foresight | None = None
        self._noted: Json = None

    @property
    def levels(self) -> tuple[int, ...]:
        """The rungs."""
        return self._record.levels

    @property
    def n_running(self) -> int:
        """How many trials run."""
        return self._record.n_running

    def update(self, event: SearchEvent) -> Sequence[Decision]:
        """Take note of what trials have shown and of the fit behind a choice; pause a trial at each rung."""
        self._history.update(event)
        self.tried.update(event, self._history)
        if isinstance(event, Started):
            self._noted = event.notes.get(_FIT, self._noted)
        elif isinstance(event, SpaceEdited):
            self._noted = self._foresight = None
        return self._record.update(event)

    def evidence(self) -> Evidence:
        """What is known."""
        from rung.schedulers._freeze_thaw_evidence import evidence_of

        return evidence_of(self._history, self._record)

    def outlook(self, evidence: Evidence) -> Outlook:
        """What follows from the evidence, which has losses."""
        from rung.schedulers._freeze_thaw_choice import Foresight

        if self._foresight is None or self._foresight.partial != evidence.partial:
            self._foresight = Foresight(self._history.hull, self._history.space, evidence.partial, last=self.levels[-1])
        model = self._foresight.model(evidence, self._noted)
        gains = [gain for gain in self._foresight.gains(model, list(self._record.frozen)) if gain.is_inside]
        notes = {_FIT: [model.fit.n_readings, list(model.fit.theta)]}
        return Outlook(self._foresight, model, sorted(gains, key=self.log_rate, reverse=True), notes)

    def log_rate(self, gain: Gain) -> float:
        """The logarithm of what going on with a trial gains for each step that is left to train."""
        return gain.log_gain - math.log(self._record.remaining(gain.trial))

    def new(self, outlook: Outlook, rng: np.random.Generator) -> Config | None:
        """The untried configuration that promises most; None where none is left."""
        n_since = len(self._history) - self._history.n_before_priors
        return outlook.foresight.new(outlook.model, self.tried, rng, n_since=n_since)

    def begun(self, suggestion: Suggestion, notes: Mapping[str, Json]) -> Proposal:
        """A new trial, to the first rung."""
        return Proposal(config=suggestion.config, until=self.levels[0], notes={**suggestion.notes, **notes})

    def thawed(self, gain: Gain, outlook: Outlook) -> Proposal:
        """A trial that waits, to the next rung; the notes say at which loss it is expected to end."""
        end = outlook.model.loss_at_end(gain)
        expected = {_EXPECTED: float(f"{end:.6g}")} if math.isfinite(end) else {}
        return Proposal(
            trial=gain.trial,
            config=self._history.configs[gain.trial],
            until=self._record.next_step(gain.trial),
            notes={**outlook.notes, **expected},
        )
