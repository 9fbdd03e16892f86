from __future__ import annotations

import functools
from typing import Any

import pytest

from rung import BasicScheduler, GridSearcher, PopulationBasedTraining, RandomSearcher, uniform
from rung._scheduling import chosen_name, ends_by_itself, has_end, scheduler_for, training_length
from rung.errors import SettingError
from rung.runtime.objective import as_objective
from rung.schedulers.early import stopping_trials
from rung.stopping import reached, trials

SPACE = {"x": uniform(0.0, 1.0)}
RANDOM = RandomSearcher(SPACE)


def square(x: float) -> float:
    return x * x


def curve(x: float, max_epochs: int = 8) -> float:
    return x / max_epochs


def no_default(x: float, max_epochs: int) -> float:
    return x / max_epochs


def odd_default(x: float, max_epochs: Any = None) -> float:
    return x


def flag_default(x: float, max_epochs: Any = True) -> float:
    return x


@pytest.mark.parametrize(
    ("objective", "length"),
    [
        (curve, 8),
        (square, None),
        (no_default, None),
        (odd_default, None),
        (flag_default, None),
        (["python", "train.py"], None),
        (functools.partial(curve, max_epochs=3), 3),
    ],
)
def test_how_long_a_training_is(objective: Any, length: int | None) -> None:
    assert training_length(as_objective(objective)) == length


@pytest.mark.parametrize(
    ("length", "options", "name"),
    [(8, (), "asha"), (2, (), "asha"), (1, (), "basic"), (None, (), "basic"), (None, ("max_t",), "asha")],
)
def test_what_auto_stands_for(length: int | None, options: tuple[str, ...], name: str) -> None:
    assert chosen_name("auto", length, options) == name
    assert chosen_name("median", length, options) == "median"


def test_a_scheduler_is_told_the_length_that_it_has_to_know() -> None:
    def max_t(text: str, length: int | None, **options: Any) -> Any:
        return scheduler_for(text, RANDOM, length, hint="Say it.", options=options).spec().get("max_t")

    assert max_t("asha", 8) == max_t("auto", 8) == max_t("asha(max_t=8)", 27) == max_t("asha", 27, max_t=8) == 8
    assert max_t("basic", 8) is None
    with pytest.raises(SettingError, match=r"asha needs to know how long a full training is\. Say it\."):
        max_t("asha", None)


def test_what_has_an_end() -> None:
    basic, population = BasicScheduler(RANDOM), PopulationBasedTraining(RANDOM, max_t=4)
    assert not has_end(basic, max_trials=None, seconds=None, stop=None)
    assert not has_end(basic, max_trials=None, seconds=None, stop=reached(0.1))
    assert has_end(basic, max_trials=None, seconds=None, stop=trials(9))
    assert has_end(basic, max_trials=9, seconds=None, stop=None)
    assert has_end(basic, max_trials=None, seconds=9.0, stop=None)
    assert has_end(population, max_trials=None, seconds=None, stop=None)  # it is trained once,
    within = stopping_trials(population, "diverged", mode="min")  # and so is one inside another scheduler
    assert has_end(within, max_trials=None, seconds=None, stop=None)


def test_a_grid_ends_by_itself() -> None:
    assert ends_by_itself(BasicScheduler(GridSearcher(SPACE, points=4)))
    assert not ends_by_itself(BasicScheduler(RANDOM))
