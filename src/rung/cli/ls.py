"""``rung ls``: the studies of a store."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from rung.cli._options import debug_option, json_option, reading, store_option
from rung.cli._where import asking, where_option

if TYPE_CHECKING:
    from rung.contracts import Store
    from rung.rows import StudyRow


@click.command()
@where_option("state=running or best<0.1")
@click.option("--project", metavar="NAME", help="Only the studies of this project.")
@store_option
@json_option
@debug_option
def ls(where: str | None, project: str | None, store: str, *, as_json: bool) -> None:
    """List the studies of a store."""
    from rung.cli._facts import study_facts
    from rung.cli._output import print_json

    with reading(store) as opened:
        rows = opened.tables.studies()
        found = _selected(rows, where, project, opened)
        if as_json:
            print_json([study_facts(row, opened) for row in found])
        elif found:
            _print(found, opened)
        elif rows:
            click.echo(f"No study passes, of {len(rows)} in {opened.url}.")
        else:
            click.echo(f"No studies in {opened.url}.")
            click.echo("Begin one: rung run -s lr=log:1e-4:1 --metric error --trials 20 -- python train.py")


def _selected(rows: Sequence[StudyRow], where: str | None, project: str | None, store: Store) -> Sequence[StudyRow]:
    from rung.cli._facts import incumbent_of
    from rung.columns import columns_of_studies
    from rung.filters import select

    columns = columns_of_studies(lambda row: None if (best := incumbent_of(row, store)) is None else best.error)
    with asking():
        found = select(where, rows, columns)
    return found if project is None else [row for row in found if row.project == project]


def _print(rows: Sequence[StudyRow], store: Store) -> None:
    from rung.bookkeeping import state_of
    from rung.cli._facts import moment, objective_name
    from rung.cli._output import print_table
    from rung.types import TrialState

    final = (TrialState.COMPLETED, TrialState.STOPPED, TrialState.FAILED)
    columns = {
        "study": [row.name for row in rows],
        "project": [row.project for row in rows],
        "state": [state_of(row) for row in rows],
        "trials": [_trials(row) for row in rows],
        "open": [str(sum(row.counts.values()) - sum(row.counts.get(state, 0) for state in final)) for row in rows],
        **{
            word: [str(row.counts.get(state, 0)) for row in rows]
            for word, state in zip(("done", "stopped", "failed"), final, strict=True)
        },
        "best": [_best(row, store) for row in rows],
        "objective": [objective_name(row.objective) for row in rows],
        "created": [moment(row.created_unix)[:16].replace("T", " ") for row in rows],
        "tags": [" ".join(map(shlex.quote, row.tags)) for row in rows],
        "message": [row.message for row in rows],
    }
    shown = {title: cells for title, cells in columns.items() if title not in _WHEN_ANY or any(cells)}
    lines = list(zip(*shown.values(), strict=True))
    print_table(list(shown), lines, right=("trials", "open", "done", "stopped", "failed"))


_WHEN_ANY = {"project", "tags", "message"}
"""Columns that are shown when a study has something in them."""


def _trials(row: StudyRow) -> str:
    begun, total = sum(row.counts.values()), row.settings.get("max_trials")
    return f"{begun}/{total}" if total else str(begun)


def _best(row: StudyRow, store: Store) -> str:
    from rung.cli._facts import incumbent_of
    from rung.console.wording import number

    found = incumbent_of(row, store)
    return "—" if found is None else f"{row.goal.metric} {number(found.error)} (#{found.trial})"
