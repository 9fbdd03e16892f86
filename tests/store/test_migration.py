from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from rung.errors import StoreError, StoreNotFoundError, StoreVersionError, StudyLockedError
from rung.store import SqliteStore, current_owner
from rung.store import migration as module
from rung.store._database import SCHEMA_VERSION
from rung.store._leases import _WRITE, _Holder
from rung.store.migration import save_copy, upgrade
from rung.store.owner import MachineClock
from rung.store.verify import verify
from rung.types import TrialState

VERSION_1 = Path(__file__).parent / "data" / "version-1.sql"
"""Two studies that the first version of the store was filled with, as SQL text."""


@pytest.fixture
def old(tmp_path):
    path = tmp_path / "rung.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(VERSION_1.read_text())
        connection.execute("PRAGMA journal_mode=WAL")
    return path


def rows_of(path):
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


def test_an_old_store_is_refused_with_the_way_out(old):
    for create in (True, False):
        with pytest.raises(StoreVersionError, match=r"version 1.*needs 2.*rung store upgrade .*rung\.db"):
            SqliteStore(old, create=create)


def test_an_old_store_becomes_one_of_today(old):
    before = rows_of(old)
    done = upgrade(old)
    assert (done.before, done.after, done.studies) == (1, SCHEMA_VERSION, 2)
    assert done.backup == old.with_name("rung.db.v1-backup")
    assert rows_of(done.backup) == before
    store = SqliteStore(old, create=False)
    assert [row.name for row in store.tables.studies()] == ["lenet", "other"]
    for row in store.tables.studies():
        assert verify(store, row.name) == []
    row = store.tables.study("lenet")
    trials = store.tables.trials("lenet")
    assert sum(row.counts.values()) == len(trials) == 4
    assert row.runtime == pytest.approx(sum(trial.runtime for trial in trials)) != 0
    assert row.ended_why == "done"
    assert {trial.state for trial in trials} <= {TrialState.COMPLETED, TrialState.STOPPED, TrialState.FAILED}
    store.append([], lease=store.acquire("lenet", current_owner(), ttl=60.0))
    store.close()


def test_the_log_is_left_as_it_was(old):
    select = "SELECT * FROM event ORDER BY study, seq"
    with closing(sqlite3.connect(old)) as connection:
        before = connection.execute(select).fetchall()
    upgrade(old)
    with closing(sqlite3.connect(old)) as connection:
        assert connection.execute(select).fetchall() == before


def test_a_store_of_today_is_left_alone(tmp_path):
    path = tmp_path / "rung.db"
    SqliteStore(path).close()
    done = upgrade(path)
    assert (done.before, done.after, done.backup) == (SCHEMA_VERSION, SCHEMA_VERSION, None)
    assert [file.name for file in tmp_path.iterdir()] == ["rung.db"]


def test_a_study_in_hand_is_waited_for(old):
    stamp = MachineClock().stamp()
    holder = _WRITE(_Holder(current_owner(), 60.0, since=stamp)).decode()
    renewed = (holder, stamp.boot, stamp.uptime, stamp.unix)
    with closing(sqlite3.connect(old)) as connection, connection:
        connection.execute(
            "UPDATE head SET holder = ?, renewed_boot = ?, renewed_uptime = ?, renewed_unix = ? WHERE study = 2",
            renewed,
        )
    before = rows_of(old)
    with pytest.raises(StudyLockedError, match="'other'"):
        upgrade(old)
    assert rows_of(old) == before
    assert not list(old.parent.glob("*backup*"))


class Failing:
    """A connection that fails at a statement, or ends its process there."""

    def __init__(self, connection, at, *, by_kill=False):
        self._connection, self._left, self._by_kill = connection, at, by_kill

    def execute(self, *given):
        self._count()
        return self._connection.execute(*given)

    def executemany(self, *given):
        self._count()
        return self._connection.executemany(*given)

    def _count(self):
        self._left -= 1
        if self._left == 0:
            if self._by_kill:
                os.kill(os.getpid(), signal.SIGKILL)
            raise sqlite3.OperationalError("the disk is on fire")

    def __getattr__(self, name):
        return getattr(self._connection, name)


def failing_upgrade(path, at, *, by_kill=False):
    """Returns whether all went well, since there were fewer statements."""
    connect, is_done = module._connect, False

    def opened(path, options):
        connection = connect(path, options)
        return Failing(connection, at, by_kill=by_kill) if options == "mode=rw" else connection

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_connect", opened)
        try:
            upgrade(path)
            is_done = True
        except StoreError as error:
            assert "the disk is on fire" in str(error)  # noqa: PT017 - or there is no error
    return is_done


def test_a_failure_at_any_statement_changes_nothing(old):
    before = rows_of(old)
    at = 1
    while not failing_upgrade(old, at):
        assert rows_of(old) == before
        at += 3  # not every one of them, for the time it takes
    assert at > 60
    assert upgrade(old).backup is None


@pytest.mark.parametrize("at", [4, 8, 30, 60])
def test_a_kill_in_the_middle_changes_nothing(old, at):
    before = rows_of(old)
    process = multiprocessing.get_context("fork").Process(target=failing_upgrade, args=(old, at), kwargs={"by_kill": 1})
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    assert rows_of(old) == before
    assert upgrade(old).studies == 2
    store = SqliteStore(old, create=False)
    assert verify(store, "lenet") == []
    store.close()


def test_a_damaged_log_is_named_and_nothing_changed(old):
    with closing(sqlite3.connect(old)) as connection, connection:
        connection.execute("UPDATE event SET event = '{' WHERE study = 2 AND seq = 3")
    before = rows_of(old)
    with pytest.raises(StoreError, match="the log of the study 'other' is damaged, so nothing was changed"):
        upgrade(old)
    assert rows_of(old) == before


def test_what_is_no_store(tmp_path):
    with pytest.raises(StoreNotFoundError, match="There is no store"):
        upgrade(tmp_path / "rung.db")
    (tmp_path / "a.db").write_text("no database at all, but long enough to look at" * 100)
    with pytest.raises(StoreError, match="is not a database"):
        upgrade(tmp_path / "a.db")
    with closing(sqlite3.connect(tmp_path / "b.db")) as connection:
        connection.execute("CREATE TABLE mine (a)")
    with pytest.raises(StoreError, match="not one of rung"):
        upgrade(tmp_path / "b.db")


def test_a_copy_replaces_another_and_leaves_no_draft(old, tmp_path):
    target = tmp_path / "copy.db"
    target.write_text("older")
    save_copy(old, target)
    assert rows_of(target) == rows_of(old)
    assert {file.name for file in tmp_path.iterdir()} <= {"rung.db", "copy.db", "rung.db-wal", "rung.db-shm"}


def test_what_a_killed_upgrade_has_left_is_removed_by_the_next(old):
    """And nothing else that is called much like it."""
    left = [old.with_name(f"rung.db.v1-backup.tmp-{end}") for end in ("1", "12345", "12345-journal")]
    others = [
        old.with_name(f"{name}") for name in ("rung.db.v1-backup.tmp-mine", "rung.db.tmp-1", "a.db.v1-backup.tmp-1")
    ]
    for path in (*left, *others):
        path.write_text("half of a backup")
    done = upgrade(old)
    assert not any(path.exists() for path in left)
    assert all(path.exists() for path in (*others, done.backup))
