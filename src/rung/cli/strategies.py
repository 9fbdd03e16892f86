"""``rung strategies``: several ways to search side by side, on an objective of your own or on one that is known."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rung.cli._bench_options import DATA_VARIABLE, comma_option, complete_methods, complete_problems, split_words
from rung.cli._options import COUNT, UsageProblem, debug_option, json_option, leave_to_shell, store_option

if TYPE_CHECKING:
    from rung.analysis.comparison.side_by_side import SideBySide

_OWN = {"space": "-s", "metric": "--metric", "mode": "--mode", "workers": "--workers", "name": "--name"}
"""Options that go with an own objective."""


@click.command()
@click.argument(
    "words",
    nargs=-1,
    type=click.UNPROCESSED,
    metavar="[MODULE:FUNCTION | -- PROGRAM ARGS…]",
    shell_complete=leave_to_shell,
)
@click.option("-s", "--space", multiple=True, metavar="NAME=…", help="A hyperparameter: lr=log:1e-4:1, opt=adam,sgd.")
@click.option("--metric", metavar="NAME", help="The metric that is judged.  [default: error]")
@click.option("--mode", type=click.Choice(["min", "max"]), help="Whether it is to be low or high.  [default: min]")
@comma_option("--strategies", complete_methods, help="Which.  [default: grid,random,zoom,tpe,gp]")
@click.option("--trials", type=COUNT, metavar="N", help="Of each run; a grid is as fine as fits.  [default: 25]")
@click.option("--seeds", type=COUNT, metavar="N", help="So many runs of each strategy.  [default: 10]")
@click.option("--along", metavar="A,B", help="The picture's axes.  [default: the numbers that matter most]")
@click.option("--problem", metavar="NAME", shell_complete=complete_problems, help="A problem of `rung bench list`.")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    envvar=DATA_VARIABLE,
    show_envvar=True,
    help="Where the problems' data are.",
)
@click.option("-w", "--workers", type=COUNT, metavar="N", help="Trials at the same time, in processes.  [default: 1]")
@click.option("-n", "--name", metavar="NAME", help="What the studies are called, before a ~.")
@click.option(
    "--out",
    default="strategies.html",
    show_default=True,
    metavar="FILE",
    shell_complete=leave_to_shell,
    help="The page; with the same in Markdown beside it.",
)
@click.option("--picture", metavar="FILE", shell_complete=leave_to_shell, help="What was tried, as .png, .svg or .pdf.")
@store_option
@json_option
@click.option("-q", "--quiet", is_flag=True, help="No line for each run.")
@debug_option
def strategies(words: Sequence[str], *, as_json: bool, quiet: bool, **options: Any) -> None:
    """Grid, random search, zooming, TPE and a Gaussian process side by side, and when to use which.

    \b
    rung strategies
    rung strategies train.py:lenet -s lr=log:1e-4:1 -s units=int:16:256 --trials 30 --seeds 5
    rung strategies -s lr=log:1e-4:1 --metric error --strategies random,asha(max_t=9)+tpe -- python train.py

    All have the same objective, budget and seeds. The page shows the points that each tried, the best value after so
    many trials, and who is really better than whom. Without an objective it is a function of two numbers of which one
    matters, as in the textbooks; it takes seconds and keeps nothing. The runs of an own objective are kept as studies:
    the same command goes on where it was interrupted, and adds more seeds.
    """  # noqa: D301  click wants the bare \b
    from rung.analysis.comparison.report.writing import check_place
    from rung.analysis.pictures import format_of
    from rung.cli._output import print_json

    out = Path(options["out"]).absolute()
    check_place(out)
    if options["picture"] is not None:
        format_of(options["picture"])
    found = _own(words, options, quiet=quiet or as_json) if words else _known(options, quiet=quiet or as_json)
    found.report(out, command=shlex.join(["rung", *sys.argv[1:]]))
    if options["picture"] is not None:
        found.plot(options["picture"])
    if as_json:
        print_json(found.to_json())
        return
    _print(found)
    for place in filter(None, (options["out"], options["picture"])):
        click.echo(place)


def _known(options: Mapping[str, Any], *, quiet: bool) -> SideBySide:
    """The strategies on a problem that is known."""
    from rung.benchmarks.side_by_side import PROBLEM, on_problem

    if given := [word for name, word in _OWN.items() if options[name]]:
        raise UsageProblem(
            f"{', '.join(given)} goes with an objective, and there is none.",
            hint="Name it: rung strategies train.py:train -s lr=log:1e-4:1.",
        )
    name = options["problem"] or PROBLEM
    common = _common(options)
    if not quiet:
        click.echo(
            f"{name}: {', '.join(common['strategies'])}, {common['seeds']} runs of {common['trials']} trials each.\n"
        )
    return on_problem(name, **common, data_dir=options["data_dir"], progress="off")


def _own(words: Sequence[str], options: Mapping[str, Any], *, quiet: bool) -> SideBySide:
    """The strategies on an objective of the user's own."""
    from rung.analysis.configs import numeric_inputs
    from rung.benchmarks.side_by_side import side_by_side
    from rung.cli._objective_words import objective_words, point_out_other_python
    from rung.cli._session import load_objective
    from rung.cli._space import parse_domains
    from rung.space import as_space

    if options["problem"]:
        raise UsageProblem("there are both an objective and --problem.", hint="Give one of them.")
    objective = load_objective(objective_words(list(words)))
    point_out_other_python(objective)
    if not options["space"]:
        raise UsageProblem(
            "nothing says what to search.", hint="Give a -s NAME=… for each hyperparameter: -s lr=log:1e-4:1."
        )
    space = as_space(parse_domains(options["space"]))
    if options["picture"] is not None and not numeric_inputs(space):
        raise UsageProblem(
            "--picture draws along numbers, and no hyperparameter is one that varies.",
            hint="Leave it out; the page says the rest.",
        )
    return side_by_side(
        objective,
        space,
        **_common(options),
        metric=options["metric"] or "error",
        mode=options["mode"] or "min",
        workers=options["workers"] or 1,
        store=options["store"],
        study=options["name"],
        progress="off" if quiet else "plain",
    )


def _common(options: Mapping[str, Any]) -> dict[str, Any]:
    """What both take. UsageProblem for methods that nobody knows, and for less than two."""
    from rung.analysis.comparison.repeats import repeatable_spec
    from rung.benchmarks.side_by_side import SEEDS, STRATEGIES, TRIALS
    from rung.cli._where import asking

    chosen = split_words(options["strategies"]) or list(STRATEGIES)
    with asking():
        for name in chosen:
            repeatable_spec(name, max_t=1)
    if len(set(chosen)) < 2:
        raise UsageProblem("--strategies names one, and to compare takes two.", hint="Write --strategies grid,random.")
    return {
        "strategies": chosen,
        "trials": options["trials"] or TRIALS,
        "seeds": options["seeds"] or SEEDS,
        "along": [name.strip() for name in (options["along"] or "").split(",") if name.strip()],
    }


def _print(found: SideBySide) -> None:
    from rung.analysis.comparison.bootstrap import Interval
    from rung.analysis.comparison.report.numbers import NOTHING, intervals, listed, seconds, values
    from rung.cli._output import print_columns
    from rung.console.table import columns_of_cells

    click.echo(found.summary())
    click.echo()
    rows = found.table()
    means = [None if row["mean"] is None else Interval(row["mean"], row["low"], row["high"]) for row in rows]
    cells = {
        "strategy": [row["strategy"] for row in rows],
        "median": list(values([row["median"] for row in rows])),
        "mean": list(intervals(means)),
        "better than": [listed(row["better_than"]) if row["better_than"] else NOTHING for row in rows],
        "values tried": [NOTHING if row["n_values"] is None else str(row["n_values"]) for row in rows],
        "deciding": [seconds(row["decide_s"]) for row in rows],
    }
    print_columns(columns_of_cells(cells, words=_WORDS, least=_LEAST, leaving=_LEAVING))
    click.echo()


_WORDS, _LEAST = ("strategy", "better than"), 10
_LEAVING = {"values tried": 3, "mean": 2, "deciding": 1}
