from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rung.schedulers._soft_ranking import NOISE_TRIALS, RankNoise, SoftRanking, crossing_distance

SMALL = st.sampled_from([0.0, 0.1, 0.2, 0.3, 0.5, 0.9])


def agree_by_groups(lower: list[float], upper: list[float], epsilon: float) -> bool:
    """The paper's wording: for each rank, the group of trials equivalent at the lower rung holds the one from above."""
    trials = range(len(lower))
    below = sorted(trials, key=lambda trial: (lower[trial], trial))
    above = sorted(trials, key=lambda trial: (upper[trial], trial))
    groups = [{other for other in trials if abs(lower[other] - lower[trial]) <= epsilon} for trial in below]
    return all(trial in group for trial, group in zip(above, groups, strict=True))


@given(st.lists(st.tuples(SMALL, SMALL, st.sampled_from([0.0, 0.15, 0.25, 0.45])), max_size=12))
def test_rankings_agree_as_the_groups_say(steps: list[tuple[float, float, float]]) -> None:
    """Also when epsilon goes up and down, though only what has changed is looked at."""
    ranking = SoftRanking()
    lower: list[float] = []
    upper: list[float] = []
    for low, high, epsilon in steps:
        ranking.add(len(lower), low, high)
        lower.append(low)
        upper.append(high)
        assert ranking.agrees(epsilon) is agree_by_groups(lower, upper, epsilon)
    assert len(ranking) == len(steps)


def test_several_trials_may_come_before_the_rankings_are_compared() -> None:
    ranking = SoftRanking()
    ranking.add(0, 0.1, 0.1)
    assert ranking.agrees(0.0)
    for trial, lower in enumerate([0.5, 0.3, 0.7], start=1):
        ranking.add(trial, lower, lower)
    assert ranking.agrees(0.0)
    ranking.add(4, 0.6, 0.8)  # the last but one at the lower rung, the last at the upper
    ranking.add(5, 0.2, 0.2)
    assert not ranking.agrees(0.05)
    assert ranking.agrees(0.11)


@given(st.dictionaries(st.integers(1, 7), SMALL), st.dictionaries(st.integers(1, 7), SMALL))
def test_crossings_as_the_paper_defines_them(one: dict[int, float], other: dict[int, float]) -> None:
    common = sorted(one.keys() & other.keys(), reverse=True)

    def ahead(first: dict[int, float], second: dict[int, float]) -> bool:
        return any(
            first[high] > second[high] and first[middle] < second[middle] and first[low] > second[low]
            for high, middle, low in combinations(common, 3)
        )

    crosses = ahead(one, other) or ahead(other, one)
    expected = abs(one[common[0]] - other[common[0]]) if crosses else None
    assert crossing_distance(one, other) == expected


def test_noise_is_the_ninetieth_percentile_over_the_pairs_that_cross() -> None:
    draw = np.random.default_rng(0)
    curves = [dict(enumerate(1 / np.arange(1, 10) + 0.05 * draw.standard_normal(9), start=1)) for _ in range(20)]
    noise = RankNoise(0.7)
    assert noise.epsilon == 0.7
    for curve in curves:
        noise.add(curve)
    found = [distance for a, b in combinations(curves, 2) if (distance := crossing_distance(a, b)) is not None]
    assert 20 < len(found) < 190
    assert noise.epsilon == pytest.approx(np.percentile(found, 90), rel=1e-12)


def test_only_the_first_trials_make_the_noise() -> None:
    noise = RankNoise()
    for trial in range(NOISE_TRIALS):
        noise.add({1: trial, 2: trial, 3: trial})
    noise.add({1: 50.5, 2: -1.0, 3: 50.5})  # crosses half of them twice
    assert noise.epsilon == 0.0
