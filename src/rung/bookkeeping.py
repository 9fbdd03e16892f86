"""The tables that tutorials keep by hand: records, incumbent, its trajectory, the cumulative runtime.

All are derived from a ledger, so they are there right after a resume too. Errors are in the user's own direction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from rung.errors import CheckpointError
from rung.places import kept_file
from rung.rows import StudyRow, TrialRow
from rung.types import Checkpoint, Config, Goal, TrialState

if TYPE_CHECKING:
    from rung.contracts import Store, Tables

IncumbentFrom: TypeAlias = Literal["any", "final"]
"""``any``: the best value at any step of any trial. ``final``: the last values of completed trials only."""


STUDY_STATES = ("new", "running", "done", "stopped", "paused", "interrupted")
"""The states of a study, see ``state_of``."""

_STATES: Mapping[str | None, str] = {
    **dict.fromkeys(("done", "exhausted", "seconds", "criterion"), "done"),
    **dict.fromkeys(("stopped", "budget"), "stopped"),
    **dict.fromkeys(("paused", "failures", "objective"), "paused"),
}
"""Why the last session ended -> the state of the study. All other ends have interrupted it."""

TUNER_GONE = "its tuner is gone; it goes on when the study is resumed"
TUNER_GONE_BY_HAND = "its tuner is gone; the next one takes its result, or tries it again"
"""The same where nothing says what to run, as with ask and tell."""


class Record(Struct, frozen=True):
    """One finished trial: d2l's (config, error, runtime), with what else one asks about it.

    error: the judged value of the trial by the incumbent rule, None when it has none. runtime: seconds.
    """

    trial: int
    config: Config
    error: float | None
    runtime: float
    state: TrialState
    ended_at: float


class Incumbent(Struct, frozen=True):
    """The best so far, and where it was seen."""

    trial: int
    step: int
    config: Config
    error: float


def state_of(study: StudyRow) -> str:
    """``running`` while somebody holds the study, ``new`` before anybody has; else what its last session has left.

    That is ``done``, ``stopped`` or ``paused`` (by a person, or because everything failed), or ``interrupted``: by
    Ctrl-C, or because its tuner was killed.
    """
    if study.owner is not None:
        return "running"
    if study.sessions == 0:
        return "new"
    return _STATES.get(study.ended_why, "interrupted")


def seen_trial(trial: TrialRow, study: StudyRow) -> TrialRow:
    """The trial as it is to be shown: what runs by the log, but is run by nobody, waits for the study to be resumed."""
    if trial.state is not TrialState.RUNNING or study.owner is not None:
        return trial
    message = TUNER_GONE_BY_HAND if study.objective is None else TUNER_GONE
    return replace(trial, state=TrialState.WAITING, reason="tuner", message=message)


def seen_study(study: StudyRow) -> StudyRow:
    """The study with its trials counted as ``seen_trial`` shows them."""
    lost = study.counts.get(TrialState.RUNNING, 0)
    if not lost or study.owner is not None:
        return study
    waiting = study.counts.get(TrialState.WAITING, 0) + lost
    return replace(study, counts={**study.counts, TrialState.RUNNING: 0, TrialState.WAITING: waiting})


def judged_loss(trial: TrialRow, incumbent_from: IncumbentFrom) -> float | None:
    """The value by which a trial competes to be the incumbent; lower is better."""
    if incumbent_from == "any":
        return trial.best_loss
    return trial.last_loss if trial.state is TrialState.COMPLETED else None


def find_incumbent(
    study: StudyRow, trials: Mapping[int, TrialRow], incumbent_from: IncumbentFrom = "any"
) -> Incumbent | None:
    """The best trial; of equal values the earlier one stays. None before there is a value."""
    if incumbent_from == "any":
        if study.best_trial is None:
            return None
        number, step, loss = study.best_trial, study.best_step, study.best_loss
    else:
        final = [
            (loss, trial.ended_at, trial.number)
            for trial in trials.values()
            if (loss := judged_loss(trial, incumbent_from)) is not None
        ]
        if not final:
            return None
        loss, _, number = min(final)
        step = trials[number].last_step
    assert step is not None
    assert loss is not None
    trial = trials[number]
    config = trial.best_config or trial.config if incumbent_from == "any" else trial.config
    return Incumbent(number, step, config, study.goal.value(loss))


def look_up_incumbent(tables: Tables, study: StudyRow, incumbent_from: IncumbentFrom = "any") -> Incumbent | None:
    """The same from the tables of a store. ``any`` reads one trial only, however many there are."""
    if incumbent_from == "final":
        found: Iterable[TrialRow] = tables.trials(study.name)
    else:
        found = [] if study.best_trial is None else [tables.trial(study.name, study.best_trial)]
    return find_incumbent(study, {trial.number: trial for trial in found}, incumbent_from)


def best_checkpoint(store: Store, study: str, best: Incumbent | None) -> Checkpoint:
    """The checkpoint of the incumbent's best step. CheckpointError when there is none."""
    if best is None:
        raise CheckpointError(f"the study {study!r} has no value yet, so there is no best checkpoint.")
    for checkpoint in reversed(store.tables.trial(study, best.trial).checkpoints):
        if checkpoint.step == best.step:
            path = kept_file(store.folder(study), best.trial, checkpoint.path)
            return replace(checkpoint, path=str(path))
    raise CheckpointError(
        f"trial {best.trial} kept no checkpoint of its best step {best.step}.",
        hint="`for epoch in trial.epochs(n, model=model, optimizer=optimizer)` saves one after every epoch, and a "
        "framework's Report with every=1; with every=k only after each k-th.",
    )


def records(trials: Iterable[TrialRow], goal: Goal, incumbent_from: IncumbentFrom = "any") -> list[Record]:
    """Finished trials in the order in which they ended."""
    finished = [trial for trial in trials if trial.state.is_final and trial.ended_at is not None]
    finished.sort(key=lambda trial: (trial.ended_at, trial.number))
    rows = []
    for trial in finished:
        loss = judged_loss(trial, incumbent_from)
        assert trial.ended_at is not None
        error = None if loss is None else goal.value(loss)
        rows.append(Record(trial.number, trial.config, error, trial.runtime, trial.state, trial.ended_at))
    return rows


def incumbent_trajectory(rows: Iterable[Record], goal: Goal) -> list[float | None]:
    """The best error after each record; None until there is one."""
    trajectory: list[float | None] = []
    best: float | None = None
    for record in rows:
        error = record.error
        if error is not None and (best is None or (error < best if goal.mode == "min" else error > best)):
            best = error
        trajectory.append(best)
    return trajectory
