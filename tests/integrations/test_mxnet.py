from __future__ import annotations

import pytest

from rung import schedules
from rung.errors import SettingError
from rung.integrations.mxnet import LRScheduler


def test_updates_count_from_1() -> None:
    scheduler = LRScheduler(0.3 * schedules.linear(3))
    scheduler.base_lr = 7.0  # as MXNet's optimiser does
    assert [scheduler(n) for n in range(6)] == pytest.approx([0.3, 0.3, 0.2, 0.1, 0, 0])


def test_a_factor_multiplies_the_optimisers_rate() -> None:
    scheduler = LRScheduler(schedules.linear(2))
    scheduler.base_lr = 0.5
    assert [scheduler(n) for n in (1, 2, 3)] == [0.5, 0.25, 0]


def test_mxnets_drop_comes_one_update_after_its_step() -> None:
    """Its MultiFactorScheduler(step=[3]) changes where num_update > 3, which is the fourth update."""
    scheduler = LRScheduler(0.4 * schedules.multi_factor([3], 0.5))
    assert [scheduler(n) for n in range(1, 6)] == [0.4, 0.4, 0.4, 0.2, 0.2]


def test_a_schedule_that_is_not_resolved() -> None:
    with pytest.raises(SettingError, match="not known yet"):
        LRScheduler(schedules.cosine())
