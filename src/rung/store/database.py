"""One SQLite file: its connections, its transactions, and what its errors mean."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any, final
from urllib.parse import quote

from rung.errors import StoreError, StoreFullError, StoreNotFoundError, StoreVersionError

SCHEMA_VERSION = 1

_PATIENCE_S = 30.0
"""How long a write waits for those of other processes; one append takes milliseconds."""

_CHECKPOINT_PAGES = 1000

_FULL = {
    "SQLITE_FULL",
    "SQLITE_IOERR_WRITE",
    "SQLITE_IOERR_FSYNC",
    "SQLITE_IOERR_DIR_FSYNC",
    "SQLITE_IOERR_TRUNCATE",
    "SQLITE_IOERR_SHMSIZE",
    "SQLITE_IOERR_SHMMAP",
}


@final
class Database:
    """A file with the schema of rung.

    One connection writes, opened with the first write; another one reads and can't write. Both may be used by any
    thread. WAL mode lets readers of all processes go on while one writes; synchronous=FULL makes every commit durable.

    path: absolute. create: make the file when it's missing; else StoreNotFoundError by whoever asks for it.
    """

    def __init__(self, path: Path, *, create: bool) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._read_lock = threading.RLock()
        self._writer: sqlite3.Connection | None = None
        self._reader: sqlite3.Connection | None = None
        if create:
            with self.write():
                pass
        else:
            self.query("SELECT 1")

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction: committed and durable at the end, or rolled back and raised as an error of rung."""
        with self._lock:
            connection = self.writer()
            try:
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                connection.execute("COMMIT")
            except BaseException as error:
                _roll_back(connection)
                if isinstance(error, sqlite3.Error):
                    raise meaning_of(error, self.path) from error
                raise

    def writer(self) -> sqlite3.Connection:
        """The connection that writes, outside of transactions."""
        with self._lock:
            if self._writer is None:
                self._writer = self._open_writer()
            return self._writer

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a SELECT, as of the newest commit."""
        with self._read_lock:
            try:
                if self._reader is None:
                    self._reader = self._open_reader()
                return self._reader.execute(sql, parameters).fetchall()
            except sqlite3.Error as error:
                raise meaning_of(error, self.path) from error

    def fold_back(self, *, enabled: bool) -> None:
        """Let this process's commits move the WAL into the file, now and then. Left to the processes that hold leases:

        SQLite before 3.51.3 can lose a commit when two connections do that in the same instant.
        """
        self.writer().execute(f"PRAGMA wal_autocheckpoint={_CHECKPOINT_PAGES if enabled else 0}")

    def close(self) -> None:
        """Close the connections. Idempotent; what comes later opens them again."""
        with self._lock, self._read_lock:
            for connection in (self._reader, self._writer):
                if connection is not None:
                    connection.close()
            self._reader = self._writer = None

    def _open_writer(self) -> sqlite3.Connection:
        if not self.path.parent.is_dir():
            raise StoreNotFoundError(f"The folder {str(self.path.parent)!r} doesn't exist.", hint="Create it first.")
        connection = _connect(self.path, "rwc")
        try:
            connection.execute(f"PRAGMA busy_timeout={_PATIENCE_S * 1000:.0f}")
            connection.execute("PRAGMA foreign_keys=ON")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA wal_autocheckpoint=0")
            _set_up(connection, self.path)
        except BaseException as error:
            connection.close()
            if isinstance(error, sqlite3.Error):
                raise meaning_of(error, self.path) from error
            raise
        return connection

    def _open_reader(self) -> sqlite3.Connection:
        if not self.path.exists():
            raise StoreNotFoundError(f"There is no store at {str(self.path)!r}.")
        connection = _connect(self.path, "ro")
        try:
            connection.execute(f"PRAGMA busy_timeout={_PATIENCE_S * 1000:.0f}")
            _check_version(connection, self.path)
        except BaseException:
            connection.close()
            raise
        return connection
