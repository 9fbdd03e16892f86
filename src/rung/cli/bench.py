"""``rung bench``: compare methods on problems."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from rung.cli._bench_options import (
    DATA_VARIABLE,
    comma_option,
    command_line,
    complete_axis,
    complete_methods,
    complete_problems,
    split_words,
)  # fmt: skip
from rung.cli._group import CommandGroup
from rung.cli._options import (
    COUNT,
    UsageProblem,
    debug_option,
    json_option,
    leave_to_shell,
    progress_options,
    read_duration,
)
from rung.errors import SettingError

_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.group(cls=CommandGroup)
@debug_option
def bench() -> None:
    """Compare methods on problems, over many seeds."""


@bench.command(context_settings={"show_default": True})
@comma_option("--methods", complete_methods, required=True, help="What to compare: random,asha+random,optuna:tpe.")
@comma_option("--problems", complete_problems, required=True, help="On what: problems, or sets of them.")
@click.option("--seeds", default="10", metavar="N", help="How many, or which: 30, 5-9, 0,3,7.")
@click.option("--budget", default="50", metavar="B", help="Of a run: 50, steps:2000, trainings:20, wall:1h.")
@click.option("--workers", type=COUNT, default=1, help="Trials at once within a run, on the problem's clock.")
@click.option("--initial", type=click.IntRange(min=0), default=3, help="Random points that all methods begin with.")
@click.option("--jobs", type=COUNT, show_default="the number of cores", help="Runs at once.")
@click.option("--run-limit", metavar="TIME", callback=read_duration, help="End a run after 10min, 2h, …, as failed.")
@click.option("--retry-failed", is_flag=True, help="Make runs that have failed again.")
@click.option("--data-dir", type=_FOLDER, envvar=DATA_VARIABLE, show_envvar=True, help="Where the problems' data are.")
@click.option("--out", type=_FOLDER, required=True, shell_complete=leave_to_shell, help="The folder for the results.")
@click.option("--dry-run", is_flag=True, help="Say what would be run, and run nothing.")
@progress_options
@click.option("-q", "--quiet", is_flag=True, help="The same as --progress off.")
@debug_option
@click.pass_context
def run(  # noqa: PLR0917  click gives them by name
    context: click.Context,
    methods: Sequence[str],
    problems: Sequence[str],
    seeds: str,
    budget: str,
    workers: int,
    initial: int,
    jobs: int | None,
    run_limit: float | None,
    data_dir: Path | None,
    out: Path,
    progress: str,
    *,
    retry_failed: bool,
    dry_run: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Run methods on problems, each with the same seeds, budget and first configurations.

    \b
    rung bench run --methods random,asha+random,optuna:tpe --problems classical --out results
    rung bench run --methods random,sobol --problems lcbench:3945 --seeds 30 --budget trainings:20 --out results

    Each run is kept in OUT/runs.jsonl as soon as it is over. The same command goes on where it was interrupted, and a
    longer list of methods, problems or seeds adds what is missing. Exit codes: 1 an error, 2 a wrong command line,
    3 every run failed, 130 interrupted.
    """  # noqa: D301  click wants the bare \b
    from rung.benchmarks.plan import plan_benchmark
    from rung.cli._bench_running import conduct, show_plan, tell_skipped

    _import_from_here()
    command = command_line(context)
    try:
        plan = plan_benchmark(
            split_words(methods),
            split_words(problems),
            seeds=seeds,
            budget=budget,
            workers=workers,
            n_initial=initial,
            data_dir=data_dir,
            command=command,
        )
    except SettingError as error:
        raise UsageProblem(error.sentence, hint=error.hint) from error
    tell_skipped(plan)
    if dry_run:
        show_plan(plan, out, as_json=as_json, retry_failed=retry_failed)
        return 0
    mode = "off" if quiet else "json" if as_json else progress
    return conduct(plan, out, mode, command, jobs=jobs, run_limit=run_limit, retry_failed=retry_failed)


@bench.command()
@click.argument("folder", metavar="DIR", type=_FOLDER, shell_complete=leave_to_shell)
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="The page.  [default: DIR/report.html]")
@comma_option("--methods", complete_methods, help="Only these, in this order.")
@comma_option("--problems", complete_problems, help="Only these.")
@click.option("--axis", metavar="AXIS", shell_complete=complete_axis, help="Along which; by default the budget's.")
@click.option("--title", default="", metavar="TEXT", help="What stands at the top.")
@click.option("--no-page", is_flag=True, help="Print the result, and write nothing.")
@json_option
@debug_option
def report(  # noqa: PLR0917  click gives them by name
    folder: Path,
    out: Path | None,
    methods: Sequence[str],
    problems: Sequence[str],
    axis: str | None,
    title: str,
    *,
    no_page: bool,
    as_json: bool,
) -> None:
    """Say what the runs in DIR show, and write a page about it, with the same in Markdown beside it.

    \b
    rung bench report results
    rung bench report results --methods random,optuna:tpe --axis steps --out tpe.html

    Works while the benchmark still runs. Lines of DIR/runs.jsonl that can't be used are named.
    """  # noqa: D301  click wants the bare \b
    from rung.cli._bench_report import compared, print_result, write_page

    found = compared(folder, split_words(methods), split_words(problems), axis)
    pages = () if no_page else write_page(found, out or folder / "report.html", title=title)
    print_result(found, pages, as_json=as_json)


@bench.command(name="list")
@click.option("--methods", "kind", flag_value="methods", help="Only the methods.")
@click.option("--problems", "kind", flag_value="problems", help="Only the problems.")
@click.option("--data-dir", type=_FOLDER, envvar=DATA_VARIABLE, show_envvar=True, help="Where the problems' data are.")
@json_option
@debug_option
def list_(kind: str | None, data_dir: Path | None, *, as_json: bool) -> None:
    """List the methods and problems that can be compared here.

    A method that needs a package says how to install it; a problem says what is known of it.
    """
    from rung.cli._bench_list import methods_there, print_methods, print_problems, problems_there
    from rung.cli._output import print_json

    methods = methods_there() if kind != "problems" else []
    problems = problems_there(data_dir) if kind != "methods" else []
    if as_json:
        print_json({name: rows for name, rows in (("methods", methods), ("problems", problems)) if rows})
        return
    if methods:
        print_methods(methods)
    if methods and problems:
        click.echo()
    if problems:
        print_problems(problems)


def _import_from_here() -> None:
    """Methods may be named as ``module:Class`` in the working directory."""
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.insert(0, here)
