"""Schedules of every kind, and what torch makes of the same."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch

from rung import schedules
from rung.schedules import Schedule, constant, cosine, exponential, linear, ramp, restarts, table, warmup

BASE = 0.3


def double(t: float) -> float:
    return 2.0 * t + 1


EXAMPLES: dict[str, Schedule] = {
    "constant": constant(0.5),
    "linear": linear(10, end=0.1),
    "polynomial": schedules.polynomial(10, power=2.5, end=0.1),
    "cosine": cosine(10, end=0.01),
    "polynomial k-decay": schedules.polynomial(10, power=2, end=0.1, k=1.5),
    "cosine k-decay": cosine(10, end=0.01, k=3),
    "tanh": schedules.tanh(10, end=0.1),
    "one_minus_sqrt": schedules.one_minus_sqrt(10),
    "rex": schedules.rex(10, end=0.2),
    "geometric": ramp(10, start=1.0, end=0.01, shape="exponential"),
    "warmup": warmup(5),
    "no warmup": warmup(0).then(linear(5)),
    "warmup constant": warmup(5, start=0.1, shape="constant"),
    "warmup cosine": warmup(5, start=0.1, shape="cosine"),
    "warmup exponential": warmup(5, start=0.01, shape="exponential"),
    "wsd": schedules.warmup_stable_decay(3, 5, 4),
    "exponential": exponential(0.9, every=3, floor=0.2),
    "factor": schedules.factor(0.5, every=4, floor=0.1),
    "inverse_time": schedules.inverse_time(0.3, every=2, power=0.75),
    "inverse_sqrt": warmup(4).then(schedules.inverse_sqrt(4)),
    "square_root": schedules.square_root(),
    "noam": schedules.noam(512, 5),
    "multi_factor": schedules.multi_factor([5, 8], 0.5),
    "levels": table([(2, 1.0), (5, 0.25)], unit="rate"),
    "lines": table([(1, 0.5), (5, 1.0), (9, 0.0)], between="lines"),
    "one point": table([(3, 0.5)], between="lines"),
    "one_cycle": schedules.one_cycle(12),
    "three phases": schedules.one_cycle(17, phases=3, shape="linear"),
    "cyclic": schedules.cyclic(3, 4, height=0.5, gamma=0.99),
    "restarts": restarts(4, stretch=1.5, height=0.9, end=0.1),
    "three restarts": restarts(4, stretch=2, times=3),
    "repeat": schedules.repeat(warmup(3).then(linear(4)), 3, height=0.5),
    "until": exponential(0.9).until(5).then(linear(3)),
    "function": schedules.function(double),
    "scaled": 0.3 * warmup(2).then(cosine(5)),
    "product": 0.3 * cosine(7) * exponential(0.9),
    "sum": constant(0.1) + constant(0.9) * cosine(7),
}
"""One of each kind; all change within 20 updates, except the constant."""


def torch_rates(make: Callable[[Any], Any], steps: int, *, base: float = BASE) -> list[float]:
    """The rates that a scheduler of torch gives to the first so many updates."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=base, momentum=0.9)
    scheduler = make(optimizer)
    rates = []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


def difference(schedule: Schedule, rates: list[float]) -> float:
    """The largest one, one call at a time and all at once."""
    alone = [schedule(t) for t in range(len(rates))]
    together = schedule(range(len(rates))).tolist()
    return float(max(abs(a - rate) for ours in (alone, together) for a, rate in zip(ours, rates, strict=True)))


def is_close(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=1e-13, abs_tol=1e-15)
