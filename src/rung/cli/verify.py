"""``rung verify``: does the log follow from the code, and do the tables follow from the log?"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, final

import click
from msgspec import Struct

from rung.cli._complete import complete_study
from rung.cli._options import debug_option, json_option, reading, store_option
from rung.errors import StoreError
from rung.events import SearcherChanged, StudyCreated

if TYPE_CHECKING:
    from rung.contracts import Scheduler, Store
    from rung.events import Event

_SHOWN = 50


class _Findings(Struct, kw_only=True):
    """What was checked. skipped: why decisions were not derived again; empty when they were."""

    events: int
    suggestions: int = 0
    decisions: int = 0
    skipped: str = ""
    differences: list[str]


@click.command()
@click.argument("study", shell_complete=complete_study)
@store_option
@json_option
@debug_option
def verify(study: str, store: str, *, as_json: bool) -> int:
    """Check a study against its log.

    Derives every suggestion and every decision again and rebuilds the tables, in memory; changes nothing. Exit code 1
    when anything differs.
    """
    from rung.cli._output import print_json

    with reading(store) as opened:
        found = _check(opened, study)
    if as_json:
        parts = {name: getattr(found, name) for name in found.__struct_fields__}
        print_json({"study": study, "is_ok": not found.differences, **parts})
    else:
        _print(study, found)
    return 1 if found.differences else 0


def _check(store: Store, study: str) -> _Findings:
    from rung.store.verify import verify as verify_tables
    from rung.tuning.verify import verify_decisions

    found = verify_tables(store, study)
    if any(sentence.startswith("log:") for sentence in found):
        return _Findings(events=_readable_events(store, study), skipped="the log is damaged.", differences=found)
    differences = [f"tables: {sentence}" for sentence in found]
    log = _Log(store, study)
    scheduler, skipped = _rebuilt(log)
    if scheduler is None:
        return _Findings(events=_readable_events(store, study), skipped=skipped, differences=differences)
    derived = verify_decisions(log, scheduler)
    return _Findings(
        events=derived.events,
        suggestions=derived.suggestions,
        decisions=derived.decisions,
        differences=[*differences, *derived.differences],
    )


@final
class _Log:
    """The events of a study, to be gone through any number of times."""

    def __init__(self, store: Store, study: str) -> None:
        self._store = store
        self._study = study

    def __iter__(self) -> Iterator[tuple[int, Event]]:
        return self._store.read(self._study)


def _readable_events(store: Store, study: str) -> int:
    count = 0
    with contextlib.suppress(StoreError):
        for count, _ in enumerate(store.read(study), 1):  # noqa: B007  # the last value is what is asked for
            pass
    return count


def _rebuilt(log: _Log) -> tuple[Scheduler | None, str]:
    """A fresh scheduler like the one that the study began with; or why it, or a later searcher, can't be made."""
    from rung.errors import SettingError
    from rung.registry import build_scheduler, build_searcher
    from rung.space import Space

    events = (event for _, event in log)
    created = next(events)
    assert isinstance(created, StudyCreated), "a log begins with it"
    space = Space.from_json(created.space)
    try:
        scheduler = build_scheduler(created.scheduler, space)
        for event in events:
            if isinstance(event, SearcherChanged):
                build_searcher(event.searcher, space)
    except SettingError as error:
        return None, error.sentence
    return scheduler, ""


def _print(study: str, found: _Findings) -> None:
    from rung.console.wording import plural

    click.echo(f"log        {plural(found.events, 'event')}")
    click.echo("tables     rebuilt from the log and compared")
    if found.skipped:
        click.echo(f"decisions  not derived again: {found.skipped} What the log says about them is taken as it stands.")
    else:
        what = f"{plural(found.suggestions, 'suggestion')} and {plural(found.decisions, 'decision')}"
        click.echo(f"decisions  {what} derived again and compared")
    if not found.differences:
        click.echo(f"The study {study!r} is as its log says.")
        return
    click.echo(f"{plural(len(found.differences), 'difference')}:")
    for sentence in found.differences[:_SHOWN]:
        click.echo(f"  {sentence}")
    if len(found.differences) > _SHOWN:
        click.echo(f"  and {len(found.differences) - _SHOWN} more")
