"""Schedules in trainings of Keras, against Keras' own."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rung import schedules
from rung.errors import SettingError
from rung.schedules import Schedule, constant, cosine, exponential, polynomial, warmup

os.environ.setdefault("KERAS_BACKEND", "torch")
os.environ.setdefault("KERAS_HOME", tempfile.mkdtemp())  # it writes a file there when it is imported
keras = pytest.importorskip("keras")

from rung.integrations.keras import LearningRateSchedule, LearningRateScheduler  # noqa: E402  as above

theirs = keras.optimizers.schedules
RATE = 0.3 * warmup(3).then(cosine(8, end=0.1))
BATCHES = 4
X = np.random.default_rng(0).random((8 * BATCHES, 4)).astype("float32")
Y = X.sum(axis=1)


class Seen(keras.callbacks.Callback):  # type: ignore[misc, name-defined]  # Keras has no types
    """The rate at which each batch is trained."""

    def __init__(self) -> None:
        super().__init__()
        self.rates: list[float] = []

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self.rates.append(number(self.model.optimizer.learning_rate))


def number(tensor: Any) -> float:
    return float(keras.ops.convert_to_numpy(tensor))


def network(rate: Any) -> Any:
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(1)])
    model.compile(optimizer=keras.optimizers.SGD(rate), loss="mse")
    return model


def fit(model: Any, *callbacks: Any, epochs: int = 4, begin: int = 0) -> tuple[list[float], Any]:
    """The rates of all batches, and the history."""
    seen = Seen()
    callbacks = (*callbacks, seen)
    history = model.fit(
        X, Y, batch_size=8, epochs=epochs, initial_epoch=begin, callbacks=list(callbacks), shuffle=False, verbose=0
    )
    return seen.rates, history.history


def weights(model: Any) -> list[Any]:
    return [keras.ops.convert_to_numpy(each).tolist() for each in model.weights]


@pytest.mark.parametrize(
    ("ours", "keras_own"),
    [
        (0.3 * cosine(40, end=0.1), lambda: theirs.CosineDecay(0.3, 40, alpha=0.1)),
        (
            0.3 * warmup(10, start=0.1).then(cosine(40)),
            lambda: theirs.CosineDecay(0.03, 40, warmup_target=0.3, warmup_steps=10),
        ),
        (0.3 * exponential(0.5, every=7).until(100), lambda: theirs.ExponentialDecay(0.3, 7, 0.5)),
        (
            0.3 * schedules.factor(0.5, every=7).until(100),
            lambda: theirs.ExponentialDecay(0.3, 7, 0.5, staircase=True),
        ),
        (0.3 * polynomial(40, power=2.5, end=0.1), lambda: theirs.PolynomialDecay(0.3, 40, 0.03, power=2.5)),
        (0.3 * schedules.inverse_time(0.5, every=7).until(100), lambda: theirs.InverseTimeDecay(0.3, 7, 0.5)),
        (
            0.3 * schedules.restarts(8, stretch=2, height=0.5, end=0.1, times=9).until(100),
            lambda: theirs.CosineDecayRestarts(0.3, 8, t_mul=2.0, m_mul=0.5, alpha=0.1),
        ),
        (  # the new value holds one update later there
            schedules.table([(0, 0.3), (6, 0.1), (21, 0.01)], unit="rate"),
            lambda: theirs.PiecewiseConstantDecay([5, 20], [0.3, 0.1, 0.01]),
        ),
    ],
    ids=["cosine", "warmup", "exponential", "staircase", "polynomial", "inverse time", "restarts", "piecewise"],
)
def test_the_rates_are_those_of_keras(ours: Schedule, keras_own: Any) -> None:
    mine, own = LearningRateSchedule(ours), keras_own()
    for step in (*range(60), 99):
        assert abs(number(mine(step)) - number(own(step))) <= 5e-8


def test_every_update_of_a_training_gets_its_rate() -> None:
    rates, _ = fit(network(LearningRateSchedule(RATE)))
    assert rates == pytest.approx(RATE(range(4 * BATCHES)).tolist(), abs=2e-8)


def test_past_its_end_it_holds() -> None:
    mine = LearningRateSchedule(RATE)
    assert {number(mine(step)) for step in (11, 12, 10**9)} == {float(np.float32(RATE(11)))}
    assert number(LearningRateSchedule(0.3 * constant())(10**6)) == float(np.float32(0.3))


def test_a_saved_model_goes_on(tmp_path: Path) -> None:
    model = network(LearningRateSchedule(RATE))
    fit(model, epochs=2)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert fit(loaded, begin=2)[0] == fit(model, begin=2)[0] == pytest.approx(RATE(range(8, 16)).tolist(), abs=2e-8)
    assert weights(loaded) == weights(model)
    config = LearningRateSchedule(RATE).get_config()
    assert LearningRateSchedule.from_config(config).schedule == RATE


@pytest.mark.parametrize("counts", ["epochs", "updates"])
def test_the_callback(counts: Any) -> None:
    whole = network(0.9)
    rates, history = fit(whole, LearningRateScheduler(RATE, counts=counts))
    counted = [t // BATCHES if counts == "epochs" else t for t in range(4 * BATCHES)]
    assert rates == pytest.approx(RATE(counted).tolist(), abs=2e-8)
    assert history["learning_rate"] == rates[BATCHES - 1 :: BATCHES]
    parts = network(0.9)
    first, _ = fit(parts, LearningRateScheduler(RATE, counts=counts), epochs=2)
    second, _ = fit(parts, LearningRateScheduler(RATE, counts=counts), begin=2)
    assert first + second == rates
    assert weights(parts) == weights(whole)


def test_the_callback_trains_as_the_schedule_does() -> None:
    one, other = network(LearningRateSchedule(RATE)), network(0.9)
    fit(one)
    fit(other, LearningRateScheduler(RATE, counts="updates"))
    assert np.allclose(weights(one)[0], weights(other)[0], rtol=1e-6)


@pytest.mark.parametrize("make", [LearningRateSchedule, LearningRateScheduler], ids=["schedule", "callback"])
@pytest.mark.parametrize(
    ("given", "why"),
    [
        (cosine(5), "gives factors, and a learning rate is needed"),
        (0.3 * cosine(), "the rest of the training"),
        (lambda t: t, "is no schedule"),
    ],
    ids=["factor", "unresolved", "callable"],
)
def test_what_is_no_rate(make: Any, given: Any, why: str) -> None:
    with pytest.raises(SettingError, match=why):
        make(given)


def test_what_can_not_be() -> None:
    with pytest.raises(SettingError, match="never ends"):
        LearningRateSchedule(0.3 * schedules.square_root())
    with pytest.raises(SettingError, match=r"can't count 'steps'\. There are epochs and updates"):
        LearningRateScheduler(RATE, counts="steps")  # type: ignore[arg-type]
    local = LearningRateSchedule(schedules.function(lambda t: 1 / (1 + t), unit="rate").until(5))
    assert number(local(1)) == 0.5
    with pytest.raises(SettingError, match="has no JSON form"):
        local.get_config()


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_other_backends(backend: str) -> None:
    """In a process of its own, as Keras keeps the backend that it was imported with."""
    if importlib.util.find_spec(backend) is None:  # importing it here would slow down all that follows
        pytest.skip(f"{backend} is not installed")
    tests = ("test_every_update_of_a_training_gets_its_rate", "test_the_callback[updates]")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *(f"{__file__}::{test}" for test in tests)],
        env=os.environ | {"KERAS_BACKEND": backend, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout


def test_keras_is_imported_when_it_is_used() -> None:
    code = (
        "import sys\n"
        "import rung.integrations.keras as ours\n"
        "assert 'keras' not in sys.modules\n"
        "assert dir(ours) == ours.__all__\n"
        "sys.modules['keras'] = None\n"
        "try:\n    ours.LearningRateSchedule\nexcept ImportError as error:\n    print(type(error).__name__, error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("MissingExtraError keras.LearningRateSchedule needs an optional package. pip install")
