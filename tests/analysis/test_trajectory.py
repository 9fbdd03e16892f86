import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up_studies import ACCURACY, ERROR, reports_of, small_study, trial

from rung.analysis.trajectory import Trajectory, trajectory
from rung.types import Goal


def rows_of(curve):
    return list(zip(curve.at, curve.trials, curve.steps, curve.loss, curve.trial, curve.step, strict=True))


def test_nothing_yet():
    assert trajectory([], [], goal=ERROR) == Trajectory(goal=ERROR)
    assert trajectory([trial(0)], reports_of(0, [math.nan, math.inf]), goal=ERROR) == Trajectory(goal=ERROR)


def test_a_small_study_by_hand():
    curve = trajectory(*small_study(), goal=ERROR)
    assert rows_of(curve) == [
        (10.0, 8, 1, 0.9, 0, 1),
        (15.0, 8, 2, 0.8, 1, 1),
        (20.0, 8, 3, 0.5, 0, 2),
        (25.0, 8, 4, 0.4, 2, 1),
        (30.0, 8, 5, 0.3, 0, 3),
        (35.0, 8, 6, 0.1, 2, 2),
        (50.0, 8, 13, 0.1, 2, 2),
    ]
    assert curve.values == curve.loss


def test_trials_count_from_when_they_began():
    rows = [trial(0), trial(1, started_at=2.0), trial(2, started_at=2.5)]
    curve = trajectory(rows, reports_of(0, [3.0, 2.0, 1.0]), goal=ERROR)
    assert curve.trials == (1, 2, 3)


def test_the_other_direction():
    curve = trajectory([trial(0)], reports_of(0, [0.5, 0.4, 0.8], metric="accuracy"), goal=ACCURACY)
    assert curve.loss == (-0.5, -0.8)
    assert curve.values == (0.5, 0.8)
    assert curve.at == (1.0, 3.0)


def test_steps_that_were_not_reported_count_too():
    reports = [(0, 5, 1.0, {"error": 0.5}), (0, 10, 2.0, {"error": 0.4})]
    assert trajectory([trial(0)], reports, goal=ERROR).steps == (5, 10)


def test_steps_of_a_parent_are_not_counted_again():
    rows = [trial(0), trial(1, parent=0)]
    reports = [*reports_of(0, [0.9, 0.8, 0.7]), *reports_of(1, [0.6, 0.5], at=[4, 5], first=4)]
    assert trajectory(rows, reports, goal=ERROR).steps == (1, 2, 3, 4, 5)


def test_of_equal_values_the_earlier_one_stays():
    reports = [*reports_of(0, [0.5], at=[2]), *reports_of(1, [0.5], at=[1])]
    curve = trajectory([trial(0), trial(1)], reports, goal=ERROR)
    assert rows_of(curve) == [(1.0, 2, 1, 0.5, 1, 1), (2.0, 2, 2, 0.5, 1, 1)]


def slow_trajectory(rows, reports, goal):
    """The same from scratch for each moment, in quadratic time."""
    sign = 1 if goal.mode == "min" else -1
    ordered = sorted(reports, key=lambda report: (report[2], report[0], report[1]))
    inheriting = [row.number for row in rows if row.parent is not None]
    moments = []
    for end in range(1, len(ordered) + 1):
        seen = ordered[:end]
        finite = [(sign * m[goal.metric], t, s) for t, s, _, m in seen if math.isfinite(m[goal.metric])]
        if not finite:
            continue
        best = min(finite, key=lambda each: each[0])
        steps = 0
        for number in {report[0] for report in seen}:
            own = [report[1] for report in seen if report[0] == number]
            steps += max(own) - (min(own) - 1 if number in inheriting else 0)
        at = seen[-1][2]
        moments.append((at, sum(row.started_at <= at for row in rows), steps, *best))
    changes = [now for before, now in zip([None, *moments], moments, strict=False) if not before or now[3] < before[3]]
    return changes if not moments or changes[-1] == moments[-1] else [*changes, moments[-1]]


@st.composite
def studies(draw):
    goal = Goal("error", draw(st.sampled_from(["min", "max"])))
    values = st.one_of(st.integers(-3, 3).map(float), st.sampled_from([math.nan, math.inf, -math.inf]))
    rows, reports = [], []
    for number in range(draw(st.integers(0, 5))):
        parent = draw(st.none() | st.integers(0, number - 1)) if number else None
        started = draw(st.integers(0, 4))
        rows.append(trial(number, started_at=float(started), parent=parent))
        steps = sorted(draw(st.sets(st.integers(1, 9), max_size=5)))
        at = started
        for step in steps:
            at += draw(st.integers(0, 2))
            reports.append((number, step, float(at), {"error": draw(values)}))
    return rows, reports, goal


@given(studies())
def test_against_a_slow_second_writing(study):
    rows, reports, goal = study
    assert rows_of(trajectory(rows, reports, goal=goal)) == slow_trajectory(rows, reports, goal)


@given(studies())
def test_never_gets_worse_and_never_goes_back(study):
    rows, reports, goal = study
    curve = trajectory(rows, iter(reports), goal=goal)
    for column in (curve.at, curve.trials, curve.steps):
        assert list(column) == sorted(column)
    assert list(curve.loss) == sorted(curve.loss, reverse=True)
    finite = [m["error"] for _, _, _, m in reports if math.isfinite(m["error"])]
    if finite:
        assert curve.values[-1] == (min(finite) if goal.mode == "min" else max(finite))


def test_is_frozen():
    with pytest.raises(AttributeError, match="immutable"):
        Trajectory(goal=ERROR).at = (1.0,)
    assert msgspec.structs.replace(Trajectory(goal=ERROR), at=(1.0,)).at == (1.0,)
