"""A schedule as MXNet calls it: with the number of the current update, from 1 on."""

from __future__ import annotations

from typing import final

from rung.schedules import Schedule
from rung.schedules.rates import check_resolved


@final
class LRScheduler:
    """What goes into ``mxnet.gluon.Trainer(…, {"lr_scheduler": …})``; needs no MXNet.

    base_lr: what a factor is multiplied by; MXNet sets it to the optimiser's ``learning_rate``. A rate takes no notice.
    """

    def __init__(self, schedule: Schedule, base_lr: float = 0.01) -> None:
        check_resolved(schedule)
        self._schedule = schedule
        self.base_lr = base_lr

    def __call__(self, num_update: int) -> float:
        """The learning rate for the update of that number; the first one, 1, takes the schedule's value at 0."""
        value = float(self._schedule(max(0, num_update - 1)))
        return value if self._schedule.unit == "rate" else self.base_lr * value
