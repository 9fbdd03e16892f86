"""The loop of TensorBoard's HParams tutorial without TensorFlow, and a search over the same hyperparameters.

KERAS_BACKEND=torch python examples/tensorboard/hparams.py
tensorboard --logdir logs/grid      and      tensorboard --logdir logs/search
"""

from __future__ import annotations

from functools import cache
from typing import Any

import rung
from rung.integrations.tensorboard import TensorBoard, hp, tf

HP_NUM_UNITS = hp.HParam("num_units", hp.Discrete([16, 32]))
HP_DROPOUT = hp.HParam("dropout", hp.RealInterval(0.1, 0.2))
HP_OPTIMIZER = hp.HParam("optimizer", hp.Discrete(["adam", "sgd"]))
HPARAMS = [HP_NUM_UNITS, HP_DROPOUT, HP_OPTIMIZER]
METRIC_ACCURACY = "accuracy"


@cache
def images() -> Any:
    (x_train, y_train), (x_test, y_test) = tf.keras.datasets.fashion_mnist.load_data()
    return x_train / 255.0, y_train, x_test / 255.0, y_test


def train_test_model(hparams: dict[Any, Any]) -> float:
    x_train, y_train, x_test, y_test = images()
    model = tf.keras.models.Sequential(
        [
            tf.keras.layers.Flatten(),
            tf.keras.layers.Dense(hparams[HP_NUM_UNITS], activation=tf.nn.relu),
            tf.keras.layers.Dropout(hparams[HP_DROPOUT]),
            tf.keras.layers.Dense(10, activation=tf.nn.softmax),
        ]
    )
    model.compile(optimizer=hparams[HP_OPTIMIZER], loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x_train, y_train, epochs=1, verbose=0)
    _, accuracy = model.evaluate(x_test, y_test, verbose=0)
    return accuracy


def run(run_dir: str, hparams: dict[Any, Any]) -> None:
    with tf.summary.create_file_writer(run_dir).as_default():
        hp.hparams(hparams)  # without this line the tab stays empty
        accuracy = train_test_model(hparams)
        tf.summary.scalar(METRIC_ACCURACY, accuracy, step=1)


def grid() -> None:
    """As the tutorial has it."""
    with tf.summary.create_file_writer("logs/grid").as_default():
        hp.hparams_config(hparams=HPARAMS, metrics=[hp.Metric(METRIC_ACCURACY, display_name="Accuracy")])
    session_num = 0
    for num_units in HP_NUM_UNITS.domain.values:
        for dropout_rate in (HP_DROPOUT.domain.min_value, HP_DROPOUT.domain.max_value):
            for optimizer in HP_OPTIMIZER.domain.values:
                hparams = {HP_NUM_UNITS: num_units, HP_DROPOUT: dropout_rate, HP_OPTIMIZER: optimizer}
                run_name = f"run-{session_num}"
                print(f"--- Starting trial: {run_name}", {h.name: hparams[h] for h in hparams})
                run(f"logs/grid/{run_name}", hparams)
                session_num += 1


def search() -> rung.Study:
    """The same hyperparameters as a space; whatever happens is written while it happens."""

    def accuracy(num_units: int, dropout: float, optimizer: str) -> float:
        return train_test_model({HP_NUM_UNITS: num_units, HP_DROPOUT: dropout, HP_OPTIMIZER: optimizer})

    return rung.tune(
        accuracy,
        rung.Space(HPARAMS),
        metric=METRIC_ACCURACY,
        mode="max",
        max_trials=4,
        seed=0,
        store="memory",
        observers=[TensorBoard("logs/search")],
    )


if __name__ == "__main__":
    grid()
    study = search()
    print(f"best: {dict(study.incumbent)} accuracy={study.best.error:.3f}")
