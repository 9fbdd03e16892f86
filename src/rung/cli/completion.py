"""``rung completion``: the script that completes rung's commands in a shell."""

from __future__ import annotations

from typing import cast

import click

from rung.cli._options import debug_option

_VARIABLE = "_RUNG_COMPLETE"
_INSTALL = {
    "bash": 'eval "$(rung completion bash)"     # in ~/.bashrc; needs bash 4.4 or newer',
    "zsh": 'eval "$(rung completion zsh)"      # in ~/.zshrc, after compinit',
    "fish": "rung completion fish | source     # in ~/.config/fish/config.fish",
}


@click.command()
@click.argument("shell", type=click.Choice(list(_INSTALL)))
@debug_option
def completion(shell: str) -> None:
    """Print the script that completes verbs, options, studies and trials in a shell.

    \b
    eval "$(rung completion bash)"     # in ~/.bashrc; needs bash 4.4 or newer
    eval "$(rung completion zsh)"      # in ~/.zshrc, after compinit
    rung completion fish | source      # in ~/.config/fish/config.fish

    Studies are those of --store on the line or of RUNG_STORE, else of rung.db in the working directory.
    """  # noqa: D301  click wants the bare \b
    from click.shell_completion import get_completion_class

    from rung.cli.main import main

    kind = get_completion_class(shell)
    assert kind is not None, "click knows the shells that are offered"
    click.echo(f"# {_INSTALL[shell]}")
    click.echo(kind(cast("click.Command", main), {}, "rung", _VARIABLE).source())
