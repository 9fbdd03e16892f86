"""What `rung.benchmarks.problems._references` knows of problems that are really trained.

    python benches/problem_references.py [--draws 60] [--data DIR] [NAME ...]

Trains random configurations to their end, all with seed 0, on one thread, and prints the best value at any step and
the median at the last one. Without a folder that holds `fashion-mnist/`, its problems are left out.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from pathlib import Path

import numpy as np
import torch

from rung.benchmarks.problems import sklearn_models, training
from rung.benchmarks.problems.measured import Measured


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--draws", type=int, default=60)
    parser.add_argument("--data", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    for problem in all_problems(options.data):
        if not options.names or problem.name in options.names:
            best, median = reference(problem, options.draws)
            print(f'    "{problem.name}": ({best!r}, {median!r}),', flush=True)


def all_problems(data: Path | None) -> list[Measured]:
    problems = [sklearn_models.svm(), sklearn_models.forest(), sklearn_models.boosting()]
    problems += [training.mlp(), training.lenet()]
    if data is not None:
        problems += [make(training.FASHION_MNIST, data_dir=data) for make in (training.mlp, training.lenet)]
    return problems


def reference(problem: Measured, draws: int) -> tuple[float, float]:
    rng = np.random.default_rng(0)
    sign = 1.0 if problem.goal.mode == "min" else -1.0
    best, ends = float("inf"), []
    for draw in range(draws):
        print(f"{problem.name}: {draw + 1} of {draws}", end="\r", file=sys.stderr)
        values = [step.value for step in problem.train(problem.space.sample(rng), 0)]
        best = min(best, *(sign * value for value in values))
        ends.append(values[-1])
    return sign * best, statistics.median(ends)


if __name__ == "__main__":
    main()
