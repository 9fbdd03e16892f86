"""``rung pause``: end what runs at its next checkpoint, so that it can go on from there."""

from __future__ import annotations

import click

from rung.cli._complete import complete_target
from rung.cli._options import debug_option, reading, store_option


@click.command()
@click.argument("what", metavar="STUDY[#TRIAL]", shell_complete=complete_target)
@store_option
@debug_option
def pause(what: str, store: str) -> None:
    """Pause a study that runs, or one trial: rung pause lenet, rung pause lenet#3.

    Every running trial ends at its next checkpoint, and goes on from there when the study is resumed. One that keeps no
    checkpoints ends at its next report and begins anew then; `rung stop` lets it come to its end instead. A trial that
    was paused by itself waits until it is resumed by itself: rung resume lenet#3.
    """
    from rung.cli._command import send
    from rung.cli._target import find_target
    from rung.commands import PauseTrial, StopStudy

    with reading(store) as opened:
        target = find_target(what, opened)
        command = StopStudy(how="pause") if target.trial is None else PauseTrial(target.trial)
        click.echo(send(opened, target.study, command))
