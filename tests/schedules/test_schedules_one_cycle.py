"""The agreement with torch stands in test_schedules_cycles.py."""

from __future__ import annotations

import pytest

from rung.schedules import Epochs, one_cycle


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 5])
def test_the_shortest(steps: int) -> None:
    cycle = one_cycle(steps, start=0.1, end=0.01)
    values = cycle(range(8)).tolist()
    assert values == pytest.approx([cycle(t) for t in range(8)])
    assert all(0.01 <= value <= 1 for value in values)
    assert values[steps - 1 :] == [0.01] * (9 - steps)


def test_corners() -> None:
    cycle = one_cycle(41, peak_at=11 / 41, start=0.2, end=0.02, phases=3, shape="linear")
    assert cycle([0, 5, 10, 15, 20, 30, 40, 41]) == pytest.approx([0.2, 0.6, 1, 0.6, 0.2, 0.11, 0.02, 0.02])


def test_epochs() -> None:
    assert one_cycle(Epochs(3)).resolve(40, steps_per_epoch=10) == one_cycle(30)
