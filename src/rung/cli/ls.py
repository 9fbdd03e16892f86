"""``rung ls``: the studies of a store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rung.cli._options import debug_option, json_option, reading, store_option

if TYPE_CHECKING:
    from rung.contracts import Store
    from rung.rows import StudyRow


@click.command()
@store_option
@json_option
@debug_option
def ls(store: str, *, as_json: bool) -> None:
    """List the studies of a store."""
    from rung.cli._facts import study_facts
    from rung.cli._output import print_json, print_table

    with reading(store) as opened:
        rows = opened.tables.studies()
        if as_json:
            print_json([study_facts(row, opened) for row in rows])
        elif rows:
            print_table(
                _TITLES, [_line(row, opened) for row in rows], right=("trials", "open", "done", "stopped", "failed")
            )
        else:
            click.echo(f"No studies in {opened.url}.")
            click.echo("Begin one: rung run -s lr=log:1e-4:1 --metric error --trials 20 -- python train.py")


_TITLES = ("study", "state", "trials", "open", "done", "stopped", "failed", "best", "objective", "created")


def _line(row: StudyRow, store: Store) -> list[str]:
    from rung.cli._facts import incumbent_of, moment, objective_name, state_of
    from rung.console.wording import number
    from rung.types import TrialState

    found = incumbent_of(row, store)
    best = "—" if found is None else f"{row.goal.metric} {number(found.error)} (#{found.trial})"
    total = row.settings.get("max_trials")
    begun = sum(row.counts.values())
    final = [row.counts.get(state, 0) for state in (TrialState.COMPLETED, TrialState.STOPPED, TrialState.FAILED)]
    return [
        row.name,
        state_of(row),
        f"{begun}/{total}" if total else str(begun),
        *map(str, (begun - sum(final), *final)),
        best,
        objective_name(row.objective),
        moment(row.created_unix)[:16].replace("T", " "),
    ]
