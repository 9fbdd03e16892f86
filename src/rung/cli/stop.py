"""``rung stop``: end a study or one trial of it, from another terminal."""

from __future__ import annotations

import click

from rung.cli._complete import complete_target
from rung.cli._options import UsageProblem, debug_option, reading, store_option


@click.command()
@click.argument("what", metavar="STUDY[#TRIAL]", shell_complete=complete_target)
@click.option("--now", is_flag=True, help="End what runs at once; it is tried again when the study is resumed.")
@store_option
@debug_option
def stop(what: str, store: str, *, now: bool) -> None:
    """Stop a study that runs, or one trial: rung stop lenet, rung stop lenet#3.

    The study starts nothing more and lets its running trials come to their ends; it can be resumed. A stopped trial is
    over.
    """
    from rung.cli._command import send
    from rung.cli._target import find_target
    from rung.commands import StopStudy, StopTrial

    with reading(store) as opened:
        target = find_target(what, opened)
        if target.trial is None:
            click.echo(send(opened, target.study, StopStudy(how="now" if now else "finish")))
        elif now:
            raise UsageProblem(
                "--now is for a whole study.", hint=f"`rung stop {target}` ends the trial at its next report."
            )
        else:
            click.echo(send(opened, target.study, StopTrial(target.trial)))
