"""``rung top``: all studies of a store, as they go."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import click

from rung.cli._options import debug_option, json_option, reading, store_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from rung.cli._overview import Overview, Snapshot
    from rung.console.table import Column

PERIOD_S = 1.0
_OTHER_LINES = 5  # above, between and below the two tables
_LEAST_TRIALS = 3


@click.command()
@click.option("--all", "is_all", is_flag=True, help="Studies that nobody runs, too.")
@store_option
@json_option
@debug_option
def top(store: str, *, is_all: bool, as_json: bool) -> None:
    """Watch all studies of a store, and the trials that run. Ctrl-C ends the watching.

    Where the output is no terminal, and with --json, what is to be seen now is printed once.
    """
    from rung.cli._output import print_json
    from rung.cli._overview import Overview, facts_of

    with reading(store) as opened:
        overview = Overview(opened, is_all=is_all)
        if as_json:
            print_json(facts_of(overview.look()))
        elif sys.stdout.isatty():
            _watch(overview)
        else:
            _print(overview.look())


def _print(seen: Snapshot) -> None:
    from rung.cli._output import print_table
    from rung.cli._overview import study_columns, trial_columns

    click.echo(_headline(seen))
    for columns in (study_columns(seen), trial_columns(seen)):
        if columns[0].cells:
            click.echo()
            right = [column.title for column in columns if column.justify == "right"]
            rows = list(zip(*(column.cells for column in columns), strict=True))
            print_table([column.title for column in columns], rows, right=right)


def _watch(overview: Overview) -> None:
    from rich.console import Console
    from rich.live import Live

    console = Console(highlight=False)

    def draw() -> RenderableType:
        return picture(overview.look(), console.width, console.height)

    try:
        with Live(draw(), console=console, screen=True, auto_refresh=False, vertical_overflow="crop") as live:
            while True:
                time.sleep(PERIOD_S)
                live.update(draw(), refresh=True)
    except KeyboardInterrupt:
        return


def picture(seen: Snapshot, width: int, height: int) -> RenderableType:
    """Both tables under a line of totals, for a terminal of that many cells and lines."""
    from rich.console import Group
    from rich.text import Text

    from rung.cli._overview import study_columns, trial_columns
    from rung.console.table import shortened

    room = max(2 * _LEAST_TRIALS, height - _OTHER_LINES)
    n_trials = min(len(seen.running), max(_LEAST_TRIALS, room - len(seen.studies) - 1))
    n_studies = max(1, room - n_trials - 1)
    return Group(
        Text(shortened(_headline(seen), width), style="bold"),
        Text(),
        _table(study_columns(seen), width, n_studies, "studies"),
        Text(),
        _table(trial_columns(seen), width, n_trials, "running trials"),
    )


def _table(columns: Sequence[Column], width: int, lines: int, what: str) -> RenderableType:
    """So many lines of the table, as far as there are any; the last one says how many more there are."""
    from rich.console import Group
    from rich.text import Text

    from rung.console.live import rich_table

    count = len(columns[0].cells)
    if count == 0:
        return Text()
    shown = count if count <= lines else lines - 1
    table = rich_table(columns, width, shown)
    return table if shown == count else Group(table, Text(f"{count - shown} more {what}", style="dim"))


def _headline(seen: Snapshot) -> str:
    from rung.console.wording import address, plural

    busy, running = sum(study.row.owner is not None for study in seen.studies), plural(len(seen.running), "trial")
    moment, studies = time.strftime("%H:%M:%S", time.localtime(seen.unix)), "study" if busy == 1 else "studies"
    parts = [moment, f"{busy} {studies} and {running} running"]
    if seen.hidden:
        parts.append(f"{seen.hidden} not running (--all)")
    return " · ".join([*parts, address(seen.store)])
