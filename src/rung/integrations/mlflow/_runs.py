"""The runs of MLflow that stand for a study and its trials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, Literal, TypeVar, final

from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException

from rung.events import Ended, Event, Interrupted, Noted, Observed, SessionEnded, SessionStarted, Started, Tagged
from rung.integrations._tracking import identity, remarks, unix_of
from rung.integrations.mlflow._names import Names, as_name
from rung.types import TrialState

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

    from rung.rows import StudyRow, TrialRow

_STATUSES: Final[Mapping[TrialState, str]] = {
    TrialState.COMPLETED: "FINISHED",
    TrialState.STOPPED: "KILLED",
    TrialState.FAILED: "FAILED",
    TrialState.PAUSED: "SCHEDULED",
}
_ENDS: Final[Mapping[str, str]] = {"failures": "FAILED", "interrupted": "KILLED"}
"""Why a session ended -> the status of the study's run; all else is FINISHED."""
_Value = TypeVar("_Value")


@final
class Runs:
    """Writes events as runs of their studies, which may be many."""

    name = "MLflow"
    failures = (MlflowException, OSError)

    def __init__(self, client: MlflowClient, experiment: str | None) -> None:
        self._client = client
        self._experiment = experiment
        self._studies: dict[str, StudyRuns] = {}

    def write(self, event: Event, study: StudyRow, trial: TrialRow | None) -> None:
        """Write what an event says, unless it is there already."""
        known = identity(study)
        try:
            if known not in self._studies:
                self._studies[known] = StudyRuns(self._client, self._experiment, study)
            self._studies[known].write(event, study, trial)
        except self.failures:
            self._studies.pop(known, None)  # how far it got is asked for when it goes on
            raise


@final
class StudyRuns:
    """The runs of one study. Its own is known by None, a trial's by its number.

    A run has the tag ``rung.study_id``, by which it is found again, and ``rung.state`` once its trial has ended and all
    is written. The study's own has ``rung.metric.…`` and ``rung.parameter.…`` for what is called otherwise in MLflow.
    """

    def __init__(self, client: MlflowClient, experiment: str | None, study: StudyRow) -> None:
        self._client = client
        self._experiment = _experiment(client, experiment or study.project or study.name)
        self._ids: dict[int | None, str] = {}
        self._steps: dict[int | None, set[int]] = {}
        self._is_begun: set[int] = set()
        self._is_whole: set[int] = set()
        found = _runs(client, self._experiment, study)
        for run in found:
            number = _number(run)
            self._ids[number] = run.info.run_id
            if number is not None and run.data.params:
                self._is_begun.add(number)
            if number is not None and "rung.state" in run.data.tags:
                self._is_whole.add(number)
        self._best = as_name(f"best/{study.goal.metric}")
        self._metrics = Names(_known("metric", found), reserved=[self._best])
        self._parameters = Names(_known("parameter", found))
        if None not in self._ids:
            self._create(study, None)

    def write(self, event: Event, study: StudyRow, trial: TrialRow | None) -> None:
        """Write what an event says, unless it is there already."""
        if isinstance(event, SessionStarted):
            self._client.update_run(self._ids[None], "RUNNING")
            self._describe(study, None)
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
            self._describe(study, trial)
        elif isinstance(event, Observed):
            values = self._named("metric", event.metrics)
            goal = self._metrics.of(study.goal.metric)  # it is in every report
            self._log(trial.number, values, goal, step=event.step, unix=unix_of(study, event.at))
        elif isinstance(event, Interrupted):
            self._client.update_run(run, "SCHEDULED")
        elif isinstance(event, Ended) and event.state.is_final:
            self._end(event, study, trial)
        elif isinstance(event, Ended):
            self._client.update_run(run, _STATUSES[event.state])

    def _run(self, study: StudyRow, trial: TrialRow) -> str:
        if trial.number not in self._ids:
            self._create(study, trial)
        if trial.number not in self._is_begun:
            values = self._named("parameter", trial.config)
            params = [Param(name, str(value)) for name, value in values.items()]
            self._client.log_batch(self._ids[trial.number], params=params)
            self._is_begun.add(trial.number)
        return self._ids[trial.number]

    def _create(self, study: StudyRow, trial: TrialRow | None) -> None:
        tags = {"rung.study": study.name, "rung.study_id": identity(study), "rung.seed": str(study.seed)}
        name, began, number = study.name, study.created_unix, None
        if trial is not None:
            name, began, number = f"{study.name}-{trial.number}", unix_of(study, trial.started_at), trial.number
            tags |= {"rung.trial": str(number), "mlflow.parentRunId": self._ids[None]}
        made = self._client.create_run(self._experiment, start_time=_ms(began), tags=tags, run_name=name)
        self._ids[number], self._steps[number] = made.info.run_id, set()

    def _describe(self, study: StudyRow, trial: TrialRow | None) -> None:
        """Write tags, and as the description the message and notes."""
        row, message = (study, study.message) if trial is None else (trial, "")
        run = self._ids[None] if trial is None else self._run(study, trial)
        said = {"rung.tags": ", ".join(row.tags), "mlflow.note.content": remarks(message, row)}
        tags = [RunTag(name, text) for name, text in said.items() if text]
        if tags:
            self._client.log_batch(run, tags=tags)

    def _named(self, kind: Literal["metric", "parameter"], values: Mapping[str, _Value]) -> dict[str, _Value]:
        """The values by their names in MLflow."""
        names = self._metrics if kind == "metric" else self._parameters
        new = [text for text in values if not names.knows(text)]
        tags = [RunTag(f"rung.{kind}.{names.of(text)}", text) for text in new if names.of(text) != text]
        if tags:
            self._client.log_batch(self._ids[None], tags=tags)
        return {names.of(text): value for text, value in values.items()}

    def _log(self, number: int | None, values: Mapping[str, float], always: str, *, step: int, unix: float) -> None:
        """Write metrics, by their names in MLflow, at a step that has none yet. always: the one that all steps have."""
        run = self._ids[number]
        if number not in self._steps:
            self._steps[number] = {metric.step for metric in self._client.get_metric_history(run, always)}
        if step in self._steps[number]:
            return
        self._client.log_batch(run, [Metric(name, value, _ms(unix), step) for name, value in values.items()])
        self._steps[number].add(step)

    def _end(self, event: Ended, study: StudyRow, trial: TrialRow) -> None:
        run, when = self._ids[trial.number], _ms(unix_of(study, event.at))
        if trial.best_loss is not None and trial.best_step is not None:
            best = Metric(self._best, study.goal.value(trial.best_loss), when, trial.best_step)
            self._client.log_batch(run, [best])
        said = {"rung.reason": event.reason, "rung.message": event.message}
        self._client.log_batch(run, tags=[RunTag(name, text) for name, text in said.items() if text])
        self._client.set_terminated(run, _STATUSES[event.state], when)
        self._client.set_tag(run, "rung.state", str(event.state))  # the last word: all the rest is written
        self._is_whole.add(trial.number)
        self._steps.pop(trial.number, None)

    def _end_session(self, event: SessionEnded, study: StudyRow) -> None:
        if study.best_loss is not None:
            best = {self._best: study.goal.value(study.best_loss)}
            self._log(None, best, self._best, step=event.session, unix=unix_of(study, event.at))
            self._client.set_tag(self._ids[None], "rung.best_trial", str(study.best_trial))
        status = _ENDS.get(event.why, "FINISHED")
        self._client.set_terminated(self._ids[None], status, _ms(unix_of(study, event.at)))


def _experiment(client: MlflowClient, name: str) -> str:
    """The id of the experiment of that name."""
    found = client.get_experiment_by_name(name)
    return str(client.create_experiment(name) if found is None else found.experiment_id)


def _runs(client: MlflowClient, experiment: str, study: StudyRow) -> list[Run]:
    """All runs that a study has in an experiment."""
    runs: list[Run] = []
    wanted, token = f"tags.`rung.study_id` = '{identity(study)}'", None
    while True:
        page = client.search_runs([experiment], wanted, page_token=token)
        runs += page
        token = page.token
        if not token:
            return runs


def _number(run: Run) -> int | None:
    """The trial that the run stands for; None for the study's own."""
    number = run.data.tags.get("rung.trial")
    return None if number is None else int(number)


def _known(kind: Literal["metric", "parameter"], runs: Sequence[Run]) -> dict[str, str]:
    """The names that a study's metrics or parameters have in MLflow, each with what it stands for."""
    prefix, names, texts = f"rung.{kind}.", set[str](), dict[str, str]()
    for run in runs:
        names |= (run.data.metrics if kind == "metric" else run.data.params).keys()
        texts |= {tag.removeprefix(prefix): text for tag, text in run.data.tags.items() if tag.startswith(prefix)}
    return {name: name for name in names} | texts


def _ms(unix: float) -> int:
    return round(unix * 1000)
