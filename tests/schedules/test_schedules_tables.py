from __future__ import annotations

import math

import pytest
from schedule_examples import BASE, difference, torch_rates
from torch.optim import lr_scheduler

from rung.errors import SettingError
from rung.schedules import Epochs, multi_factor, table


def test_milestones_against_torch() -> None:
    rates = torch_rates(lambda opt: lr_scheduler.MultiStepLR(opt, [15, 30, 80], 0.5), 130)
    assert difference(BASE * multi_factor([15, 30, 80], 0.5), rates) <= 4e-16


def test_levels_hold_from_their_update_on() -> None:
    levels = table([(2, 0.1), (4, 0.2), (5, 0.4)], unit="rate")
    assert levels(range(8)).tolist() == [0.1, 0.1, 0.1, 0.1, 0.2, 0.4, 0.4, 0.4]
    assert [levels(t) for t in (0, 3.999, 4, 4.5, 5, 10**9)] == [0.1, 0.1, 0.2, 0.2, 0.4, 0.4]
    assert levels.unit == "rate"
    assert levels.length == math.inf


def test_lines_lead_from_point_to_point() -> None:
    lines = table([(2, 0.0), (4, 1.0), (8, 0.5)], between="lines")
    assert lines(range(10)).tolist() == [0, 0, 0, 0.5, 1, 0.875, 0.75, 0.625, 0.5, 0.5]
    assert lines.length == 8
    assert [lines(t) for t in range(10)] == lines(range(10)).tolist()


def test_points_at_epochs_and_fractions() -> None:
    given = table([(0, 1.0), (Epochs(2), 0.5), (0.75, 0.25)])
    assert given.resolve(40, steps_per_epoch=5) == table([(0, 1.0), (10, 0.5), (30, 0.25)])
    assert multi_factor([0.5, 0.75]).resolve(8)(range(8)) == pytest.approx([1, 1, 1, 1, 0.1, 0.1, 0.01, 0.01])
    with pytest.raises(SettingError, match="2 epochs, so its value is not known"):
        given(0)
    with pytest.raises(SettingError, match="update 5 stands after 10"):
        table([(0, 1.0), (Epochs(2), 0.5), (0.5, 0.25)]).resolve(10, steps_per_epoch=5)


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: table([]), "0 steps and 0 values"),
        (lambda: table([(0, 1.0), (0, 2.0)]), "update 0 stands after 0"),
        (lambda: table([(5, 1.0), (3, 2.0)]), "update 3 stands after 5"),
        (lambda: table([(-1, 1.0)]), "a length of -1 is too short"),
        (lambda: table([(0, math.nan)]), "not finite"),
        (lambda: table([(0, 1.0)], between="curves"), "no table with between='curves'"),
        (lambda: table([(0, 1.0)], unit="lr"), "unit='lr'"),
        (lambda: multi_factor([30, 15]), "update 15 stands after 30"),
        (lambda: multi_factor([3], 0), "gamma=0 gives no rate"),
    ],
)
def test_what_is_no_table(make, why) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(SettingError, match=why):
        make()
