from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch.optim import SGD, AdamW
from torch.optim.lr_scheduler import CosineAnnealingLR, ExponentialLR

from rung.runtime._rebuilt import as_built, settings_of


def built(rate: float, *, decay: float = 0.0, gamma: float = 0.5) -> tuple[SGD, ExponentialLR]:
    optimizer = SGD([torch.nn.Parameter(torch.ones(2))], lr=rate, momentum=0.9, weight_decay=decay)
    return optimizer, ExponentialLR(optimizer, gamma)


def stepped(optimizer: Any, schedule: Any, number: int) -> None:
    for _ in range(number):
        optimizer.step()
        schedule.step()


def moved(old: Any, new: Any, then: dict[str, Any]) -> None:
    """Have the new one take over the old one's state."""
    new.load_state_dict(as_built(old.state_dict(), then, settings_of(new.state_dict())))


def test_the_same_settings_leave_the_state_as_it_is() -> None:
    optimizer, schedule = built(0.1)
    then = settings_of(optimizer.state_dict()), settings_of(schedule.state_dict())
    stepped(optimizer, schedule, 3)
    states = optimizer.state_dict(), schedule.state_dict()
    for state, before in zip(states, then, strict=True):
        assert as_built(state, before, before) == state


def test_a_copy_under_a_schedule_is_where_its_own_rate_would_have_led() -> None:
    optimizer, schedule = built(0.1)
    then = settings_of(optimizer.state_dict()), settings_of(schedule.state_dict())
    stepped(optimizer, schedule, 3)
    other, follows = built(0.08, decay=0.01)
    moved(optimizer, other, then[0])
    moved(schedule, follows, then[1])
    expected, leads = built(0.08, decay=0.01)
    stepped(expected, leads, 3)
    for key in ("lr", "initial_lr", "weight_decay", "momentum"):
        assert math.isclose(other.param_groups[0][key], expected.param_groups[0][key], rel_tol=1e-15)
    assert math.isclose(follows.get_last_lr()[0], 0.08 / 8, rel_tol=1e-15)
    stepped(other, follows, 1)
    assert math.isclose(other.param_groups[0]["lr"], 0.08 / 16, rel_tol=1e-15)


def test_a_cosine_goes_on_from_the_new_peak() -> None:
    def pair(rate: float) -> tuple[SGD, CosineAnnealingLR]:
        optimizer = SGD([torch.nn.Parameter(torch.ones(2))], lr=rate)
        return optimizer, CosineAnnealingLR(optimizer, 10)

    (optimizer, schedule), (other, follows) = pair(0.1), pair(0.12)
    then = settings_of(optimizer.state_dict()), settings_of(schedule.state_dict())
    stepped(optimizer, schedule, 4)
    moved(optimizer, other, then[0])
    moved(schedule, follows, then[1])
    stepped(other, follows, 3)
    assert other.param_groups[0]["lr"] == pytest.approx(0.12 * (1 + math.cos(0.7 * math.pi)) / 2, rel=1e-12)


def test_pairs_of_numbers_and_several_groups() -> None:
    def adam(*rates: float, beta: float) -> AdamW:
        return AdamW(
            [{"params": [torch.nn.Parameter(torch.ones(2))], "lr": rate} for rate in rates], betas=(beta, 0.99)
        )

    old, new = adam(0.1, 0.2, beta=0.9), adam(0.1, 0.3, beta=0.8)
    moved(old, new, settings_of(old.state_dict()))
    assert [group["lr"] for group in new.param_groups] == [0.1, 0.3]
    assert [group["betas"] for group in new.param_groups] == [(0.8, 0.99)] * 2


def test_what_was_set_by_hand_stays_where_nothing_was_built_otherwise() -> None:
    old, _ = built(0.1)
    then = settings_of(old.state_dict())
    old.param_groups[0]["lr"] = 0.025
    new, _ = built(0.1)
    moved(old, new, then)
    assert new.param_groups[0]["lr"] == 0.025


def test_what_a_training_has_changed_by_itself_is_not_changed_again() -> None:
    old, _ = built(0.1, decay=0.5)
    then = settings_of(old.state_dict())
    old.param_groups[0]["lr"] = 0.05  # as a person wanted; the other wish it didn't see
    now = settings_of(built(0.05, decay=0.25)[0].state_dict())
    (same,), (copy,) = (as_built(old.state_dict(), then, now, is_copy=each)["param_groups"] for each in (False, True))
    assert (same["lr"], same["weight_decay"]) == (0.05, 0.25)
    assert (copy["lr"], copy["weight_decay"]) == (0.025, 0.25)


def test_a_rate_that_began_at_nothing_becomes_what_is_built_now() -> None:
    saved: dict[str, Any] = {"param_groups": [{"lr": 0.5, "params": [0]}]}
    now = as_built(saved, {"param_groups": [{"lr": 0.0}]}, {"param_groups": [{"lr": 0.25}]})
    assert now == {"param_groups": [{"lr": 0.25, "params": [0]}]}
    assert saved["param_groups"][0]["lr"] == 0.5


def test_groups_that_do_not_match_are_left_to_the_optimizer() -> None:
    saved: dict[str, Any] = {"param_groups": [{"lr": 0.5, "params": [0]}]}
    assert as_built(saved, {"param_groups": [{"lr": 0.5}]}, {"param_groups": [{"lr": 0.1}, {"lr": 0.1}]}) == saved


def test_a_model_has_no_settings() -> None:
    assert settings_of(torch.nn.Linear(2, 2).state_dict()) == {}


def test_a_rate_that_is_a_tensor_stays_one() -> None:
    def adam(rate: float) -> AdamW:
        return AdamW([torch.nn.Parameter(torch.ones(2))], lr=torch.tensor(rate), betas=(0.9, 0.99))

    old, new = adam(0.1), adam(0.25)
    then = settings_of(old.state_dict())
    for factor in (1.0, 0.5):  # as built, and as a schedule changes it, in place
        old.param_groups[0]["lr"].mul_(factor)
        moved(old, new, then)
        assert isinstance(new.param_groups[0]["lr"], torch.Tensor)
        assert new.param_groups[0]["lr"].item() == pytest.approx(0.25 * factor, rel=1e-6)
        new = adam(0.25)
