"""Do the read tables say what the log says? And if not: write them anew."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from itertools import zip_longest
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from rung.contracts import Store
from rung.events import Observed
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


def verify(store: Store, study: str) -> list[str]:
    """Every difference between the tables of a study and those that follow from its log; empty when all is well."""
    snapshot = store.database.snapshot() if isinstance(store, SqliteStore) else nullcontext()
    with snapshot:
        ledger = Ledger()
        keys: list[str] = []
        reports: list[tuple[int, int, float, Any]] = []
        for expected, (seq, event) in enumerate(store.read(study), 1):
            if seq != expected:
                return [f"log: event {expected} is missing"]
            try:
                ledger.apply(event)
            except (KeyError, AssertionError):
                return [f"log: event {seq} ({event.__struct_config__.tag}) can't follow those before it"]
            if isinstance(event, Observed):
                reports.append((event.trial, event.step, event.at, event.metrics))
            elif event.key is not None:
                keys.append(event.key)
        if ledger.study is None:
            return ["log: it is empty"]
        reports.sort(key=lambda report: report[:2])
        return [
            *_study_differences(store.tables.study(study), ledger.study),
            *_trial_differences(store.tables.trials(study), ledger),
            *_report_differences(store.tables.reports(study), reports),
            *(_key_differences(store, study, keys) if isinstance(store, SqliteStore) else ()),
        ]


def rebuild(store: SqliteStore, study: str) -> None:
    """Write the tables of a study anew from its log, in one transaction. StudyLockedError while a tuner has it."""
    lease = store.acquire(study, current_owner(), ttl=_REBUILD_TTL_S)
    try:
        _rewrite(store, study)
    finally:
        store.release(lease)


def _rewrite(store: SqliteStore, study: str) -> None:
    number = store.database.number(study)
    with store.database.write() as connection:
        for table in ("trial", "report", "event_key"):
            connection.execute(f"DELETE FROM {table} WHERE study = ?", (number,))  # noqa: S608 - our own names
        connection.execute(_RESTORE_CREATED, (number,))
        rows = connection.execute("SELECT event FROM event WHERE study = ? ORDER BY seq", (number,))
        projection = Projection(number, Ledger(), 0)
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
