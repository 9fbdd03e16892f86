"""All studies of a store at a glance: how far each is and how fast, and what runs now."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, final

from msgspec import Struct

from rung.bookkeeping import Incumbent, seen_study, state_of
from rung.cli._facts import incumbent_of, moment
from rung.console.table import Column
from rung.console.wording import clock, number, roughly
from rung.errors import StudyNotFoundError
from rung.rows import StudyRow, TrialRow
from rung.types import TrialState

if TYPE_CHECKING:
    from rung.contracts import Store
    from rung.types import Json

_ENOUGH = 3
"""Finished trials from which on the time that is left can be guessed, as in the live table."""


class StudyNow(Struct, frozen=True):
    """A study at one moment. at: its clock; silent_s: seconds since its newest event; left_s: a guess, or None."""

    row: StudyRow
    best: Incumbent | None
    at: float
    silent_s: float

    @property
    def begun(self) -> int:
        """Trials that there are, as the live table counts them."""
        return sum(self.row.counts.values())

    @property
    def finished(self) -> int:
        """Trials that are over."""
        return sum(count for state, count in self.row.counts.items() if state.is_final)

    @property
    def total(self) -> int | None:
        """Trials that there are to be, if that is known."""
        return self.row.settings.get("max_trials")

    @property
    def per_hour(self) -> float | None:
        """Finished trials per hour."""
        return 3600 * self.finished / self.at if self.finished and self.at > 0 else None

    @property
    def left_s(self) -> float | None:
        """Seconds until the study may be done."""
        if self.total is None or self.per_hour is None or self.finished < _ENOUGH or self.row.owner is None:
            return None
        return max(0, self.total - self.finished) * 3600 / self.per_hour


class TrialNow(Struct, frozen=True):
    """A running trial at one moment. seconds: how long it has run in all."""

    study: StudyNow
    row: TrialRow
    seconds: float


class Snapshot(Struct, frozen=True):
    """A store at one moment. hidden: studies that nobody runs and that were not asked for."""

    store: str
    unix: float
    studies: Sequence[StudyNow]
    running: Sequence[TrialNow]
    hidden: int


@final
class Overview:
    """Takes snapshots of a store. Of a study only the row and the running trials are read, so that its size is no cost.

    is_all: of all studies; else of those that somebody runs, or ran at an earlier snapshot.
    """

    def __init__(self, store: Store, *, is_all: bool) -> None:
        self._store = store
        self._is_all = is_all
        self._seen: set[str] = set()
        self._best: dict[str, tuple[object, Incumbent | None]] = {}

    def look(self) -> Snapshot:
        """The store now."""
        unix, rows = time.time(), [seen_study(row) for row in self._store.tables.studies()]
        self._seen.update(row.name for row in rows if self._is_all or row.owner is not None)
        studies: list[StudyNow] = []
        running: list[TrialNow] = []
        for row in rows:
            if row.name in self._seen:
                with contextlib.suppress(StudyNotFoundError):  # deleted just now
                    study = self._now(row, unix)
                    running += self._running(study)
                    studies.append(study)
        return Snapshot(self._store.url, unix, studies, running, len(rows) - len(studies))

    def _now(self, row: StudyRow, unix: float) -> StudyNow:
        now = max(row.at, row.session_at + unix - row.last_unix)
        at = row.at if row.owner is None else now
        return StudyNow(row, self._incumbent(row), at, silent_s=now - row.at)

    def _running(self, study: StudyNow) -> list[TrialNow]:
        if study.row.owner is None:
            return []
        return [
            TrialNow(study, trial, trial.runtime + max(0.0, study.at - trial.launched_at))
            for trial in self._store.tables.running(study.row.name)
        ]

    def _incumbent(self, row: StudyRow) -> Incumbent | None:
        """Looked up only when it may have changed, as by some rules all trials must be read for it."""
        state = (row.best_loss, row.best_trial, row.counts.get(TrialState.COMPLETED))
        if self._best.get(row.name, (None, None))[0] != state:
            self._best[row.name] = (state, incumbent_of(row, self._store))
        return self._best[row.name][1]


def facts_of(seen: Snapshot) -> dict[str, Json]:
    """A snapshot in JSON. Times are seconds."""
    return {
        "store": seen.store,
        "at": moment(seen.unix),
        "studies": [_study_facts(study) for study in seen.studies],
        "running": [_trial_facts(trial) for trial in seen.running],
    }


def study_columns(seen: Snapshot) -> list[Column]:
    """The table of studies; of little room, what can be seen elsewhere goes first."""
    studies = seen.studies
    running = {study.row.name: str(study.row.counts.get(TrialState.RUNNING, 0) or "") for study in studies}
    columns = [
        Column(title="study", cells=[study.row.name for study in studies], least=12),
        Column(title="state", cells=[state_of(study.row) for study in studies], leaves=3),
        Column(title="project", cells=[study.row.project for study in studies], leaves=6),
        Column(title="trials", cells=[_progress(study) for study in studies], justify="right"),
        Column(title="running", cells=[running[study.row.name] for study in studies], justify="right", leaves=4),
        Column(title="best", cells=[_best(study) for study in studies]),
        Column(title="per hour", cells=[_rate(study) for study in studies], justify="right", leaves=7),
        Column(title="elapsed", cells=[clock(study.at) for study in studies], justify="right", leaves=5),
        Column(title="left", cells=[_left(study) for study in studies], justify="right", leaves=2),
        Column(title="last event", cells=[f"{roughly(study.silent_s)} ago" for study in studies], leaves=8),
        Column(title="message", cells=[study.row.message for study in studies], leaves=1, least=12),
    ]
    return [column for column in columns if column.title not in {"project", "message"} or any(column.cells)]


def trial_columns(seen: Snapshot) -> list[Column]:
    """The table of running trials."""
    running = seen.running
    columns = [
        Column(title="trial", cells=[f"{trial.study.row.name}#{trial.row.number}" for trial in running], least=12),
        Column(title="worker", cells=[str(trial.row.worker) for trial in running], justify="right", leaves=3),
        Column(title="step", cells=[_step(trial.row) for trial in running], justify="right"),
        Column(title="value", cells=[_value(trial, trial.row.last_loss) for trial in running], justify="right"),
        Column(
            title="best", cells=[_value(trial, trial.row.best_loss) for trial in running], justify="right", leaves=1
        ),
        Column(title="time", cells=[clock(trial.seconds) for trial in running], justify="right", leaves=2),
        Column(title="gpus", cells=[trial.row.gpus for trial in running], leaves=4),
    ]
    return [column for column in columns if column.title != "gpus" or any(column.cells)]


def _study_facts(study: StudyNow) -> dict[str, Json]:
    row, best = study.row, study.best
    return {
        "study": row.name,
        "state": state_of(row),
        "project": row.project,
        "message": row.message,
        "metric": row.goal.metric,
        "mode": row.goal.mode,
        "trials": {
            "total": study.total,
            "begun": study.begun,
            "finished": study.finished,
            "running": row.counts.get(TrialState.RUNNING, 0),
            "failed": row.counts.get(TrialState.FAILED, 0),
        },
        "best": None if best is None else {"trial": best.trial, "step": best.step, "value": best.error},
        "trials_per_hour": study.per_hour,
        "elapsed_s": study.at,
        "left_s": study.left_s,
        "since_last_event_s": study.silent_s,
    }


def _trial_facts(trial: TrialNow) -> dict[str, Json]:
    row, goal = trial.row, trial.study.row.goal
    return {
        "study": trial.study.row.name,
        "trial": row.number,
        "worker": row.worker,
        "step": row.last_step,
        "until": row.until,
        "value": None if row.last_loss is None else goal.value(row.last_loss),
        "best_value": None if row.best_loss is None else goal.value(row.best_loss),
        "runtime_s": trial.seconds,
        "gpus": row.gpus,
        "host": row.host,
        "pid": row.pid,
    }


def _progress(study: StudyNow) -> str:
    return f"{study.begun}/{study.total}" if study.total else str(study.begun)


def _best(study: StudyNow) -> str:
    if study.best is None:
        return "—"
    return f"{study.row.goal.metric} {number(study.best.error)} (#{study.best.trial})"


def _rate(study: StudyNow) -> str:
    return number(study.per_hour)


def _left(study: StudyNow) -> str:
    return "—" if study.left_s is None else roughly(study.left_s)


def _step(row: TrialRow) -> str:
    return str(row.last_step) if row.until is None else f"{row.last_step}/{row.until}"


def _value(trial: TrialNow, loss: float | None) -> str:
    return number(None if loss is None else trial.study.row.goal.value(loss))
