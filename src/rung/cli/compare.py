"""``rung compare``: is one way of searching really better than another?"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rung.analysis.comparison.runs import AXES
from rung.cli._complete import complete_study
from rung.cli._options import (
    COUNT,
    UsageProblem,
    debug_option,
    json_option,
    leave_to_shell,
    reading,
    store_option,
)  # fmt: skip
from rung.cli._where import asking

if TYPE_CHECKING:
    from rung._compare import StudyComparison
    from rung.contracts import Store
    from rung.rows import StudyRow
    from rung.runtime.objective import Objective
    from rung.types import Json


@click.command()
@click.argument("studies", metavar="STUDY...", nargs=-1, required=True, shell_complete=complete_study)
@click.option("--methods", metavar="A,B,…", help="Repeat the study with each of these: random, asha+sobol, …")
@click.option("--seeds", type=COUNT, metavar="N", help="With --methods: so many repeats of each.  [default: 10]")
@click.option("--workers", type=COUNT, metavar="N", help="With --methods: trials at a time.  [default: as the study]")
@click.option("--trials", type=COUNT, metavar="N", help="Only the first N trials of each count.")
@click.option("--axis", type=click.Choice(AXES), help="What curves run along.  [default: evaluations]")
@click.option("--out", metavar="FILE", shell_complete=leave_to_shell, help="Write a report, too: an .html page.")
@store_option
@json_option
@debug_option
def compare(studies: tuple[str, ...], store: str, *, as_json: bool, **options: Any) -> None:
    """Tell which of several methods is better, and how sure that is.

    What a study is set up with is its method; those that differ in their seed alone are repeats. A name may have * in
    it. With --methods the one study is repeated first, with every method and seed; what is there is not run again.

    \b
    rung compare lenet-random lenet-asha --out report.html
    rung compare lenet --methods random,sobol,asha+random --seeds 10
    rung compare "lenet~*" --axis steps
    """  # noqa: D301  click wants the bare \b
    from rung.analysis.comparison.report.writing import check_place
    from rung.cli._output import print_json

    _check(studies, options)
    out = None if options["out"] is None else Path(options["out"]).absolute()
    if out is not None:
        check_place(out)
    with reading(store) as opened:
        if options["methods"] is None:
            found = _compared(opened, studies, options)
        else:
            found = _repeated(opened, studies[0], options, is_shown=not as_json)
    if as_json:
        print_json(found.to_json())
    else:
        _print(found)
    if out is not None:
        found.report(out, command=shlex.join(["rung", *sys.argv[1:]]))
        if not as_json:
            click.echo(f"\n{options['out']}")


def _check(studies: tuple[str, ...], options: Mapping[str, Any]) -> None:
    """UsageProblem for what contradicts itself, before anything is done."""
    if options["methods"] is None:
        for name in ("seeds", "workers"):
            if options[name] is not None:
                raise UsageProblem(f"--{name} is for repeats.", hint="Say of what: --methods random,sobol.")
    elif len(studies) > 1:
        raise UsageProblem(f"--methods repeats one study, not {len(studies)}.", hint="Name one of them.")
    if options["out"] is not None and Path(options["out"]).suffix != ".html":
        raise UsageProblem(f"--out {options['out']} is no page.", hint="Use a name that ends in .html.")


def _compared(store: Store, studies: tuple[str, ...], options: Mapping[str, Any]) -> StudyComparison:
    from rung._compare import compare as compared

    return compared(*studies, store=store, trials=options["trials"], axis=options["axis"])


def _repeated(store: Store, study: str, options: Mapping[str, Any], *, is_shown: bool) -> StudyComparison:
    from rung._repeat import Wanted, repeat
    from rung.analysis.comparison.repeats import repeatable_spec
    from rung.registry import split_methods

    row = store.tables.study(study)
    methods = split_methods(options["methods"])
    with asking():
        for method in methods:
            repeatable_spec(method, max_t=1)
    if len(set(methods)) < 2:
        raise UsageProblem(
            f"--methods names {len(methods) or 'none'}, and to compare takes two.", hint="Write --methods random,sobol."
        )
    wanted = Wanted(
        methods,
        seeds=options["seeds"] or 10,
        trials=options["trials"],
        workers=options["workers"],
        objective=_objective(row),
    )
    return repeat(row, store, wanted, axis=options["axis"], progress="plain" if is_shown else "off")


def _objective(row: StudyRow) -> Objective | None:
    """What the study tunes, found from where it began; a script also runs there, as its words may be relative paths."""
    from rung.cli._session import load_objective

    objective, folder = row.settings.get("objective", row.objective), row.provenance.get("directory")
    if objective is None:
        return None
    if isinstance(objective, str):
        return load_objective(objective, folder)
    if folder is not None and Path(folder).is_dir():
        os.chdir(folder)
    return load_objective(list(objective))


def _print(found: StudyComparison) -> None:
    from rung.analysis.comparison.report.numbers import spent, value
    from rung.cli._output import print_columns
    from rung.console.table import columns_of_cells
    from rung.console.wording import lasted

    click.echo(found.summary())
    click.echo()
    rows = found.table()
    cells = {
        "problem": [row["problem"] for row in rows] if len(found.comparison.problems) > 1 else [],
        "method": [row["method"] for row in rows],
        "runs": [str(row["runs"]) for row in rows],
        "failed": [str(row["failed"]) for row in rows] if any(row["failed"] for row in rows) else [],
        "mean": [_mean(row) for row in rows],
        "median": [value(row["median"]) for row in rows],
        "best": [value(row["best"]) for row in rows],
        "steps": [spent(row["steps"], "steps") for row in rows],
        "time": ["" if row["seconds"] is None else lasted(row["seconds"]) for row in rows],
    }
    print_columns(columns_of_cells(cells, words=_WORDS, least=_LEAST, leaving=_LEAVING))


_WORDS, _LEAST = ("problem", "method"), 12
_LEAVING = {"time": 4, "steps": 3, "best": 2, "median": 1}


def _mean(row: Mapping[str, Json]) -> str:
    """The mean with its interval, where there is one."""
    from rung.analysis.comparison.bootstrap import Interval
    from rung.analysis.comparison.report.numbers import interval, value

    if row["low"] is None:
        return value(row["mean"])
    return interval(Interval(row["mean"], row["low"], row["high"]))
