"""Grid and random search of a network's hyperparameters, through scikeras and scikit-learn's interface.

KERAS_BACKEND=torch python examples/keras/searches.py --quick
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

import keras
from scikeras.wrappers import KerasClassifier
from scipy import stats
from sklearn.datasets import make_classification

from rung.integrations.sklearn import GridSearchCV, RandomizedSearchCV, SearchCV

SEED = 7


def network(
    neurons: int = 12, activation: str = "relu", init_mode: str = "uniform", dropout_rate: float = 0.0
) -> keras.Model:
    """Not compiled: scikeras does that, with the loss and the optimizer of the estimator."""
    return keras.Sequential(
        [
            keras.layers.Input((8,)),
            keras.layers.Dense(neurons, activation=activation, kernel_initializer=init_mode),
            keras.layers.Dropout(dropout_rate),
            keras.layers.Dense(1, activation="sigmoid", kernel_initializer=init_mode),
        ]
    )


def classifier(optimizer: str = "adam", **settings: Any) -> KerasClassifier:
    return KerasClassifier(
        model=network, loss="binary_crossentropy", optimizer=optimizer, random_state=SEED, verbose=0, **settings
    )


def grids(epochs: int) -> dict[str, tuple[KerasClassifier, Mapping[str, list[Any]]]]:
    """One after the other, as it is usually taught."""
    adam, sgd = (classifier(optimizer, epochs=epochs, batch_size=20) for optimizer in ("adam", "sgd"))
    return {
        "batch size and epochs": (classifier(), {"batch_size": [10, 40], "epochs": [epochs, 2 * epochs]}),
        "optimizer": (adam, {"optimizer": ["sgd", "rmsprop", "adam"]}),
        "learning rate and momentum": (
            sgd,
            {"optimizer__learning_rate": [0.01, 0.1], "optimizer__momentum": [0.0, 0.9]},
        ),
        "initial weights": (adam, {"model__init_mode": ["uniform", "glorot_normal", "zeros"]}),
        "activation": (adam, {"model__activation": ["relu", "tanh", "linear"]}),
        "dropout": (adam, {"model__dropout_rate": [0.0, 0.3, 0.6]}),
        "neurons": (adam, {"model__neurons": [1, 10, 30]}),
    }


def distributions() -> dict[str, Any]:
    """All of it at once."""
    return {
        "batch_size": [10, 20, 40],
        "model__activation": ["relu", "tanh", "linear"],
        "model__dropout_rate": stats.uniform(0.0, 0.6),
        "model__neurons": stats.randint(1, 31),
        "optimizer__learning_rate": stats.loguniform(1e-3, 1e-1),
    }


def show(title: str, search: Any, cells: Any, kinds: Any) -> None:
    """Fit it and print what it found, with a line for each candidate."""
    keras.utils.set_random_seed(SEED)  # the order of samples is not drawn from the estimator's random_state
    found = search.fit(cells, kinds)
    print(title)
    print("Best: %f using %s" % (found.best_score_, found.best_params_))  # noqa: UP031  as tutorials have it
    means, stds = found.cv_results_["mean_test_score"], found.cv_results_["std_test_score"]
    for mean, stdev, param in zip(means, stds, found.cv_results_["params"], strict=True):
        print("%f (%f) with: %r" % (mean, stdev, param))  # noqa: UP031  as above


def run(*, quick: bool) -> None:
    n_samples, epochs, trials = (120, 1, 4) if quick else (700, 10, 20)
    cells, kinds = make_classification(n_samples, 8, n_informative=5, random_state=SEED)
    for title, (estimator, grid) in grids(epochs).items():
        show(f"Grid: {title}", GridSearchCV(estimator=estimator, param_grid=grid, cv=3), cells, kinds)
    estimator = classifier(epochs=epochs)
    options = {"cv": 3, "random_state": SEED}
    show("Random search", RandomizedSearchCV(estimator, distributions(), n_iter=trials, **options), cells, kinds)
    learning = SearchCV(estimator, distributions(), searcher="tpe(startup_trials=3)", n_trials=trials, **options)
    show("A searcher that learns", learning, cells, kinds)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few samples and epochs, to see that it works")
    run(quick=parser.parse_args().quick)
