"""The methods of rung beside those of other projects, by `rung bench`'s own runner and report.

python benches/methods.py functions  # 50 evaluations of six test functions
python benches/methods.py tasks      # 50 full trainings of models, most of them from surrogates
python benches/methods.py appendix   # the same on tasks whose best configurations lie in corners of the space
python benches/methods.py smac       # the functions with SMAC, which takes a minute of CPU for a run
python benches/methods.py lenet      # 25 trainings of LeNet on 10,000 images of Fashion-MNIST: half a CPU hour a seed

Needs the extra `peers`, and for the surrogates RUNG_BENCH_DATA or --data-dir. Finished runs are kept in --out.
"""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from compare import print_table

from rung.analysis.comparison.comparing import compare_runs
from rung.analysis.comparison.report import circumstances_of, verdict, write_report
from rung.analysis.comparison.report.numbers import interval, seconds
from rung.analysis.comparison.report.verdict import best_first
from rung.benchmarks.runner import run_benchmark
from rung.provenance import describe_machine

if TYPE_CHECKING:
    from rung.analysis.comparison.result import Comparison


class Bench(NamedTuple):
    """What is compared on what."""

    methods: Sequence[str]
    problems: Sequence[str]
    budget: str
    seeds: int = 10


_CHECKED = (10, 25, 50)
_LEARNERS = ("auto", "gp", "tpe", "optuna:gp", "optuna:tpe", "hyperopt:tpe", "random")

BENCHES = {
    "functions": Bench(
        _LEARNERS,
        ("branin", "hartmann6", "rosenbrock:5", "ackley:10", "mixed", "conditional"),
        "evaluations:50",
        seeds=20,
    ),
    "tasks": Bench(
        _LEARNERS,
        (
            "lcbench:3945",
            "lcbench:167152",
            "lcbench:167181",
            "lcbench:168868",
            "rbv2_rpart:1476",
            "rbv2_rpart:41138",
            "svm",
        ),
        "evaluations:50",
    ),
    "appendix": Bench(
        _LEARNERS,
        (
            "lcbench:7593",
            "lcbench:126026",
            "lcbench:168335",
            "lcbench:189908",
            "rbv2_xgboost:1040",
            "rbv2_xgboost:23",
            "rbv2_xgboost:1489",
            "rbv2_xgboost:40981",
        ),
        "evaluations:50",
    ),
    "smac": Bench(
        ("gp", "tpe", "smac:bb", "smac:hpo"),
        ("branin", "hartmann6", "rosenbrock:5", "ackley:10", "mixed", "conditional"),
        "evaluations:50",
        seeds=5,
    ),
    "lenet": Bench(
        ("gp", "tpe", "optuna:gp", "optuna:tpe", "random"), ("lenet:fashion-mnist",), "evaluations:25", seeds=5
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench", choices=BENCHES)
    parser.add_argument("--seeds", type=int, help="by default 20 on functions, 5 with SMAC and of lenet, else 10")
    parser.add_argument("--jobs", type=int, help="runs at a time; by default as many as there are cores")
    parser.add_argument("--out", type=Path, help="folder of the runs; by default bench-out/<bench>")
    parser.add_argument("--data-dir", default=os.environ.get("RUNG_BENCH_DATA"))
    arguments = parser.parse_args()
    bench, out = BENCHES[arguments.bench], arguments.out or Path("bench-out") / arguments.bench
    seeds = arguments.seeds or bench.seeds
    results = run_benchmark(
        bench.methods,
        bench.problems,
        seeds=seeds,
        budget=bench.budget,
        jobs=arguments.jobs,
        out=out,
        data_dir=arguments.data_dir,
    )
    runs = [run for run in results.runs if run.method in bench.methods and run.seed < seeds]
    comparison = compare_runs(runs, methods=bench.methods)
    page, *_ = write_report(comparison, circumstances_of(runs, source=str(out)), out / "report.html")
    print_results(comparison, cpu_s=sum(run.cpu_s for run in runs), page=page)


def print_results(comparison: Comparison, *, cpu_s: float, page: Path) -> None:
    seeds = {len(problem.seeds) for problem in comparison.problems}
    print(f"Problems: {', '.join(comparison.shared)}; {'/'.join(map(str, sorted(seeds)))} seeds each.\n")
    aggregates = {each.method: each for each in comparison.aggregates}
    overheads = {each.method: each for each in comparison.overheads}
    rows = [
        (
            name,
            interval(aggregates[name].mean),
            interval(aggregates[name].interquartile_mean),
            f"{aggregates[name].rank[-1]:.2f}",
            seconds(overheads[name].decide_s_per_evaluation),
            seconds(overheads[name].cpu_s),
        )
        for name in best_first(comparison)
    ]
    print_table(("method", "mean regret", "interquartile mean", "rank", "deciding per evaluation", "CPU per run"), rows)
    print_ranks(comparison)
    print_medians(comparison)
    print("\n" + " ".join(verdict(comparison)) + "\n")
    for warning in comparison.warnings:
        print(f"- {warning}")
    versions = ", ".join(f"{name} {'/'.join(each)}" for name, each in comparison.versions.items())
    print(f"\n{versions}. {describe_machine()}. {cpu_s:.0f} s of CPU time in all. Report: `{page}`.\n")


def print_ranks(comparison: Comparison) -> None:
    """The mean rank of each method on the way, where the way is counted in evaluations."""
    checked = [at for at in _CHECKED if at <= round(comparison.grid[-1])]
    if comparison.is_share or checked[-1:] != [round(comparison.grid[-1])]:
        return
    columns = [min(range(len(comparison.grid)), key=lambda k: abs(comparison.grid[k] - at)) for at in checked]
    ranks = {each.method: [each.rank[column] for column in columns] for each in comparison.aggregates}
    rows = [(name, *("" if rank is None else f"{rank:.2f}" for rank in ranks[name])) for name in best_first(comparison)]
    print("\nMean rank on the way:\n")
    print_table(("method", *(f"after {at} evaluations" for at in checked)), rows)


def print_medians(comparison: Comparison) -> None:
    """The median regret of each method on each problem, as a share of the median of random configurations'."""
    medians: dict[str, list[float]] = {name: [] for name in comparison.methods}
    for problem in comparison.problems:
        for method in problem.methods:
            value = math.inf if method.median is None else method.median
            loss = -value if problem.goal.mode == "max" else value
            medians[method.method].append((loss - problem.scale.best) / (problem.scale.median - problem.scale.best))
    rows = [
        (name, *(f"{value:.3g}" for value in medians[name]), f"{_geometric_mean(medians[name]):.3g}")
        for name in best_first(comparison)
    ]
    print("\nMedian normalised regret:\n")
    print_table(("method", *(each.problem for each in comparison.problems), "geometric mean"), rows)


def _geometric_mean(values: Sequence[float]) -> float:
    """Values below a thousandth count as that: how exactly an optimum is met is not what matters."""
    return math.exp(sum(math.log(max(value, 1e-3)) for value in values) / len(values))


if __name__ == "__main__":
    main()
