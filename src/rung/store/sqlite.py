"""The store in a SQLite file: durable, readable by any process while a tuner writes to it."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import final

from rung.commands import Command, UnknownCommand
from rung.contracts import Tables
from rung.events import Event, StudyCreated
from rung.ledger import Ledger
from rung.store._database import Database
from rung.store._inbox import Inbox
from rung.store._leases import Leases
from rung.store._names import folder_name, study_exists
from rung.store._projection import Projection
from rung.store._tables import SqliteTables
from rung.store.codec import EVENTS
from rung.store.owner import Clock, MachineClock
from rung.types import Lease, Owner

_CHUNK = 5000
"""Events read at a time; no read transaction stays open between two chunks, so a slow reader holds nobody up."""

_BEGIN_HEAD = """
    INSERT INTO head (study, epoch)
    VALUES (?, coalesce((SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'epoch'), 0))
"""
"""Epochs go on where those of deleted studies ended, so that no lease of one is valid for another of its name."""


@final
class SqliteStore:
    """Keeps studies in one file, beside which a folder takes the files of their trials.

    ``lenet.db`` has ``lenet-files``, any other name all of it: ``lenet.sqlite`` has ``lenet.sqlite.files``.

    A write returns when it is on the disk; with many events in one ``append`` they cost one wait together.
    create: make the file when it is missing; else StoreNotFoundError. Safe to use from several threads.
    """

    def __init__(self, path: Path, *, create: bool = True, clock: Clock | None = None) -> None:
        self.path = path.expanduser().absolute()
        self.url = f"sqlite:///{self.path}"
        self.database = Database(self.path, create=create)
        clock = clock or MachineClock()
        self._leases = Leases(self.database, clock)
        self._inbox = Inbox(self.database, self._leases)
        self._projections: dict[str, tuple[int, Projection]] = {}
        self._appending = threading.Lock()
        self.tables: Tables = SqliteTables(self.database, self._leases, clock)

    def create(self, created: StudyCreated) -> None:
        """Begin a study with its first event; StudyExistsError if the name is taken."""
        with self.database.write() as connection:
            try:
                row = (created.study, EVENTS.encode(created))
                study = connection.execute("INSERT INTO study (name, created) VALUES (?, ?)", row).lastrowid
            except sqlite3.IntegrityError:
                raise study_exists(created.study) from None
            assert study is not None
            connection.execute(_BEGIN_HEAD, (study,))
            Projection(study, Ledger(), 0).append(connection, (created,))

    def append(self, events: Sequence[Event], *, lease: Lease) -> int:
        """Add events to the log, durably, and renew the lease; see ``contracts.Store``."""
        with self._appending:
            epoch, projection = self._projections.pop(lease.study, (0, None))
            if epoch != lease.epoch:
                projection = None
            # Under one lease a study keeps its number, and should it be deleted, the lease is valid for no other study.
            study = self.database.number(lease.study) if projection is None else projection.study
            with self.database.write() as connection:
                self._leases.renew(connection, study, lease)
                if projection is None:
                    projection = Projection.load(connection, study)
                seq = projection.append(connection, events)
            self._projections[lease.study] = (lease.epoch, projection)
            return seq

    def read(self, study: str, after: int = 0) -> Iterator[tuple[int, Event]]:
        """(sequence number, event) of all events after that number, also of those that come while reading."""
        return _read(self.database, self.database.number(study), after)

    def acquire(self, study: str, owner: Owner, *, ttl: float) -> Lease:
        """The right to write to the study; see ``contracts.Store`` and ``rung.store.lease``."""
        lease = self._leases.acquire(self.database.number(study), owner, name=study, ttl=ttl)
        self.database.fold_back(enabled=True)
        return lease

    def renew(self, lease: Lease) -> None:
        """Another ``ttl`` seconds from now; FencedError when it has passed to somebody else."""
        study = self.database.number(lease.study)
        with self.database.write() as connection:
            self._leases.renew(connection, study, lease)

    def release(self, lease: Lease) -> None:
        """Give the right back; nothing happens when it has passed on already."""
        self._leases.release(self.database.number(lease.study), lease)

    def post(self, study: str, command: Command, *, key: str | None = None) -> int:
        """Put a command into the study's inbox; returns its number. The same key twice gives the same number."""
        return self._inbox.post(self.database.number(study), command, key=key)

    def take(self, lease: Lease) -> Sequence[tuple[int, Command | UnknownCommand]]:
        """The commands that no event has answered yet, oldest first."""
        return self._inbox.take(self.database.number(lease.study), lease)

    def folder(self, study: str) -> Path:
        """The study's folder, below that of the store; no two stores have one together."""
        name = f"{self.path.stem}-files" if self.path.suffix == ".db" else f"{self.path.name}.files"
        return self.path.with_name(name) / folder_name(study)

    def close(self) -> None:
        """Close the file. Idempotent; leases that were not released stay."""
        self.database.close()


def _read(database: Database, study: int, after: int) -> Iterator[tuple[int, Event]]:
    sql = "SELECT seq, event FROM event WHERE study = ? AND seq > ? ORDER BY seq LIMIT ?"
    while rows := database.query(sql, (study, after, _CHUNK)):
        for seq, text in rows:
            yield seq, EVENTS.decode(text)
        after = rows[-1][0]
