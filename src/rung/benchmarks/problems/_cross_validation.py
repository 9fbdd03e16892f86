"""Models of scikit-learn that are fitted on every fold at once, so that they can be trained in steps."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, final

import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.ensemble import GradientBoostingRegressor, RandomForestClassifier
from sklearn.metrics import mean_squared_error, zero_one_loss
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rung.types import Config

TREES_PER_STEP = 8
_FOLDS = 5
_FOREST_FOLDS = 3  # so that a full training takes some three seconds


@final
class FoldTraining:
    """One model for each fold. The value is the mean loss on what each has not seen.

    grows: the models go on where they were, with ``TREES_PER_STEP`` trees more for each step.
    """

    def __init__(
        self,
        folds: Iterable[tuple[Any, Any]],
        data: tuple[Any, Any],
        make: Callable[[], Any],
        loss: Callable[[Any, Any], float],
        *,
        grows: bool = True,
    ) -> None:
        self._inputs, self._targets = data
        self._folds = [(make(), training, validation) for training, validation in folds]
        self._loss, self._grows = loss, grows
        self._steps = 0

    def step(self) -> float:
        """Fit every model; the mean loss."""
        self._steps += 1
        losses = []
        for model, training, validation in self._folds:
            if self._grows:
                model.set_params(n_estimators=self._steps * TREES_PER_STEP)
            model.fit(self._inputs[training], self._targets[training])
            losses.append(self._loss(self._targets[validation], model.predict(self._inputs[validation])))
        return float(np.mean(losses))


def svm(config: Config, seed: int) -> FoldTraining:
    """A support-vector machine on standardised breast-cancer data (569 x 30)."""
    data = load_breast_cancer(return_X_y=True)
    settings = {"C": config["C"], "kernel": config["kernel"], "gamma": config.get("gamma", 1.0)}
    settings |= {"degree": config.get("degree", 1), "coef0": config.get("coef0", 0.0)}
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=_state(seed)).split(*data)
    return FoldTraining(
        folds, data, lambda: make_pipeline(StandardScaler(), SVC(**settings)), zero_one_loss, grows=False
    )


def forest(config: Config, seed: int) -> FoldTraining:
    """A random forest on the handwritten digits (1797 x 64)."""
    data = load_digits(return_X_y=True)
    folds = StratifiedKFold(_FOREST_FOLDS, shuffle=True, random_state=_state(seed)).split(*data)
    settings = {**config, "random_state": _state(seed), "warm_start": True}
    return FoldTraining(folds, data, lambda: RandomForestClassifier(**settings), zero_one_loss)


def boosting(config: Config, seed: int) -> FoldTraining:
    """Gradient boosting on the diabetes data (442 x 10); the value is the mean squared error."""
    data = load_diabetes(return_X_y=True)
    folds = KFold(_FOLDS, shuffle=True, random_state=_state(seed)).split(*data)
    settings = {**config, "random_state": _state(seed), "warm_start": True}
    return FoldTraining(folds, data, lambda: GradientBoostingRegressor(**settings), mean_squared_error)


def _state(seed: int) -> int:
    return int(np.random.SeedSequence(seed).generate_state(1)[0])
