"""``rung add``: a configuration that somebody wants to be tried."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import click

from rung.cli._complete import complete_study
from rung.cli._options import UsageProblem, debug_option, reading, store_option

if TYPE_CHECKING:
    from rung.space import Space


@click.command()
@click.argument("study", shell_complete=complete_study)
@click.argument("values", nargs=-1, metavar="NAME=VALUE...")
@click.option("--like", type=click.IntRange(min=0), metavar="N", help="Start from the configuration of trial N.")
@store_option
@debug_option
def add(study: str, values: tuple[str, ...], like: int | None, store: str) -> None:
    """Have a configuration tried next: rung add lenet lr=0.1 batch_size=128.

    With --like 3, what is not given is as in trial 3: rung add lenet --like 3 lr=0.2.
    """
    from rung.cli._command import send
    from rung.cli._space import parse_values
    from rung.commands import Enqueue
    from rung.space import Space

    given = parse_values(values, "rung add STUDY")
    with reading(store) as opened:
        row = opened.tables.study(study)
        if not given and like is None:
            raise _no_value(study, Space.from_json(row.space))
        base = {} if like is None else opened.tables.trial(study, like).config
        config = Space.from_json(row.space).validate({**base, **given})
        click.echo(send(opened, study, Enqueue(config)))


def _no_value(study: str, space: Space) -> UsageProblem:
    from rung.console.wording import setting
    from rung.space import Constant

    searched = {name: domain for name, domain in space.items() if not isinstance(domain, Constant)}
    names = ", ".join(f"{name} ({domain!r})" for name, domain in searched.items())
    values = [f"{name}={setting(domain.from_unit(0.5))}" for name, domain in searched.items()]
    line = shlex.join(["rung", "add", study, *values])
    hint = f"Give one to each of {names}: {line}" if searched else "Nothing is searched in this study."
    return UsageProblem("no value is given.", hint=hint)
