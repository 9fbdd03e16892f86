"""A callback of skorch that reports each epoch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

import skorch
from skorch.callbacks import Callback, EarlyStopping, LRScheduler
from torch import nn

from rung.errors import SettingError
from rung.integrations._versions import need
from rung.runtime.hook import Hook

need("skorch", skorch.__version__, (1, 1))

_COUNTS = {"epoch", "train_batch_count", "valid_batch_count"}  # which the history has beside what was measured


@final
class Report(Callback):  # type: ignore[misc]  # skorch has no types
    """Reports every epoch of a ``fit``, ends it when the trial is to stop or pause, and lets it go on later.

    metric: what the study judges, by the name in skorch's history, such as ``valid_loss``; by default the study's own.
    What the history has under the study's name of it is replaced by it.
    every: epochs from one checkpoint to the next; the last one before the end is always saved.

    In a trial that goes on, ``fit`` gets the module, the criterion, the optimizer, learning-rate schedules and the
    history from the checkpoint, and ``max_epochs`` counts all epochs; the states of other callbacks begin anew. Give it
    behind the other callbacks, so that what they measure is there, but before ``EarlyStopping``. The training ends by a
    KeyboardInterrupt, which skorch catches, as it does with its ``EarlyStopping``. Outside a study this does nothing.
    SettingError for an unknown metric, for a second ``fit`` in a trial, for an ``LRScheduler`` behind it and for an
    ``EarlyStopping`` before it.
    """

    def __init__(self, metric: str | None = None, *, every: int = 1) -> None:
        self.metric = metric
        self.every = every

    def initialize(self) -> Report:
        """Begin anew; skorch calls it when a net is initialised."""
        self.hook_ = Hook(self.metric, every=self.every)
        return self

    def on_train_begin(self, net: Any, X: Any = None, y: Any = None, **_: Any) -> None:  # noqa: ARG002, N803  as skorch calls it
        """Restore the net from the checkpoint, if there is one."""
        callbacks = [each for _, each in net.callbacks_]
        if any(isinstance(each, EarlyStopping) for each in callbacks[: callbacks.index(self)]):
            raise SettingError(
                "An EarlyStopping comes before Report.",
                hint="Give Report before it: the epoch in which it ends the training would not be reported.",
            )
        self.hook_.begin(net.max_epochs, **_parts_of(net))

    def on_epoch_end(self, net: Any, **_: Any) -> None:
        """Report what the history has; KeyboardInterrupt when the training is over."""
        measured = {name: value for name, value in net.history[-1].items() if name not in _COUNTS}
        if not self.hook_.epoch_ended(measured):
            raise KeyboardInterrupt

    def on_train_end(self, net: Any, X: Any = None, y: Any = None, **_: Any) -> None:  # noqa: ARG002, N803  as above
        """Forget the trial, so that the net can be pickled."""
        self.hook_.end()
        self.initialize()


@final
class _History:
    """The history of a net, which counts its epochs."""

    def __init__(self, net: Any) -> None:
        self._net = net

    def state_dict(self) -> dict[str, Any]:
        return {"epochs": [{**epoch, "batches": list(epoch["batches"])} for epoch in self._net.history.to_list()]}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._net.history[:] = state["epochs"]


def _parts_of(net: Any) -> dict[str, Any]:
    """What a net consists of while it trains, by name."""
    schedules = [each.lr_scheduler_ for _, each in net.callbacks_ if isinstance(each, LRScheduler)]
    if None in schedules:
        raise SettingError("An LRScheduler comes after Report.", hint="Give Report as the last of the callbacks.")
    parts = {"module": net.module_, "optimizer": net.optimizer_, "history": _History(net)}
    if isinstance(net.criterion_, nn.Module):
        parts["criterion"] = net.criterion_
    return parts | {f"schedule_{number}": schedule for number, schedule in enumerate(schedules)}
