from __future__ import annotations

from typing import Any

import pytest

from rung.bookkeeping import (
    Incumbent,
    Record,
    find_incumbent,
    incumbent_trajectory,
    judged_loss,
    records,
    seen_study,
    seen_trial,
)
from rung.rows import StudyRow, TrialRow
from rung.types import Goal, Owner, TrialState

ERROR = Goal("error")
ACCURACY = Goal("accuracy", "max")


def row(number: int, best: float | None, last: float | None = None, **fields: Any) -> TrialRow:
    given: dict[str, Any] = {
        "state": TrialState.COMPLETED,
        "ended_at": float(number),
        "runtime": 1.0,
        "best_step": None if best is None else 2,
        "last_step": 5,
        **fields,
    }
    return TrialRow(number=number, config={"x": number}, started_at=0.0, best_loss=best, last_loss=last, **given)


def study(goal: Goal, trial: int | None = None, step: int | None = None, loss: float | None = None) -> StudyRow:
    best = {"best_trial": trial, "best_step": step, "best_loss": loss}
    nothing = {"space": None, "searcher": None, "scheduler": None, "objective": None, "created_unix": 0.0}
    return StudyRow(name="s", goal=goal, seed=0, **nothing, **best)


def numbered(*rows: TrialRow) -> dict[int, TrialRow]:
    return {trial.number: trial for trial in rows}


def test_the_best_value_at_any_step_counts() -> None:
    rows = numbered(row(0, 0.5, 0.9), row(1, 0.2, 0.8), row(2, 0.2, 0.3))
    assert find_incumbent(study(ERROR, 2, 4, 0.2), rows) == Incumbent(2, 4, {"x": 2}, 0.2)


def test_or_the_final_values_of_completed_trials() -> None:
    rows = numbered(row(0, 0.5, 0.9), row(1, 0.2, 0.8), row(2, 0.1, 0.1, state=TrialState.STOPPED))
    assert find_incumbent(study(ERROR, 2, 2, 0.1), rows, "final") == Incumbent(1, 5, {"x": 1}, 0.8)


@pytest.mark.parametrize("state", list(TrialState))
def test_whose_values_count(state: TrialState) -> None:
    trial = row(0, 0.5, 0.9, state=state)
    assert judged_loss(trial, "any") == 0.5
    assert judged_loss(trial, "final") == (0.9 if state is TrialState.COMPLETED else None)


def test_values_are_in_the_users_direction() -> None:
    rows = numbered(row(0, -0.7), row(1, -0.9), row(2, -0.8))
    assert find_incumbent(study(ACCURACY, 1, 2, -0.9), rows) == Incumbent(1, 2, {"x": 1}, 0.9)
    assert [record.error for record in records(rows.values(), ACCURACY)] == [0.7, 0.9, 0.8]


def test_of_equal_final_values_the_earlier_one_stays() -> None:
    rows = numbered(row(2, 0.3, 0.3), row(3, 0.2, 0.2, ended_at=9.0), row(5, 0.2, 0.2, ended_at=8.0))
    found = find_incumbent(study(ERROR), rows, "final")
    assert found is not None
    assert found.trial == 5


def test_no_incumbent_before_there_is_a_value() -> None:
    assert find_incumbent(study(ERROR), {}) is None
    assert find_incumbent(study(ERROR), numbered(row(0, None))) is None
    running = numbered(row(0, 0.5, 0.5, state=TrialState.RUNNING))
    assert find_incumbent(study(ERROR, 0, 2, 0.5), running, "final") is None


def test_records_stand_in_the_order_in_which_trials_ended() -> None:
    rows = [
        row(0, 0.5, ended_at=9.0, runtime=3.0),
        row(1, 0.4, ended_at=4.0, state=TrialState.STOPPED),
        row(2, None, ended_at=4.0, state=TrialState.FAILED),
        row(3, 0.1, ended_at=None, state=TrialState.RUNNING),
        row(4, 0.1, ended_at=5.0, state=TrialState.PAUSED),
        row(5, 0.1, ended_at=None, state=TrialState.WAITING),
    ]
    assert records(rows, ERROR) == [
        Record(1, {"x": 1}, 0.4, 1.0, TrialState.STOPPED, 4.0),
        Record(2, {"x": 2}, None, 1.0, TrialState.FAILED, 4.0),
        Record(0, {"x": 0}, 0.5, 3.0, TrialState.COMPLETED, 9.0),
    ]


def test_records_by_final_values() -> None:
    rows = [row(0, 0.1, 0.5), row(1, 0.1, 0.4, state=TrialState.STOPPED)]
    assert [record.error for record in records(rows, ERROR, "final")] == [0.5, None]


@pytest.mark.parametrize(
    ("goal", "errors", "trajectory"),
    [
        (ERROR, [None, 0.5, 0.7, None, 0.2, 0.2, 0.3], [None, 0.5, 0.5, 0.5, 0.2, 0.2, 0.2]),
        (ACCURACY, [None, 0.5, 0.7, None, 0.2], [None, 0.5, 0.7, 0.7, 0.7]),
        (ERROR, [], []),
    ],
)
def test_the_trajectory_is_the_best_so_far(
    goal: Goal, errors: list[float | None], trajectory: list[float | None]
) -> None:
    rows = [Record(n, {}, error, 1.0, TrialState.COMPLETED, float(n)) for n, error in enumerate(errors)]
    assert incumbent_trajectory(rows, goal) == trajectory


OWNER = Owner(host="there", boot="b", pid=7, started=1.0)


def test_what_runs_by_the_log_waits_when_its_tuner_is_gone() -> None:
    held, left = study(ERROR), study(ERROR)
    held.owner, left.objective = OWNER, "module:function"
    held.counts = {TrialState.RUNNING: 2, TrialState.WAITING: 1}
    left.counts = {TrialState.RUNNING: 2, TrialState.WAITING: 1}
    running = row(0, 0.5, state=TrialState.RUNNING)
    assert seen_trial(running, held) is running
    assert seen_study(held) is held
    seen = seen_trial(running, left)
    assert (seen.state, seen.reason) == (TrialState.WAITING, "tuner")
    assert seen.message == "its tuner is gone; it goes on when the study is resumed"
    left.objective = None  # a loop of somebody's own
    assert seen_trial(running, left).message == "its tuner is gone; the next one takes its result, or tries it again"
    assert seen_study(left).counts == {TrialState.WAITING: 3, TrialState.RUNNING: 0}
    assert (running.state, left.counts[TrialState.RUNNING]) == (TrialState.RUNNING, 2)


@pytest.mark.parametrize("state", [state for state in TrialState if state is not TrialState.RUNNING])
def test_what_does_not_run_is_seen_as_it_is(state: TrialState) -> None:
    trial = row(0, 0.5, state=state)
    assert seen_trial(trial, study(ERROR)) is trial


def test_a_study_without_trials_is_seen_as_it_is() -> None:
    assert seen_study(study(ERROR)).counts == {}
