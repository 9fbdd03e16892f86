import math

import pytest
from made_up_studies import ACCURACY, ERROR, small_study, trial
from scipy import stats

from rung.analysis.configs import Input, chosen, configs, inputs_of, numeric_inputs
from rung.errors import SettingError
from rung.space import Choice, Constant, Float, Int, Normal, Ordinal, as_space

SPACE = {"learning_rate": Float(0.01, 1, log=True), "batch_size": Int(32, 255)}


def test_where_trials_were_tried():
    rows, _ = small_study()
    found = configs(rows, goal=ERROR, inputs=numeric_inputs(SPACE))
    assert found.inputs == (Input("learning_rate", True, 0.01, 1.0), Input("batch_size", False, 32.0, 255.0))
    assert found.tried[2].inputs == (0.2, 128.0)
    assert [tried.value for tried in found.tried] == [0.3, 0.8, 0.1, None, 0.6, 0.5, 0.4, 0.7]
    assert found.best_trial == 2


def test_values_are_in_the_users_direction():
    rows = [trial(0, best_loss=-0.9, learning_rate=0.1, batch_size=32)]
    assert configs(rows, goal=ACCURACY, inputs=numeric_inputs(SPACE)).tried[0].value == 0.9


@pytest.mark.parametrize(
    ("space", "inputs"),
    [
        ({"layer": Choice(["a", "b"]), "size": Ordinal([1, 2, 4])}, ()),
        (
            {"fixed": Constant(3), "one": Float(2, 2), "width": Int(1, 64, log=True)},
            (Input("width", log=True, low=1.0, high=64.0),),
        ),
        (
            {"a": Normal(0, 1, low=-1), "b": Float(0, 1), "c": Float(0, 1)},
            (Input("a", low=-1.0), Input("b", low=0.0, high=1.0), Input("c", low=0.0, high=1.0)),
        ),
        (
            {"rate": stats.loguniform(1e-2, 1), "shape": stats.beta(2, 3)},
            (Input("rate", log=True, low=0.01, high=1.0), Input("shape")),
        ),
    ],
)
def test_the_numbers_that_vary_become_axes(space, inputs):
    assert numeric_inputs(as_space(space)) == inputs


def test_what_is_not_active_has_no_place():
    rows = [trial(0, learning_rate=0.1), trial(1, learning_rate=0.1, batch_size=32)]
    found = configs(rows, goal=ERROR, inputs=numeric_inputs(SPACE))
    assert [tried.inputs for tried in found.tried] == [(0.1, None), (0.1, 32.0)]
    assert found.best_trial is None


def test_the_first_of_the_best_is_the_best():
    rows = [trial(3, best_loss=0.5), trial(1, best_loss=0.5), trial(2, best_loss=0.7), trial(0)]
    assert configs(rows, goal=ERROR, inputs=()).best_trial == 1


def test_categories_stand_in_the_order_of_the_space_and_then_of_the_trials():
    space = as_space({"opt": ["adam", None, 2, 0.5, [1, 2], True], "size": Ordinal([1, 2, 4])})
    rows = [trial(0, opt="lion", size=4), trial(1, opt=None, size=1), trial(2, opt=[1, 2], size=2), trial(3)]
    inputs = inputs_of(space, rows)
    assert inputs[0].categories == ("adam", "null", "2", "0.5", "[1, 2]", "true", "lion")
    assert inputs[1].categories == ("1", "2", "4")
    places = [tried.inputs for tried in configs(rows, goal=ERROR, inputs=inputs).tried]
    assert places == [(6.0, 2.0), (1.0, 0.0), (4.0, 1.0), (None, None)]


def test_values_that_are_no_number_have_no_place_on_an_axis_of_numbers():
    rows = [trial(0, learning_rate="high", batch_size=True), trial(1, learning_rate=math.inf, batch_size=8)]
    found = configs(rows, goal=ERROR, inputs=numeric_inputs(SPACE))
    assert [tried.inputs for tried in found.tried] == [(None, None), (None, 8.0)]


def test_chosen_hyperparameters():
    inputs = numeric_inputs(SPACE)
    assert chosen(inputs, ["batch_size", "learning_rate", "batch_size"]) == inputs[::-1]
    with pytest.raises(SettingError, match=r"There is no hyperparameter 'batch' that varies\. Did you mean"):
        chosen(inputs, ["batch"])
    with pytest.raises(SettingError, match="There are: learning_rate, batch_size"):
        chosen(inputs, ["xyz"])
