"""The command ``rung``: its verbs, and what happens to errors."""

from __future__ import annotations

import contextlib
import keyword
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any, cast, final

import click

from rung.cli._group import no_command
from rung.cli._options import UsageProblem
from rung.errors import RungError, RungWarning

_VERBS = {
    "run": "Tune a script or a function, or what a TOML file says.",
    "resume": "Go on with a study, whatever stopped it.",
    "track": "Run a command by hand and record it as a trial.",
    "ls": "List the studies of a store.",
    "top": "Watch all studies of a store.",
    "show": "Show one study, or one trial of it.",
    "trials": "List the trials of a study.",
    "best": "Print the best configuration.",
    "log": "Print what a trial has printed, or what happened in a study.",
    "plot": "Draw a figure of a study.",
    "compare": "Tell which of several methods is better, and how sure that is.",
    "strategies": "Grid, random, zoom, TPE and a Gaussian process side by side.",
    "stop": "Stop a study, or one trial of it.",
    "pause": "Pause a study, or one trial of it, at the next checkpoint.",
    "retry": "Try the configuration of a failed or stopped trial again.",
    "add": "Have a configuration tried next.",
    "edit": "Change what a study searches, or how.",
    "zoom": "Draw the space closer around the best trials.",
    "note": "Keep a remark on a study or a trial.",
    "tag": "Put tags on a study or a trial.",
    "export": "Write a study as a table.",
    "tensorboard": "Write a study for TensorBoard.",
    "import": "Make a study of results from elsewhere.",
    "store": "Look after the place where studies are kept.",
    "verify": "Check a study against its log.",
    "doctor": "Check this machine and the store.",
    "report": "Report metrics from within a trial, in any language.",
    "bench": "Compare methods on problems, over many seeds.",
    "completion": "Complete words with the tab key.",
}
"""Verb -> what it does. Each is the command of the same name in the module of the same name, imported when needed.

``import``, which Python keeps for itself, is ``import_`` there.
"""

FAILED, USAGE, NOTHING_SUCCEEDED, INTERRUPTED = 1, 2, 3, 130


@final
class Commands(click.Group):
    """The group of verbs. Every error becomes one sentence, one hint at most, and an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        """The verbs, in the order in which one needs them."""
        return list(_VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb's command; a usage error that names the nearest verb when there is none."""
        if cmd_name in _VERBS:
            name = f"{cmd_name}_" if keyword.iskeyword(cmd_name) else cmd_name
            return cast("click.Command", getattr(import_module(f"rung.cli.{name}"), name))
        if ctx.resilient_parsing:  # shell completion only asks
            return None
        raise no_command("rung", cmd_name, _VERBS)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The verbs for ``--help``, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(_VERBS.items()))

    def main(self, args: Sequence[str] | None = None, *positional: Any, **settings: Any) -> Any:
        """Run the command line and leave the process with its exit code."""
        words = list(sys.argv[1:] if args is None else args)
        own_words = words[: words.index("--")] if "--" in words else words
        settings["standalone_mode"] = False
        try:
            with _warnings_as_sentences():
                code = click.Group.main(self, words or ["--help"], *positional, **settings)
        except click.Abort:
            tell("interrupted.")
            code = INTERRUPTED
        except Exception as error:
            if "--debug" in own_words:
                raise
            code = tell_error(error)
        _flush()
        sys.exit(code if isinstance(code, int) else 0)


def tell(sentence: str, hint: str = "") -> None:
    """One sentence, and a hint, to the person at the keyboard."""
    click.echo(f"rung: {sentence}", err=True)
    if hint:
        click.echo(f"hint: {hint}", err=True)


def tell_error(error: Exception) -> int:
    """Put an error into words; returns the exit code that belongs to it."""
    if isinstance(error, RungError):
        tell(error.sentence, error.hint)
        return FAILED
    if isinstance(error, click.UsageError):
        path = error.ctx.command_path if error.ctx is not None else "rung"
        hint = error.hint if isinstance(error, UsageProblem) else f"`{path} --help` lists what there is."
        tell(error.format_message(), hint)
        return USAGE
    if isinstance(error, click.ClickException):
        tell(error.format_message())
        return error.exit_code
    tell(f"unexpected {type(error).__name__}: {error}", "Run it again with --debug for the traceback, and report it.")
    return FAILED


@contextlib.contextmanager
def _warnings_as_sentences() -> Iterator[None]:
    """Warnings of rung as people read them; those of the user's code as Python shows them."""
    with warnings.catch_warnings():
        show = warnings.showwarning

        def tell_warning(message: Warning | str, *details: Any, **options: Any) -> None:
            if isinstance(message, RungWarning):
                tell(f"warning: {message.sentence}", message.hint)
            else:
                show(message, *details, **options)

        warnings.showwarning = tell_warning
        yield


def _flush() -> None:
    """Write what is left; where the reader has gone, as in ``rung ls | head -1``, that is no error."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="rung", message="rung %(version)s")
@click.option("--debug", is_flag=True, expose_value=False, help="Show tracebacks.")
def main() -> None:
    """Hyperparameter tuning that loses nothing.

    \b
    rung run -s lr=log:1e-4:1 -s opt=adam,sgd --metric error --trials 50 -- python train.py
    rung ls
    rung best train --as args
    """  # noqa: D301  click wants the bare \b
