"""The runs of Weights & Biases that stand for the trials of a study."""

from __future__ import annotations

from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

import wandb
from pydantic import ValidationError

from rung.events import Ended, Event, Interrupted, Noted, Observed, SessionEnded, Started, Tagged
from rung.integrations._tracking import identity, remarks
from rung.integrations.wandb._files import STATE, Past, await_end, pasts
from rung.types import TrialState

if TYPE_CHECKING:
    from rung.rows import StudyRow, TrialRow


@final
class Runs:
    """Writes events as runs. Those of running trials are open, side by side; each attempt opens its trial's again."""

    name = "Weights & Biases"
    failures = (wandb.Error, ValidationError, OSError)

    def __init__(self, settings: wandb.Settings) -> None:
        self._settings = settings
        self._folder = Path(settings.root_dir)
        self._pasts: dict[str, Past] | None = None
        self._open: dict[str, wandb.Run] = {}

    def write(self, event: Event, study: StudyRow, trial: TrialRow | None) -> None:
        """Write what an event says, unless it is there already."""
        if trial is None:
            if isinstance(event, SessionEnded):  # what still runs will begin another attempt
                for run in [run for run in self._open if run.startswith(_prefix(study))]:
                    self._close(run)
            return
        past = self._past(study, trial)
        if past.is_whole:
            return
        if isinstance(event, Started) and not past.last_step:
            self._run(study, trial)
        elif isinstance(event, Observed) and event.step > past.last_step:
            self._log(event, study, trial)
        elif isinstance(event, Noted | Tagged) and _id(study, trial) in self._open:
            self._describe(study, trial)
        elif isinstance(event, Ended) and event.state.is_final:
            self._end(event, study, trial)
        elif isinstance(event, Ended | Interrupted):
            self._close(_id(study, trial))

    def _past(self, study: StudyRow, trial: TrialRow) -> Past:
        if self._pasts is None:
            self._pasts = pasts(self._folder)
        return self._pasts.get(_id(study, trial), Past())

    def _run(self, study: StudyRow, trial: TrialRow) -> wandb.Run:
        known = _id(study, trial)
        run = self._open.get(known)
        if run is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            run = self._open[known] = wandb.init(
                settings=self._settings.model_copy(),  # wandb writes the rest into it
                id=known,
                resume="allow",
                reinit="create_new",  # trials run side by side
                name=f"{study.name}-{trial.number}",
                group=study.name,
                job_type="trial",
                config=_config(study, trial),
                tags=_tags(study, trial),
                notes=remarks(study.message, trial),
            )
        return run

    def _log(self, event: Observed, study: StudyRow, trial: TrialRow) -> None:
        run = self._run(study, trial)
        if event.step >= run.starting_step:  # else it is there, written from elsewhere
            run.log(dict(event.metrics), step=event.step, commit=True)  # else it waits for the next one
        self._note_past(study, trial, Past(event.step))

    def _describe(self, study: StudyRow, trial: TrialRow) -> None:
        run = self._open[_id(study, trial)]
        run.tags, run.notes = _tags(study, trial), remarks(study.message, trial)

    def _end(self, event: Ended, study: StudyRow, trial: TrialRow) -> None:
        run = self._run(study, trial)
        if trial.best_loss is not None:
            best = study.goal.value(trial.best_loss)
            run.summary.update({f"best/{study.goal.metric}": best, "best/step": trial.best_step})
        said = {"rung/reason": event.reason, "rung/message": event.message}
        run.summary.update({name: text for name, text in said.items() if text} | {STATE: str(event.state)})
        self._close(_id(study, trial), exit_code=int(event.state is TrialState.FAILED))
        self._note_past(study, trial, Past(trial.last_step, is_whole=True))

    def _close(self, known: str, *, exit_code: int = 0) -> None:
        run = self._open.pop(known, None)
        if run is None:
            return
        run.finish(exit_code=exit_code)
        if not run.disabled:
            await_end(Path(run.settings.sync_file))

    def _note_past(self, study: StudyRow, trial: TrialRow, past: Past) -> None:
        assert self._pasts is not None, "asked for before anything is written"
        self._pasts[_id(study, trial)] = past


def _id(study: StudyRow, trial: TrialRow) -> str:
    return f"{_prefix(study)}{trial.number}"


def _prefix(study: StudyRow) -> str:
    return f"rung-{identity(study)}-"


def _config(study: StudyRow, trial: TrialRow) -> dict[str, Any]:
    """The hyperparameters, and what the run is beside them; a hyperparameter keeps the name that it has."""
    names = chain(["rung"], (f"rung_{number}" for number in count(2)))
    free = next(name for name in names if name not in trial.config)
    return dict(trial.config) | {free: {"study": study.name, "trial": trial.number, "seed": study.seed}}


def _tags(study: StudyRow, trial: TrialRow) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*study.tags, *trial.tags)))
