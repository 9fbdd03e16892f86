"""``rung trials``: the trials of a study."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from rung.cli._complete import complete_column, complete_study
from rung.cli._options import UsageProblem, debug_option, json_option, reading, store_option
from rung.cli._where import asking, where_option
from rung.errors import SettingError

if TYPE_CHECKING:
    from rung.columns import Column, Columns
    from rung.rows import StudyRow, TrialRow
    from rung.types import Json


@click.command()
@click.argument("study", shell_complete=complete_study)
@where_option("lr<0.1 and state=done")
@click.option(
    "--sort",
    default="number",
    show_default=True,
    metavar="COLUMN",
    shell_complete=complete_column,
    help="By this column, the best values first; with - before it, the other way round.",
)
@click.option("--cols", metavar="A,B,…", help="Show these columns: number, state, best, runtime, a hyperparameter …")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Print so many at most.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@store_option
@json_option
@debug_option
def trials(  # noqa: PLR0917  click gives them by name
    study: str,
    where: str | None,
    sort: str,
    cols: str | None,
    limit: int | None,
    store: str,
    *,
    as_csv: bool,
    as_json: bool,
) -> None:
    """List the trials of a study.

    \b
    rung trials lenet --where "lr<0.1 and state=done" --sort best
    rung trials lenet --cols number,lr,best,accuracy --csv
    """  # noqa: D301  click wants the bare \b
    from rung.bookkeeping import seen_trial
    from rung.columns import columns_of_trials
    from rung.filters import select

    if as_csv and as_json:
        raise UsageProblem("--csv and --json can't go together.", hint="Leave one of them out.")
    with reading(store) as opened, asking():
        row = opened.tables.study(study)
        rows = [seen_trial(trial, row) for trial in opened.tables.trials(study)]
        columns = columns_of_trials(row, rows, opened)
        chosen = None if cols is None else _chosen(cols, columns)
        found = _sorted(select(where, rows, columns), sort, columns)[:limit]
        metrics = opened.tables.last_metrics(study) if as_csv and chosen is None else {}
    if as_json:
        _print_json(found, row, chosen)
    elif as_csv:
        _print_csv(found, row, chosen, metrics)
    elif found:
        _print_table(found, row, chosen)
    else:
        click.echo(f"No trials of {study!r} pass the filter." if rows else f"The study {study!r} has no trials yet.")


def _print_json(trials: Sequence[TrialRow], study: StudyRow, chosen: Sequence[Column] | None) -> None:
    from rung.cli._facts import trial_facts
    from rung.cli._output import print_json

    if chosen is None:
        print_json([trial_facts(trial, study.goal) for trial in trials])
    else:
        print_json(_chosen_rows(trials, chosen))


def _print_csv(trials: Sequence[TrialRow], study: StudyRow, chosen: Sequence[Column] | None, metrics: Any) -> None:
    from rung.analysis.table import as_csv, trial_table

    if chosen is None:
        table = trial_table(study, trials, metrics)
        click.echo(as_csv(table.names, table.rows), nl=False)
    else:
        click.echo(as_csv([column.name for column in chosen], _chosen_rows(trials, chosen)), nl=False)


def _print_table(trials: Sequence[TrialRow], study: StudyRow, chosen: Sequence[Column] | None) -> None:
    from rung.cli._output import print_table
    from rung.console.table import cell, columns_of

    if chosen is None:
        shown = columns_of(trials, study, at=study.at)
        titles = [column.title for column in shown]
        lines = [[column.cells[index] for column in shown] for index in range(len(trials))]
        right = [column.title for column in shown if column.justify == "right"]
    else:
        titles = [column.name for column in chosen]
        lines = [[cell(column, trial) for column in chosen] for trial in trials]
        right = [column.name for column in chosen if column.kind in {"number", "duration"}]
    print_table(titles, lines, right=right)


def _chosen_rows(trials: Sequence[TrialRow], chosen: Sequence[Column]) -> list[dict[str, Json]]:
    return [{column.name: column.get(trial) for column in chosen} for trial in trials]


def _chosen(cols: str, columns: Columns) -> list[Column]:
    names = list(dict.fromkeys(name for part in cols.split(",") if (name := part.strip())))
    if not names:
        raise UsageProblem("--cols names no column.", hint="Write it like --cols number,state,best")
    return [columns.find(name) for name in names]


def _sorted(rows: Sequence[TrialRow], sort: str, columns: Columns) -> list[TrialRow]:
    name, is_reversed = sort.removeprefix("-"), sort.startswith("-")
    try:
        column = columns.find("runtime" if name == "time" else name)
    except SettingError as error:
        raise UsageProblem(f"trials can't be sorted by {name!r}.", hint=error.hint) from None
    get: Callable[[TrialRow], Any] = _LOSSES.get(name, column.get)
    keyed = [(get(row), row) for row in rows]
    with_value = [pair for pair in keyed if _has_rank(pair[0])]
    is_mixed = len({isinstance(value, str) for value, _ in with_value}) > 1
    with_value.sort(key=lambda pair: _comparable(pair[0], as_text=is_mixed), reverse=is_reversed)
    return [row for _, row in with_value] + [row for value, row in keyed if not _has_rank(value)]


_LOSSES: dict[str, Callable[[TrialRow], Any]] = {"best": lambda row: row.best_loss, "value": lambda row: row.last_loss}
"""What stands for a value in sorting, so that the best come first in either direction of the goal."""


def _has_rank(value: Any) -> bool:
    """Whether the value stands anywhere in an order: neither missing nor NaN."""
    return value is not None and (not isinstance(value, float) or not math.isnan(value))


def _comparable(value: Any, *, as_text: bool) -> Any:
    return str(value) if as_text or not isinstance(value, str | int | float) else value
