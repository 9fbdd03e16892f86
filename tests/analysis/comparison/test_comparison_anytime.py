import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up_runs import ACCURACY, run_of

from rung.analysis.comparison.anytime import grid_up_to, losses_of, values_in_force, with_worst

floats = st.floats(-1e6, 1e6)


def test_a_grid_meets_whole_numbers_exactly():
    assert grid_up_to(50, 50).tolist() == list(range(1, 51))
    assert grid_up_to(50, 100)[1::2].tolist() == list(range(1, 51))


def test_a_value_holds_from_its_place_until_the_next_one():
    assert values_in_force([2, 4], [0.5, 0.3], [1, 2, 3.9, 4, 9]).tolist() == [np.inf, 0.5, 0.5, 0.3, 0.3]


def test_of_several_values_at_one_place_the_last_holds():
    assert values_in_force([1, 1], [0.5, 0.4], [1]).tolist() == [0.4]


def test_without_any_value_there_is_nothing():
    assert values_in_force([], [], [1, 2]).tolist() == [np.inf, np.inf]


@given(st.lists(st.tuples(st.floats(0, 100), floats), max_size=20), st.lists(st.floats(0, 100), max_size=20))
def test_the_value_in_force_is_the_last_one_at_or_before_the_place(points, grid):
    points.sort(key=lambda point: point[0])
    found = values_in_force([place for place, _ in points], [value for _, value in points], grid)
    slow = [([np.inf] + [value for place, value in points if place <= at])[-1] for at in grid]
    assert found.tolist() == slow


def test_losses_of_a_run_along_each_axis():
    run = run_of([None, 0.5, 0.4])
    assert losses_of(run, "evaluations", [1, 2, 3, 4]).tolist() == [np.inf, 0.5, 0.4, 0.4]
    assert losses_of(run, "steps", [17, 18, 27]).tolist() == [np.inf, 0.5, 0.4]
    assert losses_of(run, "simulated_s", [19.9, 20]).tolist() == [np.inf, 0.5]
    assert losses_of(run, "wall_s", [4, 6]).tolist() == [0.5, 0.4]


def test_losses_are_those_of_the_incumbent_even_where_they_rise():
    assert losses_of(run_of([0.5, 0.7, 0.2]), "evaluations", [1, 2, 3]).tolist() == [0.5, 0.7, 0.2]
    assert losses_of(run_of([0.5, 0.7], goal=ACCURACY), "evaluations", [1, 2]).tolist() == [-0.5, -0.7]


def test_a_value_that_is_no_number_is_none():
    assert losses_of(run_of([float("nan"), 0.2]), "evaluations", [1, 2]).tolist() == [np.inf, 0.2]
    assert losses_of(run_of([]), "evaluations", [1]).tolist() == [np.inf]


def test_who_has_nothing_counts_as_just_worse_than_the_worst():
    filled = with_worst([[0.5, 0.2], [np.inf, 0.9], [np.nan, np.inf]])
    assert filled[:2, 1].tolist() == [0.2, 0.9]
    assert filled[1, 0] == filled[2, 0] == filled[2, 1] > 0.9
    assert filled[1, 0] == pytest.approx(0.9)
    with pytest.raises(ValueError, match="no run has a value"):
        with_worst([np.inf, np.nan])
