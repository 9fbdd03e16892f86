# ruff: noqa: B008  # a distribution as a default is the shape under test
from __future__ import annotations

from typing import Any

import pytest

from rung.errors import SettingError
from rung.integrations.hyperas import optim
from rung.integrations.hyperas.distributions import choice, quniform, uniform
from rung.integrations.hyperopt import STATUS_OK, Trials, rand, space_eval

CALLS: list[str] = []


def data() -> tuple[list[int], list[int]]:
    CALLS.append("data")
    return [1, 2], [3]


def model(x_train, x_test, *, units=choice([8, 16]), dropout=uniform(0, 1), width=quniform(2, 4, 1)):
    assert (x_train, x_test) == ([1, 2], [3])
    return {"loss": units + dropout + width, "status": STATUS_OK, "model": (units, dropout, width)}


def minimised(function: Any = model, **options: Any) -> tuple[Any, ...]:
    given = {"data": data, "algo": rand.suggest, "max_evals": 6, "trials": Trials(), "verbose": False}
    return optim.minimize(model=function, **{**given, **options})


def test_best_run_and_best_model():
    CALLS.clear()
    best_run, best_model = minimised()
    assert CALLS == ["data"]
    assert best_run.keys() == {"units", "dropout", "width"}
    assert best_model == ([8, 16][best_run["units"]], best_run["dropout"], best_run["width"])


def test_options_in_place_of_indices_and_the_space():
    best_run, best_model, space = minimised(eval_space=True, return_space=True)
    assert best_model == (best_run["units"], best_run["dropout"], best_run["width"])
    assert best_run["units"] in {8, 16}
    indices = minimised()[0]
    assert space_eval(space, indices) == best_run


def test_the_seed_decides():
    assert minimised(rseed=1)[0] == minimised(rseed=1)[0] != minimised(rseed=2)[0]


def test_data_with_arguments_and_a_single_value():
    def doubled(numbers: Any, *, rate: Any = uniform(0, 1)) -> Any:
        return {"loss": numbers + rate, "status": STATUS_OK}

    trials = Trials()
    best_run, best_model = minimised(doubled, data=lambda number: 2 * number, data_args=(3,), trials=trials)
    assert trials.best_trial["result"]["loss"] == 6 + best_run["rate"]
    assert best_model is None


def test_templates_say_what_to_write_instead():
    def templated(x_train: Any, x_test: Any) -> Any:
        return {"loss": {{uniform(0, 1)}}, "status": STATUS_OK}  # type: ignore[dict-item]

    CALLS.clear()
    with pytest.raises(SettingError, match=r"template {{uniform\(0, 1\)}}.*my_uniform=uniform\(0, 1\)"):
        minimised(templated)
    assert CALLS == []


@pytest.mark.parametrize("function", [lambda x_train, x_test: 0.0, print])
def test_nothing_to_search(function):
    with pytest.raises(SettingError, match=r"no hyperparameters.*dropout=uniform\(0, 1\)"):
        minimised(function)
