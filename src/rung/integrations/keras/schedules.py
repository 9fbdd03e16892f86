"""Schedules in a training of Keras: within the compiled step, or by a callback."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, final

import keras
import numpy as np

from rung.errors import SettingError
from rung.integrations._versions import need
from rung.schedules import Schedule, from_json
from rung.schedules.rates import all_rates, check_rate

need("keras", keras.__version__, (3, 5))


@final
@keras.saving.register_keras_serializable(package="rung")
class LearningRateSchedule(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]  # Keras has no types
    """What goes into an optimizer as its ``learning_rate``: the rate of each update, in float32.

    It is a table, so it costs the same for every schedule, in any backend's compiled step, and holds its last rate.
    A saved model has the schedule's JSON form in it; import this class before loading one.
    SettingError for factors, for lengths that are not resolved, and for a schedule that never settles.
    """

    def __init__(self, schedule: Schedule) -> None:
        rates = all_rates(schedule)
        self.schedule = schedule
        self._last = len(rates) - 1
        self._rates = keras.ops.convert_to_tensor(rates.astype(np.float32))

    def __call__(self, step: Any) -> Any:
        """The rate after ``step`` updates, as a tensor."""
        update = keras.ops.clip(keras.ops.convert_to_tensor(step), 0, self._last)
        return keras.ops.take(self._rates, update)

    def get_config(self) -> dict[str, Any]:
        """The JSON form. SettingError for a function that can't be imported by name."""
        return {"schedule": self.schedule.to_json()}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> LearningRateSchedule:
        """The same again."""
        return cls(from_json(config["schedule"]))


@final
class LearningRateScheduler(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types
    """Sets the rate of the optimizer before each epoch, or each batch, and adds it to what the epoch measures.

    schedule: a rate. counts: what it counts: "epochs", as ``fit`` numbers them, or "updates" of the optimizer, which
    have to go one batch at a time and so are slower than with a ``LearningRateSchedule``.
    SettingError for factors, and for lengths that are not resolved.
    """

    def __init__(self, schedule: Schedule, *, counts: Literal["epochs", "updates"] = "epochs") -> None:
        super().__init__()
        check_rate(schedule)
        if counts not in {"epochs", "updates"}:
            raise SettingError(f"a schedule can't count {counts!r}.", hint="There are epochs and updates.")
        self._schedule = schedule
        self._counts = counts

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Set the epoch's rate."""
        if self._counts == "epochs":
            self.model.optimizer.learning_rate = self._schedule(epoch)

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002
        """Set the batch's rate."""
        if self._counts == "updates":
            optimizer = self.model.optimizer
            optimizer.learning_rate = self._schedule(int(keras.ops.convert_to_numpy(optimizer.iterations)))

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """Add the rate to what was measured, under Keras' name for it."""
        if logs is not None:
            logs["learning_rate"] = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
