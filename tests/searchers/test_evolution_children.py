from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from rung.searchers._evolution_axes import axes_of
from rung.searchers._evolution_children import crossed, filled, mirrored, mutated, tournament
from rung.space import Choice, Float, Int, Ordinal, Space

SPACE = Space(
    {"x": Float(0, 1), "fixed": 3, "kind": Choice(["a", "b", "c"]), "n": Int(1, 9, log=True), "y": Float(0, 1)}
)
AXES = axes_of(SPACE)
PARENT = np.array([0.4, 0.5, 0.5, AXES.numbers[0].middles[2], 0.7])


def children(parent: np.ndarray = PARENT, count: int = 2000) -> np.ndarray:
    return np.array([mutated(parent, AXES, np.random.default_rng(seed)) for seed in range(count)])


def test_the_best_of_those_drawn_wins() -> None:
    """By a second way: the chance that the member with rank r is the best of k of n is C(n-1-r, k-1) / C(n, k)."""
    losses = np.array([5.0, 1.0, 4.0, 2.0, 3.0])
    rng = np.random.default_rng(0)
    winners = [tournament(losses, 2, rng) for _ in range(4000)]
    by_rank = [1, 3, 4, 2, 0]
    expected = [math.comb(4 - rank, 1) / math.comb(5, 2) for rank in range(5)]
    assert [winners.count(index) / 4000 for index in by_rank] == pytest.approx(expected, abs=0.025)
    assert {tournament(losses, size, rng) for size in (5, 25) for _ in range(20)} == {1}


def test_of_equal_ones_the_youngest_wins() -> None:
    assert {tournament(np.zeros(6), 6, np.random.default_rng(seed)) for seed in range(10)} == {5}


def test_a_mutation_changes_about_one_dimension_and_never_none() -> None:
    """Each of four with chance 1/4, and one at random when none would: 0.75**4 = 0.316 of the time."""
    is_changed = children() != PARENT
    counts = is_changed.sum(axis=1)
    assert counts.min() == 1
    assert np.mean(counts) == pytest.approx(1.0 + 0.75**4, abs=0.05)
    assert not is_changed[:, 1].any()
    assert is_changed[:, [0, 2, 3, 4]].mean(axis=0) == pytest.approx([0.25 + 0.75**4 / 4] * 4, abs=0.04)


def test_numbers_move_by_steps_of_many_lengths() -> None:
    steps = children(count=6000)[:, 0] - 0.4
    steps = steps[steps != 0.0]
    assert np.mean(steps) == pytest.approx(0.0, abs=0.01)
    scales = 0.15 * 10.0 ** -(0.5 * np.random.default_rng(0).random(6000))
    again = scales * np.random.default_rng(1).standard_normal(6000)
    assert stats.ks_2samp(steps, again[np.abs(again - 0.1) < 0.5]).pvalue > 0.01


def test_categories_become_any_other_one() -> None:
    kinds = children()[:, 2]
    kinds = kinds[kinds != 0.5]
    assert set(kinds.tolist()) == {1 / 6, 5 / 6}
    assert np.mean(kinds < 0.5) == pytest.approx(0.5, abs=0.05)


def test_listed_numbers_move_at_least_to_the_next_value() -> None:
    values = AXES.numbers[0]
    places = children()[:, 3]
    moved = [values.nearest(place) for place in places[places != PARENT[3]]]
    assert 2 not in moved
    assert {1, 3} <= set(moved)
    assert all(place in values.middles for place in places)
    for end, neighbour in ((0, 1), (2, 1)):
        axes = axes_of(Space({"size": Ordinal([16, 32, 64])}))
        parent = axes.numbers[0].middles[[end]]
        found = {axes.numbers[0].nearest(mutated(parent, axes, np.random.default_rng(seed))[0]) for seed in range(50)}
        assert neighbour in found
        assert end not in found


def test_what_is_inactive_stays_inactive() -> None:
    parent = np.array([math.nan, 0.5, 0.5, math.nan, 0.7])
    found = children(parent, 200)
    assert np.isnan(found[:, [0, 3]]).all()
    assert (found[:, [2, 4]] != parent[[2, 4]]).any(axis=1).all()
    nothing = np.full(5, math.nan)
    nothing[1] = 0.5
    assert np.array_equal(children(nothing, 1)[0], nothing, equal_nan=True)


@pytest.mark.parametrize(
    ("place", "folded"), [(0.3, 0.3), (-0.2, 0.2), (1.25, 0.75), (2.25, 0.25), (-1.25, 0.75), (0.0, 0.0), (1.0, 1.0)]
)
def test_places_are_folded_into_the_interval(place: float, folded: float) -> None:
    assert mirrored(place) == pytest.approx(folded)


def slow_trial_vector(
    target: list[float], best: list[float], pair: tuple[list[float], list[float]], rng: np.random.Generator
) -> list[float]:
    """Storn & Price's trial vector, coordinate by coordinate, with weight 0.7 and crossover 0.4."""
    a, b = pair
    chances = rng.random(len(target)).tolist()
    sure = int(rng.integers(len(target)))
    trial = []
    for j, old in enumerate(target):
        new = best[j] + 0.7 * (a[j] - b[j])
        if new < 0:
            new = (old + 0.0) / 2
        if new > 1:
            new = (old + 1.0) / 2
        trial.append(new if chances[j] < 0.4 or j == sure else old)
    return trial


def test_trial_vectors() -> None:
    source = np.random.default_rng(0)
    for seed in range(200):
        target, best, a, b = source.random((4, 5))
        fast = crossed(target, best, a - b, weight=0.7, crossover=0.4, rng=np.random.default_rng(seed))
        slow = slow_trial_vector(target.tolist(), best.tolist(), (a.tolist(), b.tolist()), np.random.default_rng(seed))
        assert fast == pytest.approx(slow, abs=1e-15)
        assert ((fast >= 0.0) & (fast <= 1.0)).all()
        assert (fast != target).any()


def test_a_crossover_of_one_takes_all_and_of_nought_a_single_coordinate() -> None:
    target, base, difference = np.full(4, 0.2), np.full(4, 0.5), np.full(4, 0.1)
    for seed in range(20):
        all_of, one = (
            crossed(target, base, difference, weight=0.5, crossover=chance, rng=np.random.default_rng(seed))
            for chance in (1.0, 0.0)
        )
        assert all_of == pytest.approx([0.55] * 4)
        assert (one != target).sum() == 1
    nothing = np.empty(0)
    assert crossed(nothing, nothing, nothing, weight=0.5, crossover=0.5, rng=np.random.default_rng(0)).shape == (0,)


def test_gaps_are_filled_with_random_numbers() -> None:
    points = np.full((500, 2), math.nan)
    points[:, 0] = 0.25
    found = filled(points, np.random.default_rng(0))
    assert (found[:, 0] == 0.25).all()
    assert stats.kstest(found[:, 1], "uniform").pvalue > 0.01
