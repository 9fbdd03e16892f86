"""The leases of a SQLite store: part of the ``head`` row of each study."""

from __future__ import annotations

import sqlite3
from typing import final

import msgspec
from msgspec import Struct

from rung.errors import StudyNotFoundError
from rung.store._database import Database
from rung.store.lease import Holding, fenced, is_free, locked
from rung.store.owner import Clock, Stamp
from rung.types import Lease, Owner


class _Holder(Struct, frozen=True):
    """What of a lease stays the same while it is held."""

    owner: Owner
    ttl: float
    since: Stamp


_READ = msgspec.json.Decoder(_Holder).decode
_WRITE = msgspec.json.Encoder().encode

_SELECT = "SELECT epoch, holder, renewed_boot, renewed_uptime, renewed_unix FROM head WHERE study = ?"
_TAKE = """
    UPDATE head SET epoch = epoch + 1, holder = ?, renewed_boot = ?, renewed_uptime = ?, renewed_unix = ?
    WHERE study = ? AND epoch = ? AND renewed_uptime IS ?
"""
_RENEW = """
    UPDATE head SET renewed_boot = ?, renewed_uptime = ?, renewed_unix = ?
    WHERE study = ? AND epoch = ? AND holder IS NOT NULL
"""
_RELEASE = """
    UPDATE head SET holder = NULL, renewed_boot = NULL, renewed_uptime = NULL, renewed_unix = NULL
    WHERE study = ? AND epoch = ?
"""


@final
class Leases:
    """Gives, renews and takes back leases. ``study`` is a study's number in the file."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def holding(self, study: int) -> tuple[int, Holding | None]:
        """(epoch, who has the lease if anybody)."""
        found = self._database.query(_SELECT, (study,))
        if not found:
            raise _deleted()
        ((epoch, holder, *renewed),) = found
        return epoch, _holding(epoch, holder, Stamp(*renewed))

    def acquire(self, study: int, owner: Owner, *, name: str, ttl: float) -> Lease:
        """See ``contracts.Store.acquire``; ``name`` is the study's."""
        while True:
            epoch, holding = self.holding(study)
            if not is_free(holding, owner, self._clock, read=lambda: self.holding(study)[1]):
                assert holding is not None
                raise locked(name, holding, self._clock.stamp(), asking=owner)
            now = self._clock.stamp()
            holder = _WRITE(_Holder(owner, ttl, since=now)).decode()
            judged = (study, epoch, holding and holding.renewed.uptime)
            with self._database.write() as connection:
                taken = connection.execute(_TAKE, (holder, now.boot, now.uptime, now.unix, *judged)).rowcount
            if taken:  # else somebody was faster, or the holder renewed it in between
                return Lease(name, owner, epoch + 1, ttl)

    def renew(self, connection: sqlite3.Connection, study: int, lease: Lease) -> None:
        """Within a transaction: another ``ttl`` seconds from now, or FencedError."""
        now = self._clock.stamp()
        if not connection.execute(_RENEW, (now.boot, now.uptime, now.unix, study, lease.epoch)).rowcount:
            self.check(connection, study, lease)

    def check(self, connection: sqlite3.Connection, study: int, lease: Lease) -> None:
        """FencedError when the lease is no longer valid."""
        found = connection.execute(_SELECT, (study,)).fetchone()
        if found is None:
            raise _deleted()
        epoch, holder, *_ = found
        if holder is None or epoch != lease.epoch:
            raise fenced(lease, holder and _READ(holder).owner)

    def release(self, study: int, lease: Lease) -> None:
        """Give the right back; nothing happens when it has passed on already."""
        with self._database.write() as connection:
            connection.execute(_RELEASE, (study, lease.epoch))


def read_holding(connection: sqlite3.Connection, study: int) -> Holding | None:
    """Who has the lease, if anybody, as this connection sees it."""
    epoch, holder, *renewed = connection.execute(_SELECT, (study,)).fetchone()
    return _holding(epoch, holder, Stamp(*renewed))


def _deleted() -> StudyNotFoundError:
    return StudyNotFoundError("The study has been deleted while this process knew it.", hint="Begin it anew.")


def _holding(epoch: int, holder: str | None, renewed: Stamp) -> Holding | None:
    if holder is None:
        return None
    held = _READ(holder)
    return Holding(held.owner, epoch, held.ttl, held.since, renewed)
