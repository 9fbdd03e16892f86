"""Pauses of trials that have no checkpoint, after which they are trained from their beginning."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, final

from rung.events import Noted

if TYPE_CHECKING:
    from rung.events import Started
    from rung.rows import TrialRow
    from rung.tuning.session import Session

TRAINED_AGAIN = (
    "trials that were paused have no checkpoints to go on from: steps that they had reported are trained again. Give "
    'trial.epochs the model and the optimizer, or take a scheduler that only stops trials, as asha(variant="stopping").'
)


@final
class Repeats:
    """Notices the first trial of a study that goes through its steps once more after a pause."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._resumed: set[int] = set()

    def begin(self, event: Started) -> None:
        """A run begins."""
        if event.cause == "resumed":
            self._resumed.add(event.trial)
        else:
            self._resumed.discard(event.trial)

    def note_on(self, trial: TrialRow, at: float) -> Noted | None:
        """The note that the study gets, once, for a trial that has reported a step again."""
        if trial.number not in self._resumed or trial.checkpoints or trial.parent_checkpoint is not None:
            return None
        if any(note.text == TRAINED_AGAIN for note in self._session.study.notes):
            return None
        return Noted(at=at, text=TRAINED_AGAIN, by="trial", unix=time.time())
