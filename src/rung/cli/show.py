"""``rung show``: all about one study, or one trial of it."""

from __future__ import annotations

import click

from rung.cli._complete import complete_target
from rung.cli._options import debug_option, json_option, reading, store_option


@click.command()
@click.argument("what", metavar="STUDY[#TRIAL]", shell_complete=complete_target)
@store_option
@json_option
@debug_option
def show(what: str, store: str, *, as_json: bool) -> None:
    """Show one study, or one trial of it: rung show lenet, rung show lenet#3.

    Of a trial that has failed: why, the traceback, and the end of what it printed.
    """
    from rung.cli import _study_page, _trial_page
    from rung.cli._output import print_json
    from rung.cli._target import find_target

    with reading(store) as opened:
        target = find_target(what, opened)
        if target.trial is None:
            page = _study_page.read_page(opened, target.study)
            print_json(_study_page.facts(page)) if as_json else _study_page.print_page(page)
        else:
            trial_page = _trial_page.read_page(opened, target.study, target.trial)
            print_json(_trial_page.facts(trial_page)) if as_json else _trial_page.print_page(trial_page)
