"""A callback with which ``model.fit`` tells a study how it is doing, and obeys."""

from __future__ import annotations

from typing import Any, final

import keras

from rung.errors import SettingError
from rung.integrations._versions import need
from rung.runtime._keras_states import holder_in_fit
from rung.runtime.hook import Hook

need("keras", keras.__version__, (3, 5))


@final
class Report(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """Reports every epoch of a ``fit``, ends it when the trial is to stop or pause, and lets it go on later.

    metric: Keras' name of what the study judges, such as ``"val_loss"``; by default the study's own name of it. What
    Keras itself calls by the study's name is replaced by it.
    every: epochs from one checkpoint to the next; the last one before the end is always saved.

    In a trial that is continued, or copies another one, ``fit`` first gets the weights, the optimizer and the random
    number generators from the checkpoint and begins with the epoch after it; ``epochs`` counts all of them. The states
    of other callbacks begin anew. Epochs without the validation that gives the metric are not reported; a trial that is
    to pause after one goes on to the next validation.
    Give it before ``SwapEMAWeights(swap_on_epoch=True)``: behind it, averages would be saved as if they were trained.
    SettingError for an unknown metric, for a second ``fit`` in a trial, and for an ``initial_epoch``.
    """

    def __init__(self, metric: str | None = None, *, every: int = 1) -> None:
        super().__init__()
        self._hook = Hook(metric, every=every)
        self._next = 0
        self._is_validated = False

    def on_train_begin(self, logs: Any = None) -> None:  # noqa: ARG002
        """Restore, and have ``fit`` begin after the epochs that the checkpoint has behind it."""
        self._next = self._hook.begin(self.params["epochs"], model=holder_in_fit(self.model))
        if self._next:
            self.model._initial_epoch = self._next  # noqa: SLF001  the one way there is; BackupAndRestore takes it

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        """SettingError when ``fit`` has begun elsewhere."""
        if self._hook.metric is not None and epoch != self._next:
            raise SettingError(
                f"fit began with initial_epoch={epoch}.", hint="Leave it out: Report goes on where the trial was."
            )
        self._next = epoch + 1
        self._is_validated = False

    def on_test_end(self, logs: Any = None) -> None:  # noqa: ARG002
        """The epoch has its validation."""
        self._is_validated = True

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Report, save, and end the training if the study says so."""
        measured = logs or {}
        is_judged = self._is_validated or self._hook.metric in measured
        if not self._hook.epoch_ended(measured, is_judged=is_judged):
            self.model.stop_training = True
        elif self.model.stop_training:  # at the end of ``fit`` its patience may have put other weights in place
            self._hook.end()

    def on_train_end(self, logs: Any = None) -> None:  # noqa: ARG002
        """Leave the model as if it had always begun at 0. SettingError when nothing that is judged was measured."""
        self.model._initial_epoch = None  # noqa: SLF001
        self._hook.end()
