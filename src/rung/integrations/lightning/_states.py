"""What of a Lightning training has a state, by the names under which a checkpoint keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

import lightning


def stateful_of(trainer: Any) -> dict[str, Any]:
    """The objects of a ``Trainer`` whose training is set up, each with ``state_dict`` and ``load_state_dict``.

    In the order in which they are to be restored: a scheduler that is one step behind changes its optimizer.
    """
    found: dict[str, Any] = {"model": trainer.lightning_module}
    found |= {f"optimizer_{number}": each for number, each in enumerate(trainer.optimizers)}
    found |= {
        f"scheduler_{number}": _Plateau(trainer, config) if config.reduce_on_plateau else config.scheduler
        for number, config in enumerate(trainer.lr_scheduler_configs)
    }
    callbacks = _Callbacks(trainer)
    found |= {"precision": trainer.precision_plugin, "callbacks": callbacks, "hooks": _Hooks(trainer, callbacks)}
    found["loops"] = _Loops(trainer)
    if trainer.datamodule is not None:
        found["datamodule"] = trainer.datamodule
    return found


@final
class _Plateau:
    """A scheduler that follows a metric: Lightning steps it when all callbacks have been called, so after us."""

    def __init__(self, trainer: Any, config: Any) -> None:
        self._trainer = trainer
        self._config = config

    def state_dict(self) -> dict[str, Any]:
        config, epochs = self._config, self._trainer.current_epoch + 1
        value = self._trainer.callback_metrics.get(config.monitor)
        is_due = value is not None and config.interval == "epoch" and epochs % config.frequency == 0
        return {**config.scheduler.state_dict(), "due": float(value) if is_due else None}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        plain = dict(state)
        value = plain.pop("due")
        self._config.scheduler.load_state_dict(plain)
        if value is not None:
            self._trainer.lightning_module.lr_scheduler_step(self._config.scheduler, value)


@final
class _Callbacks:
    """The states of those callbacks that have any, such as a patience that has begun to count."""

    def __init__(self, trainer: Any) -> None:
        self._trainer = trainer

    def state_dict(self) -> dict[str, Any]:
        states = {callback.state_key: callback.state_dict() for callback in self._trainer.callbacks}
        return {key: state for key, state in states.items() if state}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        for callback in self._trainer.callbacks:
            if callback.state_key in state:
                callback.load_state_dict(dict(state[callback.state_key]))


@final
class _Hooks:
    """What ``on_save_checkpoint`` of callbacks and of the module puts into a checkpoint of Lightning's.

    ``WeightAveraging`` keeps its averages in this way. Of such a checkpoint they see what Lightning documents.
    """

    def __init__(self, trainer: Any, callbacks: _Callbacks) -> None:
        self._trainer = trainer
        self._callbacks = callbacks

    def state_dict(self) -> dict[str, Any]:
        trainer, kept_elsewhere = self._trainer, self._kept_elsewhere()
        checkpoint = {"epoch": trainer.current_epoch, "global_step": trainer.global_step, **kept_elsewhere}
        for callback in trainer.callbacks:
            callback.on_save_checkpoint(trainer, trainer.lightning_module, checkpoint)
        trainer.lightning_module.on_save_checkpoint(checkpoint)
        return {key: value for key, value in checkpoint.items() if value is not kept_elsewhere.get(key)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        trainer = self._trainer
        checkpoint = {**self._kept_elsewhere(), **state}
        trainer.lightning_module.on_load_checkpoint(checkpoint)
        for callback in trainer.callbacks:
            callback.on_load_checkpoint(trainer, trainer.lightning_module, checkpoint)

    def _kept_elsewhere(self) -> dict[str, Any]:
        return {
            "pytorch-lightning_version": lightning.__version__,
            "state_dict": self._trainer.lightning_module.state_dict(),
            "callbacks": self._callbacks.state_dict(),
        }


@final
class _Loops:
    """How far the training is; an epoch that has ended is complete, though its callbacks are still being called."""

    def __init__(self, trainer: Any) -> None:
        self._loop = trainer.fit_loop

    def state_dict(self) -> dict[str, Any]:
        state = dict(self._loop.state_dict())
        epochs = state["epoch_progress"]
        complete = {which: {**counts, "completed": counts["processed"]} for which, counts in epochs.items()}
        return {**state, "epoch_progress": complete}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._loop.load_state_dict(dict(state))
        # A training that is bounded by steps would take the checkpoint for one of an epoch that is to be finished.
        self._loop._restarting = False  # noqa: SLF001  its setter would not have it
        self._loop.epoch_loop.restarting = False
