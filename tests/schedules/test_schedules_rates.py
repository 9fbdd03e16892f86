"""Tables of rates against the schedules that they stand for."""

from __future__ import annotations

import math

import numpy as np
import pytest
from schedule_examples import EXAMPLES

from rung import schedules
from rung.errors import SettingError
from rung.schedules import Schedule, constant, cosine, exponential, factor, function, inverse_sqrt, restarts, warmup
from rung.schedules.rates import all_rates, check_rate, settled_at

ENDLESS = {
    "inverse_time", "inverse_sqrt", "square_root", "noam", "cyclic", "restarts", "function", "product",
}  # fmt: skip


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_schedule_settles_or_says_that_it_does_not(name: str) -> None:
    schedule = EXAMPLES[name]
    if name in ENDLESS:
        with pytest.raises(SettingError, match=r"this schedule never ends\. Say how long it holds by until\(steps\)\."):
            settled_at(schedule)
        schedule = schedule.until(50)
    end = settled_at(schedule)
    later = schedule([end, end + 1, end + 2, end + 100, 10**9])
    assert len(set(later.tolist())) == 1


@pytest.mark.parametrize(
    ("schedule", "end"),
    [
        (constant(), 0),
        (schedules.multi_factor([5, 8], 0.5), 8),
        (warmup(5).then(constant()), 5),
        (warmup(5).then(schedules.multi_factor([7])), 12),
        (constant(0.5) * cosine(9), 9),
        (exponential(1.0), 0),
        (factor(0.5, every=4, floor=0.1), 20),
        (restarts(4, stretch=2, times=3), 28),
        (inverse_sqrt(4).until(100), 100),
    ],
    ids=["constant", "levels", "warmup", "chain", "product", "gamma 1", "floor", "restarts", "until"],
)
def test_where_it_settles(schedule: Schedule, end: int) -> None:
    assert settled_at(schedule) == end
    rates = all_rates(0.3 * schedule)
    assert rates.shape == (end + 1,)
    assert rates.dtype == np.float64
    assert rates.tolist() == [0.3 * schedule(t) for t in range(end + 1)]


@pytest.mark.parametrize("gamma", [0.5, 0.9, 0.999, 1 - 1e-6])
@pytest.mark.parametrize("floor", [0.5, 0.25, 0.81, 1.0])
def test_the_floor_is_reached(gamma: float, floor: float) -> None:
    schedule = exponential(gamma, floor=floor)
    end = settled_at(schedule)
    assert schedule(end) == floor
    assert end <= math.log(floor) / math.log(gamma) + 2


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (lambda t: t, r"is no schedule\. Wrap a callable"),
        (0.3, r"0\.3 is no schedule"),
        (cosine(5), r"gives factors, and a learning rate is needed\. Multiply it by one: 0\.3 \* schedule"),
        (0.3 * cosine(), r"the rest of the training.*Call resolve"),
    ],
    ids=["callable", "number", "factor", "unresolved"],
)
def test_what_is_no_rate(given: Schedule, why: str) -> None:
    with pytest.raises(SettingError, match=why):
        check_rate(given)
    with pytest.raises(SettingError, match=why):
        all_rates(given)


def test_a_function_ends_where_one_says_so() -> None:
    assert all_rates(function(lambda t: 1 / (1 + t), unit="rate").until(3)).tolist() == [1, 1 / 2, 1 / 3, 1 / 4]
