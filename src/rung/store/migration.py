"""Brings a SQLite store that an older rung wrote to the schema of this one."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import quote

import msgspec
from msgspec import Struct

from rung.errors import RungError, StoreError
from rung.store._database import SCHEMA_VERSION, apply_schema, schema_version
from rung.store._faults import SQLITE_ERRORS, meaning_of, not_found
from rung.store._leases import read_holding
from rung.store.lease import is_free, locked
from rung.store.owner import MachineClock, current_owner
from rung.store.verify import rewrite

_HOLDERS = """
    SELECT study.id, study.name FROM study JOIN head ON head.study = study.id
    WHERE holder IS NOT NULL ORDER BY study.id
"""


class Upgrade(Struct, frozen=True):
    """What was done. before, after: versions of the schema; studies: how many. backup: None when nothing was to do."""

    before: int
    after: int
    studies: int = 0
    backup: Path | None = None


def upgrade(path: Path) -> Upgrade:
    """Change the schema of a file to the present one and write its tables anew from the logs, in one transaction.

    Before that, all of the file as it was is kept beside it as ``NAME.vN-backup``. Whatever goes wrong leaves the file
    as it was. StudyLockedError while a tuner holds one of its studies; StoreError when a log can't be read.
    """
    path = path.expanduser().absolute()
    if not path.exists():
        raise not_found(path)
    try:
        with closing(_connect(path, "mode=rw")) as connection, _transaction(connection):
            before = schema_version(connection, path)
            if before == SCHEMA_VERSION:
                return Upgrade(before, SCHEMA_VERSION)
            _refuse_while_held(connection)
            backup = path.with_name(f"{path.name}.v{before}-backup")
            _remove_drafts(backup)
            save_copy(path, backup)
            apply_schema(connection, after=before)
            studies = connection.execute("SELECT id, name FROM study ORDER BY id").fetchall()
            for number, name in studies:
                _rewrite(connection, number, name)
            return Upgrade(before, SCHEMA_VERSION, len(studies), backup)
    except SQLITE_ERRORS as error:
        raise meaning_of(error, path) from error


def save_copy(source: Path, target: Path) -> None:
    """A copy of all that is committed in a SQLite file, itself one closed file; safe while others write to the source.

    The target appears when it is whole and on the disk; one that is there already is replaced.
    """
    draft = target.with_name(f"{target.name}.tmp-{os.getpid()}")
    try:
        with closing(_connect(source, "mode=ro")) as reading, closing(_connect(draft, "mode=rwc")) as writing:
            reading.backup(writing)
            writing.execute("PRAGMA journal_mode=DELETE")
        with draft.open("rb+") as file:
            os.fsync(file.fileno())
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def _remove_drafts(target: Path) -> None:
    """What killed processes have left of copies to this target; the caller sees to it that no other is being made."""
    draft = re.compile(re.escape(target.name) + r"\.tmp-\d+(-journal|-wal|-shm)?")
    for path in list(target.parent.iterdir()):
        if draft.fullmatch(path.name):
            path.unlink(missing_ok=True)


def _connect(path: Path, options: str) -> sqlite3.Connection:
    connection = sqlite3.connect(f"file:{quote(str(path))}?{options}", uri=True, isolation_level=None, timeout=30.0)
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA wal_autocheckpoint=0")
    return connection


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _refuse_while_held(connection: sqlite3.Connection) -> None:
    clock, us = MachineClock(), current_owner()
    for number, name in connection.execute(_HOLDERS).fetchall():
        holding = read_holding(connection, number)
        if not is_free(holding, us, clock, read=partial(read_holding, connection, number)):
            assert holding is not None, "nobody's is free"
            raise locked(name, holding, clock.stamp(), asking=us)


def _rewrite(connection: sqlite3.Connection, number: int, name: str) -> None:
    try:
        rewrite(connection, number)
    except (RungError, msgspec.ValidationError, LookupError, AssertionError, sqlite3.IntegrityError) as error:
        why = error.sentence if isinstance(error, RungError) else f"{type(error).__name__} {error}"
        raise StoreError(
            f"the log of the study {name!r} is damaged, so nothing was changed: {why}",
            hint="Restore the store from a backup, or delete the study with the rung that wrote it.",
        ) from error
