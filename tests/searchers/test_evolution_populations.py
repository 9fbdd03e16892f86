from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from rung.searchers._evolution_axes import axes_of
from rung.searchers._evolution_populations import Ageing, Slots
from rung.space import Float, Space

AXES = axes_of(Space({name: Float(0, 1) for name in "abc"}))


class Losses:
    """Of trials, by number."""

    def __init__(self, *losses: float) -> None:
        self._losses = losses

    def __call__(self, trials: Sequence[int]) -> np.ndarray:
        return np.array([self._losses[trial] for trial in trials])


def test_the_oldest_dies_also_a_good_one() -> None:
    losses = Losses(0.0, 5.0, 4.0, 3.0, 2.0, 9.0)
    population = Ageing(3, sample=2)
    for trial in range(3):
        population.enter(trial, None, losses)
    population.begin(losses)
    assert list(population.members(losses)) == [0, 1, 2]
    population.enter(3, {}, losses)
    assert list(population.members(losses)) == [1, 2, 3], "the best of all was the oldest"
    population.enter(5, {}, losses)
    population.enter(4, {}, losses)
    assert list(population.members(losses)) == [3, 5, 4], "by age, which counts from the end of a trial"
    population.enter(3, {}, losses)
    assert list(population.members(losses)) == [3, 5, 4], "to end again makes nobody younger"


def test_it_begins_with_the_best_of_what_is_known() -> None:
    losses = Losses(7.0, 1.0, 5.0, 2.0, 6.0, 3.0, 4.0)
    population = Ageing(3, sample=2)
    for trial in range(6):
        population.enter(trial, None, losses)
    assert list(population.members(losses)) == [1, 3, 5]
    population.begin(losses)
    population.enter(6, {}, losses)
    assert list(population.members(losses)) == [3, 5, 6]


def test_a_child_comes_from_the_winner_of_a_tournament() -> None:
    points = np.array([[0.1] * 3, [0.5] * 3, [0.9] * 3])
    losses = np.array([2.0, 1.0, 3.0])
    population = Ageing(3, sample=3)
    children = [population.child(AXES, points, losses, np.random.default_rng(seed)) for seed in range(100)]
    places = np.array([each.point for each in children])
    assert 0.4 < np.mean(places == 0.5) < 0.67, "what isn't mutated is the winner's"
    assert not np.isin(places, [0.1, 0.9]).any()
    assert {str(each.notes) for each in children} == {"{}"}


def test_a_child_takes_the_place_that_it_was_aimed_at_unless_it_is_worse() -> None:
    losses = Losses(3.0, 2.0, 1.0, 2.5, 2.5, 0.0, 1.0)
    population = Slots(3, weight=0.5, crossover=0.5)
    for trial in range(3):
        population.enter(trial, None, losses)
    population.enter(3, {"slot": 1}, losses)
    assert list(population.members(losses)) == [0, 1, 2], "it is worse than the one in its place"
    population.enter(3, {"slot": 0}, losses)
    assert list(population.members(losses)) == [3, 1, 2]
    population.enter(4, {"slot": 0}, losses)
    assert list(population.members(losses)) == [4, 1, 2], "as good is good enough"
    population.enter(5, {"slot": 2}, losses)
    assert list(population.members(losses)) == [4, 1, 5]
    population.enter(5, {"slot": 0}, losses)
    assert list(population.members(losses)) == [4, 1, 5], "nobody is there twice"


def test_trials_from_elsewhere_replace_the_worst() -> None:
    losses = Losses(3.0, math.inf, 1.0, 2.0, 5.0, 0.5)
    population = Slots(3, weight=0.5, crossover=0.5)
    for trial in range(5):
        population.enter(trial, None, losses)
    assert list(population.members(losses)) == [0, 3, 2]
    population.enter(5, None, losses)
    assert list(population.members(losses)) == [5, 3, 2]


def test_empty_places_are_taken_even_by_children_that_lose() -> None:
    losses = Losses(1.0, 2.0, 3.0, 4.0, 0.0)
    population = Slots(5, weight=0.5, crossover=0.5)
    for trial in range(3):
        population.enter(trial, None, losses)
    population.enter(3, {"slot": 0}, losses)
    assert list(population.members(losses)) == [0, 1, 2, 3]
    population.enter(4, {"slot": 7}, losses)
    assert list(population.members(losses)) == [0, 1, 2, 4], "the place of a larger population, from another's notes"


def test_members_are_aimed_at_in_turn() -> None:
    rng = np.random.default_rng(0)
    points, losses = rng.random((4, 3)), np.array([2.0, 1.0, 3.0, 4.0])
    population = Slots(4, weight=0.5, crossover=0.0)
    slots = []
    for seed in range(8):
        child = population.child(AXES, points, losses, np.random.default_rng(seed))
        slots.append(child.notes["slot"])
        assert (child.point == points[slots[-1]]).sum() == 2, "all but one coordinate are the target's"
        population.begin(Losses())
    assert slots == [0, 1, 2, 3, 0, 1, 2, 3]


def test_a_mutant_is_the_best_plus_a_difference_of_two_others() -> None:
    points = np.array([[0.5, 0.5, 0.5], [0.2, 0.3, 0.4], [0.3, 0.3, 0.3], [0.4, 0.35, 0.3]])
    population = Slots(4, weight=0.5, crossover=1.0)
    differences = [points[a] - points[b] for a in (1, 2, 3) for b in (1, 2, 3) if a != b]
    expected = {tuple(np.round(points[2] + 0.5 * each, 12)) for each in differences}
    losses = np.array([2.0, 3.0, 1.0, 4.0])
    found = {
        tuple(np.round(population.child(AXES, points, losses, np.random.default_rng(seed)).point, 12))
        for seed in range(100)
    }
    assert found == expected


@pytest.mark.parametrize("make", [lambda: Ageing(3, sample=2), lambda: Slots(3, weight=0.5, crossover=0.5)])
def test_what_was_inactive_is_drawn(make: type) -> None:
    points = np.full((3, 3), math.nan)
    points[:, 0] = 0.5
    for seed in range(20):
        child = make().child(AXES, points, np.array([1.0, 2.0, 3.0]), np.random.default_rng(seed))
        assert ((child.point >= 0.0) & (child.point <= 1.0)).all()
