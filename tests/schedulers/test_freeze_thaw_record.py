from __future__ import annotations

import itertools

import pytest

from rung.events import Ended, Observed, Started
from rung.schedulers._freeze_thaw_record import Reading, TrainingRecord, spread_levels
from rung.types import Action, TrialState


def started(trial: int, until: int | None = 3, attempt: int = 1) -> Started:
    return Started(at=0.0, trial=trial, attempt=attempt, config={}, until=until)


def observed(trial: int, step: int, loss: float = 0.5) -> Observed:
    return Observed(at=0.0, trial=trial, attempt=1, step=step, metrics={}, loss=loss)


def ended(trial: int, state: TrialState = TrialState.PAUSED, reason: str = "scheduler") -> Ended:
    return Ended(at=0.0, trial=trial, attempt=1, state=state, reason=reason)


@pytest.mark.parametrize(
    ("first", "last", "factor", "levels"),
    [
        (3, 52, 1.75, (3, 5, 9, 17, 29, 52)),
        (1, 27, 3, (1, 3, 9, 27)),
        (1, 10, 1.75, (1, 2, 3, 6, 10)),
        (1, 4, 1.1, (1, 2, 3, 4)),
        (7, 12, 1.0 + 1e-15, (7, 8, 9, 10, 11, 12)),
        (5, 6, 9, (5, 6)),
        (7, 7, 2, (7,)),
    ],
)
def test_levels(first: int, last: int, factor: float, levels: tuple[int, ...]) -> None:
    assert spread_levels(first, last, factor) == levels


def test_levels_are_spread_evenly() -> None:
    levels = spread_levels(10, 10_000, 2.0)
    assert all(1.9 < b / a < 2.1 for a, b in itertools.pairwise(levels))


def test_a_trial_is_paused_at_each_rung_but_the_last() -> None:
    record = TrainingRecord((3, 9, 27))
    record.update(started(0))
    assert record.update(observed(0, 2)) == ()
    (decision,) = record.update(observed(0, 3))
    assert (decision.trial, decision.action) == (0, Action.PAUSE)
    assert decision.why.startswith("rung 3")
    assert not record.frozen
    record.update(ended(0))
    assert list(record.frozen) == [0]
    assert record.next_step(0) == 9
    record.update(started(0, until=27, attempt=2))
    assert not record.frozen
    assert record.update(observed(0, 27)) == ()
    assert record.readings == {0: [Reading(3, 0.5), Reading(27, 0.5)]}


def test_a_report_that_leaps_counts_at_the_highest_rung_at_its_own_step() -> None:
    record = TrainingRecord((3, 9, 27))
    record.update(started(0))
    (decision,) = record.update(observed(0, 11))
    assert decision.why.startswith("rung 9")
    assert record.update(observed(0, 12)) == ()
    assert record.readings == {0: [Reading(11, 0.5)]}
    record.update(ended(0))
    assert record.next_step(0) == 27


def test_who_waits() -> None:
    record = TrainingRecord((3, 9))
    for trial in range(4):
        record.update(started(trial))
        record.update(observed(trial, 2 if trial == 3 else 3))
    assert record.n_running == 4
    record.update(ended(0, reason="person"))
    record.update(ended(1, state=TrialState.FAILED, reason="error"))
    record.update(ended(2))
    record.update(ended(3))
    assert list(record.frozen) == [2], "not who was paused by a person, is over, or has shown nothing"
    assert record.n_running == 0
    record.update(ended(2, state=TrialState.STOPPED, reason="person"))
    assert not record.frozen


def test_where_a_run_is_heading() -> None:
    record = TrainingRecord((3, 9, 27))
    record.update(started(0, until=3))
    record.update(started(1, until=None))
    assert [record.heading(0), record.heading(1)] == [3, 3]
    record.update(observed(1, 30))
    assert record.heading(1) == 27
