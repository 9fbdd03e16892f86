"""``rung trials``: the trials of a study."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import click

from rung.cli._options import UsageProblem, debug_option, json_option, reading, store_option

if TYPE_CHECKING:
    from rung.rows import StudyRow, TrialRow


@click.command()
@click.argument("study")
@click.option(
    "--sort",
    default="number",
    show_default=True,
    metavar="KEY",
    help="number, best, value, step, time, state or a hyperparameter; with - before it, the other way round.",
)
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Print so many at most.")
@store_option
@json_option
@debug_option
def trials(study: str, sort: str, limit: int | None, store: str, *, as_json: bool) -> None:
    """List the trials of a study."""
    from rung.cli._facts import trial_facts
    from rung.cli._output import print_json, print_table
    from rung.console.table import columns_of

    with reading(store) as opened:
        row = opened.tables.study(study)
        found = _sorted(list(opened.tables.trials(study)), sort, row)[:limit]
    if as_json:
        print_json([trial_facts(trial, row.goal) for trial in found])
    elif found:
        columns = columns_of(found, row, at=row.at)
        lines = [[column.cells[index] for column in columns] for index in range(len(found))]
        right = [column.title for column in columns if column.justify == "right"]
        print_table([column.title for column in columns], lines, right=right)
    else:
        click.echo(f"The study {study!r} has no trials yet.")


_Key: TypeAlias = "Callable[[TrialRow], Any]"

_KEYS: dict[str, _Key] = {
    "number": lambda row: row.number,
    "best": lambda row: row.best_loss,
    "value": lambda row: row.last_loss,
    "step": lambda row: row.last_step,
    "time": lambda row: row.runtime,
    "state": lambda row: str(row.state),
}
"""What trials can be sorted by. Losses, so that the best come first in either direction of the goal."""


def _sorted(rows: list[TrialRow], sort: str, study: StudyRow) -> list[TrialRow]:
    from rung.console.table import searched_names

    name, is_reversed = sort.removeprefix("-"), sort.startswith("-")
    names = searched_names(study)
    if name not in _KEYS and name not in names:
        near = difflib.get_close_matches(name, [*_KEYS, *names], n=1)
        hint = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join([*_KEYS, *names])}."
        raise UsageProblem(f"trials can't be sorted by {name!r}.", hint=hint)
    key = _KEYS[name] if name in _KEYS else lambda row: row.config.get(name)
    keyed = [(key(row), row) for row in rows]
    with_value = [pair for pair in keyed if pair[0] is not None]
    is_mixed = len({isinstance(value, str) for value, _ in with_value}) > 1
    with_value.sort(key=lambda pair: _comparable(pair[0], as_text=is_mixed), reverse=is_reversed)
    return [row for _, row in with_value] + [row for value, row in keyed if value is None]


def _comparable(value: Any, *, as_text: bool) -> Any:
    return str(value) if as_text or not isinstance(value, str | int | float) else value
