from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest

from rung.errors import SettingError
from rung.stopping import (
    Criterion,
    Halt,
    Standing,
    cost,
    criterion_from_json,
    epochs,
    patience,
    reached,
    seconds,
    trials,
)
from rung.types import Goal

LOW, HIGH = Goal("error", "min"), Goal("accuracy", "max")


def standing(**fields: Any) -> Standing:
    return Standing(**fields)


@pytest.mark.parametrize(
    ("criterion", "before", "after", "words", "halt"),
    [
        (trials(3), standing(n_trials=2), standing(n_trials=3), "3 trials were begun", Halt.NEW_TRIALS),
        (epochs(10), standing(n_steps=9), standing(n_steps=12), "12 steps were reported", Halt.STARTS),
        (seconds("2h"), standing(seconds=7199), standing(seconds=7200), "the study has taken 2h", Halt.RUNS),
        (
            cost(10, per_hour=2.5),
            standing(runtime_s=3.9 * 3600),
            standing(runtime_s=4 * 3600),
            "the trials have cost 10 (4h of runtime at 2.5 per hour)",
            Halt.RUNS,
        ),
        (
            cost(10, metric="gpu_hours"),
            standing(costs={"gpu_hours": 9.5}),
            standing(costs={"gpu_hours": 10.5}),
            "the trials have cost 10.5 gpu_hours",
            Halt.RUNS,
        ),
        (
            reached(0.1),
            standing(best_loss=0.11),
            standing(best_loss=0.1),
            "error 0.1 is at least as good as 0.1",
            Halt.STARTS,
        ),
    ],
)
def test_when_it_is_met(criterion: Criterion, before: Standing, after: Standing, words: str, halt: Halt) -> None:
    assert criterion.met(standing(), LOW) == ""
    assert criterion.met(before, LOW) == ""
    assert criterion.halts(before, LOW) is Halt.NOTHING
    assert criterion.met(after, LOW) == words
    assert criterion.halts(after, LOW) is halt


def test_a_value_is_reached_in_the_users_own_direction() -> None:
    assert reached(0.9).met(standing(best_loss=-0.89), HIGH) == ""
    assert reached(0.9).met(standing(best_loss=-0.91), HIGH) == "accuracy 0.91 is at least as good as 0.9"


@pytest.mark.parametrize(
    ("bests", "now", "is_met"),
    [
        ([], None, False),
        ([None], None, False),
        ([None, None], None, True),  # nothing but failures
        ([0.5, 0.5], 0.5, False),  # the first of the two brought it
        ([0.5, 0.5, 0.5], 0.5, True),
        ([0.5, 0.5, 0.4], 0.4, False),
        ([0.5, 0.5, 0.5], 0.4, False),  # a running trial is better already
        ([None, 0.5, 0.5], 0.5, False),
    ],
)
def test_patience_is_over_when_so_many_trials_brought_nothing(bests: Any, now: Any, is_met: bool) -> None:
    assert bool(patience(2).met(standing(bests=bests, best_loss=now), LOW)) is is_met


def test_an_improvement_may_be_too_small_to_count() -> None:
    come = standing(bests=[0.5, 0.49, 0.48], best_loss=0.48)
    assert patience(2).met(come, LOW) == ""
    assert patience(2, min_improvement=0.03).met(come, LOW) == (
        "error did not get better by more than 0.03 while 2 trials finished"
    )


def test_any_of_several() -> None:
    either = trials(3) | reached(0.1) | seconds(60)
    assert either.met(standing(n_trials=2, best_loss=0.2), LOW) == ""
    come = standing(n_trials=3, best_loss=0.05)
    assert either.met(come, LOW) == "3 trials were begun; error 0.05 is at least as good as 0.1"
    assert either.halts(come, LOW) is Halt.STARTS, "the one that ends most"
    assert either.halts(standing(n_trials=3, seconds=61), LOW) is Halt.RUNS
    assert str(either) == "trials:3 or reached:0.1 or seconds:1min"


def test_all_of_several() -> None:
    both = trials(20) & patience(1)
    assert both.met(standing(n_trials=20), LOW) == ""
    assert both.halts(standing(n_trials=20), LOW) is Halt.NOTHING
    come = standing(n_trials=20, bests=[0.5, 0.5], best_loss=0.5)
    assert both.met(come, LOW) == "20 trials were begun and error did not get better while 1 trial finished"
    assert both.halts(come, LOW) is Halt.NEW_TRIALS, "as mild as the mildest"
    assert str(both) == "trials:20,patience:1"
    assert str((trials(1) | trials(2)) & epochs(3)) == "(trials:1 or trials:2),epochs:3"


@pytest.mark.parametrize(
    ("criterion", "is_sure"),
    [
        (trials(1), True), (epochs(1), True), (seconds(1), True), (cost(1, per_hour=1), True), (patience(1), True),
        (reached(0.1), False), (reached(0.1) | trials(9), True), (reached(0.1) & trials(9), False),
        (cost(1, metric="m"), False), (cost(1, metric="m") | trials(9), True),
    ],
)  # fmt: skip
def test_what_is_sure_to_come(criterion: Criterion, is_sure: bool) -> None:
    assert criterion.ends_some_day() is is_sure


def test_the_metrics_that_are_costs() -> None:
    assert (trials(1) & cost(1, per_hour=2)).metrics() == frozenset()
    assert (cost(1, metric="a") | cost(2, metric="b") & trials(1)).metrics() == {"a", "b"}


EVERY = (
    trials(3) | epochs(4) & seconds("1d12h") | cost(10, per_hour=2.5) | cost(3, metric="m") | reached(-0.5)
    | patience(5, min_improvement=0.1) & (trials(1) | trials(2))
)  # fmt: skip


def test_the_json_form_and_back() -> None:
    form = msgspec.json.decode(msgspec.json.encode(EVERY.to_json()))
    assert criterion_from_json(form) == EVERY
    assert criterion_from_json({"type": "trials", "count": 3}) == trials(3)
    assert trials(3).to_json() == {"type": "trials", "count": 3}


@pytest.mark.parametrize("form", [None, 3, {}, {"type": "never"}, {"type": "trials"}, {"type": "trials", "n": 3}])
def test_what_is_no_json_form(form: Any) -> None:
    with pytest.raises(SettingError, match="not the JSON form of a stop criterion"):
        criterion_from_json(form)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: trials(0), r"trials\(0\) is no number to stop at"),
        (lambda: trials(True), r"trials\(True\)"),
        (lambda: epochs(1.5), r"epochs\(1.5\)"),
        (lambda: patience(-1), r"patience\(-1\)"),
        (lambda: patience(1, min_improvement=-1), "min_improvement=-1 is negative"),
        (lambda: seconds("soon"), "seconds='soon' is not a duration"),
        (lambda: reached(float("nan")), "reached=nan is not a number"),
        (lambda: cost(1), "either a metric or a price"),
        (lambda: cost(1, metric="m", per_hour=1), "either a metric or a price"),
        (lambda: cost(0, per_hour=1), "cost=0 is not more than 0"),
        (lambda: cost(1, per_hour=-2), "per_hour=-2 is not more than 0"),
        (lambda: trials(1) | 3, "3 is not a stop criterion"),
        (lambda: trials(1) & "x", "'x' is not a stop criterion"),
    ],
)
def test_what_can_not_be(make: Callable[[], Any], sentence: str) -> None:
    with pytest.raises(SettingError, match=sentence):
        make()


def test_numbers_of_numpy_are_numbers() -> None:
    assert trials(np.int64(3)) == trials(3)
    assert reached(np.float32(0.5)) == reached(0.5)


def test_it_is_frozen() -> None:
    with pytest.raises(AttributeError, match="immutable"):
        trials(3).count = 4  # type: ignore[attr-defined]
