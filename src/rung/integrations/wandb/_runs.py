"""The runs of Weights & Biases that stand for the trials of a study."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, final

import wandb

from rung.events import Ended, Event, Interrupted, Noted, Observed, SessionEnded, Started, Tagged
from rung.integrations._tracking import identity, remarks
from rung.integrations.wandb._files import STATE, Past, await_end, pasts
from rung.types import TrialState

if TYPE_CHECKING:
    from rung.rows import StudyRow, TrialRow


class Place(NamedTuple):
    """Where runs are written to, in the words of ``wandb.init``."""

    project: str | None
    entity: str | None
    mode: Literal["online", "offline", "disabled"] | None
    folder: Path


@final
class Runs:
    """Writes events as runs. Those of running trials are open, side by side; each attempt opens its trial's again."""

    name = "Weights & Biases"
    failures = (wandb.Error, OSError)

    def __init__(self, place: Place) -> None:
        self._place = place
        self._pasts: dict[str, Past] | None = None
        self._open: dict[int, wandb.Run] = {}

    def write(self, event: Event, study: StudyRow, trial: TrialRow | None) -> None:
        """Write what an event says, unless it is there already."""
        if trial is None:
            if isinstance(event, SessionEnded):  # what still runs will begin another attempt
                for number in list(self._open):
                    self._close(number)
            return
        past = self._past(study, trial)
        if past.is_whole:
            return
        if isinstance(event, Started) and not past.last_step:
            self._run(study, trial)
        elif isinstance(event, Observed) and event.step > past.last_step:
            self._log(event, study, trial)
        elif isinstance(event, Noted | Tagged) and trial.number in self._open:
            self._describe(study, trial)
        elif isinstance(event, Ended) and event.state.is_final:
            self._end(event, study, trial)
        elif isinstance(event, Ended | Interrupted):
            self._close(trial.number)

    def _past(self, study: StudyRow, trial: TrialRow) -> Past:
        if self._pasts is None:
            self._pasts = pasts(self._place.folder)
        return self._pasts.get(_id(study, trial), Past())

    def _run(self, study: StudyRow, trial: TrialRow) -> wandb.Run:
        run = self._open.get(trial.number)
        if run is None:
            self._place.folder.mkdir(parents=True, exist_ok=True)
            run = self._open[trial.number] = wandb.init(
                project=self._place.project,
                entity=self._place.entity,
                mode=self._place.mode,
                dir=self._place.folder,
                id=_id(study, trial),
                resume="allow",
                reinit="create_new",  # trials run side by side
                name=f"{study.name}-{trial.number}",
                group=study.name,
                job_type="trial",
                config=dict(trial.config) | {"rung": {"study": study.name, "trial": trial.number, "seed": study.seed}},
                tags=_tags(study, trial),
                notes=remarks(study.message, trial),
                settings=wandb.Settings(console="off", silent=True, x_disable_stats=True),  # of the tuner, not trials
            )
        return run

    def _log(self, event: Observed, study: StudyRow, trial: TrialRow) -> None:
        run = self._run(study, trial)
        if event.step >= run.starting_step:  # else it is there, written from elsewhere
            run.log(dict(event.metrics), step=event.step, commit=True)  # else it waits for the next one
        self._note_past(study, trial, Past(event.step))

    def _describe(self, study: StudyRow, trial: TrialRow) -> None:
        run = self._open[trial.number]
        run.tags, run.notes = _tags(study, trial), remarks(study.message, trial)

    def _end(self, event: Ended, study: StudyRow, trial: TrialRow) -> None:
        run = self._run(study, trial)
        if trial.best_loss is not None:
            best = study.goal.value(trial.best_loss)
            run.summary.update({f"best/{study.goal.metric}": best, "best/step": trial.best_step})
        said = {"rung/reason": event.reason, "rung/message": event.message}
        run.summary.update({name: text for name, text in said.items() if text} | {STATE: str(event.state)})
        self._close(trial.number, exit_code=int(event.state is TrialState.FAILED))
        self._note_past(study, trial, Past(trial.last_step, is_whole=True))

    def _close(self, number: int, *, exit_code: int = 0) -> None:
        run = self._open.pop(number, None)
        if run is None:
            return
        run.finish(exit_code=exit_code)
        if not run.disabled:
            await_end(Path(run.settings.sync_file))

    def _note_past(self, study: StudyRow, trial: TrialRow, past: Past) -> None:
        assert self._pasts is not None, "asked for before anything is written"
        self._pasts[_id(study, trial)] = past


def _id(study: StudyRow, trial: TrialRow) -> str:
    return f"rung-{identity(study)}-{trial.number}"


def _tags(study: StudyRow, trial: TrialRow) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*study.tags, *trial.tags)))
