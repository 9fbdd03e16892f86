"""``rung log``: what a trial printed, or what happened in a study."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rung.cli._complete import complete_target
from rung.cli._options import COUNT, debug_option, json_option, reading, store_option

if TYPE_CHECKING:
    from rung.contracts import Store


@click.command()
@click.argument("what", metavar="STUDY[#TRIAL]", shell_complete=complete_target)
@click.option("-f", "--follow", is_flag=True, help="Go on until the trial, or the study's session, is over.")
@click.option("-n", "--lines", type=COUNT, metavar="LINES", help="Begin with the last lines only.")
@store_option
@json_option
@debug_option
def log(what: str, store: str, *, follow: bool, lines: int | None, as_json: bool) -> None:
    """Show what a trial printed, or what happened in a study.

    \b
    rung log lenet#3 -f     the output of trial 3, as it comes
    rung log lenet -n 20    the last events of the study, one line each

    With -f a study can be watched from another terminal; Ctrl-C ends the watching, not the study. With --json each
    event, or each line of output, is a JSON object on a line of its own.
    """  # noqa: D301  click wants the bare \b
    from rung.cli._target import find_target

    with reading(store) as opened:
        target = find_target(what, opened)
        try:
            if target.trial is None:
                _study(opened, target.study, follow=follow, lines=lines, as_json=as_json)
            else:
                _trial(opened, target.study, target.trial, follow=follow, lines=lines, as_json=as_json)
        except KeyboardInterrupt:
            if not follow:
                raise
            click.echo()


def _study(store: Store, study: str, *, follow: bool, lines: int | None, as_json: bool) -> None:
    from rung.cli._watching import StudyLog

    shown = StudyLog(store, study, as_json=as_json)
    shown.catch_up(last=lines)
    if follow:
        shown.follow()
        _tell_if_left(store, study)


def _trial(store: Store, study: str, trial: int, *, follow: bool, lines: int | None, as_json: bool) -> None:
    import json

    from rung.cli._trial_output import TrialOutput, why_silent
    from rung.cli.main import tell

    def show(line: str) -> None:
        fields = {"type": "output", "study": study, "trial": trial, "line": line}
        click.echo(json.dumps(fields, ensure_ascii=False) if as_json else line)

    output = TrialOutput(store, study, trial)
    for line in output.lines(last=lines, follow=follow):
        show(line)
    if output.file is None:
        tell(f"trial {trial} of {study!r} {why_silent(store, study, trial)}.")
    if follow and not store.tables.trial(study, trial).state.is_final:
        _tell_if_left(store, study)


def _tell_if_left(store: Store, study: str) -> None:
    """Say why nothing more comes where a tuner has vanished in the middle of its work."""
    from rung.bookkeeping import state_of
    from rung.cli._command import resume_line
    from rung.cli.main import tell

    row = store.tables.study(study)
    if state_of(row) == "interrupted" and row.ended_why is None:
        tell(f"the tuner of {study!r} is gone, so nothing more comes.", f"Go on with it by: {resume_line(store, row)}")
