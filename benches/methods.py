"""The methods of rung beside those of other projects, by `rung bench`'s own runner and report.

python benches/methods.py evaluations   # 50 full trainings each
python benches/methods.py steps         # the steps of 20 full trainings each, for methods that stop trainings early

Needs the extra `peers`, and for the surrogates RUNG_BENCH_DATA or --data-dir. Finished runs are kept in --out.
"""

from __future__ import annotations

import argparse
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
    workers: int = 1


BENCHES = {
    "evaluations": Bench(
        ("random", "tpe", "gp", "optuna:tpe", "hyperopt:tpe", "nevergrad:cma"),
        ("branin", "hartmann6", "ackley:10", "mixed", "lcbench:3945", "lcbench:167152"),
        "evaluations:50",
    ),
    "steps": Bench(
        (
            "random",
            "asha+random",
            "asha(variant=promotion)+random",
            "asha+tpe",
            "optuna:asha+random",
            "optuna:asha+tpe",
            "optuna:hyperband+tpe",
            "synetune:asha",
        ),
        ("curves:hartmann6", "curves:ackley:10", "lcbench:3945", "lcbench:167152", "lcbench:167181", "lcbench:168868"),
        "trainings:20",
        workers=4,
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench", choices=BENCHES)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--out", type=Path, help="folder of the runs; by default bench-out/<bench>")
    parser.add_argument("--data-dir", default=os.environ.get("RUNG_BENCH_DATA"))
    arguments = parser.parse_args()
    bench, out = BENCHES[arguments.bench], arguments.out or Path("bench-out") / arguments.bench
    results = run_benchmark(
        bench.methods,
        bench.problems,
        seeds=arguments.seeds,
        budget=bench.budget,
        workers=bench.workers,
        out=out,
        data_dir=arguments.data_dir,
    )
    runs = [run for run in results.runs if run.method in bench.methods and run.seed < arguments.seeds]
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
    print("\n" + " ".join(verdict(comparison)) + "\n")
    for warning in comparison.warnings:
        print(f"- {warning}")
    versions = ", ".join(f"{name} {'/'.join(each)}" for name, each in comparison.versions.items())
    print(f"\n{versions}. {describe_machine()}. {cpu_s:.0f} s of CPU time in all. Report: `{page}`.\n")


if __name__ == "__main__":
    main()
