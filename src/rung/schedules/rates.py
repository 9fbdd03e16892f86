"""What frameworks may be given: schedules that are resolved, and for a compiled training step all rates as a table."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING

from rung.errors import SettingError
from rung.schedules._resolving import span
from rung.schedules.combining import Chain, Product, Scaled, Sum
from rung.schedules.decays import Exponential
from rung.schedules.lengths import updates
from rung.schedules.ramps import Constant
from rung.schedules.schedule import Schedule
from rung.schedules.tables import Table

if TYPE_CHECKING:
    import numpy as np


def check_resolved(schedule: object) -> None:
    """SettingError for what is no schedule, or has lengths that are not resolved."""
    if not isinstance(schedule, Schedule):
        raise SettingError(f"{schedule!r} is no schedule.", hint="Wrap a callable: schedules.function(my_schedule).")
    schedule(0)


def check_rate(schedule: object) -> None:
    """SettingError as in ``check_resolved``, and for a schedule of factors."""
    if isinstance(schedule, Schedule) and schedule.unit == "factor":
        raise SettingError(
            "this schedule gives factors, and a learning rate is needed.", hint="Multiply it by one: 0.3 * schedule."
        )
    check_resolved(schedule)


def all_rates(schedule: Schedule) -> np.ndarray:
    """The rates of updates 0, 1, … up to the one that is held from then on: (n,) with n ≥ 1, float64.

    SettingError as in ``check_rate``, and when the rate never settles.
    """
    check_rate(schedule)
    rates: np.ndarray = schedule(range(settled_at(schedule) + 1))
    return rates


@functools.singledispatch
def settled_at(schedule: Schedule) -> int:
    """An update from which on the value stays the same. SettingError when there is none."""
    return updates(schedule.length)


@settled_at.register
def _(schedule: Constant) -> int:
    del schedule
    return 0


@settled_at.register
def _(schedule: Table) -> int:
    return updates(schedule.steps[-1])


@settled_at.register
def _(schedule: Scaled) -> int:
    return settled_at(schedule.part)


@settled_at.register(Product)
@settled_at.register(Sum)
def _(schedule: Product | Sum) -> int:
    return max(map(settled_at, schedule.parts))


@settled_at.register
def _(schedule: Chain) -> int:
    *first, last = schedule.parts
    return sum(updates(span(part)) for part in first) + settled_at(last)


@settled_at.register
def _(schedule: Exponential) -> int:
    if schedule.gamma == 1:
        return 0
    if schedule.floor == 0:
        return updates(schedule.length)  # it never ends
    periods = math.log(schedule.floor) / math.log(schedule.gamma)
    return updates(schedule.every) * (math.ceil(periods) + 1)  # one more, as the quotient is rounded
