"""The runs of MLflow that stand for a study and its trials."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, final

from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException

from rung.events import Ended, Event, Interrupted, Noted, Observed, SessionEnded, SessionStarted, Started, Tagged
from rung.integrations._tracking import identity, remarks, unix_of
from rung.types import TrialState

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from rung.rows import StudyRow, TrialRow

_STATUSES: Final[Mapping[TrialState, str]] = {
    TrialState.COMPLETED: "FINISHED",
    TrialState.STOPPED: "KILLED",
    TrialState.FAILED: "FAILED",
    TrialState.PAUSED: "SCHEDULED",
}
_ENDS: Final[Mapping[str, str]] = {"failures": "FAILED", "interrupted": "KILLED"}
"""Why a session ended -> the status of the study's run; all else is FINISHED."""
_FORBIDDEN: Final = re.compile(r"[^/\w.\- ]")
"""What MLflow takes in no name of a parameter or metric, on no platform."""


@final
class Runs:
    """Writes events as runs. The study's own run is known by None, a trial's by its number.

    A run has the tag ``rung.study_id``, by which it is found again, and ``rung.state`` once its trial has ended and all
    is written.
    """

    name = "MLflow"
    failures = (MlflowException, OSError)

    def __init__(self, client: MlflowClient, experiment: str | None) -> None:
        self._client = client
        self._name = experiment
        self._experiment = ""
        self._ids: dict[int | None, str] = {}
        self._steps: dict[int | None, set[int]] = {}
        self._is_whole: set[int] = set()

    def write(self, event: Event, study: StudyRow, trial: TrialRow | None) -> None:
        """Write what an event says, unless it is there already."""
        if not self._experiment:
            self._open(study)
        if isinstance(event, SessionStarted):
            self._client.update_run(self._ids[None], "RUNNING")
        elif isinstance(event, SessionEnded):
            self._end_session(event, study)
        elif isinstance(event, Noted | Tagged):
            self._describe(study, trial)
        elif trial is not None and trial.number not in self._is_whole:
            self._write_trial(event, study, trial)

    def _write_trial(self, event: Event, study: StudyRow, trial: TrialRow) -> None:
        run = self._run(study, trial)
        if isinstance(event, Started):
            self._client.update_run(run, "RUNNING")
        elif isinstance(event, Observed):
            self._log(trial.number, event.metrics, study, step=event.step, at=event.at)
        elif isinstance(event, Interrupted):
            self._client.update_run(run, "SCHEDULED")
        elif isinstance(event, Ended) and event.state.is_final:
            self._end(event, study, trial)
        elif isinstance(event, Ended):
            self._client.update_run(run, _STATUSES[event.state])

    def _open(self, study: StudyRow) -> None:
        """Find the experiment and the runs that the study has there."""
        name = self._name or study.project or study.name
        found = self._client.get_experiment_by_name(name)
        experiment = self._client.create_experiment(name) if found is None else found.experiment_id
        wanted, token = f"tags.`rung.study_id` = '{identity(study)}'", None
        while True:
            page = self._client.search_runs([experiment], wanted, page_token=token)
            for run in page:
                tags = run.data.tags
                number = int(tags["rung.trial"]) if "rung.trial" in tags else None
                self._ids[number] = run.info.run_id
                if number is not None and "rung.state" in tags:
                    self._is_whole.add(number)
            token = page.token
            if not token:
                break
        self._experiment = experiment
        if None not in self._ids:
            self._create(study, None)

    def _run(self, study: StudyRow, trial: TrialRow) -> str:
        if trial.number not in self._ids:
            self._create(study, trial)
        return self._ids[trial.number]

    def _create(self, study: StudyRow, trial: TrialRow | None) -> None:
        tags = {"rung.study": study.name, "rung.study_id": identity(study), "rung.seed": str(study.seed)}
        name, began, number = study.name, study.created_unix, None
        if trial is not None:
            name, began, number = f"{study.name}-{trial.number}", unix_of(study, trial.started_at), trial.number
            tags |= {"rung.trial": str(number), "mlflow.parentRunId": self._ids[None]}
        made = self._client.create_run(self._experiment, start_time=_ms(began), tags=tags, run_name=name)
        self._ids[number], self._steps[number] = made.info.run_id, set()
        if trial is not None:
            params = [Param(_as_name(each), str(value)) for each, value in trial.config.items()]
            self._client.log_batch(made.info.run_id, params=params)
        self._describe(study, trial)

    def _describe(self, study: StudyRow, trial: TrialRow | None) -> None:
        """Write tags, and as the description the message and notes."""
        row, message = (study, study.message) if trial is None else (trial, "")
        run = self._ids[None] if trial is None else self._run(study, trial)
        said = {"rung.tags": ", ".join(row.tags), "mlflow.note.content": remarks(message, row)}
        tags = [RunTag(name, text) for name, text in said.items() if text]
        if tags:
            self._client.log_batch(run, tags=tags)

    def _log(self, number: int | None, metrics: Mapping[str, float], study: StudyRow, *, step: int, at: float) -> None:
        """Write metrics at a step that has none yet."""
        run = self._ids[number]
        if number not in self._steps:  # the goal's metric is in every report
            key = _as_name(study.goal.metric if number is not None else _best(study))
            self._steps[number] = {metric.step for metric in self._client.get_metric_history(run, key)}
        if step in self._steps[number]:
            return
        when = _ms(unix_of(study, at))
        self._client.log_batch(run, [Metric(_as_name(name), value, when, step) for name, value in metrics.items()])
        self._steps[number].add(step)

    def _end(self, event: Ended, study: StudyRow, trial: TrialRow) -> None:
        run, when = self._ids[trial.number], _ms(unix_of(study, event.at))
        if trial.best_loss is not None and trial.best_step is not None:
            best = Metric(_best(study), study.goal.value(trial.best_loss), when, trial.best_step)
            self._client.log_batch(run, [best])
        said = {"rung.reason": event.reason, "rung.message": event.message}
        self._client.log_batch(run, tags=[RunTag(name, text) for name, text in said.items() if text])
        self._client.set_terminated(run, _STATUSES[event.state], when)
        self._client.set_tag(run, "rung.state", str(event.state))  # the last word: all the rest is written
        self._is_whole.add(trial.number)
        self._steps.pop(trial.number, None)

    def _end_session(self, event: SessionEnded, study: StudyRow) -> None:
        if study.best_loss is not None:
            best = {_best(study): study.goal.value(study.best_loss)}
            self._log(None, best, study, step=event.session, at=event.at)
            self._client.set_tag(self._ids[None], "rung.best_trial", str(study.best_trial))
        status = _ENDS.get(event.why, "FINISHED")
        self._client.set_terminated(self._ids[None], status, _ms(unix_of(study, event.at)))


def _best(study: StudyRow) -> str:
    return _as_name(f"best/{study.goal.metric}")


def _as_name(text: str) -> str:
    return _FORBIDDEN.sub("_", text)


def _ms(unix: float) -> int:
    return round(unix * 1000)
