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
    from rung.cli._output import print_columns
    from rung.console.table import Column, shortened
    from rung.types import TrialState

    final = {"done": TrialState.COMPLETED, "stopped": TrialState.STOPPED, "failed": TrialState.FAILED}
    counts = {word: [row.counts.get(state, 0) for row in rows] for word, state in final.items()}
    not_over = [sum(row.counts.values()) - sum(over) for row, *over in zip(rows, *counts.values(), strict=True)]
    objectives = [shortened(objective_name(row), _LONGEST_OBJECTIVE) for row in rows]
    created = [moment(row.created_unix)[:16].replace("T", " ") for row in rows]
    tags = [" ".join(map(shlex.quote, row.tags)) for row in rows]
    columns = [
        Column(title="study", cells=[row.name for row in rows], least=_LEAST),
        Column(title="project", cells=[row.project for row in rows], leaves=3),
        Column(title="state", cells=[state_of(row) for row in rows]),
        Column(title="trials", cells=[_trials(row) for row in rows], justify="right"),
        *(
            Column(title=word, cells=list(map(str, numbers)), justify="right", leaves=6)
            for word, numbers in {"open": not_over, **counts}.items()
        ),
        Column(title="best", cells=[_best(row, store) for row in rows]),
        Column(title="objective", cells=objectives, leaves=4, least=_LEAST),
        Column(title="created", cells=created, leaves=5),
        Column(title="tags", cells=tags, leaves=2),
        Column(title="message", cells=[row.message for row in rows], leaves=1, least=_LEAST),
    ]
    print_columns([column for column in columns if column.title not in _WHEN_ANY or any(column.cells)])


_WHEN_ANY = {"project", "tags", "message"}
"""Columns that are shown when a study has something in them."""

_LEAST, _LONGEST_OBJECTIVE = 12, 40
"""Cells: of what can be cut where there is little room, and of an objective everywhere."""


def _trials(row: StudyRow) -> str:
    total = row.settings.get("max_trials")
    return f"{row.n_begun}/{total}" if total else str(sum(row.counts.values()))


def _best(row: StudyRow, store: Store) -> str:
    from rung.cli._facts import incumbent_of
    from rung.console.wording import number

    found = incumbent_of(row, store)
    return "—" if found is None else f"{row.goal.metric} {number(found.error)} (#{found.trial})"
