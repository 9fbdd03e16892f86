"""``rung retry``: try what has failed once more, once its cause is mended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rung.cli._complete import complete_target
from rung.cli._options import UsageProblem, debug_option, reading, store_option
from rung.cli._where import asking, where_option

if TYPE_CHECKING:
    from rung.contracts import Store


@click.command()
@click.argument("what", metavar="STUDY#TRIAL | STUDY", shell_complete=complete_target)
@click.option("--failed", is_flag=True, help="All failed trials of the study that nobody has retried yet.")
@where_option("lr<0.1")
@store_option
@debug_option
def retry(what: str, where: str | None, store: str, *, failed: bool) -> None:
    """Try the configuration of a failed or stopped trial again, as a new trial: rung retry lenet#3.

    rung retry lenet --failed takes all that have failed, and with --where "reason=oom" only those that pass.
    """
    from rung.cli._command import send_all
    from rung.cli._target import find_target
    from rung.commands import RetryTrial

    with reading(store) as opened:
        target = find_target(what, opened)
        if target.trial is not None and (failed or where is not None):
            raise UsageProblem(
                "--failed and --where are for a whole study.", hint=f"rung retry {target}, or {target.study} --failed"
            )
        if target.trial is None and not failed:
            raise UsageProblem(
                f"{what!r} names a study, not a trial of it.", hint=f"Write {what}#0, or --failed for all that failed."
            )
        numbers = _failed(opened, target.study, where) if target.trial is None else [target.trial]
        if not numbers:
            passes = "" if where is None else " and passes the filter"
            click.echo(f"No trial of {target.study} has failed that was not retried{passes}.")
        for sentence in send_all(opened, target.study, [RetryTrial(number) for number in numbers]):
            click.echo(sentence)


def _failed(store: Store, study: str, where: str | None) -> list[int]:
    """The failed trials that pass the filter, that no other trial retries, and none is about to."""
    from rung.columns import columns_of_trials
    from rung.commands import RetryTrial
    from rung.filters import select
    from rung.types import TrialState

    trials = store.tables.trials(study)
    retried = {trial.retry_of for trial in trials}
    retried |= {command.trial for _, command in store.tables.pending(study) if isinstance(command, RetryTrial)}
    columns = columns_of_trials(store.tables.study(study), trials, store)
    with asking():
        found = select(where, trials, columns)
    return [trial.number for trial in found if trial.state is TrialState.FAILED and trial.number not in retried]
