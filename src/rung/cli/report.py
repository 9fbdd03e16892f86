"""``rung report``: report metrics from a script in any language."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from rung.cli._options import UsageProblem, debug_option

if TYPE_CHECKING:
    from collections.abc import Sequence

STOP = 10
"""The exit code that asks the script to end."""


@click.command(short_help="Report metrics from within a trial.")
@click.argument("metrics", nargs=-1, required=True, metavar="NAME=VALUE...")
@click.option("--step", type=click.IntRange(min=1), help="Counts from 1 and grows; by default one more than before.")
@debug_option
def report(metrics: Sequence[str], step: int | None) -> None:
    """Report metrics from a script that `rung run` has started, in any language.

    \b
    rung report error=0.1 loss=2 || exit 0

    Returns when the report is stored and, where one is due, the study has decided about the trial. The exit code is
    0 to go on and 10 to stop. Outside a study nothing is done, and the exit code is 0.
    """  # noqa: D301  click wants the bare \b
    values = dict(_number(metric) for metric in metrics)
    from rung.errors import ReportError, TrialStopped
    from rung.runtime.wire import connect, note
    from rung.types import Action

    try:
        connection = connect(os.environ)
        if connection is None:
            click.echo("rung: no study runs this script, so nothing is reported.", err=True)
            return
        channel, _ = connection
        try:
            verdict = note(channel, values, step or 0)
        finally:
            channel.close()
    except ReportError as error:
        raise UsageProblem(error.sentence, hint=error.hint) from error
    except TrialStopped as stopped:
        click.echo(f"rung: {stopped}, so the trial is to stop.", err=True)
        raise click.exceptions.Exit(STOP) from stopped
    if verdict.action is not Action.CONTINUE:
        raise click.exceptions.Exit(STOP)


def _number(metric: str) -> tuple[str, float]:
    """The name and the value in ``name=value``."""
    name, equals, value = metric.partition("=")
    try:
        if not name or not equals:
            raise ValueError
        return name, float(value)
    except ValueError as error:
        raise UsageProblem(f"{metric!r} is not a metric.", hint="Write name=number, such as error=0.1.") from error
