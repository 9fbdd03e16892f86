"""Do the read tables say what the log says? And if not: write them anew."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from itertools import zip_longest
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from rung.contracts import Store
from rung.errors import StoreError
from rung.events import Event, Observed
from rung.ledger import Ledger
from rung.rows import StudyRow, TrialRow
from rung.store._projection import Projection
from rung.store.codec import EVENTS
from rung.store.owner import current_owner
from rung.store.sqlite import SqliteStore

_REBUILD_TTL_S = 60.0
_RESTORE_CREATED = """
    UPDATE study SET created = (SELECT event FROM event WHERE study = study.id AND seq = 1) WHERE id = ?
"""


class _Log(Struct):
    """What a log tells: the ledger, and what the tables hold beside it. problem: why it can't be read to its end."""

    ledger: Ledger = field(default_factory=Ledger)
    keys: list[str] = field(default_factory=list)
    reports: list[tuple[int, int, float, Any]] = field(default_factory=list)
    problem: str = ""


def verify(store: Store, study: str) -> list[str]:
    """Every difference between the tables of a study and those that follow from its log; empty when all is well.

    What can't be read is a difference too. When the log itself is damaged there is one, which begins with ``log:``.
    """
    snapshot = store.database.snapshot() if isinstance(store, SqliteStore) else nullcontext()
    with snapshot:
        log = _folded(store.read(study))
        study_row = log.ledger.study
        if log.problem or study_row is None:
            return [f"log: {log.problem or 'it is empty'}"]
        log.reports.sort(key=lambda report: report[:2])
        return [
            *_readable("study", lambda: _study_differences(store.tables.study(study), study_row)),
            *_readable("trials", lambda: _trial_differences(store.tables.trials(study), log.ledger)),
            *_readable("reports", lambda: _report_differences(store.tables.reports(study), log.reports)),
            *(_key_differences(store, study, log.keys) if isinstance(store, SqliteStore) else ()),
        ]


def _folded(events: Iterator[tuple[int, Event]]) -> _Log:
    log = _Log()
    expected = 0
    while True:
        expected += 1
        try:
            seq, event = next(events)
        except StopIteration:
            return log
        except StoreError as error:
            log.problem = f"event {expected} can't be read: {error.sentence}"
            return log
        if seq != expected:
            log.problem = f"event {expected} is missing"
            return log
        try:
            log.ledger.apply(event)
        except (KeyError, AssertionError):
            log.problem = f"event {seq} ({event.__struct_config__.tag}) can't follow those before it"
            return log
        if isinstance(event, Observed):
            log.reports.append((event.trial, event.step, event.at, event.metrics))
        elif event.key is not None:
            log.keys.append(event.key)


def _readable(what: str, differences: Callable[[], Iterable[str]]) -> list[str]:
    """The differences, or the one that the tables hold something that no rung has written."""
    try:
        return list(differences())
    except (StoreError, LookupError, TypeError, ValueError, AssertionError) as error:
        return [f"{what}: a row of the tables can't be read: {error}"]


def rebuild(store: SqliteStore, study: str) -> None:
    """Write the tables of a study anew from its log, in one transaction. StudyLockedError while a tuner has it."""
    lease = store.acquire(study, current_owner(), ttl=_REBUILD_TTL_S)
    try:
        with store.database.write() as connection:
            rewrite(connection, store.database.number(study))
    finally:
        store.release(lease)


def rewrite(connection: sqlite3.Connection, study: int) -> None:
    """Within a transaction: the tables of the study with this number, anew from its log."""
    for table in ("trial", "report", "event_key"):
        connection.execute(f"DELETE FROM {table} WHERE study = ?", (study,))  # noqa: S608 - our own names
    connection.execute(_RESTORE_CREATED, (study,))
    rows = connection.execute("SELECT event FROM event WHERE study = ? ORDER BY seq", (study,))
    projection = Projection(study, Ledger(), 0)
    while chunk := rows.fetchmany(10_000):
        projection.fold(connection, [EVENTS.decode(text) for (text,) in chunk])


def _study_differences(found: StudyRow, expected: StudyRow) -> Iterator[str]:
    return _differences("study", replace(found, owner=None), expected)


def _trial_differences(found: Iterable[TrialRow], ledger: Ledger) -> Iterator[str]:
    rows = {row.number: row for row in found}
    for number in sorted(rows.keys() | ledger.trials.keys()):
        if number not in rows:
            yield f"trial {number}: missing from the tables"
        elif number not in ledger.trials:
            yield f"trial {number}: in the tables, but not in the log"
        else:
            yield from _differences(f"trial {number}", rows[number], ledger.trials[number])


def _differences(what: str, found: Struct, expected: Struct) -> Iterator[str]:
    for name in expected.__struct_fields__:
        in_table, by_log = getattr(found, name), getattr(expected, name)
        if in_table != by_log and repr(in_table) != repr(by_log):  # the text, since NaN differs from itself
            yield f"{what}: {name} is {in_table!r} in the tables, {by_log!r} by the log"


def _report_differences(found: Iterable[tuple[Any, ...]], expected: Iterable[tuple[Any, ...]]) -> Iterator[str]:
    for in_table, by_log in zip_longest(found, expected):
        if in_table != by_log and repr(in_table) != repr(by_log):
            yield f"reports: the first difference is {in_table!r} in the tables, {by_log!r} by the log"
            return


def _key_differences(store: SqliteStore, study: str, expected: Iterable[str]) -> Iterator[str]:
    rows = store.database.query("SELECT key FROM event_key WHERE study = ?", (store.database.number(study),))
    found, by_log = {key for (key,) in rows}, set(expected)
    yield from (f"key {key!r}: missing from the tables" for key in sorted(by_log - found))
    yield from (f"key {key!r}: in the tables, but not in the log" for key in sorted(found - by_log))
