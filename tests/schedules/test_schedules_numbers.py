"""What is no number is refused by name wherever one is asked for, and numbers of other libraries are taken."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rung import schedules
from rung.errors import SettingError
from rung.schedules import cosine, from_config

CONFIG = {"lr.peak": 0.1, "lr.warmup": 0.1, "lr.decay": "cosine", "lr.stable": 0.0, "lr.final": 0.0}


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: schedules.constant("x"), "value='x' is no number"),
        (lambda: schedules.constant("0.5"), "value='0.5' is no number"),
        (lambda: cosine(10, end="x"), "end='x' is no number"),
        (lambda: cosine(10, end=True), "end=True is no number"),
        (lambda: cosine(10, end=np.ones(2)), "is no number"),
        (lambda: schedules.warmup(5, start=None), "start=None is no number"),  # type: ignore[arg-type]
        (lambda: schedules.polynomial(10, power="x"), "power='x' is no number"),
        (lambda: schedules.exponential("x"), "gamma='x' is no number"),
        (lambda: schedules.factor(0.5, floor="x"), "floor='x' is no number"),
        (lambda: schedules.inverse_time("x"), "rate='x' is no number"),
        (lambda: schedules.inverse_time(1, power="x"), "power='x' is no number"),
        (lambda: schedules.noam("a", 5), "width='a' is no whole number"),
        (lambda: schedules.noam(512, 4.5), r"warmup_steps=4\.5 is no whole number"),
        (lambda: schedules.noam(512, True), "warmup_steps=True is no whole number"),
        (lambda: schedules.multi_factor(5), "5 are no milestones"),
        (lambda: schedules.multi_factor([5], "x"), "gamma='x' is no number"),
        (lambda: schedules.table(5), "5 are no points"),
        (lambda: schedules.table([1, 2]), "1 is no point"),
        (lambda: schedules.table([(1, 2, 3)]), r"\(1, 2, 3\) is no point"),
        (lambda: schedules.table([(0, "x")]), "value='x' is no number"),
        (lambda: schedules.repeat(5), "5 is no schedule"),
        (lambda: schedules.repeat(cosine(5), height="x"), "height='x' is no number"),
        (lambda: schedules.restarts(5, end="x"), "end='x' is no number"),
        (lambda: schedules.restarts(5, stretch="x"), "stretch='x' is no number"),
        (lambda: schedules.cyclic(5, low="x"), "low='x' is no number"),
        (lambda: schedules.cyclic(5, gamma="x"), "gamma='x' is no number"),
        (lambda: schedules.one_cycle(10, peak_at="x"), "peak_at='x' is no number"),
        (lambda: schedules.one_cycle(10, start="x"), "start='x' is no number"),
        (lambda: schedules.one_cycle(10, end="x"), "end='x' is no number"),
        (lambda: schedules.Epochs("x"), "count='x' is no number"),
        (lambda: schedules.Fraction("x"), "share='x' is no number"),
        (lambda: schedules.Plateau(patience="a"), "patience='a' is no whole number"),
        (lambda: schedules.Plateau(cooldown=0.5), r"cooldown=0\.5 is no whole number"),
        (lambda: schedules.Plateau(factor="a"), "factor='a' is no number"),
        (lambda: schedules.Plateau(floor=None), "floor=None is no number"),
        (lambda: schedules.Plateau(threshold="a"), "threshold='a' is no number"),
        (lambda: cosine(10).resolve(100, steps_per_epoch="x"), "steps_per_epoch='x' is no number"),
        (lambda: from_config({**CONFIG, "lr.peak": "x"}), r"lr\.peak='x' is no number"),
        (lambda: from_config({**CONFIG, "lr.warmup": "x"}), r"lr\.warmup='x' is no number"),
        (lambda: from_config({**CONFIG, "lr.final": "x"}), r"lr\.final='x' is no number"),
    ],
)
def test_what_is_no_number_is_refused_by_name(make: Any, why: str) -> None:
    with pytest.raises(SettingError, match=why) as caught:
        make()
    assert caught.value.hint


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.asarray])
def test_numbers_of_numpy_are_numbers(kind: Any) -> None:
    assert cosine(10, end=kind(0.5)) == cosine(10, end=0.5)
    assert schedules.noam(np.int64(512), np.int32(4000)) == schedules.noam(512, 4000)
