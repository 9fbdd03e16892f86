from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from space_strategies import property_test

from rung.space.narrowing import is_crowd, is_left_out, narrowed

PLACES = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=8)
ENDS = st.tuples(st.floats(0.0, 1.0), st.floats(0.0, 1.0)).map(sorted)


def alone(start, stop, places, margin):
    """With worse trials at both ends of the range."""
    return narrowed(start, stop, places, [start, stop], margin)


def test_a_range_reaches_beyond_the_best_by_its_margin():
    assert alone(0.0, 1.0, [0.5, 0.2, 0.8], 0.05) == pytest.approx((0.15, 0.85))
    assert alone(0.1, 0.9, [0.5, 0.2, 0.8], 0.05) == pytest.approx((0.16, 0.84))
    assert alone(0.0, 1.0, [0.5, 0.2, 0.8], 0.0) == pytest.approx((0.2, 0.8))


def test_a_side_is_cut_only_where_something_worse_was_tried():
    best = [0.5, 0.2, 0.8]
    assert narrowed(0.0, 1.0, best, [], 0.05) == (0.0, 1.0)
    assert narrowed(0.0, 1.0, best, [0.3, 0.2, 0.8], 0.05) == (0.0, 1.0)
    assert narrowed(0.0, 1.0, best, [0.19], 0.05) == pytest.approx((0.15, 1.0))
    assert narrowed(0.0, 1.0, best, [0.81], 0.05) == pytest.approx((0.0, 0.85))
    assert narrowed(0.1, 0.9, best, [0.05, 0.95], 0.05) == pytest.approx((0.1, 0.9))  # outside they say nothing


def test_a_range_is_at_most_halved():
    assert alone(0.0, 1.0, [0.5, 0.45, 0.55], 0.05) == pytest.approx((0.25, 0.75))
    assert alone(0.4, 0.6, [0.5], 0.0) == pytest.approx((0.45, 0.55))
    assert alone(0.5, 1.0, [0.99], 0.0) == pytest.approx((0.75, 1.0))
    assert alone(0.0, 0.6, [0.02], 0.0) == pytest.approx((0.0, 0.3))
    assert alone(0.4999, 0.5001, [0.5], 0.0) == pytest.approx((0.4995, 0.5005))  # a thousandth at least


def test_a_range_opens_at_the_border_where_the_best_is():
    low, high = alone(0.4, 0.6, [0.595, 0.5], 0.0)
    assert high == pytest.approx(0.7)  # half of 0.2 beyond
    assert low == pytest.approx(0.4975)  # made half as wide as before, then opened
    assert alone(0.4, 0.6, [0.405, 0.5], 0.0)[0] == pytest.approx(0.3)
    assert alone(0.4, 0.6, [0.42, 0.5], 0.0)[0] == pytest.approx(0.41)  # a tenth away is not at the border
    assert alone(0.4, 0.6, [0.5, 0.6], 0.0)[1] == pytest.approx(0.6)  # the second best does not count


def test_nothing_small_is_left_over_at_the_ends():
    assert alone(0.0, 1.0, [0.5, 0.03, 0.97], 0.0) == (0.0, 1.0)
    assert alone(0.0, 1.0, [0.5, 0.2, 0.8], 0.18) == (0.0, 1.0)


@property_test
@given(ENDS, PLACES, st.lists(st.floats(0.0, 1.0), max_size=8), st.floats(0.0, 1.0))
def test_a_range_lies_in_the_unit_interval_around_the_best(ends, best, others, margin):
    low, high = narrowed(*ends, best, others, margin)
    assert 0.0 <= low <= min(best)
    assert max(best) <= high <= 1.0
    assert high - low >= max(0.5 * (ends[1] - ends[0]), 1e-3) - 1e-12


@property_test
@given(PLACES, st.floats(0.0, 0.5), st.floats(0.0, 0.5))
def test_a_wider_margin_gives_no_narrower_range(places, margin, more):
    low, high = alone(0.2, 0.7, places, margin)
    lower, higher = alone(0.2, 0.7, places, margin + more)
    assert lower <= low + 1e-12
    assert higher >= high - 1e-12


@pytest.mark.parametrize(("trials", "best"), [(8, 4), (10, 5), (12, 3), (14, 2)])
def test_leaving_out_by_counting_all_choices_of_the_best(trials, best):
    for tried in range(trials - best + 1):
        choices = list(itertools.combinations(range(trials), best))
        without = sum(all(trial >= tried for trial in choice) for choice in choices)
        assert is_left_out(tried, trials, best) == (tried >= 5 and without / len(choices) <= 0.1), tried


def test_what_was_tried_seldom_is_never_left_out():
    assert not is_left_out(4, 1000, 500)
    assert is_left_out(5, 1000, 500)
    assert not is_left_out(9, 50, 10)
    assert is_left_out(10, 50, 10)


@property_test
@given(st.integers(1, 30), st.integers(0, 30), st.floats(0.01, 0.9))
def test_a_crowd_by_the_binomial_distribution(total, count, share):
    count = min(count, total)
    chance = stats.binom(total, share).sf(count - 1)
    if abs(chance - 0.01) > 1e-9:
        assert is_crowd(count, total, share) == (chance <= 0.01)
