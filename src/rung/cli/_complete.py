"""What a shell offers for the words of a command line: the studies of a store, and their trials."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from click.shell_completion import CompletionItem

from rung.cli._options import DEFAULT_STORE, reading
from rung.errors import RungError

if TYPE_CHECKING:
    import click

    from rung.contracts import Store

_MOST_TRIALS = 200


def complete_study(ctx: click.Context, param: click.Parameter, begun: str) -> list[CompletionItem]:  # noqa: ARG001
    """The studies whose names begin so. Nothing where there is no store: completion never complains."""
    return _from_store(ctx, lambda store: _studies(store, begun))


def complete_target(ctx: click.Context, param: click.Parameter, begun: str) -> list[CompletionItem]:
    """The same, and behind ``study#`` its trials, the newest first."""
    study, mark, digits = begun.rpartition("#")
    if not mark:
        return complete_study(ctx, param, begun)
    return _from_store(ctx, lambda store: _trials(store, study, digits) or _studies(store, begun))


def _studies(store: Store, begun: str) -> list[CompletionItem]:
    from rung.console.wording import counted

    rows = [row for row in store.tables.studies() if row.name.startswith(begun)]
    return [CompletionItem(row.name, help=counted(row.counts) or None) for row in rows]


def _trials(store: Store, study: str, digits: str) -> list[CompletionItem]:
    if study not in {row.name for row in store.tables.studies()}:
        return []
    rows = [row for row in store.tables.trials(study) if str(row.number).startswith(digits)]
    newest = reversed(rows[-_MOST_TRIALS:])
    return [CompletionItem(f"{study}#{row.number}", help=str(row.state)) for row in newest]


def _from_store(ctx: click.Context, ask: Callable[[Store], list[CompletionItem]]) -> list[CompletionItem]:
    try:
        with reading(ctx.params.get("store") or DEFAULT_STORE) as store:
            return ask(store)
    except (RungError, OSError):
        return []
