from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rung
from rung.backends.inline import Inline
from rung.types import TrialState

os.environ.setdefault("KERAS_BACKEND", "torch")
os.environ.setdefault("KERAS_HOME", tempfile.mkdtemp())  # it writes a file there when it is imported
keras = pytest.importorskip("keras")

from rung.integrations.keras import Report  # noqa: E402 - imports Keras, whose backend is chosen above

RNG = np.random.default_rng(0)
X = RNG.random((48, 4)).astype("float32")
Y = X.sum(axis=1)
PAUSING = "asha(max_t=4, grace_period=2, reduction_factor=2, variant=promotion)"
STOPPING = "asha(max_t=4, grace_period=2, reduction_factor=2, variant=stopping)"
GOOD, BAD = 0.02, 1e-9


def fitted(lr: float, *callbacks: Any, epochs: int = 4, use_ema: bool = False, **options: Any) -> Any:
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.layers.Dense(8, activation="relu"), keras.layers.Dropout(0.5), keras.layers.Dense(1)]
    )
    model.compile(optimizer=keras.optimizers.Adam(lr, use_ema=use_ema), loss="mse")
    given = {"validation_data": (X[32:], Y[32:]), "batch_size": 8, "verbose": 0, **options}
    model.fit(X[:32], Y[:32], epochs=epochs, callbacks=list(callbacks), **given)
    return model


def searched(train: Any, scheduler: str = "basic", **options: Any) -> rung.Study:
    given = {"metric": "val_loss", "store": "memory", "seed": 0, "progress": "off", "backend": Inline(), **options}
    return rung.tune(train, {"lr": [GOOD, BAD]}, searcher="grid", scheduler=scheduler, **given)


def weights(model: Any) -> list[bytes]:
    return [keras.ops.convert_to_numpy(each).tobytes() for each in model.variables]


def test_a_paused_training_is_the_one_that_was_never_paused() -> None:
    models = []
    study = searched(lambda lr: models.append(fitted(lr, Report())), PAUSING)
    assert [trial.last_step for trial in study.trials] == [4, 2]
    assert study.trials[1].state is TrialState.PAUSED
    assert [model.history.epoch for model in models] == [[0, 1], [0, 1], [2, 3]]
    whole = fitted(GOOD)
    assert weights(models[-1]) == weights(whole)
    assert [measured["val_loss"] for _, measured in study.curve(0)] == whole.history.history["val_loss"]
    saved = study.load_best()["model"]["variables"]
    assert [value.tobytes() for value in saved] == weights(whole)


def test_the_model_is_left_to_begin_at_0_again() -> None:
    models = []
    searched(lambda lr: models.append(fitted(lr, Report())), PAUSING)
    models[-1].fit(X, Y, epochs=1, verbose=0)
    assert models[-1].history.epoch == [0]


def test_a_stopped_training_ends_after_its_epoch() -> None:
    ends = []

    def train(lr: float) -> None:
        model = fitted(lr, Report("loss"), validation_data=None)
        ends.append((model.history.epoch, model.stop_training))

    study = searched(train, STOPPING, metric="training")
    assert [trial.state for trial in study.trials] == [TrialState.COMPLETED, TrialState.STOPPED]
    assert [epochs for epochs, _ in ends] == [[0, 1, 2, 3], [0, 1]]
    assert ends[1][1]
    assert study.curve(0)[0][1].keys() == {"training", "loss"}


def test_callbacks_of_keras_beside_it(tmp_path: Path) -> None:
    kept = tmp_path / "best.weights.h5"

    def train(lr: float) -> None:
        patience = keras.callbacks.EarlyStopping("val_loss", patience=1, min_delta=10)
        best = keras.callbacks.ModelCheckpoint(kept, monitor="val_loss", save_best_only=True, save_weights_only=True)
        fitted(lr, patience, Report(), best)

    study = searched(train)
    assert [trial.last_step for trial in study.trials] == [2, 2]
    assert [trial.state for trial in study.trials] == [TrialState.COMPLETED] * 2
    assert kept.is_file()


@pytest.mark.parametrize("order", [1, -1], ids=["patience first", "report first"])
def test_the_last_epoch_is_saved_where_patience_ends_the_training(order: int) -> None:
    def train(lr: float) -> None:
        patience = keras.callbacks.EarlyStopping("loss", patience=1, min_delta=10, restore_best_weights=True)
        epochs = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(epoch=epoch))
        fitted(lr, epochs, *[patience, Report(every=9)][::order])

    study = searched(train, metric="epoch", mode="max")  # so that the last one is the best
    best = study.best
    assert best is not None
    assert best.step == 2
    saved = [value.tobytes() for value in study.load_best()["model"]["variables"]]
    assert saved == weights(fitted(best.config["lr"], epochs=2))


def test_a_trial_that_is_to_pause_goes_on_to_its_next_validation() -> None:
    scheduler = "asha(max_t=4, grace_period=1, reduction_factor=2, variant=promotion)"
    models = []
    study = searched(lambda lr: models.append(fitted(lr, Report(), validation_freq=2)), scheduler)
    assert [[step for step, _ in study.curve(number)] for number in (0, 1)] == [[2, 4], [2]]
    assert [model.history.epoch for model in models] == [[0, 1], [0, 1], [2, 3]]


def test_averages_of_weights_go_on_where_they_were() -> None:
    models = []

    def averaged(lr: float, *callbacks: Any) -> Any:
        return fitted(lr, *callbacks, keras.callbacks.SwapEMAWeights(swap_on_epoch=True), use_ema=True)

    searched(lambda lr: models.append(averaged(lr, Report())), PAUSING)
    assert weights(models[-1]) == weights(averaged(GOOD))


def test_a_measure_that_is_no_single_number_is_left_out() -> None:
    each = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(each=np.ones(3)))
    study = searched(lambda lr: fitted(lr, each, Report()) and None)
    assert study.curve(0)[0][1].keys() == {"loss", "val_loss"}


def test_epochs_without_validation_are_not_reported() -> None:
    study = searched(lambda lr: fitted(lr, Report(), validation_freq=2) and None)
    assert [step for step, _ in study.curve(0)] == [2, 4]


def test_outside_a_study_nothing_happens() -> None:
    assert weights(fitted(GOOD, Report("nonsense"))) == weights(fitted(GOOD))
    assert fitted(GOOD, Report(), epochs=3, initial_epoch=1).history.epoch == [1, 2]


@pytest.mark.parametrize(
    ("train", "why"),
    [
        (lambda lr: fitted(lr, Report("acc")), r"measures no 'acc', but loss, val_loss.*Report\('val_loss'\)"),
        (lambda lr: fitted(lr, Report(), validation_data=None), r"no 'val_loss', but loss\..*Report\('loss'\)"),
        (lambda lr: fitted(lr, Report(), initial_epoch=2), "began with initial_epoch=2.*Leave it out"),
        (lambda lr: [fitted(lr, Report()) for _ in range(2)], "A second training would report to the same trial"),
    ],
    ids=["unknown metric", "no validation", "initial epoch", "second fit"],
)
def test_what_can_not_be(train: Any, why: str) -> None:
    assert re.search(why, searched(train).trials[0].message)


ON_TENSORFLOW = """
import keras, numpy as np, rung
from rung.backends.inline import Inline
from rung.integrations.keras import Report

assert keras.backend.backend() == "tensorflow"
x = np.random.default_rng(0).random((32, 4)).astype("float32")
models = []

def fitted(lr, *callbacks):
    keras.utils.set_random_seed(0)
    layers = keras.layers
    model = keras.Sequential([keras.Input((4,)), layers.Dense(4), layers.Dropout(0.5), layers.Dense(1)])
    model.compile(optimizer=keras.optimizers.Adam(lr), loss="mse")
    model.fit(x, x.sum(1), epochs=4, callbacks=list(callbacks), verbose=0)
    return model

study = rung.tune(
    lambda lr: models.append(fitted(lr, Report())), {"lr": [0.02, 1e-9]}, searcher="grid", metric="loss",
    scheduler="asha(max_t=4, grace_period=2, reduction_factor=2, variant=promotion)",
    store="memory", seed=0, progress="off", backend=Inline(),
)
whole = fitted(0.02)
print([model.history.epoch for model in models])
print(all(np.array_equal(*pair) for pair in zip(models[-1].get_weights(), whole.get_weights())))
"""


def test_on_tensorflow(tmp_path: Path) -> None:
    pytest.importorskip("tensorflow")
    environment = {**os.environ, "KERAS_BACKEND": "tensorflow", "CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        [sys.executable, "-c", ON_TENSORFLOW], capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["[[0, 1], [0, 1], [2, 3]]", "True"]
