"""A schedule as a scheduler of torch."""

from __future__ import annotations

from typing import Any, final

from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from rung.errors import SettingError
from rung.schedules import Schedule
from rung.schedules.rates import check_resolved


@final
class ScheduleLR(LRScheduler):
    """Sets the learning rate of an optimiser by a schedule; one ``step()`` is one more update, or epoch, done.

    A factor multiplies the rate that each group of parameters was made with, a rate takes its place. The rate depends
    on the number of steps alone: edits of ``group["lr"]`` hold up to the next step.

    A checkpoint can be restored before or after that of the optimiser. SettingError when it was written under another
    schedule, or under other rates for a factor; ``replaces=True`` goes on with those given here, at the same step.
    """

    def __init__(
        self, optimizer: Optimizer, schedule: Schedule, *, last_epoch: int = -1, replaces: bool = False
    ) -> None:
        check_resolved(schedule)
        self.schedule = schedule
        self.replaces = replaces
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float | Tensor]:
        """The rates of all groups of parameters at the current step."""
        value = self.schedule(self.last_epoch)
        if self.schedule.unit == "rate":
            return [value for _ in self.base_lrs]
        return [base * value for base in self.base_lrs]

    def _get_closed_form_lr(self) -> list[float | Tensor]:
        return self.get_lr()  # what SequentialLR asks where a part begins

    def state_dict(self) -> dict[str, Any]:
        """The step; for each group of parameters the schedule's JSON form, if any, its own rate and the present one."""
        rates = [float(group["lr"]) for group in self.optimizer.param_groups]
        is_ours = self.last_epoch >= 0 and rates == [float(rate) for rate in self.get_lr()]
        return {
            "last_epoch": self.last_epoch,
            "step_count": self._step_count,
            "schedules": [_form_of(self.schedule) for _ in rates],
            "base_lrs": [float(base) for base in self.base_lrs],
            "rates": rates,
            "is_ours": is_ours,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on at the step of a checkpoint, and give the optimiser its rate; see the class for what is checked."""
        if not self.replaces:
            self._check(state_dict)
        self.last_epoch, self._step_count = state_dict["last_epoch"], state_dict["step_count"]
        if self.last_epoch >= 0 and (self.replaces or state_dict["is_ours"]):
            self._set(self.get_lr())
        else:  # somebody has edited the rate, or another part of a SequentialLR has its turn
            self._set(state_dict["rates"])

    def _check(self, state: dict[str, Any]) -> None:
        ours, theirs = _form_of(self.schedule), state["schedules"][0]
        if ours is not None and theirs is not None and ours != theirs:
            raise SettingError(
                f"the checkpoint was written under another schedule: {theirs}.",
                hint="Use that one, or ScheduleLR(…, replaces=True) to go on with this one.",
            )
        bases = [float(base) for base in self.base_lrs]
        if self.schedule.unit == "factor" and bases != state["base_lrs"]:
            raise SettingError(
                f"the checkpoint was written with learning rates {state['base_lrs']}, and these are {bases}.",
                hint="Use those, or ScheduleLR(…, replaces=True) to go on with these.",
            )

    def _set(self, rates: list[float | Tensor]) -> None:
        for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(float(rate))  # a captured graph reads this very tensor
            else:
                group["lr"] = rate
        self._last_lr = [
            group["lr"].clone() if isinstance(group["lr"], Tensor) else group["lr"]
            for group in self.optimizer.param_groups
        ]


def _form_of(schedule: Schedule) -> Any:
    try:
        return schedule.to_json()
    except SettingError:
        return None
