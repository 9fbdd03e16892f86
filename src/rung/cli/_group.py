"""A verb that has commands of its own, such as ``rung store backup``."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import final

import click

from rung.cli._options import UsageProblem


@final
class CommandGroup(click.Group):
    """Says which commands there are where none is given, or one that there is not."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Without a word there is nothing to do."""
        if not args and not ctx.resilient_parsing:
            raise UsageProblem(
                f"`rung {ctx.info_name}` does nothing by itself.",
                hint=f"There are: {', '.join(f'rung {ctx.info_name} {name}' for name in self.commands)}.",
            )
        return super().parse_args(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command; a usage error that names the nearest one when there is none."""
        command = super().get_command(ctx, cmd_name)
        if command is None and not ctx.resilient_parsing:  # shell completion only asks
            raise no_command(f"rung {ctx.info_name}", cmd_name, self.commands)
        return command


def no_command(path: str, name: str, known: Iterable[str]) -> UsageProblem:
    """That ``path`` has no such command, with the nearest one, else all that there are."""
    names = list(known)
    near = difflib.get_close_matches(name, names, n=1)
    return UsageProblem(
        f"there is no command {name!r}.",
        hint=f"Did you mean `{path} {near[0]}`?" if near else f"There are: {', '.join(names)}.",
    )
