"""What the values of schedules cost, beside the same formulas in plain NumPy and a step of torch's scheduler.

python benches/schedules.py [--updates 1000000] [--rounds 7]
"""

from __future__ import annotations

import argparse
import math
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch.optim import lr_scheduler

from rung import schedules
from rung.schedules import Schedule

CALLS = 20_000


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--updates", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    n, rounds = arguments.updates, arguments.rounds
    times = np.arange(n)
    print(f"| {n:,} values at once | rung, ms | plain NumPy, ms | rung / NumPy |")
    print("| --- | ---: | ---: | ---: |")
    ratios: dict[str, float] = {}
    for name, (schedule, plain) in families(times).items():
        assert np.abs(schedule(times) - plain()).max() < 1e-12, name
        ours, theirs = measured(lambda schedule=schedule: schedule(times), plain, rounds)
        ratios[name] = ours / theirs
        print(f"| {name} | {ours * 1e3:.1f} | {theirs * 1e3:.1f} | {ratios[name]:.2f} |")
    del ratios["constant"]  # plain NumPy need not look at the updates for it; rung checks them
    worst = max(ratios, key=ratios.__getitem__)
    print(f"\nThe worst but for the constant: {worst}, {ratios[worst]:.2f}\n")
    warm = n // 20
    schedule = 0.3 * schedules.warmup(warm).then(schedules.cosine(end=0.01)).resolve(n)
    ours, theirs = (
        seconds / CALLS * 1e6 for seconds in measured(lambda: alone(schedule, n), lambda: stepped(n, warm), rounds)
    )
    print("| one value, µs | rung | a step of torch's scheduler | rung / torch |")
    print("| --- | ---: | ---: | ---: |")
    print(f"| warmup, cosine | {ours:.2f} | {theirs:.2f} | {ours / theirs:.2f} |")


def families(t: np.ndarray) -> dict[str, tuple[Schedule, Callable[[], Any]]]:
    """Name -> a schedule as long as ``t``, and its formula as it is written for an array of updates."""
    n = len(t)
    return {**shapes(t, n), **endless(t), **joined(t, n), **cycles(t, n)}


def shapes(t: np.ndarray, n: int) -> dict[str, tuple[Schedule, Callable[[], Any]]]:
    return {
        "constant": (schedules.constant(0.5), lambda: np.full(n, 0.5)),
        "linear": (schedules.linear(n), lambda: 1 - t / n),
        "linear to an end": (schedules.linear(n, end=0.1), lambda: 1 - 0.9 * t / n),
        "polynomial": (schedules.polynomial(n, power=2), lambda: (1 - t / n) ** 2),
        "cosine": (schedules.cosine(n), lambda: (1 + np.cos(np.pi * t / n)) / 2),
        "cosine, k-decay": (schedules.cosine(n, k=3), lambda: (1 + np.cos(np.pi * (t / n) ** 3)) / 2),
        "1-sqrt": (schedules.one_minus_sqrt(n), lambda: 1 - np.sqrt(t / n)),
        "REX": (schedules.rex(n), lambda: (1 - t / n) / (1 - t / n / 2)),
        "geometric": (schedules.ramp(n, end=0.01, shape="exponential"), lambda: 0.01 ** (t / n)),
        "tanh": (schedules.tanh(n), lambda: (1 - np.tanh(-6 + 9 * t / n)) / 2),
    }


def endless(t: np.ndarray) -> dict[str, tuple[Schedule, Callable[[], Any]]]:
    gamma = 0.01 ** (1 / len(t))
    ten = len(t) // 10
    milestones = [ten, 5 * ten]
    return {
        "square root": (schedules.square_root(), lambda: 1 / np.sqrt(t + 1)),
        "inverse square root": (schedules.inverse_sqrt(400), lambda: np.sqrt(400 / (t + 400))),
        "inverse time": (schedules.inverse_time(0.1, power=0.75), lambda: (1 + 0.1 * t) ** -0.75),
        "noam": (
            schedules.noam(512, 4000),
            lambda: 512**-0.5 * np.minimum((t + 1) ** -0.5, (t + 1) * 4000**-1.5),
        ),
        "exponential": (schedules.exponential(gamma), lambda: gamma**t),
        "exponential with a floor": (schedules.exponential(gamma, floor=0.1), lambda: np.maximum(gamma**t, 0.1)),
        "factor": (schedules.factor(0.5, every=ten), lambda: 0.5 ** (t // ten)),
        "multi-factor": (
            schedules.multi_factor(milestones),
            lambda: 0.1 ** np.searchsorted(milestones, t, side="right"),
        ),
        "lines": (
            schedules.table([(0, 0.0), (ten, 1.0), (len(t), 0.1)], between="lines"),
            lambda: np.interp(t, [0, ten, len(t)], [0.0, 1.0, 0.1]),
        ),
    }


def joined(t: np.ndarray, n: int) -> dict[str, tuple[Schedule, Callable[[], Any]]]:
    warm, down = n // 20, n - n // 5

    def with_warmup() -> np.ndarray:
        decay = 0.01 + 0.99 * (1 + np.cos(math.pi * (t - warm) / (n - warm))) / 2
        return 0.3 * np.where(t < warm, t / warm, decay)

    def with_plateau() -> np.ndarray:
        u = np.maximum(t - down, 0) / (n - down)
        return np.where(t < warm, t / warm, 1 - np.sqrt(u))

    return {
        "warmup, cosine": (0.3 * schedules.warmup(warm).then(schedules.cosine(n - warm, end=0.01)), with_warmup),
        "warmup-stable-decay": (schedules.warmup_stable_decay(warm, down - warm, n - down), with_plateau),
        "product": (schedules.cosine(n) * schedules.linear(n), lambda: (1 + np.cos(np.pi * t / n)) / 2 * (1 - t / n)),
    }


def cycles(t: np.ndarray, n: int) -> dict[str, tuple[Schedule, Callable[[], Any]]]:
    peak = 3 * n // 10 - 1
    stretched = schedules.restarts(100, stretch=2)

    def once() -> np.ndarray:
        up = 0.04 + 0.96 * (1 - np.cos(np.pi * t / peak)) / 2
        down = 4e-6 + (1 - 4e-6) * (1 + np.cos(np.pi * (t - peak) / (n - 1 - peak))) / 2
        return np.where(t < peak, up, down)

    def longer() -> np.ndarray:
        cycle = np.floor(np.log2(t / 100 + 1))
        length = 100 * 2**cycle
        return (1 + np.cos(np.pi * ((t - length + 100) / length))) / 2

    def triangles(height: float) -> np.ndarray:
        cycle = t // 4000
        return 0.1 + 0.9 * height**cycle * (1 - np.abs(t / 2000 - 2 * cycle - 1))

    return {
        "one cycle": (schedules.one_cycle(n, peak_at=(peak + 1) / n), once),
        "cyclic": (schedules.cyclic(2000), lambda: 0.1 + 0.9 * (1 - np.abs(t / 2000 - 2 * (t // 4000) - 1))),
        "cyclic, lower each time": (schedules.cyclic(2000, height=0.5), lambda: triangles(0.5)),
        "restarts": (schedules.restarts(10_000), lambda: (1 + np.cos(np.pi * (t % 10_000) / 10_000)) / 2),
        "restarts, longer each time": (stretched, longer),
    }


def alone(schedule: schedules.Schedule, n: int) -> None:
    for t in range(0, n, max(1, n // CALLS)):
        schedule(t)


def stepped(n: int, warm: int) -> None:
    """The same rates by torch, once per update; the optimiser's own step is left out."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.3)
    optimizer.step()
    parts = [
        lr_scheduler.LinearLR(optimizer, 1e-9, 1, total_iters=warm),
        lr_scheduler.CosineAnnealingLR(optimizer, n - warm, eta_min=0.003),
    ]
    scheduler = lr_scheduler.SequentialLR(optimizer, parts, milestones=[warm])
    optimizer.step()
    for _ in range(CALLS):
        scheduler.step()
        scheduler.get_last_lr()


def measured(first: Callable[[], object], second: Callable[[], object], rounds: int) -> tuple[float, float]:
    """CPU seconds of each, medians; they take turns."""
    spent: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for call, seconds in zip((first, second), spent, strict=True):
            began = time.process_time()
            call()
            seconds.append(time.process_time() - began)
    return statistics.median(spent[0]), statistics.median(spent[1])


if __name__ == "__main__":
    main()
