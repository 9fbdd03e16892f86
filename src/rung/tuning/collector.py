"""Files of trials: which checkpoints nobody needs, and which folders become a trial's, once the log has it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, final

from rung.events import Collected
from rung.places import kept_file, trial_folder
from rung.types import TrialState

if TYPE_CHECKING:
    from pathlib import Path

    from rung.rows import TrialRow
    from rung.tuning.session import Session
    from rung.types import Checkpoint

_KEPT_CHECKPOINTS = 2  # the newest, and the one before in case the newest turns out to be torn


@final
class Collector:
    """Stages what can go, and removes the files of what the log has let go of; makes folders those of trials.

    folder: of the study. What lies elsewhere stays: in a store that was copied, that is the original's.
    """

    def __init__(self, session: Session, *, folder: Path) -> None:
        self.folder = folder
        self._session = session
        self._removable: list[Path] = []
        self._arrived: list[tuple[Path, Path]] = []

    def collect(self, trial: TrialRow) -> None:
        """Let go of the checkpoints that nobody needs after this trial has saved one, or is over.

        Those of its parent, too, when that is over and was only kept for this one.
        """
        ledger = self._session.ledger
        parent = None if trial.parent is None else ledger.trials[trial.parent]
        for each in (trial, parent) if parent is not None and parent.state.is_final else (trial,):
            children = (ledger.trials[child] for child in ledger.unsaved_children.get(each.number, ()))
            kept = [*_needed(each), *(start for child in children for start in parent_checkpoints(child, each))]
            unneeded = tuple(checkpoint.path for checkpoint in each.checkpoints if checkpoint not in kept)
            if unneeded:
                self._session.stage(Collected(at=self._session.at(), trial=each.number, paths=unneeded))
                self._removable += [kept_file(self.folder, each.number, path) for path in unneeded]

    def take_in(self, files: Path, trial: int) -> None:
        """Have a folder become that of a trial, which has none yet."""
        if files.is_relative_to(self.folder):
            self._arrived.append((files, trial_folder(self.folder, trial)))

    def tidy_up(self) -> None:
        """Move and remove the files; only once what was staged is committed."""
        arrived, self._arrived = self._arrived, []
        for files, folder in arrived:
            with contextlib.suppress(OSError):  # they are gone, or can't be moved: the results count without them
                files.rename(folder)
        removable, self._removable = self._removable, []
        for path in removable:
            if path.is_relative_to(self.folder):
                path.unlink(missing_ok=True)


def parent_checkpoints(copy: TrialRow, parent: TrialRow) -> list[Checkpoint]:
    """What a copy without a checkpoint of its own begins from, oldest first, however far its parent has come since.

    The one that its start names, and the one before in case that turns out to be torn: the same in each attempt.
    """
    if copy.parent_checkpoint is None:
        return []
    paths = [checkpoint.path for checkpoint in parent.checkpoints]
    place = paths.index(copy.parent_checkpoint.path)
    return parent.checkpoints[max(place + 1 - _KEPT_CHECKPOINTS, 0) : place + 1]


def _needed(trial: TrialRow) -> list[Checkpoint]:
    """The checkpoints of a trial that it may go on from, or be judged by.

    Of one that is over these are those by which it may be judged; or the newest, so that nothing trained is lost.
    """
    checkpoints = trial.checkpoints
    if not trial.state.is_final:
        return [*checkpoints[-_KEPT_CHECKPOINTS:], *(each for each in checkpoints if each.step == trial.best_step)]
    steps = {trial.best_step, trial.last_step} if trial.state is TrialState.COMPLETED else {trial.best_step}
    judged = [each for each in checkpoints if each.step in steps]
    return judged or checkpoints[-1:]
