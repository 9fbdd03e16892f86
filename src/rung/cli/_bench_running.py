"""``rung bench run``: what is going to be run, the run itself, and what came of it."""

from __future__ import annotations

import os
import shlex
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from rung.benchmarks.budgets import budget_text
from rung.benchmarks.runner import carry_out, results_in
from rung.cli._bench_progress import failure_text, shown, write_json_line
from rung.cli._output import print_facts, print_json, print_table
from rung.cli.main import INTERRUPTED, NOTHING_SUCCEEDED, tell
from rung.console.wording import clock, plural
from rung.provenance import usable_cores

if TYPE_CHECKING:
    from rung.analysis.comparison.runs import Run
    from rung.benchmarks.plan import Plan

_MOST_FAILURES: Final = 20


def tell_skipped(plan: Plan) -> None:
    """Say which methods can't be run here."""
    for each in plan.skipped:
        tell(f"{each.method} is skipped: {each.why}", each.hint)


def show_plan(plan: Plan, out: Path, *, as_json: bool, retry_failed: bool) -> None:
    """What would be run. SettingError when the folder has other runs."""
    there = results_in(out)
    plan.refuse_others(there, out)
    left = plan.left(there, retry_failed=retry_failed)
    if as_json:
        fields = ("problem", "method", "seed")
        print_json([dict(zip(fields, each.key, strict=True)) for each in left])
        return
    _describe(plan, len(left))
    for each in left:
        click.echo(str(each.key))


def conduct(
    plan: Plan,
    out: Path,
    mode: str,
    command: str,
    *,
    jobs: int | None,
    run_limit: float | None,
    retry_failed: bool,
) -> int:
    """Run the plan and say what came of it; returns the exit code. command: the line that goes on with it."""
    plan.refuse_others(results_in(out), out)  # before anything is said
    if mode not in {"json", "off"}:
        _describe(plan, None, jobs=jobs or usable_cores())
    began, before = time.monotonic(), _cpu_s()
    try:
        with shown(mode) as show:
            results = carry_out(plan, out, jobs=jobs, run_limit=run_limit, retry_failed=retry_failed, show=show)
    except KeyboardInterrupt:
        kept = len(plan.keys & results_in(out).keys)
        tell(f"interrupted; {kept} of {plural(len(plan.keys), 'run')} are kept.", f"Go on with it by: {command}")
        return INTERRUPTED
    runs = [run for run in results.runs if run.key in plan.keys]
    elapsed_s, cpu_s = time.monotonic() - began, _cpu_s() - before
    if mode == "json":
        write_json_line(sys.stdout, {"type": "summary", **_summary(plan, runs, elapsed_s, cpu_s), "out": str(out)})
    elif mode != "off":
        _print_summary(runs, out, elapsed_s, cpu_s)
    return NOTHING_SUCCEEDED if all(run.failed for run in runs) else 0


def _describe(plan: Plan, left: int | None, *, jobs: int | None = None) -> None:
    """What is compared, as a head."""
    parts = [
        plural(len(plan.methods), "method"),
        plural(len(plan.problems), "problem"),
        plural(len(plan.seeds), "seed"),
    ]
    budgets = {budget_text(plan.allowance.on(each)): each.name for each in plan.problems}
    allowed = f"{plan.allowance.unit}:{plan.allowance.amount:g}" if len(budgets) > 1 else next(iter(budgets))
    head = f"{' × '.join(parts)}, {plural(len(plan.keys), 'run')} of {allowed}"
    if left is not None:
        head += f"; {left} to be made"
    if jobs is not None:
        head += f", {jobs} at once"
    click.echo(f"{head}.")


def _print_summary(runs: Sequence[Run], out: Path, elapsed_s: float, cpu_s: float) -> None:
    click.echo()
    titles = ("method", "runs", "failed", "CPU s", "CPU s/run", "deciding s/run")
    print_table(titles, [_row(method, found) for method, found in _by_method(runs).items()], right=titles[1:])
    click.echo()
    failures = [run for run in runs if run.failed]
    for run in failures[:_MOST_FAILURES]:
        click.echo(failure_text(run))
    if len(failures) > _MOST_FAILURES:
        click.echo(f"and {len(failures) - _MOST_FAILURES} more that failed")
    if failures:
        click.echo("Make them again with --retry-failed.\n")
    print_facts([
        ("results", f"{plural(len(runs), 'run')} in {out}"),
        ("time", f"{clock(elapsed_s)}, and {clock(cpu_s)} on all processors"),
        ("next", f"rung bench report {shlex.quote(str(out))} --out report.html"),
    ])  # fmt: skip


def _row(method: str, runs: Sequence[Run]) -> tuple[str, ...]:
    cpu_s = sum(run.cpu_s for run in runs)
    ends = [run.points[-1].decide_s for run in runs if run.points]
    deciding = f"{sum(ends) / len(ends):.3g}" if ends else "—"
    failed = sum(bool(run.failed) for run in runs)
    return method, str(len(runs)), str(failed), f"{cpu_s:.1f}", f"{cpu_s / len(runs):.3g}", deciding


def _summary(plan: Plan, runs: Sequence[Run], elapsed_s: float, cpu_s: float) -> dict[str, Any]:
    return {
        "runs": len(runs),
        "failed": [{"problem": run.problem, "method": run.method, "seed": run.seed, "why": run.failed}
                   for run in runs if run.failed],
        "skipped": [each._asdict() for each in plan.skipped],
        "elapsed_s": elapsed_s,
        "cpu_s": cpu_s,
        "cpu_s_of": {method: sum(run.cpu_s for run in found) for method, found in _by_method(runs).items()},
    }  # fmt: skip


def _by_method(runs: Sequence[Run]) -> dict[str, list[Run]]:
    found: dict[str, list[Run]] = {}
    for run in runs:
        found.setdefault(run.method, []).append(run)
    return dict(sorted(found.items()))


def _cpu_s() -> float:
    """Processor seconds of this process and of all that it has started and waited for."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system
