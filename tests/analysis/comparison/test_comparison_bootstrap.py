import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from rung.analysis.comparison.bootstrap import (
    Interval,
    interquartile_mean,
    interval,
    mean_weights,
    stratified_interval,
    weighted_interval,
)


def new_rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("method", ["BCa", "percentile"])
@pytest.mark.parametrize("statistic", [np.mean, np.median])
def test_an_interval_is_the_one_of_scipy(method, statistic):
    sample = new_rng(1).lognormal(size=20)
    found = interval(sample, statistic, rng=new_rng(), method=method, confidence=0.9, n_resamples=500)
    theirs = stats.bootstrap(
        (sample,), statistic, rng=new_rng(), method=method, confidence_level=0.9, n_resamples=500
    ).confidence_interval
    assert (found.estimate, found.low, found.high) == (statistic(sample), theirs.low, theirs.high)


def test_one_value_says_nothing_of_spread_and_equal_ones_say_that_there_is_none():
    assert interval([1.0], rng=new_rng()) is None
    assert interval([], rng=new_rng()) is None
    assert interval([2.0, 2.0, 2.0], rng=new_rng()) == Interval(2.0, 2.0, 2.0)


def test_where_bca_is_undefined_percentiles_are_given():
    found = interval([0.0] * 9 + [1.0], np.median, rng=new_rng())
    assert found == Interval(0.0, 0.0, 0.0)


def test_an_interval_covers_the_truth_about_as_often_as_it_says():
    rng = new_rng(2)
    found = [interval(rng.normal(size=15), rng=rng, n_resamples=300, confidence=0.9) for _ in range(200)]
    assert 0.8 <= np.mean([each.low <= 0 <= each.high for each in found]) <= 0.96


def test_excluding_zero():
    assert Interval(1, 0.5, 2).excludes_zero
    assert Interval(-1, -2, -0.5).excludes_zero
    assert not Interval(1, 0, 2).excludes_zero


def test_the_interquartile_mean_is_that_of_the_middle_half():
    assert interquartile_mean([100, 1, 2, 3, 4, 5, 6, -100]) == 3.5  # of 2, 3, 4, 5
    assert interquartile_mean([1, 2, 6]) == 3  # nothing to leave out
    assert interquartile_mean(np.array([[0, 1, 2, 9], [4, 4, 4, 4]]), axis=1).tolist() == [1.5, 4]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=40))
def test_the_interquartile_mean_agrees_with_its_definition(values):
    cut = len(values) // 4
    middle = sorted(values)[cut : len(values) - cut]
    assert interquartile_mean(values) == pytest.approx(sum(middle) / len(middle), abs=1e-9)


def test_a_stratified_interval_keeps_the_differences_between_problems_out_of_its_width():
    rng = new_rng(3)
    samples = [problem * 100 + rng.normal(size=20) for problem in range(4)]
    found = stratified_interval(samples, rng=new_rng(), statistic=np.mean)
    assert found.estimate == pytest.approx(np.mean(samples))
    assert found.low < found.estimate < found.high
    assert found.high - found.low < 1  # 4 standard errors of 80 normal values are 0.45; the problems differ by 100
    constant = stratified_interval([[1.0, 1.0], [5.0, 5.0]], rng=new_rng(), statistic=np.mean)
    assert constant == Interval(3.0, 3.0, 3.0)


def test_a_stratified_interval_needs_two_runs_of_each_problem():
    assert stratified_interval([[1.0, 2.0], [1.0]], rng=new_rng()) is None
    assert stratified_interval([], rng=new_rng()) is None


def test_weights_are_resampled_means_over_problems():
    weights = mean_weights([2, 3], rng=new_rng(), n_resamples=400, with_problems=False)
    assert weights.shape == (400, 5)
    assert weights[:, :2].sum(axis=1) == pytest.approx(0.5)  # every problem has the same part in each
    assert weights[:, 2:].sum(axis=1) == pytest.approx(0.5)
    assert weights.mean(axis=0) == pytest.approx([1 / 4] * 2 + [1 / 6] * 3, abs=0.02)


def test_with_problems_drawn_anew_some_are_missing_and_some_are_there_twice():
    weights = mean_weights([2, 3], rng=new_rng(), n_resamples=400, with_problems=True)
    assert weights.sum(axis=1) == pytest.approx(1)
    assert sorted(set(weights[:, :2].sum(axis=1).round(9))) == [0, 0.5, 1]


def test_only_the_hierarchical_interval_knows_that_problems_differ():
    counts = [10, 10, 10, 10]
    scores = np.concatenate([problem + new_rng(problem).normal(scale=0.1, size=10) for problem in range(4)])
    widths = {}
    for with_problems in (False, True):
        weights = mean_weights(counts, rng=new_rng(), with_problems=with_problems)
        mean, low, high = weighted_interval(scores, counts, weights)
        assert low < mean < high
        assert mean == pytest.approx(scores.mean())
        widths[with_problems] = high - low
    # The spread of a mean of 4 problems with standard deviation √1.25 is 0.56; that of 40 runs 0.016.
    assert widths[True] == pytest.approx(2 * 1.96 * 0.56, rel=0.15)
    assert widths[False] == pytest.approx(2 * 1.96 * 0.016, rel=0.25)


def test_intervals_of_columns_are_those_of_each_column():
    scores = new_rng(4).normal(size=(6, 3))
    weights = mean_weights([2, 4], rng=new_rng(), with_problems=True)
    together = weighted_interval(scores, [2, 4], weights)
    alone = [weighted_interval(column, [2, 4], weights) for column in scores.T]
    np.testing.assert_allclose(np.transpose(together), alone)
    assert together[0] == pytest.approx((scores[:2].mean(axis=0) + scores[2:].mean(axis=0)) / 2)
