"""Schedules for optax, which takes functions of the number of updates done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rung.integrations._lazy import requiring
from rung.schedules import Schedule
from rung.schedules.rates import all_rates


def as_schedule(schedule: Schedule) -> Callable[[Any], Any]:
    """An ``optax.Schedule``: the rate after ``count`` updates, an integer or an array of them, as an array of JAX.

    It is a table in JAX' usual precision, so it can be compiled and mapped, costs the same for every schedule, and
    holds its last rate. For ``optax.scale_by_schedule``, which wants factors, give ``1.0 * schedule``.
    SettingError for factors, for lengths that are not resolved, and for a schedule that never settles;
    MissingExtraError without JAX.
    """
    rates = all_rates(schedule)
    with requiring("jax", purpose="optax.as_schedule", extra="optax"):
        from jax import numpy as jnp
    table, last = jnp.asarray(rates), len(rates) - 1

    def rate(count: Any) -> Any:
        return table[jnp.clip(jnp.asarray(count), 0, last).astype(int)]

    return rate
