from __future__ import annotations

import copy
import subprocess
import sys

import pytest
import torch
from torch.optim import SGD, lr_scheduler

from rung import schedules
from rung.errors import MissingExtraError, SettingError
from rung.integrations import torch as integration
from rung.integrations.torch import ScheduleLR
from rung.runtime._rebuilt import as_built, settings_of
from rung.schedules import Schedule, cosine, linear, warmup

SCHEDULE = warmup(5).then(cosine(15, end=0.1))


def two_groups(low: float = 0.3, high: float = 3.0) -> SGD:
    weights = [torch.zeros(1, requires_grad=True) for _ in range(2)]
    return SGD([{"params": weights[:1], "lr": low}, {"params": weights[1:], "lr": high}], momentum=0.9)


def go(optimizer: torch.optim.Optimizer, scheduler: lr_scheduler.LRScheduler, steps: int) -> list[list[float]]:
    """The rates of all groups at each of so many steps."""
    rates = []
    for _ in range(steps):
        rates.append([float(group["lr"]) for group in optimizer.param_groups])
        assert scheduler.get_last_lr() == rates[-1]
        optimizer.step()
        scheduler.step()
    return rates


def test_a_factor_multiplies_the_rate_of_each_group() -> None:
    optimizer = two_groups()
    rates = go(optimizer, ScheduleLR(optimizer, SCHEDULE), 30)
    assert rates == [[0.3 * SCHEDULE(t), 3.0 * SCHEDULE(t)] for t in range(30)]


def test_a_rate_takes_its_place() -> None:
    optimizer = two_groups()
    rates = go(optimizer, ScheduleLR(optimizer, 0.5 * SCHEDULE), 30)
    assert rates == [[0.5 * SCHEDULE(t)] * 2 for t in range(30)]


@pytest.mark.parametrize("order", ["optimizer first", "scheduler first", "scheduler last", "scheduler alone"])
@pytest.mark.parametrize("schedule", [SCHEDULE, 0.5 * SCHEDULE], ids=["factor", "rate"])
@pytest.mark.parametrize("done", [0, 3, 5, 12, 25])
def test_restoring_in_any_order_goes_on_as_unbroken(order: str, schedule: Schedule, done: int) -> None:
    optimizer = two_groups()
    unbroken = go(optimizer, ScheduleLR(optimizer, schedule), 40)
    optimizer = two_groups()
    scheduler = ScheduleLR(optimizer, schedule)
    go(optimizer, scheduler, done)
    states = copy.deepcopy((optimizer.state_dict(), scheduler.state_dict()))

    optimizer = two_groups()
    if order == "optimizer first":
        optimizer.load_state_dict(states[0])
        scheduler = ScheduleLR(optimizer, schedule)
        scheduler.load_state_dict(states[1])
    else:
        scheduler = ScheduleLR(optimizer, schedule)
        if order == "scheduler last":
            optimizer.load_state_dict(states[0])
        scheduler.load_state_dict(states[1])
        if order == "scheduler first":
            optimizer.load_state_dict(states[0])
    assert go(optimizer, scheduler, 40 - done) == unbroken[done:]


class TestInSequence:
    @staticmethod
    def make(optimizer: SGD, second: str) -> lr_scheduler.SequentialLR:
        first = ScheduleLR(optimizer, linear(4, end=0.5))
        last = ScheduleLR(optimizer, cosine(10)) if second == "ours" else lr_scheduler.CosineAnnealingLR(optimizer, 10)
        return lr_scheduler.SequentialLR(optimizer, [first, last], milestones=[6])

    @pytest.mark.parametrize("second", ["ours", "torch's"])
    def test_the_rates(self, second: str) -> None:
        optimizer = two_groups()
        rates = go(optimizer, self.make(optimizer, second), 16)
        joined = linear(4, end=0.5).until(6).then(cosine(10))
        assert [low for low, _ in rates] == pytest.approx([0.3 * joined(t) for t in range(16)], abs=4e-16)

    @pytest.mark.parametrize("second", ["ours", "torch's"])
    @pytest.mark.parametrize("done", [0, 2, 5, 6, 7, 12])
    def test_restoring(self, second: str, done: int) -> None:
        optimizer = two_groups()
        unbroken = go(optimizer, self.make(optimizer, second), 16)
        optimizer = two_groups()
        scheduler = self.make(optimizer, second)
        go(optimizer, scheduler, done)
        states = copy.deepcopy((optimizer.state_dict(), scheduler.state_dict()))
        optimizer = two_groups()
        scheduler = self.make(optimizer, second)
        optimizer.load_state_dict(states[0])
        scheduler.load_state_dict(states[1])
        assert go(optimizer, scheduler, 16 - done) == unbroken[done:]


def test_a_rate_in_a_tensor_stays_that_tensor() -> None:
    rate = torch.tensor(0.3, dtype=torch.float64)
    optimizer = torch.optim.Adam([torch.zeros(1, requires_grad=True)], lr=rate)
    held = optimizer.param_groups[0]["lr"]
    scheduler = ScheduleLR(optimizer, SCHEDULE)
    optimizer.step()
    scheduler.step()
    assert optimizer.param_groups[0]["lr"] is held
    assert float(held) == pytest.approx(0.3 * SCHEDULE(1))
    state = scheduler.state_dict()
    optimizer.step()
    scheduler.step()
    scheduler.load_state_dict(state)
    assert optimizer.param_groups[0]["lr"] is held
    assert float(held) == float(scheduler.get_last_lr()[0]) == pytest.approx(0.3 * SCHEDULE(1))


def test_an_edit_is_restored() -> None:
    optimizer = two_groups()
    scheduler = ScheduleLR(optimizer, SCHEDULE)
    go(optimizer, scheduler, 3)
    optimizer.param_groups[0]["lr"] = 99.0
    states = copy.deepcopy((optimizer.state_dict(), scheduler.state_dict()))
    optimizer = two_groups()
    optimizer.load_state_dict(states[0])
    scheduler = ScheduleLR(optimizer, SCHEDULE)
    scheduler.load_state_dict(states[1])
    assert optimizer.param_groups[0]["lr"] == 99.0


def test_an_edit_holds_up_to_the_next_step() -> None:
    optimizer = two_groups()
    scheduler = ScheduleLR(optimizer, SCHEDULE)
    go(optimizer, scheduler, 3)
    optimizer.param_groups[0]["lr"] = 99.0
    optimizer.step()
    scheduler.step()
    assert optimizer.param_groups[0]["lr"] == 0.3 * SCHEDULE(4)


def test_the_state_is_json_and_leaves_the_schedule_out_of_reach() -> None:
    optimizer = two_groups()
    scheduler = ScheduleLR(optimizer, SCHEDULE)
    assert scheduler.state_dict() == {
        "last_epoch": 0,
        "step_count": 1,
        "schedules": [SCHEDULE.to_json()] * 2,
        "base_lrs": [0.3, 3.0],
        "rates": [0.0, 0.0],
        "is_ours": True,
    }


class TestAnotherSchedule:
    @staticmethod
    def state() -> dict[str, object]:
        optimizer = two_groups()
        scheduler = ScheduleLR(optimizer, SCHEDULE)
        go(optimizer, scheduler, 8)
        return scheduler.state_dict()

    def test_it_is_refused(self) -> None:
        with pytest.raises(SettingError, match=r"written under another schedule: .*replaces=True"):
            ScheduleLR(two_groups(), warmup(5).then(cosine(100))).load_state_dict(self.state())

    def test_and_so_are_other_rates(self) -> None:
        with pytest.raises(SettingError, match=r"with learning rates \[0\.3, 3\.0\], and these are \[0\.1, 3\.0\]"):
            ScheduleLR(two_groups(low=0.1), SCHEDULE).load_state_dict(self.state())

    def test_unless_it_is_meant(self) -> None:
        optimizer = two_groups(low=0.1)
        longer = warmup(5).then(cosine(100))
        scheduler = ScheduleLR(optimizer, longer, replaces=True)
        scheduler.load_state_dict(self.state())
        assert optimizer.param_groups[0]["lr"] == 0.1 * longer(8)

    def test_a_lambda_can_not_be_compared(self) -> None:
        made = ScheduleLR(two_groups(), schedules.function(lambda t: 1 / (1 + t)))
        assert made.state_dict()["schedules"] == [None, None]
        again = ScheduleLR(two_groups(), schedules.function(lambda t: 1 / (2 + t)))
        again.load_state_dict(made.state_dict())
        again.optimizer.step()
        again.step()
        assert again.get_last_lr() == pytest.approx([0.1, 1.0])


def test_what_is_no_schedule() -> None:
    with pytest.raises(SettingError, match=r"is no schedule.*schedules\.function"):
        ScheduleLR(two_groups(), lambda t: t)  # type: ignore[arg-type]
    with pytest.raises(SettingError, match="rest of the training"):
        ScheduleLR(two_groups(), cosine())


def test_torch_is_imported_when_it_is_used() -> None:
    code = (
        "import sys\n"
        "import rung.integrations.torch as ours\n"
        "assert 'torch' not in sys.modules\n"
        "sys.modules['torch'] = None\n"
        "try:\n    ours.ScheduleLR\nexcept ImportError as error:\n    print(type(error).__name__, error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "MissingExtraError torch.ScheduleLR needs an optional package. pip install 'rung[torch]'\n"


def test_names() -> None:
    assert dir(integration) == integration.__all__ == ["ScheduleLR", "WeightAverage"]
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        integration.Nothing  # noqa: B018


def test_another_missing_module_is_not_taken_for_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(integration.__dict__, "ScheduleLR", raising=False)
    monkeypatch.delitem(sys.modules, "rung.integrations.torch.schedule_lr", raising=False)
    monkeypatch.setitem(sys.modules, "rung.schedules", None)
    with pytest.raises(ModuleNotFoundError, match="schedules") as caught:
        integration.ScheduleLR  # noqa: B018
    assert not isinstance(caught.value, MissingExtraError)


@pytest.mark.parametrize("is_rate", [False, True])
def test_a_copy_of_another_trial_takes_its_own_rate(is_rate: bool) -> None:
    """A population's trial goes on from another one's checkpoint with hyperparameters of its own."""

    def train(lr: float, epochs: int, seen: list[float]) -> dict[str, object]:
        optimizer = SGD([torch.zeros(1, requires_grad=True)], lr=lr)
        scheduler = ScheduleLR(optimizer, lr * SCHEDULE if is_rate else SCHEDULE)
        built = settings_of(scheduler.state_dict())
        if seen:
            saved, then = seen.pop()
            scheduler.load_state_dict(as_built(saved, then, built))
            return {"rate": optimizer.param_groups[0]["lr"]}
        go(optimizer, scheduler, epochs)
        return {"state": (scheduler.state_dict(), built)}

    state = train(0.3, 7, [])["state"]
    assert train(0.1, 7, [state])["rate"] == 0.1 * SCHEDULE(7)
    assert train(0.3, 7, [state])["rate"] == 0.3 * SCHEDULE(7)
