"""Methods that stop or pause trainings, beside those of other projects, at budgets of 1, 2, 4 and 10 full trainings.

python benches/schedulers.py                        # one worker, four tasks, 20 seeds
python benches/schedulers.py --workers 4
python benches/schedulers.py --slow --seeds 5       # with ASHA-CQR, which takes half a minute of CPU for a run
python benches/schedulers.py --problems appendix    # all other tasks of the surrogate that may be looked at

Every method runs once per task and seed with the whole budget; smaller budgets are read off the same runs, as no method
is told its budget. Needs the extra `peers`, and RUNG_BENCH_DATA or --data-dir. Finished runs are kept in --out.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from compare import print_table
from msgspec import structs

from rung.analysis.comparison.bootstrap import Interval
from rung.analysis.comparison.comparing import compare_runs
from rung.analysis.comparison.report.numbers import interval, seconds
from rung.analysis.comparison.result import Comparison
from rung.analysis.comparison.runs import Budget, Run
from rung.benchmarks.runner import run_benchmark
from rung.provenance import describe_machine

EPOCHS = 52
BUDGETS = (EPOCHS, 2 * EPOCHS, 4 * EPOCHS, 10 * EPOCHS)
METHODS = (
    "freeze-thaw+random",
    "asha(grace_period=3)+random",
    "asha(grace_period=3)+tpe",
    "asha(grace_period=3)+gp",
    "asha+random",
    "asha(grace_period=3,variant=promotion)+random",
    "hyperband+random",
    "hyperband+tpe",
    "halving(grace_period=3)+random",
    "pasha(grace_period=3)+random",
    "median+random",
    "iepoch(epochs=5)+random",
    "gp",
    "random",
    "optuna:asha+tpe",
    "optuna:hyperband+tpe",
    "optuna:median+tpe",
    "synetune:asha",
    "synetune:asha+bore",
    "synetune:bohb",
)
SLOW = ("synetune:asha+cqr",)  # half a minute of CPU for a run
PROBLEMS = {
    "headline": ("lcbench:3945", "lcbench:167152", "lcbench:167181", "lcbench:168868"),
    "appendix": ("lcbench:7593", "lcbench:126026", "lcbench:168335", "lcbench:189908"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--problems", choices=PROBLEMS, default="headline")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--slow", action="store_true", help="with the methods that take long")
    parser.add_argument("--jobs", type=int, help="runs at a time; by default as many as there are cores")
    parser.add_argument("--out", type=Path, help="folder of the runs; by default bench-out/schedulers")
    parser.add_argument("--data-dir", default=os.environ.get("RUNG_BENCH_DATA"))
    arguments = parser.parse_args()
    out = arguments.out or Path("bench-out") / f"schedulers-{arguments.problems}-{arguments.workers}"
    methods = (*METHODS, *SLOW) if arguments.slow else METHODS
    results = run_benchmark(
        methods,
        PROBLEMS[arguments.problems],
        seeds=arguments.seeds,
        budget=f"steps:{BUDGETS[-1]}",
        workers=arguments.workers,
        jobs=arguments.jobs,
        out=out,
        data_dir=arguments.data_dir,
    )
    runs = [run for run in results.runs if run.method in methods and run.seed < arguments.seeds]
    print_comparisons(runs, seeds=arguments.seeds, workers=arguments.workers)


def print_comparisons(runs: Sequence[Run], *, seeds: int, workers: int) -> None:
    problems = ", ".join(sorted({run.problem for run in runs}))
    print(f"Problems: {problems}; {seeds} seeds each; workers: {workers}.\n")
    at_any = {budget: _at(runs, budget) for budget in BUDGETS}
    completed = _at([structs.replace(run, points=run.completed) for run in runs], BUDGETS[-1])
    print("Mean normalised regret of the best value at any epoch, and of completed trials:\n")
    means = {budget: _means(found) for budget, found in at_any.items()}
    overheads = {each.method: each for each in at_any[BUDGETS[-1]].overheads}
    finished = _means(completed)
    rows = [
        (
            method,
            *(means[budget][method] for budget in BUDGETS),
            finished[method],
            seconds(overheads[method].decide_s_per_evaluation),
            seconds(overheads[method].cpu_s),
        )
        for method in _best_first(at_any[BUDGETS[-1]])
    ]
    head = ("method", *(f"{budget} epochs" for budget in BUDGETS), f"completed, {BUDGETS[-1]}", "deciding", "CPU")
    print_table((*head[:-2], "deciding per trial", "CPU per run"), rows)
    for budget in BUDGETS[-2:]:
        print_differences(at_any[budget], budget)
    versions = at_any[BUDGETS[-1]].versions
    listed = ", ".join(f"{name} {'/'.join(each)}" for name, each in versions.items())
    print(f"\n{listed}. {describe_machine()}. {sum(run.cpu_s for run in runs):.0f} s of CPU time in all.\n")


def print_differences(found: Comparison, budget: int) -> None:
    """The best method against each other one, and whether the two are told apart."""
    best = _best_first(found)[0]
    print(f"\nAfter {budget} epochs, {best} less each other one, paired by task and seed (it is better below 0):\n")
    rows = []
    for method in _best_first(found)[1:]:
        pair = next(each for each in found.pairs if {each.first, each.second} == {best, method})
        difference = pair.interval
        if difference is not None and pair.first != best:
            difference = Interval(-difference.estimate, -difference.high, -difference.low)
        shown = "" if difference is None else interval(difference)
        rows.append((method, shown, f"{pair.p_holm:.3f}", "yes" if pair.is_told else "no"))
    print_table(("method", "difference", "p after Holm", "told apart"), rows)


def _at(runs: Sequence[Run], budget: int) -> Comparison:
    """The comparison at a smaller budget, of steps."""
    return compare_runs(
        [_cut(run, budget) for run in runs], methods=[each for each in (*METHODS, *SLOW) if _has(runs, each)]
    )


def _has(runs: Sequence[Run], method: str) -> bool:
    return any(run.method == method for run in runs)


def _cut(run: Run, budget: int) -> Run:
    within = [point for point in run.points if point.n_steps <= budget]
    end = structs.replace(within[-1], n_steps=min(budget, run.points[-1].n_steps)) if within else run.points[0]
    return structs.replace(run, points=(*within, end), budget=Budget("steps", budget, run.budget.workers), completed=())


def _means(found: Comparison) -> dict[str, str]:
    return {each.method: "" if each.mean is None else interval(each.mean) for each in found.aggregates}


def _best_first(found: Comparison) -> list[str]:
    means = {each.method: each.mean.estimate if each.mean is not None else float("inf") for each in found.aggregates}
    return sorted(means, key=means.__getitem__)


if __name__ == "__main__":
    main()
