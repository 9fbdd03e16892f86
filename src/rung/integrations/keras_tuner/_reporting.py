"""What stands between Keras' ``fit`` and the study: a callback that tells each epoch, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, final

from rung.errors import SettingError
from rung.runtime._keras_states import holder_of
from rung.runtime.checkpoints import load, save

if TYPE_CHECKING:
    from pathlib import Path

    from rung.types import Checkpoint, Goal


class Tell(Protocol):
    """Takes the metrics of an epoch, counted from 1; says whether to go on."""

    def __call__(self, epoch: int, metrics: Mapping[str, float], *, is_last: bool) -> bool: ...


class Saved(NamedTuple):
    """A checkpoint of a model, and how a model is built that has no shapes of its own."""

    checkpoint: Checkpoint
    shapes: Any


@final
class Reporting:
    """One training: tells each epoch and keeps the model's state at its best and its last epoch.

    done: the epochs that were told before. lowest: the least loss among them.
    """

    def __init__(self, goal: Goal, tell: Tell, folder: Path, *, done: int = 0, lowest: float | None = None) -> None:
        self.best: Saved | None = None
        self.last: Saved | None = None
        self.is_over = False
        self._goal, self._tell, self._folder, self._done = goal, tell, folder, done
        self._lowest = lowest

    def epoch_ended(self, model: Any, epoch: int, logs: Mapping[str, Any], *, epochs: int) -> None:
        """Tell it, unless it was told before; has the model stop where it is not to go on."""
        metrics = {name: float(value) for name, value in logs.items()}
        if self._goal.metric not in metrics:
            raise SettingError(
                f"the training reports no {self._goal.metric!r}.",
                hint=f"It reports {', '.join(metrics)}; for val_… give validation_data to search(…).",
            )
        if epoch <= self._done or self.is_over:
            return
        loss = self._goal.loss(metrics)
        if loss is not None and (self._lowest is None or loss < self._lowest):
            self._lowest, self.best = loss, saved(model, self._folder / "best", epoch)
        is_last = epoch >= epochs or model.stop_training or loss is None
        if not self._tell(epoch, metrics, is_last=is_last) or is_last:
            model.stop_training = self.is_over = True
            self.last = saved(model, self._folder / "last", epoch)


def callback(reporting: Reporting) -> Any:
    """The Keras callback that drives it; comes last among the callbacks, so that it sees what they decided."""
    import keras

    class Epochs(keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
            reporting.epoch_ended(self.model, epoch + 1, logs or {}, epochs=self.params["epochs"])

    return Epochs()


def saved(model: Any, folder: Path, epoch: int) -> Saved:
    """The model's state on disk; the one before it in that folder is removed."""
    for former in folder.glob("*.npz"):
        former.unlink()
    return Saved(save(holder_of(model).state_dict(), folder=folder, step=epoch, attempt=1), model.get_build_config())


def restored(model: Any, state: Saved) -> Any:
    """The model with that state."""
    if not model.built:
        model.build_from_config(state.shapes)
    holder_of(model).load_state_dict(load(state.checkpoint))
    return model
