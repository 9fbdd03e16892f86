"""The average of a model's weights over a training, which as a rule predicts better than the last ones."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, final

import torch
from torch import nn
from torch.optim import swa_utils

from rung.checks import number, whole_number
from rung.errors import SettingError


@final
class WeightAverage:
    """Averages the weights of a model, each time that ``update`` is called: after a step, or after an epoch.

    decay: in (0, 1), of an exponential moving average: decay·average + (1 − decay)·weights; without it all count the
    same. start: how many updates at the beginning are left out. The first one behind them is the average itself.
    Sources: Izmailov et al. 2018, algorithm 1 (equal weights); Polyak and Juditsky 1992. By torch's ``swa_utils``.

    Its state can be saved by ``trial.epochs(…, model=model, average=average)``.
    """

    def __init__(self, model: nn.Module, *, decay: float | None = None, start: int = 0) -> None:
        if decay is not None:
            decay = number("decay", decay, above=0, below=1, example="0.999, or None for equal weights")
        start = whole_number("start", start, at_least=0, example=100)
        if any(nn.parameter.is_lazy(each) for each in model.parameters()):
            raise SettingError(
                f"the weights of this {type(model).__name__} have no sizes yet.", hint="Call it on a batch first."
            )
        equal, moving = swa_utils.get_swa_multi_avg_fn, swa_utils.get_ema_multi_avg_fn
        rule = equal() if decay is None else moving(decay)  # type: ignore[no-untyped-call]
        self._model = model
        self._averaged = swa_utils.AveragedModel(model, multi_avg_fn=rule)
        self._left_out = start

    @property
    def n_averaged(self) -> int:
        """How many weights are in the average."""
        return int(self._averaged.n_averaged)

    def update(self) -> None:
        """Take the weights as they are now into the average."""
        if self._left_out:
            self._left_out -= 1
        else:
            self._averaged.update_parameters(self._model)

    @contextlib.contextmanager
    def weights(self) -> Iterator[None]:
        """Within it the model has the averaged weights; before the first update its own.

        Buffers, such as the statistics of batch normalisation, are those of the latest update or ``fit_batch_norm``.
        """
        if not self.n_averaged:
            yield
            return
        own = copy.deepcopy(self._model.state_dict())
        self._model.load_state_dict(self._averaged.module.state_dict())
        try:
            yield
        finally:
            self._model.load_state_dict(own)

    def fit_batch_norm(self, batches: Iterable[Any], device: torch.device | str | None = None) -> None:
        """Measure the statistics of batch normalisation anew, for the averaged weights; without such layers nothing.

        batches: inputs, or tuples that begin with them; one pass. They hold up to the next ``update``.
        """
        if self.n_averaged:
            place = None if device is None else torch.device(device)
            swa_utils.update_bn(batches, self._averaged.module, place)

    def state_dict(self) -> dict[str, Any]:
        """The average, how many weights are in it, and how many updates are still to be left out."""
        return {"averaged": self._averaged.state_dict(), "left_out": self._left_out}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from there."""
        self._averaged.load_state_dict(state_dict["averaged"])
        self._left_out = state_dict["left_out"]
