"""The shape of Keras Tuner on rung's engine: ``build(hp)``, ``tuner.search(…)``, ``get_best_models()``.

    from rung.integrations import keras_tuner

takes the place of ``import keras_tuner``. Keras is imported when a search begins.
"""

from rung.integrations.keras_tuner.hyperparameters import HyperModel, HyperParameters
from rung.integrations.keras_tuner.objectives import Objective
from rung.integrations.keras_tuner.searches import BayesianOptimization, GridSearch, Hyperband, RandomSearch
from rung.integrations.keras_tuner.tuner import Tuner

__all__ = [
    "BayesianOptimization",
    "GridSearch",
    "HyperModel",
    "HyperParameters",
    "Hyperband",
    "Objective",
    "RandomSearch",
    "Tuner",
]
