"""``rung export``: a study as a table, or as a study of Optuna."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rung.cli._complete import complete_study
from rung.cli._options import UsageProblem, debug_option, reading, store_option
from rung.cli._where import asking, where_option

if TYPE_CHECKING:
    from rung.contracts import Store


@click.command()
@click.argument("study", shell_complete=complete_study)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Write to FILE.csv, .json or .parquet."
)
@click.option("--reports", is_flag=True, help="One row per report of each trial, instead of one per trial.")
@where_option("lr<0.1 and state=completed")
@click.option(
    "--optuna", metavar="URL", help="Write a study of Optuna into this storage instead, such as sqlite:///optuna.db."
)
@click.option("-n", "--name", metavar="NAME", help="What the study is called there; by default as here.")
@store_option
@debug_option
def export(
    study: str,
    output: Path | None,
    *,
    reports: bool,
    where: str | None,
    optuna: str | None,
    name: str | None,
    store: str,
) -> None:
    """Write the trials of a study as a table: CSV to standard output, or a file.

    Hyperparameters that a trial does not have are empty. best and value are the metric at its best and at the last
    step, times are in seconds. With --optuna a new study of Optuna gets all trials that don't run.
    """
    if optuna is None and name is not None:
        raise UsageProblem("--name is what a study of Optuna is called.", hint="Give --optuna URL as well.")
    if optuna is not None and (output is not None or reports or where is not None):
        raise UsageProblem(
            "--optuna writes the whole study, and no table.", hint="Leave --output, --reports and --where out."
        )
    with reading(store) as opened:
        if optuna is None:
            _write_table(opened, study, output, reports=reports, where=where)
        else:
            _write_optuna(opened, study, optuna, name or study)


def _write_table(opened: Store, study: str, output: Path | None, *, reports: bool, where: str | None) -> None:
    from rung.analysis.table import trial_table
    from rung.columns import columns_of_trials
    from rung.filters import select
    from rung.interchange.export import check_suffix, report_table, table_as_csv, write_table

    if output is not None:
        check_suffix(output)
    row = opened.tables.study(study)
    trials = opened.tables.trials(study)
    with asking():
        columns = columns_of_trials(row, trials, opened)
        trials = select(where, trials, columns)
    if reports:
        numbers = {trial.number for trial in trials}
        table = report_table(report for report in opened.tables.reports(study) if report[0] in numbers)
    else:
        table = trial_table(row, trials, opened.tables.last_metrics(study))
    if output is None:
        click.echo(table_as_csv(table), nl=False)
        return
    write_table(table, output)
    what = "report" if reports else "trial"
    click.echo(f"{len(table.rows)} {what}{'' if len(table.rows) == 1 else 's'} in {output}.")


def _write_optuna(opened: Store, study: str, url: str, name: str) -> None:
    from rung.console.wording import plural
    from rung.interchange.optuna_export import write_optuna
    from rung.study import Study

    count = write_optuna(Study(opened, study), url, name)
    click.echo(f"{plural(count, 'trial')} in the study {name!r} of {url}.")
