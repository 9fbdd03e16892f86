from __future__ import annotations

import itertools
import math

import pytest

from rung.analysis.comparison.recording import Recorder
from rung.analysis.comparison.runs import Budget, Point
from rung.events import Ended, Noted, Observed, Started
from rung.schedulers.asha import ASHA
from rung.searchers.random import RandomSearcher
from rung.space import Float, Space
from rung.store import MemoryStore
from rung.tuner import Tuner
from rung.types import Goal, TrialState

ERROR = Goal("error")


def started(trial, at, *, cause="new", attempt=1, decide_s=0.0):
    return Started(at=at, trial=trial, attempt=attempt, config={}, cause=cause, decide_s=decide_s)


def observed(trial, step, at, value, **others):
    loss = value if math.isfinite(value) else None
    return Observed(at=at, trial=trial, attempt=1, step=step, metrics={"error": value, **others}, loss=loss)


def ended(trial, at, state=TrialState.COMPLETED):
    return Ended(at=at, trial=trial, attempt=1, state=state)


def points_of(events, **settings):
    recorder = Recorder(ERROR, **settings)
    for event in events:
        recorder.update(event)
    return recorder.points


def test_without_events_there_is_no_point():
    assert points_of([]) == ()


def test_a_point_where_the_best_value_gets_better_and_one_at_the_end():
    events = [
        started(0, 1.0, decide_s=0.25),
        observed(0, 1, 2.0, 0.5),
        observed(0, 2, 3.0, 0.6),
        started(1, 4.0, decide_s=0.5),
        observed(1, 1, 5.0, 0.4),
        ended(1, 6.0),
    ]
    assert points_of(events) == (
        Point(1, 1, 2.0, 0.25, 2.0, 0.5),
        Point(2, 3, 5.0, 0.75, 5.0, 0.4),
        Point(2, 3, 6.0, 0.75, 6.0, 0.4),
    )


def test_the_end_is_not_told_twice():
    assert len(points_of([started(0, 0.0), observed(0, 1, 1.0, 0.5)])) == 1


def test_before_there_is_a_value_there_is_only_an_end():
    assert points_of([started(0, 0.0), observed(0, 1, 1.0, math.nan)]) == (Point(1, 1, 1.0, 0.0, 1.0, None),)


def test_a_trial_that_goes_on_is_begun_once_and_adds_only_new_steps():
    events = [
        started(0, 0.0),
        observed(0, 3, 1.0, 0.5),  # skips two steps, and has trained them
        started(0, 2.0, cause="resumed", attempt=2),
        observed(0, 2, 3.0, 0.4),  # what it trains again is known
        observed(0, 4, 4.0, 0.3),
    ]
    assert [(point.n_evaluations, point.n_steps) for point in points_of(events)] == [(1, 3), (1, 3), (1, 4)]


def test_higher_may_be_better():
    recorder = Recorder(Goal("accuracy", "max"))
    recorder.update(started(0, 0.0))
    for step, value in enumerate([0.2, 0.6, 0.4], 1):
        recorder.update(Observed(at=step, trial=0, attempt=1, step=step, metrics={}, loss=-value))
    assert [point.best for point in recorder.points] == [0.2, 0.6, 0.6]


def test_the_value_is_that_of_the_best_report_even_where_the_truth_is_worse():
    events = [started(0, 0.0), observed(0, 1, 1.0, 0.5, truth=0.45), observed(0, 2, 2.0, 0.4, truth=0.6)]
    assert [point.best for point in points_of(events, truth="truth")] == [0.45, 0.6]


def test_where_the_truth_is_unknown_the_report_counts():
    assert [point.best for point in points_of([started(0, 0.0), observed(0, 1, 1.0, 0.5)], truth="truth")] == [0.5]


def test_by_final_values_only_completed_trials_compete():
    events = [
        started(0, 0.0),
        observed(0, 1, 1.0, 0.1),
        observed(0, 2, 2.0, 0.5),
        ended(0, 3.0),
        started(1, 3.0),
        observed(1, 1, 4.0, 0.2),
        ended(1, 5.0, TrialState.STOPPED),
        ended(2, 6.0),  # without a report
    ]
    found = points_of(events, incumbent_from="final")
    assert [(point.simulated_s, point.best) for point in found] == [(3.0, 0.5), (6.0, 0.5)]


def test_what_begins_after_the_budget_of_evaluations_does_not_count():
    events = [started(0, 1.0), started(1, 2.0), observed(0, 1, 3.0, 0.5), started(2, 4.0), observed(2, 1, 5.0, 0.1)]
    recorder = Recorder(ERROR, budget=Budget("evaluations", 2))
    for event in events[:3]:
        recorder.update(event)
    assert not recorder.is_over  # the open trials may still bring values
    for event in events[3:]:
        recorder.update(event)
    assert recorder.is_over
    assert recorder.points[-1] == Point(2, 1, 3.0, 0.0, 3.0, 0.5)


def test_a_budget_of_steps_is_used_up_when_the_last_one_is_reported():
    recorder = Recorder(ERROR, budget=Budget("steps", 2))
    for event in [started(0, 0.0), observed(0, 1, 1.0, 0.5), observed(0, 2, 2.0, 0.4)]:
        assert not recorder.is_over
        recorder.update(event)
    assert recorder.is_over
    assert recorder.points[-1].best == 0.4


def test_a_report_that_jumps_over_the_end_of_the_steps_does_not_count():
    found = points_of([started(0, 0.0), observed(0, 1, 1.0, 0.5), observed(0, 5, 2.0, 0.4)], budget=Budget("steps", 3))
    assert found == (Point(1, 1, 1.0, 0.0, 1.0, 0.5),)


def test_a_budget_of_time_ends_where_it_says():
    events = [started(0, 0.0), observed(0, 1, 2.0, 0.5), observed(0, 2, 9.0, 0.4)]
    assert points_of(events, budget=Budget("simulated_s", 5.0))[-1] == Point(1, 1, 5.0, 0.0, 2.0, 0.5)
    ticks = itertools.count(1)
    found = points_of(events, budget=Budget("wall_s", 2.5), clocks=lambda: (0.5, float(next(ticks))))
    assert found[-1] == Point(1, 1, 2.0, 0.5, 2.5, 0.5)


def test_other_events_move_the_clock_only():
    events = [started(0, 0.0), observed(0, 1, 1.0, 0.5), Noted(at=7.0, text="lunch")]
    assert points_of(events)[-1] == Point(1, 1, 7.0, 0.0, 7.0, 0.5)


def trained(x, max_epochs=9):
    for epoch in range(1, max_epochs + 1):
        yield abs(x - 0.3) + 1 / epoch + 0.1 * math.sin(40 * x * epoch)


@pytest.mark.parametrize("rule", ["any", "final"])
def test_a_real_study_is_told_as_its_tables_have_it(rule):
    store = MemoryStore()
    scheduler = ASHA(RandomSearcher(Space({"x": Float(0.0, 1.0)})), max_t=9, reduction_factor=2)
    with Tuner(trained, scheduler, store=store, study="s", seed=1, incumbent_from=rule) as tuner:
        study = tuner.run(max_trials=12)
    recorder = Recorder(study.row.goal, incumbent_from=rule)
    for _, event in store.read("s"):
        recorder.update(event)
    last = recorder.points[-1]
    assert last.best == study.best.error
    assert last.n_evaluations == len(study.trials)
    assert last.n_steps == sum(trial.last_step for trial in study.trials)
    assert last.simulated_s == last.wall_s == study.row.at
    values = [point.best for point in recorder.points]
    assert values == sorted(values, reverse=True)
