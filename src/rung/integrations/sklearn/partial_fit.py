"""What an estimator has learned by ``partial_fit``, for the checkpoints of ``trial.epochs``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, final

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.neural_network._stochastic_optimizers import AdamOptimizer, SGDOptimizer  # they are nowhere else
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import check_random_state

from rung.errors import CheckpointError, SettingError

_SHAPING: Final = ("hidden_layer_sizes", "n_clusters", "n_components", "solver")
"""Parameters that what was learned so far has to fit."""

_MADE_ANEW: Final = frozenset({"_loss_function_"})
"""What each ``partial_fit`` makes from the parameters."""

_MOMENTS: Final = ("ms", "vs", "t", "velocities")
"""What an optimizer of a multilayer perceptron has besides its settings, and its learning rate."""

_RATE, _GROUPS = "learning_rate", "param_groups"  # as in torch's optimizers, so that one rule serves both


@final
class PartialFit:
    """Lets ``trial.epochs`` save and restore an estimator that learns by ``partial_fit``.

    ``for epoch in trial.epochs(20, model=PartialFit(estimator)): estimator.partial_fit(X, y, classes=classes)``.
    All fitted attributes are kept, among them the optimizer of a multilayer perceptron and its random numbers, so a
    training that goes on is the one that was never interrupted; the estimator's parameters are those it was made with
    now. SettingError for what has no ``partial_fit``, CheckpointError for an attribute that can't be kept: leave
    the estimator out of ``trial.epochs``, and a trial that goes on learns from the beginning.
    """

    def __init__(self, estimator: BaseEstimator) -> None:
        if not callable(getattr(estimator, "partial_fit", None)):
            raise SettingError(
                f"{type(estimator).__name__} has no partial_fit.", hint="Give an estimator that learns step by step."
            )
        self._estimator = estimator

    def state_dict(self) -> dict[str, Any]:
        """The fitted attributes; none before the first ``partial_fit``."""
        estimator = self._estimator
        params = estimator.get_params(deep=False)
        state: dict[str, Any] = {
            "estimator": type(estimator).__name__,
            "shape": {name: params[name] for name in _SHAPING if name in params},
            "fitted": {
                name: _packed(value, f"{type(estimator).__name__}.{name}")
                for name, value in vars(estimator).items()
                if _is_kept(name, value, params)
            },
        }
        if "learning_rate_init" in params:
            optimizer = vars(estimator).get("_optimizer")
            rate = params["learning_rate_init"] if optimizer is None else optimizer.learning_rate
            state[_GROUPS] = [{_RATE: float(rate)}]
        return state

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Give the estimator what was learned. ValueError when that belongs to another one."""
        estimator = self._estimator
        params = estimator.get_params(deep=False)
        given = {"estimator": type(estimator).__name__} | {name: params[name] for name in _SHAPING if name in params}
        saved = {"estimator": state["estimator"], **state["shape"]}
        if given != saved:
            raise ValueError(f"it is {given}, saved was {saved}")
        for name, value in state["fitted"].items():
            setattr(estimator, name, _unpacked(value, name, estimator))
        if "_optimizer" in state["fitted"]:
            vars(estimator)["_optimizer"].learning_rate = state[_GROUPS][0][_RATE]


def _is_kept(name: str, value: object, params: Mapping[str, object]) -> bool:
    """Whether it is no parameter; of those only a generator of random numbers changes."""
    return name not in _MADE_ANEW and (name not in params or isinstance(value, np.random.RandomState))


def _packed(value: Any, place: str) -> Any:
    """What a checkpoint can hold, as a kind and a content. CheckpointError names the place of anything else."""
    if isinstance(value, np.random.RandomState):
        return "random", value.get_state(legacy=False)
    if type(value) is LabelBinarizer:
        return "binarizer", {name: _packed(part, f"{place}.{name}") for name, part in vars(value).items()}
    if type(value) in {AdamOptimizer, SGDOptimizer}:
        parts = {name: part for name, part in vars(value).items() if name in _MOMENTS}
        return "optimizer", {name: _packed(part, f"{place}.{name}") for name, part in parts.items()}
    if isinstance(value, np.ndarray) and value.dtype == object and all(isinstance(each, str) for each in value.flat):
        return "words", value.tolist()  # names of columns, and classes
    if isinstance(value, list):
        return "list", [_packed(part, f"{place}[{number}]") for number, part in enumerate(value)]
    is_plain = value is None or isinstance(value, bool | int | float | str | tuple | np.generic)
    if is_plain or (isinstance(value, np.ndarray) and not value.dtype.hasobject):
        return "plain", value
    raise CheckpointError(
        f"{place} can't be saved: {type(value).__module__}.{type(value).__qualname__}.",
        hint="Leave the estimator out of trial.epochs; a trial that goes on then learns from the beginning.",
    )


def _unpacked(packed: tuple[str, Any], name: str, estimator: Any) -> Any:
    kind, content = packed
    if kind == "random":
        generator = vars(estimator).get(name) or check_random_state(estimator.random_state)
        generator.set_state(content)
        return generator
    if kind in {"binarizer", "optimizer"}:
        made = LabelBinarizer() if kind == "binarizer" else _new_optimizer(estimator)
        vars(made).update({part: _unpacked(value, part, estimator) for part, value in content.items()})
        return made
    if kind == "words":
        return np.array(content, dtype=object)
    return [_unpacked(part, name, estimator) for part in content] if kind == "list" else content


def _new_optimizer(estimator: Any) -> Any:
    """As a multilayer perceptron makes it at its first ``partial_fit``, without moments."""
    rate = estimator.learning_rate_init
    if estimator.solver == "adam":
        return AdamOptimizer([], rate, estimator.beta_1, estimator.beta_2, estimator.epsilon)
    schedule, nesterov = estimator.learning_rate, estimator.nesterovs_momentum
    return SGDOptimizer([], rate, schedule, estimator.momentum, nesterov, estimator.power_t)
