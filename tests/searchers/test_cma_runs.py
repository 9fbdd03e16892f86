from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from rung.searchers._cma import Start
from rung.searchers._cma_runs import Member, Runs, start_anywhere, start_at_best
from rung.searchers._evolution_axes import axes_of
from rung.space import Choice, Float, Int, Space

AXES = axes_of(Space({"x": Float(0, 1), "y": Float(0, 1)}))
MIXED = axes_of(Space({"x": Float(0, 1), "kind": Choice(["a", "b"]), "n": Int(0, 3), "fixed": "c"}))
START = Start(4, 0.1, [0.5, 0.5])


def best_of(points: list[list[float]], losses: list[float]) -> Start:
    return start_at_best(AXES, np.array(points), np.array(losses), population=6, sigma=0.1)


def test_the_spread_of_the_best_says_how_far_to_look() -> None:
    """Root mean square over coordinates of the distances from the best to the others of the best tenth."""
    points = [[0.50, 0.50], [0.53, 0.50], [0.50, 0.54], *([0.9, 0.9] for _ in range(22))]
    losses = [1.0, 2.0, 3.0, *range(4, 26)]
    assert best_of(points[:20], losses[:20]) == (6, pytest.approx(math.sqrt(0.03**2 / 2)), [0.5, 0.5])
    assert best_of(points, losses).sigma == pytest.approx(math.sqrt((0.03**2 + 0.04**2) / 4))
    assert best_of(points[::-1], losses[::-1]).sigma == pytest.approx(math.sqrt((0.03**2 + 0.04**2) / 4))


def test_the_spread_has_limits() -> None:
    assert best_of([[0.2, 0.3]], [1.0]) == (6, 0.1, [0.2, 0.3])
    assert best_of([[0.2, 0.3], [0.9, 0.9]], [2.0, 1.0]) == (6, 0.1, [0.9, 0.9])
    assert best_of([[0.2, 0.3], [0.2, 0.3]], [1.0, 2.0]).sigma == pytest.approx(0.005)


def test_what_is_inactive_is_not_compared() -> None:
    points = np.array([[math.nan, 0.25, 0.125, 0.5], [0.9, 0.75, 0.165, 0.5]])
    start = start_at_best(MIXED, points, np.array([1.0, 2.0]), population=6, sigma=0.1)
    assert start == (6, pytest.approx(0.04), [None, 0.25, 0.125, 0.5])


def test_elsewhere_is_anywhere() -> None:
    starts = [start_anywhere(MIXED, population=8, sigma=0.1, rng=np.random.default_rng(seed)) for seed in range(200)]
    assert {each[:2] for each in starts} == {(8, 0.2)}
    assert all(each.point[1] is None and each.point[3] is None for each in starts)
    assert np.mean([each.point[0] for each in starts]) == pytest.approx(0.5, abs=0.06)
    assert np.std([each.point[2] for each in starts]) == pytest.approx(math.sqrt(1 / 12), abs=0.03)


class Stage:
    """Members that end with losses of their own."""

    def __init__(self, runs: Runs) -> None:
        self.runs = runs
        self.losses: list[float] = []

    def of(self, trials: Sequence[int]) -> np.ndarray:
        self.asked = list(trials)
        return np.array([self.losses[trial] for trial in trials])

    def member(self, start: Start | None = None) -> Member:
        return next(self.runs.members(start, len(self.losses)))

    def join(self, loss: float, start: Start | None = None) -> int:
        notes = self.member(start).notes
        self.losses.append(loss)
        self.runs.join(len(self.losses) - 1, notes)
        return len(self.losses) - 1

    def generation(self) -> int:
        return int(self.member().notes["generation"])


def staged() -> Stage:
    stage = Stage(Runs(AXES, 4))
    stage.join(9.0, START)
    return stage


def test_as_many_as_a_population_end_a_generation_whichever_they_are() -> None:
    stage = staged()
    for loss in (5.0, 7.0, 6.0, 3.0, 2.0, 4.0):
        stage.join(loss)
    for trial in (6, 2, 4):
        stage.runs.end(trial, stage.of)
        assert stage.generation() == 0
    stage.runs.end(1, stage.of)
    assert stage.generation() == 1
    assert stage.asked == [1, 2, 4, 6]
    late = [stage.join(loss) for loss in (8.0, 1.0)]
    for trial in (0, late[0], 3):
        stage.runs.end(trial, stage.of)
    assert stage.generation() == 1
    stage.runs.end(late[1], stage.of)
    assert stage.generation() == 2, "those that were drawn earlier count where they end"
    assert stage.asked == [0, 3, 7, 8]


def test_a_trial_counts_once() -> None:
    stage = staged()
    others = [stage.join(loss) for loss in (1.0, 2.0, 3.0)]
    for trial in (0, 0, 0, 0, *others[:2]):
        stage.runs.end(trial, stage.of)
    assert stage.generation() == 0
    stage.runs.end(others[2], stage.of)
    assert stage.generation() == 1
    assert 0 in stage.runs


def test_who_leaves_does_not_count() -> None:
    stage = staged()
    for loss in (1.0, 2.0, 3.0):
        stage.join(loss)
    stage.runs.end(0, stage.of)
    for trial in (0, 1):
        stage.runs.leave(trial)
        assert trial not in stage.runs
    for trial in (1, 2, 3):
        stage.runs.end(trial, stage.of)
    assert stage.generation() == 0


def test_the_next_run_of_a_lost_one_is_larger() -> None:
    stage = staged()
    assert not stage.runs.is_lost
    stage.losses = [0.5]
    for _ in range(3):
        stage.join(0.5)
    for trial in range(4):
        stage.runs.end(trial, stage.of)
    assert not stage.runs.is_going_on
    assert stage.runs.is_lost
    assert stage.runs.larger_population == 8
    old = stage.join(0.1, Start(8, 0.2, [0.1, 0.1]))
    assert (stage.member().notes["run"], stage.runs.population) == (2, 8)
    assert not stage.runs.is_lost
    stage.runs.stop()
    assert not stage.runs.is_lost
    assert stage.member(START).notes["run"] == 3
    stage.join(0.2, START)
    stage.runs.end(old, stage.of)
    assert old in stage.runs, "it was a member, though of another run"
    assert stage.member().notes["run"] == 3


def test_populations_do_not_grow_for_ever() -> None:
    runs = Runs(AXES, 4)
    for number in range(20):
        runs.join(number, next(runs.members(Start(runs.larger_population, 0.1, [0.5, 0.5]), 0)).notes)
    assert runs.population == runs.larger_population == 4 * 512


def test_draws_of_two_runs_are_told_apart() -> None:
    """Two are asked for before either is started: both begin the same run, and both are its members."""
    stage = staged()
    stage.runs.stop()
    first, second = (next(stage.runs.members(Start(4, 0.1, [place, place]), 0)).notes for place in (0.2, 0.8))
    stage.runs.join(1, first)
    stage.runs.join(2, second)
    assert stage.member().notes["run"] == 2
    assert stage.member().point == pytest.approx([0.2, 0.2], abs=0.4)
