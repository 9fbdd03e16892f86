"""What a value of a schedule costs, beside plain NumPy and a step of torch's scheduler.

python benches/schedules.py [--updates 1000000] [--rounds 7]
"""

from __future__ import annotations

import argparse
import math
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from torch.optim import lr_scheduler

from rung import schedules

CALLS = 20_000


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--updates", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    n = arguments.updates
    warm = n // 20
    schedule = 0.3 * schedules.warmup(warm).then(schedules.cosine(end=0.01)).resolve(n)
    times = np.arange(n)

    def plain() -> np.ndarray:
        decay = 0.01 + 0.99 * (1 + np.cos(math.pi * (times - warm) / (n - warm))) / 2
        return 0.3 * np.where(times < warm, times / warm, decay)

    assert np.abs(schedule(times) - plain()).max() < 1e-12
    print("| what | rung | other | rung / other |")
    print("| --- | ---: | ---: | ---: |")
    ours, theirs = measured(lambda: schedule(times), plain, arguments.rounds)
    print(f"| {n:,} values at once, ms; plain NumPy | {ours * 1e3:.1f} | {theirs * 1e3:.1f} | {ours / theirs:.2f} |")
    ours, theirs = measured(lambda: alone(schedule, n), lambda: stepped(n, warm), arguments.rounds)
    ours, theirs = ours / CALLS * 1e6, theirs / CALLS * 1e6
    print(f"| one value, µs; a step of torch's scheduler | {ours:.2f} | {theirs:.2f} | {ours / theirs:.2f} |")


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
