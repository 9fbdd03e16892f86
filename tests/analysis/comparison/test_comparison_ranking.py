import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from rung.analysis.comparison.ranking import critical_difference, friedman, groups_within, ranks_of

# Demšar 2006, table 6: the area under the curve of C4.5, C4.5+m, C4.5+cf, C4.5+m+cf on 14 data sets. The ranks printed
# there tell 0.975 and 0.975 in the last row but one apart, so here they differ in the fourth digit.
AUC = np.array([
    [0.763, 0.768, 0.771, 0.798], [0.599, 0.591, 0.590, 0.569], [0.954, 0.971, 0.968, 0.967],
    [0.628, 0.661, 0.654, 0.657], [0.882, 0.888, 0.886, 0.898], [0.936, 0.931, 0.916, 0.931],
    [0.661, 0.668, 0.609, 0.685], [0.583, 0.583, 0.563, 0.625], [0.775, 0.838, 0.866, 0.875],
    [1.000, 1.000, 1.000, 1.000], [0.940, 0.962, 0.965, 0.962], [0.619, 0.666, 0.614, 0.669],
    [0.972, 0.981, 0.9751, 0.975], [0.957, 0.978, 0.946, 0.970],
])  # fmt: skip


def test_the_worked_example_of_the_paper():
    found = friedman(-AUC)
    assert found.n_blocks == 14
    assert found.ranks == pytest.approx((3.143, 2.000, 2.893, 1.964), abs=5e-4)
    assert found.chi_square == pytest.approx(9.28, abs=0.005)
    assert found.f == pytest.approx(3.69, abs=0.005)
    assert found.p < 0.05  # F(3, 39) at 0.05 is 2.85 there
    assert found.difference == pytest.approx(1.25, abs=0.005)
    assert found.groups == ((3, 1, 2, 0),)  # not even the best and the worst differ


def test_the_worked_example_at_ten_percent():
    found = friedman(-AUC, alpha=0.10)
    assert found.difference == pytest.approx(1.12, abs=0.005)
    assert found.groups == ((3, 1, 2), (2, 0))  # C4.5 differs from +m and +m+cf; of +cf nothing can be said


@pytest.mark.parametrize(
    ("alpha", "published"),
    [
        (0.05, [1.960, 2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164]),
        (0.10, [1.645, 2.052, 2.291, 2.459, 2.589, 2.693, 2.780, 2.855, 2.920]),
    ],
)
def test_the_critical_values_are_those_of_the_published_table(alpha, published):
    for n_methods, q in enumerate(published, 2):
        unit = math.sqrt(n_methods * (n_methods + 1) / 6)
        assert critical_difference(n_methods, 1, alpha=alpha) / unit == pytest.approx(q, abs=1.1e-3)


def test_ties_share_their_average_rank():
    assert ranks_of([0.3, 0.1, 0.3, np.inf]).tolist() == [2.5, 1, 2.5, 4]
    assert ranks_of([[1, 2], [1, 1]], axis=0).tolist() == [[1.5, 2], [1.5, 1]]


@settings(max_examples=40, deadline=None)
@given(st.integers(3, 5), st.integers(2, 9), st.integers(0, 2**32 - 1))
def test_the_statistic_is_that_of_scipy_without_ties(n_methods, n_blocks, seed):
    losses = np.random.default_rng(seed).normal(size=(n_blocks, n_methods))
    found = friedman(losses)
    assert found.chi_square == pytest.approx(stats.friedmanchisquare(*losses.T).statistic, abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(arrays(float, st.tuples(st.integers(2, 6), st.integers(2, 5)), elements=st.sampled_from([0.0, 1.0, 2.0])))
def test_ranks_add_up_and_p_is_a_probability(losses):
    found = friedman(losses)
    n_methods = losses.shape[1]
    assert sum(found.ranks) == pytest.approx(n_methods * (n_methods + 1) / 2)
    assert 0 <= found.p <= 1


def test_when_all_is_equal_nothing_differs():
    found = friedman(np.ones((5, 3)))
    assert (found.ranks, found.chi_square, found.f, found.p) == ((2, 2, 2), 0, 0, 1)
    assert found.groups == ((0, 1, 2),)


def test_when_all_blocks_agree_f_is_infinite():
    found = friedman([[1, 2, 3]] * 5)
    assert (found.chi_square, found.f) == (10, None)
    assert found.p == pytest.approx(1 / 6**4)  # the first block may have any order, four have the same by chance
    assert friedman([[1, 2]] * 2).p == 0.5


@pytest.mark.parametrize("shape", [(1, 3), (3, 1), (0, 3)])
def test_one_block_or_one_method_is_no_test(shape):
    assert friedman(np.ones(shape)) is None


def test_groups_are_the_largest_ones():
    assert groups_within([1.0, 1.5, 2.2, 4.0], 1.0) == ((0, 1), (1, 2))
    assert groups_within([4.0, 1.0, 1.2, 1.1], 0.5) == ((1, 3, 2),)
    assert groups_within([1.0, 2.0], 0.5) == ()
    assert groups_within([1.0, 1.0], 0.0) == ((0, 1),)


@given(st.lists(st.floats(1, 9), min_size=2, max_size=9), st.floats(0.1, 5))
def test_two_methods_are_in_one_group_exactly_when_their_ranks_are_within_the_difference(ranks, difference):
    groups = groups_within(ranks, difference)
    for one in range(len(ranks)):
        for two in range(one):
            together = any({one, two} <= set(group) for group in groups)
            assert together == (abs(ranks[one] - ranks[two]) <= difference)
    assert not any(set(one) < set(two) for one in groups for two in groups)
