"""The option ``--where``, and what a wrong filter or column is on a command line: a usage error."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import click

from rung.cli._options import UsageProblem
from rung.errors import SettingError

_Command = TypeVar("_Command", bound=Callable[..., Any])


def where_option(example: str) -> Callable[[_Command], _Command]:
    """Only what passes a filter."""
    return click.option("--where", metavar="FILTER", help=f'Only those that pass, such as "{example}".')


@contextlib.contextmanager
def asking() -> Iterator[None]:
    """Turns what is wrong with filters and columns into problems of usage."""
    try:
        yield
    except SettingError as error:
        raise UsageProblem(error.sentence, hint=error.hint) from None
