"""One SQLite file: its connections, its transactions, and what its errors mean."""

from __future__ import annotations

import shlex
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import resources
from pathlib import Path
from typing import Any, final
from urllib.parse import quote

from rung.errors import StoreError, StoreNotFoundError, StoreVersionError
from rung.store._faults import SQLITE_ERRORS, gone, meaning_of, not_found
from rung.store._names import study_not_found

SCHEMA_VERSION = 2

_PATIENCE_S = 30.0
"""How long a write waits for those of other processes; one append takes milliseconds."""

_CHECKPOINT_PAGES = 1000


@final
class Database:
    """A file with the schema of rung.

    One connection writes, opened with the first write; another one reads and can't write. Both may be used by any
    thread. WAL mode lets readers of all processes go on while one writes; synchronous=FULL makes every commit durable.

    path: absolute. create: make the file when it's missing.
    """

    def __init__(self, path: Path, *, create: bool) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._read_lock = threading.RLock()
        self._writer: sqlite3.Connection | None = None
        self._reader: sqlite3.Connection | None = None
        self._is_frozen = False
        self._wal = path.with_name(f"{path.name}-wal")
        self._written: tuple[int, int] | None = None
        self._create = create
        if create:
            self.writer()
        else:
            self.query("SELECT 1")

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction: committed and durable at the end, or rolled back and raised as an error of rung."""
        with self._lock:
            connection = self.writer()
            if _identity(self.path) != self._written:
                raise gone(self.path)
            try:
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                connection.execute("COMMIT")
            except BaseException as error:
                _roll_back(connection)
                if isinstance(error, SQLITE_ERRORS):
                    raise meaning_of(error, self.path) from error
                raise

    @contextmanager
    def connection(self) -> Iterator[sqlite3.Connection]:
        """The connection that writes, to look at something outside of a transaction."""
        with self._lock:
            try:
                yield self.writer()
            except SQLITE_ERRORS as error:
                raise meaning_of(error, self.path) from error

    def writer(self) -> sqlite3.Connection:
        """The connection that writes, outside of transactions."""
        with self._lock:
            if self._writer is None:
                try:
                    self._writer = self._open_writer()
                except SQLITE_ERRORS as error:
                    raise meaning_of(error, self.path) from error
                self._written = _identity(self.path)
                self._create = False  # if the file vanishes, nothing must pretend to be it
            return self._writer

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a SELECT, as of the newest commit."""
        with self._read_lock:
            try:
                if self._is_frozen and _has_content(self._wal):  # somebody writes after all
                    self._drop_reader()
                if self._reader is None:
                    self._reader = self._open_reader()
                return self._reader.execute(sql, parameters).fetchall()
            except SQLITE_ERRORS as error:
                raise meaning_of(error, self.path) from error

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """All queries within see the same commit. Other threads' queries wait."""
        with self._read_lock:
            self.query("BEGIN")
            try:
                yield
            finally:
                if self._reader is not None:
                    _roll_back(self._reader)  # nothing was written

    def number(self, study: str) -> int:
        """The number that the study has in this file now; StudyNotFoundError names the nearest name."""
        found = self.query("SELECT id FROM study WHERE name = ?", (study,))
        if not found:
            raise study_not_found(study, [name for (name,) in self.query("SELECT name FROM study ORDER BY id")])
        return int(found[0][0])

    def fold_back(self, *, enabled: bool) -> None:
        """Whether commits of this process move the WAL into the file from time to time.

        Only those who hold leases should: SQLite before 3.51.3 can lose a commit when two do it in the same instant.
        """
        self.writer().execute(f"PRAGMA wal_autocheckpoint={_CHECKPOINT_PAGES if enabled else 0}")

    def close(self) -> None:
        """Close the connections. Idempotent; what comes later opens them again."""
        with self._lock, self._read_lock:
            self._drop_reader()
            if self._writer is not None:
                self._writer.close()
                self._writer = None

    def _drop_reader(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None
        self._is_frozen = False

    def _open_writer(self) -> sqlite3.Connection:
        if not self.path.parent.is_dir():
            raise StoreNotFoundError(f"The folder {str(self.path.parent)!r} doesn't exist.", hint="Create it first.")
        with _opened(self.path, "mode=rwc" if self._create else "mode=rw") as connection:
            connection.execute("PRAGMA foreign_keys=ON")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA wal_autocheckpoint=0")
            _set_up(connection, self.path, create=self._create)
            return connection

    def _open_reader(self) -> sqlite3.Connection:
        if not self.path.exists():
            raise not_found(self.path)
        try:
            with _opened(self.path, "mode=ro") as connection:
                _check_version(connection, self.path)
        except sqlite3.Error:
            # Even reading takes two small files beside the database. Where they can't be created (a full disk, a
            # read-only folder), nobody can be writing either, and the database can be read as it stands.
            if _has_content(self._wal):
                raise
            with _opened(self.path, "mode=ro&immutable=1") as connection:
                _check_version(connection, self.path)
            self._is_frozen = True
        return connection


@contextmanager
def _opened(path: Path, options: str) -> Iterator[sqlite3.Connection]:
    """A new connection, closed again if the block fails."""
    uri = f"file:{quote(str(path))}?{options}"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, timeout=_PATIENCE_S)
    try:
        yield connection
    except BaseException:
        connection.close()
        raise


def _identity(path: Path) -> tuple[int, int] | None:
    """Which file stands at a path, whatever its name; None when there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _has_content(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except FileNotFoundError:
        return False


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        with suppress(sqlite3.Error):  # SQLite may have rolled back by itself, and the first error says more
            connection.execute("ROLLBACK")


def _set_up(connection: sqlite3.Connection, path: Path, *, create: bool) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        if create and not connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
            apply_schema(connection, after=0)
        _check_version(connection, path)
        connection.execute("COMMIT")
    except BaseException:
        _roll_back(connection)
        raise
    _use_wal(connection, path)


def _use_wal(connection: sqlite3.Connection, path: Path) -> None:
    patience_ends = time.monotonic() + _PATIENCE_S
    while True:
        try:
            (mode,) = connection.execute("PRAGMA journal_mode=WAL").fetchone()
            break
        except sqlite3.OperationalError as error:  # SQLite doesn't wait here when another process does the same
            if error.sqlite_errorname != "SQLITE_BUSY" or time.monotonic() > patience_ends:
                raise
            time.sleep(0.01)
    if mode != "wal":
        raise StoreError(f"The file system of {str(path)!r} can't hold a store.", hint="Put it on a local disk.")


def apply_schema(connection: sqlite3.Connection, *, after: int) -> None:
    """Within a transaction: all changes of the schema since that version; 0 begins with an empty file."""
    for version in range(after + 1, SCHEMA_VERSION + 1):
        schema = resources.files("rung.store").joinpath("schema", f"{version}.sql").read_text("utf-8")
        for statement in schema.split(";\n"):
            connection.execute(statement)
    connection.execute("INSERT OR REPLACE INTO meta VALUES ('schema_version', ?)", (str(SCHEMA_VERSION),))


def schema_version(connection: sqlite3.Connection, path: Path) -> int:
    """The version of the file's schema; StoreError when it is no store, StoreVersionError when it is a newer one."""
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
        if not connection.execute("SELECT 1 FROM sqlite_master").fetchone():  # somebody is about to make a store of it
            raise not_found(path)
        raise StoreError(f"{str(path)!r} is a database, but not one of rung.", hint="Choose another file.")
    found = connection.execute("SELECT value FROM meta WHERE name = 'schema_version'").fetchone()
    version = int(found[0]) if found and found[0].isdecimal() else 0
    if version > SCHEMA_VERSION:
        raise StoreVersionError(
            f"{str(path)!r} has the schema version {version}; this version of rung knows up to {SCHEMA_VERSION}.",
            hint="Install the version of rung that wrote it, or a newer one.",
        )
    if version < 1:
        raise StoreError(f"{str(path)!r} is a database, but not one of rung.", hint="Choose another file.")
    return version


def _check_version(connection: sqlite3.Connection, path: Path) -> None:
    version = schema_version(connection, path)
    if version < SCHEMA_VERSION:
        raise StoreVersionError(
            f"{str(path)!r} has the schema version {version}; this version of rung needs {SCHEMA_VERSION}.",
            hint=f"Bring it up to date, a backup is kept beside it: rung store upgrade {shlex.quote(str(path))}",
        )
