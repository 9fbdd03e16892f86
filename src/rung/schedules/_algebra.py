"""What the operators of schedules do."""

from __future__ import annotations

from rung.errors import SettingError
from rung.schedules.combining import Chain, Product, Scaled, Sum
from rung.schedules.schedule import Schedule


def chain(first: Schedule, following: Schedule) -> Schedule:
    """One after the other; chains in chains become one."""
    if not isinstance(following, Schedule):
        raise SettingError(f"{following!r} is no schedule.", hint="Wrap a callable: function(my_schedule).")
    return Chain((*_parts(first, Chain), *_parts(following, Chain)))


def product(first: Schedule, second: Schedule) -> Schedule:
    """Their product; products in products become one."""
    return Product((*_parts(first, Product), *_parts(second, Product)))


def total(first: Schedule, second: Schedule) -> Schedule:
    """Their sum; sums in sums become one."""
    return Sum((*_parts(first, Sum), *_parts(second, Sum)))


def scaled(rate: float, part: Schedule) -> Schedule:
    """That rate times the factors."""
    return Scaled(rate, part)


def _parts(schedule: Schedule, kind: type[Chain | Product | Sum]) -> tuple[Schedule, ...]:
    return schedule.parts if isinstance(schedule, kind) else (schedule,)
