"""``rung note``: remarks on a study or a trial, by people and by the trials themselves."""

from __future__ import annotations

import click

from rung.cli._complete import complete_target
from rung.cli._options import UsageProblem, debug_option, json_option, reading, store_option


@click.command()
@click.argument("what", metavar="STUDY[#TRIAL]", shell_complete=complete_target)
@click.argument("words", nargs=-1, metavar="[TEXT]")
@store_option
@json_option
@debug_option
def note(what: str, words: tuple[str, ...], store: str, *, as_json: bool) -> None:
    """Keep a note on a study or a trial: rung note lenet#3 "diverges at step 9". Without a text, print the notes."""
    from rung.cli._command import send
    from rung.cli._facts import remark_facts, remark_line
    from rung.cli._output import print_json
    from rung.cli._target import find_target
    from rung.commands import Note

    text = " ".join(words).strip()
    if words and not text:
        raise UsageProblem("the note is empty.", hint=f"Write a text behind {what}, or nothing to see its notes.")
    with reading(store) as opened:
        target = find_target(what, opened)
        if text:
            sentence = send(opened, target.study, Note(text, target.trial))
            if not as_json:
                click.echo(sentence)
                return
        notes = target.row(opened).notes
        if as_json:
            print_json([remark_facts(remark) for remark in notes])
        elif notes:
            click.echo("\n".join(remark_line(remark) for remark in notes))
        else:
            click.echo(f"No notes on {target}.")
