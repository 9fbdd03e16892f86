"""A callback of XGBoost that reports each round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, final

import numpy as np
import xgboost
from xgboost import Booster, DMatrix
from xgboost.callback import TrainingCallback

from rung.integrations._versions import need
from rung.runtime.hook import Hook

need("xgboost", xgboost.__version__, (2, 1))

Evaluations: TypeAlias = Mapping[str, Mapping[str, Sequence[float] | Sequence[tuple[float, float]]]]
"""Of each round, by the names of the data and of the metric; in a cross-validation means and standard deviations."""


@final
class Report(TrainingCallback):
    """Reports every round of boosting, saves the booster, and ends the training where the trial is told to.

    metric: what the study judges, such as ``validation-logloss``; by default what the study names.
    every: rounds from one checkpoint to the next; the last one is always saved.

    ``num_boost_round`` counts all rounds of the trial. When it goes on from a checkpoint, XGBoost goes through the
    rounds that are in it with the evaluations of then and without training, so other callbacks and ``evals_result``
    see one training. It is equal to one that was never interrupted, unless rows, columns or trees to drop are drawn:
    XGBoost draws them anew from its seed. Under ``xgboost.cv`` nothing is saved. Outside a study this does nothing.
    """

    def __init__(self, metric: str | None = None, *, every: int = 10) -> None:
        super().__init__()
        self._metric = metric
        self._every = every
        self._hook = Hook(metric, every=every)
        self._rounds: _Rounds | None = None
        self._done = 0

    def before_training(self, model: Any) -> Any:
        """Restore the booster from the checkpoint, if there is one."""
        if isinstance(model, Booster):
            self._rounds = _Rounds(model)
            self._done = self._hook.begin(booster=self._rounds)
            if self._done:
                _replay(model, self._rounds)
        else:  # the models of a cross-validation
            self._rounds, self._done = None, self._hook.begin()
        return model

    def after_iteration(self, model: Any, epoch: int, evals_log: Evaluations) -> bool:  # noqa: ARG002  XGBoost's order
        """Report what was evaluated, and say whether that was the last round."""
        if epoch < self._done:
            return False
        if self._rounds is not None:
            self._rounds.count, self._rounds.evaluations = epoch + 1, evals_log
        return not self._hook.epoch_ended(_latest(evals_log))

    def after_training(self, model: Any) -> Any:
        """Forget the trial, so that an estimator that has this can be pickled."""
        self._hook.end()
        self._hook, self._rounds = Hook(self._metric, every=self._every), None
        return model


@final
class _Rounds:
    """The rounds that a booster has been trained for: their number, and what was evaluated after each."""

    def __init__(self, booster: Booster) -> None:
        self._booster = booster
        self.count = 0
        self.evaluations: Evaluations = {}
        self.restored = b""

    def state_dict(self) -> dict[str, Any]:
        if not self.count:
            return {}
        return {
            "count": self.count,
            "evaluations": {
                data: {metric: list(values) for metric, values in metrics.items()}
                for data, metrics in self.evaluations.items()
            },
            "model": np.frombuffer(self._booster.save_raw("ubj"), dtype=np.uint8),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.count, self.evaluations, self.restored = state["count"], state["evaluations"], state["model"].tobytes()


def _replay(booster: Booster, rounds: _Rounds) -> None:
    """Let the first rounds of the training that begins be those that were restored.

    ``xgboost.train`` counts its rounds from 0 whatever the booster has, and no callback can tell it otherwise. The
    booster is loaded in the first round, as callbacks look before it at what the booster has.
    """
    update, eval_set = booster.update, booster.eval_set
    count, evaluations = rounds.count, rounds.evaluations

    def no_update(dtrain: DMatrix, iteration: int, fobj: Any = None) -> None:
        if iteration == 0:
            booster.load_model(bytearray(rounds.restored))  # parameters and caches of data stay
        if iteration >= count:
            booster.update = update  # type: ignore[method-assign]
            update(dtrain, iteration, fobj)

    def former_evaluation(evals: Any, iteration: int = 0, *more: Any) -> str:
        if iteration >= count:
            booster.eval_set = eval_set  # type: ignore[method-assign]
            return eval_set(evals, iteration, *more)
        parts = [
            f"{data}-{metric}:{values[iteration]!r}"
            for data, metrics in evaluations.items()
            for metric, values in metrics.items()
        ]
        return "\t".join([f"[{iteration}]", *parts])  # as XGBoost writes it

    booster.update = no_update  # type: ignore[method-assign]
    booster.eval_set = former_evaluation  # type: ignore[assignment, method-assign]


def _latest(evaluations: Evaluations) -> dict[str, float]:
    """The last round's values, by names such as ``validation-logloss``."""
    latest: dict[str, float] = {}
    for data, metrics in evaluations.items():
        for metric, values in metrics.items():
            name, value = f"{data}-{metric}", values[-1]
            if isinstance(value, tuple):
                latest[f"{name}-mean"], latest[f"{name}-std"] = value
            else:
                latest[name] = value
    return latest
