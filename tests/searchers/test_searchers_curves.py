from __future__ import annotations

import pytest

from rung.searchers._curves import Curves


def curves(*losses: list[float]) -> Curves:
    """Each trial reports at steps 1, 2, …"""
    made = Curves()
    for trial, each in enumerate(losses):
        for step, loss in enumerate(each, 1):
            made.add(trial, step, loss)
    return made


def test_a_trial_counts_by_its_lowest_loss() -> None:
    made = curves([3.0, 1.0, 2.0], [5.0, 5.0, 4.0])
    assert made.outcomes([0, 1]) == [1.0, 4.0]
    assert made.outcomes([1]) == [4.0]


def test_a_shorter_one_goes_on_as_the_longest_did() -> None:
    made = curves([9.0, 6.0, 1.0], [9.0, 7.0, 4.0], [9.0, 8.0, 6.5], [5.0], [8.0, 7.0])
    assert made.outcomes(range(5)) == [1.0, 4.0, 6.5, 5.0 - 5.0, 7.0 - 3.0]  # medians of -8, -5, -2.5 and -5, -3, -1.5


def test_only_those_that_reached_the_end_tell_and_none_is_made_worse() -> None:
    made = curves([4.0, 5.0, 6.0], [2.0, 1.0], [3.0])
    assert made.outcomes([0, 1, 2]) == [4.0, 1.0, 3.0]


def test_steps_may_differ() -> None:
    made = Curves()
    for step, loss in ((2, 8.0), (5, 6.0), (9, 1.0)):
        made.add(7, step, loss)
    made.add(3, 1, 4.0)
    made.add(4, 6, 4.0)
    assert made.outcomes([3, 4]) == [4.0, -1.0]  # nobody says what comes after step 1; after 5 comes a fall by 5
    assert 7 in made
    assert 8 not in made


@pytest.mark.parametrize("n", [1, 2])
def test_where_all_are_equally_long_nothing_is_changed(n: int) -> None:
    made = curves(*([[0.5]] * n))
    assert made.outcomes(range(n)) == [0.5] * n


def test_the_lowest_loss_by_a_step_is_that_of_the_reports_until_then() -> None:
    made = curves([3.0, 1.0, 2.0])
    made.add(0, 9, 0.5)
    assert [made.lowest_by(0, step) for step in (1, 2, 3, 8, 9, 50)] == [3.0, 1.0, 1.0, 1.0, 0.5, 0.5]


def test_before_its_first_report_a_trial_counts_by_that() -> None:
    made = Curves()
    made.add(0, 9, 5.0)
    made.add(0, 12, 1.0)
    assert [made.lowest_by(0, step) for step in (3, 9, 11, 12, 20)] == [5.0, 5.0, 5.0, 1.0, 1.0]
