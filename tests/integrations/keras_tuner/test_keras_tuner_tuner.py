from __future__ import annotations

import math
import os
import sys
import tempfile
from typing import Any

import numpy as np
import pytest

import rung
from rung.errors import MissingExtraError, RungWarning, SettingError
from rung.integrations import keras_tuner
from rung.types import TrialState

os.environ.setdefault("KERAS_BACKEND", "torch")
os.environ.setdefault("KERAS_HOME", tempfile.mkdtemp())  # it writes a file there when it is imported
keras = pytest.importorskip("keras")

RNG = np.random.default_rng(0)
X = RNG.random((16, 3)).astype("float32")
Y = X.sum(axis=1)


def build(hp: Any) -> Any:
    model = keras.Sequential()  # no input: its shapes are known once it trains
    for layer in range(hp.Int("layers", 1, 2)):
        model.add(keras.layers.Dense(hp.Choice(f"units_{layer}", [2, 4]), activation="relu"))
    model.add(keras.layers.Dense(1))
    model.compile(keras.optimizers.SGD(hp.Float("rate", 1e-3, 1e-1, sampling="log")), loss="mse")
    return model


def tuner(function: Any = build, **options: Any) -> Any:
    return keras_tuner.RandomSearch(function, **{"objective": "val_loss", "max_trials": 3, "seed": 0, **options})


def search(found: Any, **options: Any) -> Any:
    found.search(X, Y, **{"epochs": 2, "validation_data": (X, Y), "batch_size": 8, "verbose": 0, **options})
    return found


def loss_of(model: Any) -> float:
    return float(np.mean((model.predict(X, verbose=0).reshape(-1) - Y) ** 2))


@pytest.fixture(scope="module")
def searched() -> Any:
    keras.utils.set_random_seed(0)
    return search(tuner())


def test_each_epoch_is_reported(searched):
    assert [row.state for row in searched.study.trials] == [TrialState.COMPLETED] * 3
    for row in searched.study.trials:
        curve = searched.study.curve(row.number)
        assert [step for step, _ in curve] == [1, 2]
        assert all(metrics.keys() == {"loss", "val_loss"} for _, metrics in curve)


def test_a_trial_may_consist_of_a_search():
    def searched(batch_size: int) -> float:
        reporting = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: rung.report(0.5))
        found = search(tuner(max_trials=1), batch_size=batch_size, callbacks=[reporting])
        return float(found.study.best.error)

    (row,) = rung.tune(searched, {"batch_size": [8]}, max_trials=1, store="memory", progress="off").trials
    assert (row.state, row.message, row.last_step) == (TrialState.COMPLETED, "", 1)


def test_the_best_models_have_the_weights_of_their_best_epochs(searched):
    models = searched.get_best_models(2)
    losses = sorted(row.best_loss for row in searched.study.trials)
    assert [loss_of(model) for model in models] == pytest.approx(losses[:2], rel=1e-4)


def test_the_best_hyperparameters_build_the_best_model(searched):
    best = searched.get_best_hyperparameters()[0]
    assert best.values == searched.study.incumbent
    assert len(build(best).layers) == best.get("layers") + 1
    assert [each.values["rate"] for each in searched.get_best_hyperparameters(3)] == [
        row.config["rate"] for row in sorted(searched.study.trials, key=lambda row: row.best_loss)
    ]


def test_summaries(searched, capsys):
    searched.results_summary(1)
    searched.search_space_summary()
    first, *space = capsys.readouterr().out.splitlines()
    assert first.startswith(f"trial {searched.study.best.trial}: val_loss ")
    assert space[0] == "layers: Int(1, 2)"
    assert len(space) == 4


def test_a_second_search_goes_on_to_the_same_end(searched):
    assert len(search(searched).study.trials) == 3


def test_a_loop_over_a_number_is_found_as_a_whole():
    assert list(tuner()._space) == ["layers", "units_0", "rate", "units_1"]


@pytest.mark.parametrize("method", ["BayesianOptimization", "GridSearch"])
def test_other_methods(method):
    found = getattr(keras_tuner, method)(build, "val_loss", 2, seed=0)
    search(found, epochs=1)
    assert len(found.study.trials) == 2
    assert found.study.row.searcher["name"] == {"BayesianOptimization": "gp", "GridSearch": "grid"}[method]


def test_hyperband_goes_on_with_the_trials_that_it_paused():
    epochs: dict[int, list[int]] = {}

    class Counted(keras_tuner.HyperModel):
        def build(self, hp: Any) -> Any:
            return build(hp)

        def fit(self, hp: Any, model: Any, *args: Any, **options: Any) -> Any:
            history = super().fit(hp, model, *args, **options)
            iterations = int(keras.ops.convert_to_numpy(model.optimizer.iterations.value))
            assert iterations == 2 * (history.epoch[-1] + 1)  # the optimizer goes on as well
            epochs.setdefault(hash(tuple(hp.values.items())), []).extend(history.epoch)
            return history

    found = search(keras_tuner.Hyperband(Counted(), "val_loss", max_epochs=3, factor=3, seed=0))
    steps = sorted(row.last_step for row in found.study.trials)
    assert steps == [1, 1, 3, 3, 3]  # 3 trials of which 1 goes on, then 2 whole ones
    assert all(each == list(range(len(each))) for each in epochs.values())
    best = found.get_best_models()[0]
    assert loss_of(best) == pytest.approx(found.study.incumbent_error, rel=1e-4)


def test_several_trainings_of_a_trial_are_averaged():
    found = search(tuner(max_trials=2, executions_per_trial=2))
    assert [len(found.study.curve(number)) for number in (0, 1)] == [1, 1]
    assert found.get_best_models()


def test_callbacks_are_copied_and_what_they_stop_is_complete():
    class StopAtOnce(keras.callbacks.Callback):
        calls = 0

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            self.calls += 1
            self.model.stop_training = True

    given = StopAtOnce()
    found = search(tuner(max_trials=2), callbacks=[given])
    assert given.calls == 0
    assert [(row.state, row.last_step) for row in found.study.trials] == [(TrialState.COMPLETED, 1)] * 2


def test_a_kept_search_goes_on(tmp_path):
    first = search(tuner(directory=tmp_path, project_name="mine", max_trials=1), epochs=1)
    again = search(tuner(directory=tmp_path, project_name="mine", max_trials=2), epochs=1)
    assert len(again.study.trials) == 2
    assert (len(again.get_best_models(2)), len(again.get_best_hyperparameters(2))) == (1, 2)
    for each in (first, again):
        each.study.close()


def test_hyperparameters_given_take_the_place_of_those_found():
    given = keras_tuner.HyperParameters()
    given.Fixed("rate", 0.05)
    found = search(tuner(hyperparameters=given, max_trials=2), epochs=1)
    assert [row.config["rate"] for row in found.study.trials] == [0.05, 0.05]


def test_what_appears_only_later_keeps_its_default():
    def late(hp: Any) -> Any:
        if 0.3 < hp.Float("x", 0, 1) < 0.99:
            hp.Int("late", 2, 5)
        return build(hp)

    with pytest.warns(RungWarning, match="late first came up in trial"):
        search(tuner(late), epochs=1)


def test_a_loss_that_is_no_number_fails_the_trial():
    found = search(tuner(max_trials=1), validation_data=(X, Y * math.nan))
    assert found.study.trials[0].state is TrialState.FAILED
    assert found.get_best_models() == []


def test_an_error_is_raised_once_the_trial_has_failed():
    def failing(hp: Any) -> Any:
        if hp.values.get("x", 0.0) not in {0.0, 1.0}:
            raise ZeroDivisionError
        hp.Float("x", 0, 1)
        return build(hp)

    found = tuner(failing)
    with pytest.raises(ZeroDivisionError):
        search(found)
    assert [row.state for row in found.study.trials] == [TrialState.FAILED]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"overwrite": True}, "Give another project_name"),
        ({"objective": "reward"}, r"Objective\('reward', 'max'\)"),
        ({"objective": ["loss", "val_loss"]}, "no single metric"),
        ({"function": lambda _: None}, "asks for nothing"),
    ],
)
def test_refused(options, words):
    with pytest.raises(SettingError, match=words):
        tuner(**options)


def test_without_keras_the_install_command_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "keras", None)
    with pytest.raises(MissingExtraError, match=r"rung\[keras\]"):
        tuner()


def test_an_objective_that_is_not_reported():
    with pytest.raises(SettingError, match=r"reports no 'val_loss'.*give validation_data"):
        search(tuner(), validation_data=None)
