"""``rung tensorboard``: a study in a folder that TensorBoard shows."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from rung.cli._complete import complete_study
from rung.cli._options import debug_option, reading, store_option
from rung.errors import RungError


@click.command()
@click.argument("study", shell_complete=complete_study)
@click.argument("logdir", type=click.Path(file_okay=False, path_type=Path))
@click.option("-f", "--follow", is_flag=True, help="Go on while somebody runs the study.")
@store_option
@debug_option
def tensorboard(study: str, logdir: Path, store: str, *, follow: bool) -> None:
    """Write a study for TensorBoard: its curves, and the table of the HPARAMS tab.

    LOGDIR is for this study alone. Called again, it adds what is new. With -f the tab is kept up to date from another
    terminal; Ctrl-C ends that, not the study.
    """
    import time

    from rung.cli._watching import PERIOD_S
    from rung.console.wording import plural
    from rung.integrations.tensorboard import TensorBoard
    from rung.ledger import Ledger

    with reading(store) as opened:
        opened.tables.study(study)
        board, ledger, last = TensorBoard(logdir), Ledger(), 0
        try:
            while True:
                is_run = opened.tables.study(study).owner is not None
                for sequence, event in opened.read(study, after=last):
                    ledger.apply(event)
                    board.write(event, ledger)
                    last = sequence
                if not (follow and is_run):
                    break
                time.sleep(PERIOD_S)
        except OSError as error:
            raise RungError(f"{logdir} can't be written: {error}.", hint="Give another folder.") from error
        except KeyboardInterrupt:
            if not follow:
                raise
            click.echo()
    shown = shlex.quote(str(logdir))
    click.echo(f"{plural(len(ledger.trials), 'trial')} in {logdir}. Show them by: tensorboard --logdir {shown}")
