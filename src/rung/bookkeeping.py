"""The tables that tutorials keep by hand: records, incumbent, its trajectory, the cumulative runtime.

All are derived from a ledger, so they are there right after a resume too. Errors are in the user's own direction.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias

from msgspec import Struct

from rung.ledger import TrialRow
from rung.types import Config, Goal, TrialState

IncumbentFrom: TypeAlias = Literal["any", "final"]
"""``any``: the best value at any step of any trial. ``final``: the last values of completed trials only."""


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


def judged_loss(trial: TrialRow, incumbent_from: IncumbentFrom) -> float | None:
    """The value by which a trial competes to be the incumbent; lower is better."""
    if incumbent_from == "any":
        return trial.best_loss
    return trial.last_loss if trial.state is TrialState.COMPLETED else None


def find_incumbent(trials: Iterable[TrialRow], goal: Goal, incumbent_from: IncumbentFrom = "any") -> Incumbent | None:
    """The best trial; of equal ones the one with the lowest number. None before there is a value."""
    best: tuple[float, TrialRow] | None = None
    for trial in trials:
        loss = judged_loss(trial, incumbent_from)
        if loss is not None and (best is None or loss < best[0]):
            best = loss, trial
    if best is None:
        return None
    loss, trial = best
    step = trial.best_step if incumbent_from == "any" else trial.last_step
    assert step is not None
    return Incumbent(trial.number, step, trial.config, goal.value(loss))


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
