"""Tables and JSON on standard output."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rung.console.table import Column
    from rung.types import Json

_GAP = "  "


def print_json(value: Json) -> None:
    """Valid JSON, with null for NaN and infinities."""
    from rung.console.jsonlines import finite

    click.echo(json.dumps(finite(value), indent=2, ensure_ascii=False, allow_nan=False))


def print_table(titles: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str] = ()) -> None:
    """Columns under their titles; those named in ``right`` are set flush right. On a terminal, lines are cut to fit."""
    from rich.cells import cell_len

    from rung.console.table import cut
    from rung.console.wording import harmless

    table = [list(titles), *[[harmless(" ".join(cell.split())) for cell in row] for row in rows]]
    widths = [max(cell_len(row[column]) for row in table) for column in range(len(titles))]
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    for row in table:
        line = ""
        for title, cell, cells in zip(titles, row, widths, strict=True):
            room = " " * (cells - cell_len(cell))
            line += f"{room}{cell}{_GAP}" if title in right else f"{cell}{room}{_GAP}"
        line = line.rstrip()
        click.echo(line if width is None else cut(line, width))


def print_columns(columns: Sequence[Column]) -> None:
    """The same for columns of which some go, and others are cut, where a terminal has no room for all of them."""
    from rung.console.table import fitted, shortened

    kept = [(column, column.width) for column in columns]
    if sys.stdout.isatty():
        kept = fitted(columns, shutil.get_terminal_size().columns)
    rows = [[shortened(column.cells[index], width) for column, width in kept] for index in range(len(columns[0].cells))]
    right = [column.title for column, _ in kept if column.justify == "right"]
    print_table([column.title for column, _ in kept], rows, right=right)


def print_facts(facts: Sequence[tuple[str, str]]) -> None:
    """Names and what they are, one under the other; an empty name belongs to the one above."""
    from rung.console.wording import harmless

    width = max(len(name) for name, _ in facts)
    for name, value in facts:
        lines = value.splitlines() or [""]
        for index, line in enumerate(lines):
            click.echo(harmless(f"{'' if index else name:<{width}}{_GAP}{line}").rstrip())
