"""What a shell offers for the words of a command line: studies and their trials, and the names that rung knows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeVar

from click.shell_completion import CompletionItem

from rung.cli._options import DEFAULT_STORE, reading
from rung.errors import RungError

if TYPE_CHECKING:
    import click

    from rung.contracts import Store

_MOST_TRIALS = 200
_Found = TypeVar("_Found")


def complete_study(ctx: click.Context, param: click.Parameter, begun: str) -> list[CompletionItem]:  # noqa: ARG001
    """The studies whose names begin so. Nothing where there is no store: completion never complains."""
    return _from_store(ctx, lambda store: _studies(store, begun))


def complete_target(ctx: click.Context, param: click.Parameter, begun: str) -> list[CompletionItem]:
    """The same, and behind ``study#`` its trials, the newest first."""
    study, mark, digits = begun.rpartition("#")
    if not mark:
        return complete_study(ctx, param, begun)
    return _from_store(ctx, lambda store: _trials(store, study, digits))


def complete_column(ctx: click.Context, param: click.Parameter, begun: str) -> list[CompletionItem]:  # noqa: ARG001
    """The columns by which the trials of the study on the line can be asked."""
    study = ctx.params.get("study") or next(iter(ctx.args), "")  # click reads no arguments of a line that isn't whole
    return _beginning(begun, _from_store(ctx, lambda store: _columns(store, study)))


def complete_searcher(ctx: click.Context, param: click.Parameter, begun: str) -> list[CompletionItem]:  # noqa: ARG001
    """The searchers that have a name."""
    from rung.registry import names_of

    return _beginning(begun, names_of("searchers"))


def complete_scheduler(ctx: click.Context, param: click.Parameter, begun: str) -> list[CompletionItem]:  # noqa: ARG001
    """The schedulers that have a name, and ``auto``."""
    from rung.registry import names_of

    return _beginning(begun, sorted(["auto", *names_of("schedulers")]))


def complete_kind(ctx: click.Context, param: click.Parameter, begun: str) -> list[CompletionItem]:  # noqa: ARG001
    """The kinds of figures."""
    from rung.analysis.kinds import KINDS

    return [CompletionItem(name, help=kind.says) for name, kind in KINDS.items() if name.startswith(begun)]


def _beginning(begun: str, names: Iterable[str]) -> list[CompletionItem]:
    return [CompletionItem(name) for name in names if name.startswith(begun)]


def _columns(store: Store, study: str) -> list[str]:
    from rung.columns import columns_of_trials

    row, trials = store.tables.study(study), store.tables.trials(study)
    names = columns_of_trials(row, trials, store).names
    return [name for name in names if not name.startswith(("config.", "metric."))]


def _studies(store: Store, begun: str) -> list[CompletionItem]:
    from rung.console.wording import counted

    rows = [row for row in store.tables.studies() if row.name.startswith(begun)]
    return [CompletionItem(row.name, help=counted(row.counts) or None) for row in rows]


def _trials(store: Store, study: str, digits: str) -> list[CompletionItem]:
    from rung.bookkeeping import seen_trial

    whole = store.tables.study(study)
    rows = [row for row in store.tables.trials(study) if str(row.number).startswith(digits)]
    newest = (seen_trial(row, whole) for row in reversed(rows[-_MOST_TRIALS:]))
    return [CompletionItem(f"{study}#{row.number}", help=str(row.state)) for row in newest]


def _from_store(ctx: click.Context, ask: Callable[[Store], list[_Found]]) -> list[_Found]:
    try:
        with reading(ctx.params.get("store") or DEFAULT_STORE) as store:
            return ask(store)
    except (RungError, OSError):
        return []
