"""``rung import``: results from elsewhere as a study."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, final

import click

from rung.cli._group import CommandGroup
from rung.cli._options import COUNT, UsageProblem, debug_option, store_option

if TYPE_CHECKING:
    from rung.interchange.given import GivenStudy
    from rung.interchange.reading import Record
    from rung.space import Space
    from rung.types import Json

_Command = TypeVar("_Command", bound=Callable[..., Any])
_option = click.option

_MORE = 10  # trials, in the example of how to go on


@click.group(name="import", cls=CommandGroup)
@debug_option
def import_() -> None:
    """Make a study of results from elsewhere, to look at and to go on with.

    Every row or trial becomes a trial of a new study; its searcher learns from them. Nothing is written unless all of
    it can be.
    """


def _study_options(command: _Command) -> _Command:
    """What the study is called, and what it is gone on with."""
    for option in reversed(
        (
            _option("-n", "--name", required=True, metavar="NAME", help="The study's name, which must be free."),
            _option("-s", "--space", multiple=True, metavar="NAME=…", help="The space; inferred without any."),
            _option("--searcher", default="auto", metavar="NAME", show_default=True, help="To go on with."),
            _option("--scheduler", default="basic", metavar="NAME", show_default=True, help="To go on with."),
            _option("--max-t", type=COUNT, metavar="N", help="asha: the step at which a trial is fully trained."),
            _option("--seed", type=click.IntRange(min=0), metavar="N", help="Makes the search repeatable."),
            _option("--objective", metavar="MODULE:FUNCTION", help="What to tune when it is gone on with."),
            store_option,
            debug_option,
        )
    ):
        command = option(command)
    return command


def _table_options(command: _Command) -> _Command:
    """What the columns of a table are."""
    for option in reversed(
        (
            _option(
                "--metric", metavar="NAME", help="The column that is judged: error, or that of the exported study."
            ),
            _option(
                "--mode", type=click.Choice(["min", "max"]), default="min", help="Whether it is to be low or high."
            ),
            _option("--step", metavar="NAME", help="The column with the step of the result; that of a full training."),
            _option("--metrics", default="", metavar="A,B", help="Columns that are other metrics."),
            _option("--skip", default="", metavar="A,B", help="Columns to leave out."),
        )
    ):
        command = option(command)
    return command


@final
class _WithProgram(click.Command):
    """A command behind which ``-- PROGRAM ARGS…`` may stand, whatever arguments it has itself."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take the program off before the rest is read."""
        at = args.index("--") if "--" in args else len(args)
        ctx.params["program"] = tuple(args[at + 1 :])
        return super().parse_args(ctx, args[:at])

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """The arguments, and the program behind them."""
        return [*super().collect_usage_pieces(ctx), "[-- PROGRAM ARGS…]"]


_path = click.argument("path", type=click.Path(path_type=Path), metavar="FILE")


@import_.command(name="csv", cls=_WithProgram)
@_path
@_table_options
@_study_options
def csv(path: Path, **options: Any) -> None:
    """Import a CSV file with a line of names and one row per trial.

    \b
    rung import csv results.csv -n lenet --metric error
    rung import csv results.csv -n lenet --metric error -s lr=log:1e-4:1 -- python train.py

    All columns that are not named as metrics are hyperparameters. What `rung export` has written is known as such.
    """  # noqa: D301  click wants the bare \b
    from rung.interchange.reading import read_csv

    _import_table(path, read_csv, options)


@import_.command(name="json", cls=_WithProgram)
@_path
@_table_options
@_study_options
def json(path: Path, **options: Any) -> None:
    """Import a JSON list of objects, one per trial, as `rung export -o FILE.json` writes it."""
    from rung.interchange.reading import read_json

    _import_table(path, read_json, options)


@import_.command(name="parquet", cls=_WithProgram)
@_path
@_table_options
@_study_options
def parquet(path: Path, **options: Any) -> None:
    """Import a Parquet file with one row per trial, as `rung export -o FILE.parquet` writes it."""
    from rung.interchange.reading import read_parquet

    _import_table(path, read_parquet, options)


@import_.command(name="optuna", cls=_WithProgram)
@click.argument("storage", metavar="URL")
@click.argument("study", required=False)
@_option("--metric", metavar="NAME", help="What its values are called here; as Optuna knows it by default.")
@_study_options
def optuna(storage: str, study: str | None, metric: str | None, **options: Any) -> None:
    """Import a study of an Optuna storage, such as sqlite:///optuna.db.

    Pruned trials become stopped ones, intermediate values become reports, user attributes become notes. The space is
    what all its trials together have searched, and without conditions; -s gives another.
    """
    from rung.interchange.optuna import read_optuna

    _write(read_optuna(storage, study, metric=metric, space=_space(options.pop("space"))), options)


def _import_table(path: Path, read: Callable[[Path], tuple[list[str], list[Record]]], options: dict[str, Any]) -> None:
    from rung.interchange.records import roles_of, study_of
    from rung.types import Goal

    names, records = read(path)
    metrics, skipped = (_names(options.pop(which)) for which in ("metrics", "skip"))
    metric, step = options.pop("metric"), options.pop("step")
    roles = roles_of(names, metric=metric, step=step, metrics=metrics, skipped=skipped)
    goal, space = Goal(roles.metric, options.pop("mode")), _space(options.pop("space"))
    _write(study_of(records, roles, goal, path=path, space=space), options)


def _write(given: GivenStudy, options: dict[str, Any]) -> None:
    from rung.cli._command import store_words
    from rung.console.wording import plural
    from rung.interchange.importing import log_of
    from rung.store import open_store
    from rung.store.maintenance import write_whole

    objective = _objective(options["objective"], options["program"])
    log = log_of(
        options["name"],
        given,
        searcher=options["searcher"],
        scheduler=options["scheduler"],
        options={} if options["max_t"] is None else {"max_t": options["max_t"]},
        seed=options["seed"],
        objective=objective,
    )
    with contextlib.closing(open_store(options["store"], create=True)) as opened:
        write_whole(opened, *log)
        best = opened.tables.study(options["name"]).best_loss
        words = shlex.join([options["name"], *store_words(opened)])
    for remark in given.remarks:
        click.echo(remark)
    count, goal = len(given.trials), given.goal
    end = {"min": "lowest", "max": "highest"}[goal.mode]
    what = "" if best is None else f"; the {end} {goal.metric} is {goal.value(best):g}"
    click.echo(f"The study {options['name']!r} has {plural(count, 'trial')} from {given.source}{what}.")
    line = f"run -n {words} --trials {count + _MORE} -- python train.py"
    if objective is not None:
        line = f"resume {words} --trials {count + _MORE}"
    click.echo(f"Go on with it by, for example: rung {line}")


def _objective(reference: str | None, program: Sequence[str]) -> Json:
    """What the study is gone on with, once it has been seen that there is such a thing."""
    from rung.cli._session import load_objective

    if reference is not None and program:
        raise UsageProblem("both --objective and a program were given.", hint="Give one of them.")
    if reference is not None:
        load_objective(reference)
        return reference
    if program:
        load_objective(list(program))
        return list(program)
    return None


def _space(texts: Sequence[str]) -> Space | None:
    from rung.cli._space import parse_domains
    from rung.space import Space

    return Space(parse_domains(texts)) if texts else None


def _names(text: str) -> list[str]:
    return [name for name in text.split(",") if name]
