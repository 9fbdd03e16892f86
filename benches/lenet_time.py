"""How soon methods find what random search finds in the end: LeNet on 10,000 images of Fashion-MNIST, really trained.

python benches/lenet_time.py [--seconds 60] [--seeds 5]

Every method has the same seconds of training, one trial at a time; the time to decide stands apart. The target of a
seed is what random search has found with it when the time is up. Needs RUNG_BENCH_DATA or --data-dir, and the extras
`torch`, `optuna`. Finished runs are kept in --out.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
from pathlib import Path

from compare import print_table

from rung.analysis.comparison.runs import Run
from rung.benchmarks.runner import run_benchmark
from rung.provenance import describe_machine

METHODS = ("random", "asha+random", "hyperband+random", "freeze-thaw+random", "optuna:hyperband+tpe")
PROBLEM = "lenet:fashion-mnist"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--out", type=Path, default=Path("bench-out/lenet-time"), help="folder of the runs")
    parser.add_argument("--data-dir", default=os.environ.get("RUNG_BENCH_DATA"))
    arguments = parser.parse_args()
    results = run_benchmark(
        METHODS,
        [PROBLEM],
        seeds=arguments.seeds,
        budget=f"simulated:{arguments.seconds}s",
        jobs=1,
        out=arguments.out,
        data_dir=arguments.data_dir,
    )
    runs = {(run.method, run.seed): run for run in results.runs if run.seed < arguments.seeds}
    targets = {seed: runs["random", seed].points[-1].best for seed in range(arguments.seeds)}
    rows = []
    for method in METHODS:
        mine = [runs[method, seed] for seed in range(arguments.seeds)]
        times = [_seconds_to(run, targets[run.seed]) for run in mine]
        shown = ["never" if math.isinf(each) else f"{each:.0f}" for each in times]
        median = statistics.median(times)
        final = statistics.median(run.points[-1].best for run in mine)
        decided = statistics.median(run.points[-1].decide_s for run in mine)
        rows.append(
            (method, "never" if math.isinf(median) else f"{median:.0f} s", ", ".join(shown), final, f"{decided:.1f} s")
        )
    print(f"{arguments.seconds} s of training each, {arguments.seeds} seeds; {PROBLEM}.\n")
    print_table(("method", "median time", "of each seed", "median error at the end", "deciding, in all"), rows)
    print(f"\n{describe_machine()}.\n")


def _seconds_to(run: Run, error: float) -> float:
    """Seconds of training until a run has an error no higher; infinite when it never has."""
    return next((point.simulated_s for point in run.points if point.best is not None and point.best <= error), math.inf)


if __name__ == "__main__":
    main()
