"""States of Keras models and optimizers, which have ways to write files but no ``state_dict``.

A model on the torch backend does have one, of torch's, but it lacks the optimizer with which the model was compiled.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any, final

from rung.errors import CheckpointError

_GROUPS, _RATE = "param_groups", "learning_rate"  # as in torch's optimizers, so that one rule serves both


def holder_of(value: Any) -> Any:
    """What saves and restores the state of ``value``: itself, or for what comes from Keras something that can."""
    keras = sys.modules.get("keras")
    if keras is not None and isinstance(value, keras.Model):
        return _Model(value)
    if keras is not None and isinstance(value, keras.optimizers.Optimizer):
        return _Optimizer(value)
    return value


def holder_in_fit(model: Any) -> Any:
    """``holder_of`` a model for use by a callback, when ``fit`` has begun and looked at its batch."""
    return _Model(model, is_in_fit=True)


@final
class _Model:
    """Weights, the moving averages and seeds of layers, and the optimizer of a compiled model."""

    def __init__(self, model: Any, *, is_in_fit: bool = False) -> None:
        self._model = model
        self._is_in_fit = is_in_fit
        self._optimizer = _Optimizer(model.optimizer) if model.compiled else None

    def state_dict(self) -> dict[str, Any]:
        if not self._model.built:
            raise CheckpointError(
                f"The model {self._model.name!r} has no weights yet, so it can't be saved or restored.",
                hint="Begin it with keras.layers.Input(…), or call model.build(…) before trial.epochs(…).",
            )
        optimizer = {} if self._optimizer is None else self._optimizer.state_dict()
        return {"variables": _values(self._model.variables), **_prefixed(optimizer)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        _assign(self._model.variables, state["variables"])
        if self._optimizer is not None:
            self._model.optimizer.build(self._model.trainable_variables)
            self._optimizer.load_state_dict({"variables": state["optimizer"], _GROUPS: state[_GROUPS]})
            if not self._is_in_fit:
                _keep_randomness(self._model)


@final
class _Optimizer:
    """Its variables, and its learning rate where no schedule gives it."""

    def __init__(self, optimizer: Any) -> None:
        self._optimizer = optimizer

    def state_dict(self) -> dict[str, Any]:
        rate, variables = self._optimizer.learning_rate, self._optimizer.variables
        is_fixed = any(each is rate for each in variables)  # else a schedule computes it from the number of updates
        groups = [{_RATE: float(_values([rate])[0])}] if is_fixed else []
        return {"variables": _values(variables), _GROUPS: groups}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        _assign(self._optimizer.variables, state["variables"])
        for group in state[_GROUPS]:
            self._optimizer.learning_rate = group[_RATE]


def _keep_randomness(model: Any) -> None:
    """Undo what the next ``fit`` draws from the global generators before it begins to train.

    The first ``fit`` of a model looks at a batch to build its losses and metrics, so a training that goes on in a fresh
    model would see its data in another order than one that was never paused. ``make_train_function`` comes after that.
    """
    from rung.runtime import _random_states  # loads NumPy

    fit, make_train_function = model.fit, model.make_train_function

    def first_fit(*args: Any, **options: Any) -> Any:
        states = _random_states.capture()

        def first_train_function(*args: Any, **options: Any) -> Any:
            model.make_train_function = make_train_function
            _random_states.restore(states)
            return make_train_function(*args, **options)

        model.fit, model.make_train_function = fit, first_train_function
        return fit(*args, **options)

    model.fit = first_fit


def _prefixed(optimizer: Mapping[str, Any]) -> dict[str, Any]:
    return {_GROUPS: optimizer[_GROUPS], "optimizer": optimizer["variables"]} if optimizer else {}


def _values(variables: Sequence[Any]) -> list[Any]:
    from keras import ops

    return [ops.convert_to_numpy(variable.value) for variable in variables]


def _assign(variables: Sequence[Any], values: Sequence[Any]) -> None:
    """ValueError where they are not of the same number and shapes."""
    if len(variables) != len(values):
        raise ValueError(f"it has {len(variables)} variables, and {len(values)} were saved")
    for variable, value in zip(variables, values, strict=True):
        if tuple(variable.shape) != tuple(value.shape):
            raise ValueError(f"{variable.path} has the shape {tuple(variable.shape)}, saved was {tuple(value.shape)}")
        variable.assign(value)
