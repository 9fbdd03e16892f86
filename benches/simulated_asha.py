"""How long it takes to simulate ASHA with 1,000 workers and 20,000 trials, store included.

python benches/simulated_asha.py [--workers 1000] [--trials 20000] [--store memory|PATH]
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Iterator

import rung
from rung.backends.simulated import Simulated
from rung.types import TrialState

MAX_T = 81


def objective(rate: float, width: int, max_epochs: int = MAX_T) -> Iterator[float]:
    floor = 0.05 + abs(math.log10(rate) + 2) / 10 + 1 / width
    for epoch in range(1, max_epochs + 1):
        yield floor + (1 - floor) * epoch**-0.7


def runtime(config: rung.types.Config, step: int) -> float:  # noqa: ARG001  # the shape that the backend calls
    return 10.0 + config["width"] / 16


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--workers", type=int, default=1000)
    parser.add_argument("--trials", type=int, default=20_000)
    parser.add_argument("--store", default="memory")
    parser.add_argument("--variant", default="stopping", choices=["stopping", "promotion"])
    arguments = parser.parse_args()
    space = {"rate": rung.loguniform(1e-5, 1.0), "width": rung.lograndint(16, 1024)}
    searcher, variant = rung.RandomSearcher(space), arguments.variant
    scheduler = rung.ASHA(searcher, max_t=MAX_T, grace_period=1, reduction_factor=3, variant=variant)
    backend = Simulated(arguments.workers, runtime=runtime)
    tuner = rung.Tuner(objective, scheduler, store=arguments.store, backend=backend, seed=0)
    began, cpu = time.perf_counter(), time.process_time()
    study = tuner.run(max_trials=arguments.trials)
    wall, cpu = time.perf_counter() - began, time.process_time() - cpu
    trials = study.trials
    reports = sum(trial.last_step for trial in trials)
    full = sum(trial.state is TrialState.COMPLETED for trial in trials)
    print("| workers | trials | reports | trained to the end | virtual hours | seconds | CPU seconds |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    virtual = study.row.at / 3600
    print(f"| {arguments.workers} | {len(trials)} | {reports} | {full} | {virtual:.1f} | {wall:.1f} | {cpu:.1f} |")


if __name__ == "__main__":
    main()
