"""Models of scikit-learn on its bundled data, judged by cross-validation."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from rung.benchmarks.problems._references import REFERENCES
from rung.benchmarks.problems.measured import Measured, Training
from rung.errors import MissingExtraError
from rung.space import Choice, Float, Int, Space
from rung.types import Goal

if TYPE_CHECKING:
    from rung.types import Config

N_STEPS: Final = 27  # of the models that grow, each with eight trees


def svm() -> Measured:
    """A support-vector machine on the breast-cancer data: a conditional space; the value is the error."""
    space = Space(
        {
            "C": Float(1e-3, 1e3, log=True),
            "kernel": Choice(["linear", "poly", "rbf"]),
            "gamma": Float(1e-5, 1.0, log=True),
            "degree": Int(2, 4),
            "coef0": Float(0.0, 1.0),
        },
        conditions={"gamma": ("kernel", ["poly", "rbf"]), "degree": ("kernel", "poly"), "coef0": ("kernel", "poly")},
    )
    return _problem("svm", space, Goal("error"), 1)


def forest() -> Measured:
    """A random forest on the handwritten digits, grown by eight trees a step; the value is the error."""
    space = Space(
        {
            "criterion": Choice(["gini", "entropy"]),
            "max_depth": Int(1, 20),
            "max_features": Float(0.05, 1.0),
            "min_samples_leaf": Int(1, 20, log=True),
            "min_samples_split": Int(2, 40, log=True),
        }
    )
    return _problem("forest", space, Goal("error"), N_STEPS)


def boosting() -> Measured:
    """Gradient boosting on the diabetes data, grown by eight trees a step; the value is the mean squared error."""
    space = Space(
        {
            "learning_rate": Float(1e-3, 1.0, log=True),
            "max_depth": Int(1, 8),
            "subsample": Float(0.3, 1.0),
            "max_features": Float(0.1, 1.0),
            "min_samples_leaf": Int(1, 50, log=True),
        }
    )
    return _problem("boosting", space, Goal("squared_error"), N_STEPS)


def _problem(name: str, space: Space, goal: Goal, n_steps: int) -> Measured:
    if find_spec("sklearn") is None:
        raise MissingExtraError(name, "sklearn")

    def begin(config: Config, seed: int) -> Training:
        from rung.benchmarks.problems import _cross_validation

        training: Training = getattr(_cross_validation, name)(config, seed)
        return training

    best, median = REFERENCES.get(name, (None, None))
    return Measured(name, space, goal, n_steps, begin, best, median)
