from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rung.analysis.comparison.pairing import (
    Record,
    holm,
    least_p,
    probability_of_improvement,
    record,
    signed_rank_p,
    signed_rank_tests,
)

# Demšar 2006, table 2: C4.5 and C4.5+m on 14 data sets.
WITHOUT = [0.763, 0.599, 0.954, 0.628, 0.882, 0.936, 0.661, 0.583, 0.775, 1.000, 0.940, 0.619, 0.972, 0.957]
WITH = [0.768, 0.591, 0.971, 0.661, 0.888, 0.931, 0.668, 0.583, 0.838, 1.000, 0.962, 0.666, 0.981, 0.978]


def test_the_worked_example_of_the_paper():
    differences = np.round(np.subtract(WITH, WITHOUT), 3)
    # R+ = 93 and R- = 12 there, so the smaller is below 21, the critical value at 0.05 for 14 pairs.
    assert stats.wilcoxon(differences, zero_method="zsplit").statistic == 12
    z = (12 - 14 * 15 / 4) / np.sqrt(14 * 15 * 29 / 24)  # the paper's z for many data sets, without ties
    assert signed_rank_p(differences) == pytest.approx(2 * stats.norm.cdf(z), abs=0.005)
    assert signed_rank_p(differences) < 0.05


def test_few_pairs_are_tested_exactly():
    assert signed_rank_p([1, 2, 3, 4, 5]) == pytest.approx(2 / 32)
    assert signed_rank_p([1, 2, 3, 4, 5, 6]) == pytest.approx(2 / 64)
    assert signed_rank_p([-1, 2, 3]) == pytest.approx(
        4 / 8
    )  # of 8 signs, 4 have a rank sum of 1 or less in one of them


@given(st.lists(st.integers(-3, 3), max_size=9))
def test_the_null_distribution_with_ties_and_zeros_is_that_of_all_signs(differences):
    given = np.array(differences, dtype=float)
    ranks, signs = stats.rankdata(np.abs(given)), np.sign(given)
    lean = abs(np.sum(ranks * signs))
    leans = [abs(np.sum(ranks * signs * flips)) for flips in product([-1, 1], repeat=len(given))]
    assert signed_rank_p(given) == pytest.approx(np.mean(np.greater_equal(leans, lean)))


@pytest.mark.parametrize("n", [10, 50])
def test_it_is_that_of_scipy_without_ties(n):
    differences = np.random.default_rng(n).normal(0.2, 1, size=n)
    assert signed_rank_p(differences) == pytest.approx(stats.wilcoxon(differences, method="exact").pvalue)


def test_without_a_difference_there_is_no_evidence():
    assert signed_rank_p([0.0, 0.0]) == 1
    assert signed_rank_p([]) == 1
    assert signed_rank_p([3.0]) == 1


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx((0.03, 0.06, 0.06))
    assert holm([0.5, 0.6]) == (1.0, 1.0)
    assert holm([0.02]) == (0.02,)
    assert holm([]) == ()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.floats(0.001, 0.5))
def test_holm_rejects_what_its_step_by_step_procedure_rejects(p_values, alpha):
    corrected = holm(p_values)
    assert all(one >= other for one, other in zip(corrected, p_values, strict=True))
    rejected = set()
    for step, index in enumerate(sorted(range(len(p_values)), key=lambda index: p_values[index])):
        if p_values[index] * (len(p_values) - step) > alpha:
            break
        rejected.add(index)
    assert {index for index, p in enumerate(corrected) if p <= alpha} == rejected


def test_several_pairs_are_corrected_together_and_each_leans_to_one_side():
    given = [[1, 2, 3, 4, 5, 6], [-2, -3, 1], [1, -1], [-0.5, -0.6, 9]]
    found = signed_rank_tests(given)
    assert [each.p for each in found] == [signed_rank_p(each) for each in given]
    assert [each.p_holm for each in found] == list(holm([each.p for each in found]))
    assert [each.lean for each in found] == [21, -4, 0, 0]
    assert signed_rank_tests([]) == []


def test_the_lean_need_not_be_that_of_the_mean():
    few_large = [*np.linspace(3, 4, 6), *np.linspace(-0.2, -0.1, 34)]
    (found,) = signed_rank_tests([few_large])
    assert np.mean(few_large) > 0 > found.lean
    assert found.p < 0.05


@given(st.integers(1, 9), st.integers(1, 6))
def test_no_p_value_is_below_the_least_one(n, n_pairs):
    agreeing = list(range(1, n + 1))
    assert max(holm([signed_rank_p(agreeing)] * n_pairs)) == pytest.approx(least_p(n, n_pairs))


def test_who_was_ahead():
    assert record([1, np.inf], [np.inf, np.inf]) == Record(wins=1, ties=1, losses=0)
    assert record([1, 2, 3], [2, 2, 1]) == Record(wins=1, ties=1, losses=1)


def test_the_probability_of_improvement_counts_all_pairs():
    assert probability_of_improvement([[1, 2, 3]], [[2, 3, 4]]) == pytest.approx((3 * 2 - 1 + 1 + 0.5 * 2) / 9)
    assert probability_of_improvement([[1], [5]], [[2], [4]]) == 0.5
    assert probability_of_improvement([[1, 1]], [[1, 1]]) == 0.5


@given(st.lists(st.integers(0, 5), min_size=1, max_size=9), st.lists(st.integers(0, 5), min_size=1, max_size=9))
def test_the_probability_of_improvement_is_that_of_mann_and_whitney(first, second):
    found = probability_of_improvement([first], [second])
    u = stats.mannwhitneyu(second, first).statistic
    assert found == pytest.approx(u / (len(first) * len(second)))
    assert found + probability_of_improvement([second], [first]) == pytest.approx(1)
