"""A callback with which ``Trainer.fit`` tells a study how it is doing, and obeys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import final

import lightning
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint

from rung.integrations._versions import need
from rung.integrations.lightning._states import stateful_of
from rung.runtime.hook import Hook

need("lightning", lightning.__version__, (2, 6))


@final
class Report(Callback):
    """Reports the epochs of a ``fit``, ends it when the trial is to stop or pause, and lets it go on later.

    metric: the name under which the module logs what the study judges, such as ``"val_loss"``; by default the study's
    own name of it. What the module logs under the study's name is replaced by it.
    every: epochs from one checkpoint to the next; the last one before the end is always saved.

    All of ``trainer.callback_metrics`` that an epoch has measured is reported at its end; of epochs without validation,
    where there is one at all, nothing; a trial that is to pause after such an epoch goes on to the next validation.
    In a trial that is continued, or copies another one, ``fit`` first gets module, optimizers, schedulers, callbacks,
    loops, random number generators and what ``on_save_checkpoint`` has added from the checkpoint, whose weights are
    back when ``on_load_checkpoint`` is called; ``max_epochs`` counts all epochs.
    SettingError for an unknown metric, and for a second ``fit`` in a trial.
    """

    def __init__(self, metric: str | None = None, *, every: int = 1) -> None:
        self._hook = Hook(metric, every=every)
        self._is_validated = False
        self._before: Mapping[str, object] = {}
        self._last = _Last(self._epoch_ended)

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:  # noqa: ARG002
        """Be called once more at the end of each epoch."""
        if stage == "fit":
            trainer.callbacks = [*trainer.callbacks, self._last]  # type: ignore[attr-defined]

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:  # noqa: ARG002
        """Leave the trainer as it was."""
        if stage == "fit":
            trainer.callbacks = [each for each in trainer.callbacks if each is not self._last]  # type: ignore[attr-defined]

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """Restore, where Lightning restores its own checkpoints."""
        endless = trainer.max_epochs is None or trainer.max_epochs < 1
        self._hook.begin(None if endless else trainer.max_epochs, **stateful_of(trainer))

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """What stays as it is now has not been measured in this epoch."""
        self._before = dict(trainer.callback_metrics)
        self._is_validated = False

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """The epoch has its validation."""
        self._is_validated = not trainer.sanity_checking

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """The training is over."""
        self._hook.end()

    def _epoch_ended(self, trainer: Trainer) -> None:
        """Report, save, and end the training if the study says so."""
        measured = {
            name: value for name, value in trainer.callback_metrics.items() if value is not self._before.get(name)
        }
        is_due = self._is_validated or not trainer.enable_validation
        if not self._hook.epoch_ended(measured, is_judged=is_due):
            trainer.should_stop = True
        elif _is_over(trainer):  # at ``on_train_end`` weights may have been exchanged for averages
            self._hook.end()


def _is_over(trainer: Trainer) -> bool:
    """Whether Lightning ends the training here for a reason of its own, as ``done`` of its loop would say later."""
    has_all_steps = 0 <= trainer.max_steps <= trainer.global_step
    return has_all_steps or (trainer.should_stop and trainer.fit_loop._can_stop_early)  # noqa: SLF001  min_epochs


@final
class _Last(Checkpoint):
    """Lightning calls what is of this class when an epoch has ended for all others, whose states are to be saved."""

    def __init__(self, epoch_ended: Callable[[Trainer], None]) -> None:
        self._epoch_ended = epoch_ended

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        self._epoch_ended(trainer)
