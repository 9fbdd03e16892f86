from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
from typing import Any

import numpy as np
import pytest
from recording_channel import RecordingChannel, make_job

from rung._trial import Trial
from rung.errors import CheckpointError
from rung.runtime._keras_states import holder_of
from rung.testing.objectives import Total

os.environ.setdefault("KERAS_BACKEND", "torch")
os.environ.setdefault("KERAS_HOME", tempfile.mkdtemp())  # it writes a file there when it is imported
keras = pytest.importorskip("keras")

RNG = np.random.default_rng(0)
X = RNG.random((32, 4)).astype("float32")
Y = X.sum(axis=1)


def network(rate: Any = 0.01) -> Any:
    """With all that has a state: moving averages, the seed of the dropout, the moments of Adam."""
    model = keras.Sequential([
        keras.layers.Input((4,)),
        keras.layers.Dense(8, activation="relu"),
        keras.layers.BatchNormalization(),
        keras.layers.Dropout(0.5),
        keras.layers.Dense(1),
    ])  # fmt: skip
    model.compile(optimizer=keras.optimizers.Adam(rate), loss="mse")
    return model


def train(folder: Any, *, rate: Any = 0.01, **job: Any) -> tuple[Any, RecordingChannel]:
    channel = RecordingChannel()
    trial = Trial(make_job(folder, **job), channel)
    keras.utils.set_random_seed(trial.seed if job.get("attempt", 1) == 1 else 99)  # a continued run restores its own
    model = network(rate)
    for epoch in trial.epochs(4, model=model):
        history = model.fit(augmented(X), Y, initial_epoch=epoch - 1, epochs=epoch, batch_size=8, verbose=0)
        trial.report(history.history["loss"][-1])
    return model, channel


def augmented(points: Any) -> Any:
    """With noise from the generators that are global, those of Keras and of TensorFlow where that is in use."""
    noise = keras.ops.convert_to_numpy(keras.random.normal(points.shape))
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        noise = noise + tf.random.normal(points.shape).numpy()
    return points + 0.1 * noise


def values(model: Any) -> list[Any]:
    return [keras.ops.convert_to_numpy(each.value) for each in (*model.variables, *model.optimizer.variables)]


@pytest.mark.parametrize("is_scheduled", [False, True])
def test_a_continued_training_is_the_one_that_was_never_paused(tmp_path, is_scheduled):
    def rate() -> Any:
        return keras.optimizers.schedules.CosineDecay(0.01, 16) if is_scheduled else 0.01

    whole, told = train(tmp_path / "whole", rate=rate(), seed=3)
    _, first = train(tmp_path / "parts", rate=rate(), seed=3, until=2)
    continued, second = train(
        tmp_path / "parts", rate=rate(), seed=3, attempt=2, last_step=2, checkpoints=first.checkpoints
    )
    assert [*first.steps, *second.steps] == told.steps == [1, 2, 3, 4]
    for ours, theirs in zip(values(continued), values(whole), strict=True):
        assert ours.tobytes() == theirs.tobytes()


def test_a_copy_trains_on_with_the_learning_rate_that_it_was_built_with(tmp_path):
    _, parent = train(tmp_path / "parent", until=2)
    model, _ = train(tmp_path / "child", rate=0.5, until=3, trial=1, parent=0, checkpoints=parent.checkpoints)
    assert float(model.optimizer.learning_rate) == 0.5
    assert int(model.optimizer.iterations) == 3 * 4


def test_an_optimizer_alone_in_a_loop_of_ones_own():
    def built(rate: float) -> Any:
        optimizer = keras.optimizers.SGD(rate, momentum=0.9)
        optimizer.build(network().trainable_variables)
        return optimizer

    first, second = built(0.1), built(0.2)
    for variable in first.variables[2:]:
        variable.assign(np.full(variable.shape, 0.25))
    holder_of(second).load_state_dict(holder_of(first).state_dict())
    assert float(second.learning_rate) == pytest.approx(0.1)
    assert all((keras.ops.convert_to_numpy(each.value) == 0.25).all() for each in second.variables[2:])


def test_a_model_without_weights_can_not_be_saved():
    with pytest.raises(CheckpointError, match="has no weights yet"):
        holder_of(keras.Sequential([keras.layers.Dense(1)])).state_dict()


def test_a_state_of_another_model_is_refused():
    small = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(1)])
    other = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(1)])
    with pytest.raises(ValueError, match=r"has the shape \(3, 1\), saved was \(4, 1\)"):
        holder_of(other).load_state_dict(holder_of(small).state_dict())
    with pytest.raises(ValueError, match="it has 2 variables, and 9 were saved"):
        holder_of(small).load_state_dict(holder_of(network()).state_dict())


def test_what_is_not_of_keras_holds_its_own_state():
    total = Total()
    assert holder_of(total) is total


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_a_continued_training_is_the_same_on_other_backends(backend):
    """In a process of its own, as Keras keeps the backend that it was imported with."""
    if importlib.util.find_spec(backend) is None:  # importing it here would slow down all that follows
        pytest.skip(f"{backend} is not installed")
    test = f"{__file__}::test_a_continued_training_is_the_one_that_was_never_paused[False]"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", test],
        env=os.environ | {"KERAS_BACKEND": backend, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
