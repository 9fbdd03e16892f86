"""``rung export``: a study as a table."""

from __future__ import annotations

from pathlib import Path

import click

from rung.cli._complete import complete_study
from rung.cli._options import debug_option, reading, store_option
from rung.cli._where import asking, where_option


@click.command()
@click.argument("study", shell_complete=complete_study)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Write to FILE.csv, .json or .parquet."
)
@click.option("--reports", is_flag=True, help="One row per report of each trial, instead of one per trial.")
@where_option("lr<0.1 and state=completed")
@store_option
@debug_option
def export(study: str, output: Path | None, *, reports: bool, where: str | None, store: str) -> None:
    """Write the trials of a study as a table: CSV to standard output, or a file.

    Hyperparameters that a trial does not have are empty. best and value are the metric at its best and at the last
    step, times are in seconds.
    """
    from rung.analysis.table import trial_table
    from rung.columns import columns_of_trials
    from rung.filters import select
    from rung.interchange.export import check_suffix, report_table, table_as_csv, write_table

    if output is not None:
        check_suffix(output)
    with reading(store) as opened:
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
