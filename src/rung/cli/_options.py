"""What several verbs have in common: options, and how they come to their store and study."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.shell_completion import CompletionItem

from rung.durations import as_seconds
from rung.errors import SettingError

if TYPE_CHECKING:
    from rung.contracts import Store

COUNT = click.IntRange(min=1)
DEFAULT_STORE = "sqlite:///rung.db"

_Command = TypeVar("_Command", bound=Callable[..., Any])


def leave_to_shell(ctx: click.Context, param: click.Parameter, begun: str) -> list[CompletionItem]:  # noqa: ARG001
    """For what may be a file: the shell completes the names of those better than anybody."""
    return [CompletionItem(begun, type="file")]


def store_option(command: _Command) -> _Command:
    """Where the studies are kept."""
    return click.option(
        "--store",
        default=DEFAULT_STORE,
        envvar="RUNG_STORE",
        show_default=True,
        show_envvar=True,
        metavar="URL",
        shell_complete=leave_to_shell,
        help="Where the studies are kept: a URL or the path of a .db file.",
    )(command)


def json_option(command: _Command) -> _Command:
    """Output for programs."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def debug_option(command: _Command) -> _Command:
    """Tracebacks, also behind the verb. Whoever handles errors looks for the word itself."""
    return click.option("--debug", is_flag=True, expose_value=False, help="Show tracebacks.")(command)


def progress_options(command: _Command) -> _Command:
    """How a run is shown."""
    shown = click.option(
        "--progress",
        type=click.Choice(["auto", "live", "plain", "json", "off"]),
        default="auto",
        show_default=True,
        help="How to show what happens: a live table, a line per event, or a JSON object per event.",
    )
    return shown(click.option("--json", "as_json", is_flag=True, help="The same as --progress json.")(command))


def read_duration(_context: click.Context, option: click.Parameter, value: str | None) -> float | None:
    """What an option that is a duration stands for, in seconds; UsageProblem for what is none."""
    try:
        return None if value is None else as_seconds(value, name=option.opts[0])
    except SettingError as error:
        raise UsageProblem(error.sentence, hint=error.hint) from error


@contextlib.contextmanager
def reading(url: str) -> Iterator[Store]:
    """An existing store, closed at the end. StoreNotFoundError when there is none: readers make nothing."""
    from rung.store import open_store

    store = open_store(url, create=False)
    try:
        yield store
    finally:
        store.close()


class UsageProblem(click.UsageError):
    """A command line that means nothing, with a hint on what would."""

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message)
        self.hint = hint
