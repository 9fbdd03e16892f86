import numpy as np
import pytest

from rung.analysis.comparison.regret import Reached, Scale, normalised_regret, reached, scale_of, time_to_target


def test_regret_is_0_at_the_best_and_1_at_the_median_in_either_direction():
    assert normalised_regret(0.1, best=0.1, median=0.5) == 0
    assert normalised_regret(0.5, best=0.1, median=0.5) == 1
    assert normalised_regret(0.7, best=0.9, median=0.5) == pytest.approx(0.5)
    assert normalised_regret(0.05, best=0.1, median=0.5) == pytest.approx(-0.125)
    assert normalised_regret(np.array([0.1, 0.9]), best=0.1, median=0.5).tolist() == [0, 2]


def test_the_scale_is_the_known_one_if_there_is_one():
    losses = [[3.0, 2.0], [np.inf, 1.0], [np.inf, np.inf]]
    assert scale_of(losses, best=0.5, median=4.0) == Scale(0.5, 4.0, is_known=True)


@pytest.mark.parametrize(
    "known", [{"best": None, "median": 4.0}, {"best": 0.5, "median": None}, {"best": 4, "median": 4}]
)
def test_else_it_is_what_the_runs_show(known):
    losses = [[3.0, 2.0], [np.inf, 1.0], [np.inf, np.inf]]
    assert scale_of(losses, **known) == Scale(1.0, 2.0, is_known=False)  # the best, and the median of 3 and 1


def test_where_most_runs_begin_with_the_best_the_worst_is_the_other_end():
    assert scale_of([[1.0, 1.0], [1.0, 1.0], [5.0, 3.0]], best=None, median=None) == Scale(1.0, 5.0, is_known=False)


def test_a_scale_needs_a_value():
    with pytest.raises(ValueError, match="no run has a value"):
        scale_of([[np.inf]], best=None, median=None)


def test_where_all_is_equal_there_is_no_regret():
    scale = scale_of([[1.0, 1.0], [1.0, 1.0]], best=None, median=None)
    assert scale.regret(np.array([1.0, 1.0])).tolist() == [0, 0]


def test_time_to_a_target_is_the_first_place_at_or_below_it():
    losses = [[3, 2, 1], [3, 3, 3], [1, 1, 1], [np.inf, np.inf, 2]]
    assert time_to_target(losses, [10, 20, 30], 2).tolist() == [20, np.inf, 10, 30]


def test_how_many_reached_the_target_and_when_half_had():
    grid = [10, 20, 30]
    assert reached([[3, 2, 1], [3, 3, 3], [1, 1, 1], [3, 3, 2]], grid, 2) == Reached(0.75, 20.0)
    assert reached([[3, 3, 1], [3, 3, 3], [3, 3, 3]], grid, 2) == Reached(1 / 3, None)
    assert reached([[3, 3, 3]], grid, 2) == Reached(0.0, None)
