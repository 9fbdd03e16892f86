from __future__ import annotations

from typing import Any

import pytest
from bracket_courses import Counting, runs, steps_trained, table

from rung.contracts import Searcher
from rung.errors import SettingError
from rung.schedulers.iepoch import IEpoch
from rung.testing.play import Course, play
from rung.testing.scheduler_suite import SchedulerSuite
from rung.types import Action, Decision


class TestIEpoch(SchedulerSuite):
    def make(self, searcher: Searcher) -> IEpoch:
        return IEpoch(searcher, max_t=27, epochs=3, n=6, top=2)


class TestOneRoundIsTooLong(SchedulerSuite):
    def make(self, searcher: Searcher) -> IEpoch:
        return IEpoch(searcher, max_t=20)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_t": 3, "epochs": 4}, r"max_t=3 is below epochs=4.*epochs <= 3"),
        ({"max_t": 9, "epochs": 0}, r"epochs must be a whole number, at least 1, not 0"),
        ({"max_t": 0}, r"max_t must be a whole number, at least 1, not 0"),
        ({"max_t": 9, "n": 0}, r"n must be a whole number, at least 1, not 0"),
        ({"max_t": 9, "top": 0}, r"top must be a whole number, at least 1, not 0"),
        ({"max_t": 9, "n": 3, "top": 4}, r"top=4 .* n=3 .*top <= 3"),
    ],
)
def test_unusable_settings_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        IEpoch(Counting(), **options)


@pytest.mark.parametrize(("epochs", "top", "n"), [(1, 1, 52), (3, 1, 18), (3, 3, 52), (52, 1, 1)])
def test_looking_around_costs_by_default_what_the_best_cost_in_full(epochs: int, top: int, n: int) -> None:
    plan = IEpoch(Counting(), max_t=52, epochs=epochs, top=top).bracket
    assert (plan.n, plan.sizes[-1]) == (n, top)
    assert top * 52 <= plan.n * epochs < top * 52 + epochs


def test_a_round_by_hand() -> None:
    scheduler = IEpoch(Counting(), max_t=9, epochs=2, n=4, top=2)
    course = Course(steps=range(1, 30), loss=table([0.4, 0.1, 0.3, 0.2]))
    played = play(scheduler, course, new_trials=8, workers=1)
    first = [(0, 2), (1, 2), (2, 2), (3, 2), (1, 9), (3, 9)]
    assert runs(played) == first + [(trial + 4, until) for trial, until in first]
    assert [event.notes["round"] for event in played.started()] == [0] * 6 + [1] * 6
    assert played.decisions[2][1] == Decision(2, Action.PAUSE, "rung 2: rank 2 of 3")
    assert steps_trained(played) == 2 * (4 * 2 + 2 * 7)


@pytest.mark.parametrize(("new_trials", "finished"), [(1, 1), (5, 1), (6, 2), (9, 3)])
def test_of_a_round_cut_short_a_like_share_goes_on(new_trials: int, finished: int) -> None:
    played = play(IEpoch(Counting(), max_t=9, n=9, top=3), Course(steps=range(1, 30)), new_trials=new_trials, workers=1)
    assert sum(until == 9 for _, until in runs(played)) == finished


def test_as_many_epochs_as_a_full_training_is_random_search() -> None:
    played = play(IEpoch(Counting(), max_t=9, epochs=9), Course(steps=range(1, 30)), new_trials=4)
    assert played.decisions == []
    assert steps_trained(played) == 4 * 9
