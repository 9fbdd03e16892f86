"""The options of ``rung bench``: words that name methods and problems, and the line that asked for a benchmark."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem

from rung.errors import RungError

if TYPE_CHECKING:
    from pathlib import Path

DATA_VARIABLE: Final = "RUNG_BENCH_DATA"
_SAID: Final = {ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT}
_OWN_MATTER: Final = {"jobs", "progress", "as_json", "quiet", "dry_run"}
"""Options that have nothing to do with what comes out."""


def method_names() -> list[str]:
    """The methods that have a name."""
    from rung.benchmarks.methods import names

    return names()


def problem_names(data_dir: str | Path | None) -> list[str]:
    """The sets of problems and the problems that are listed."""
    from rung.benchmarks.problems.catalogue import names, set_names

    return [*set_names(), *names(data_dir)]


def complete_methods(ctx: click.Context, param: click.Parameter, begun: str) -> list[CompletionItem]:  # noqa: ARG001
    """The methods, behind the last comma."""
    return _behind_comma(begun, method_names)


def complete_problems(ctx: click.Context, param: click.Parameter, begun: str) -> list[CompletionItem]:  # noqa: ARG001
    """The problems and sets of them, behind the last comma."""
    return _behind_comma(begun, lambda: problem_names(ctx.params.get("data_dir")))


def complete_axis(ctx: click.Context, param: click.Parameter, begun: str) -> list[CompletionItem]:  # noqa: ARG001
    """The axes along which runs can be compared."""
    from rung.analysis.comparison.runs import AXES

    return [CompletionItem(name) for name in AXES if name.startswith(begun)]


def split_words(given: Iterable[str]) -> list[str]:
    """The names in lists that are separated by commas; commas in parentheses belong to options."""
    from rung.registry import split_methods

    return [name for text in given for name in split_methods(text)]


def command_line(context: click.Context) -> str:
    """The line that asks for the same; what doesn't bear on results is left out."""
    words = ["rung", "bench", context.command.name or ""]
    for parameter in context.command.params:
        name = parameter.name or ""
        if name not in context.params or name in _OWN_MATTER or context.get_parameter_source(name) not in _SAID:
            continue
        value = context.params[name]
        for each in value if isinstance(value, tuple) else (value,):
            if isinstance(parameter, click.Option):
                words.append(parameter.opts[0])
            if not isinstance(each, bool):
                words.append(str(each))
    return shlex.join(words)


def comma_option(name: str, complete: Callable[..., Any], **settings: Any) -> Callable[[Any], Any]:
    """An option whose value is a list of names, which may be given several times."""
    return click.option(name, multiple=True, metavar="A,B,…", shell_complete=complete, **settings)


def _behind_comma(begun: str, names: Callable[[], Sequence[str]]) -> list[CompletionItem]:
    before, comma, last = begun.rpartition(",")
    with contextlib.suppress(RungError, OSError):  # completion never complains
        return [CompletionItem(before + comma + name) for name in names() if name.startswith(last)]
    return []
