from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import threading

import pytest

from rung.commands import StopTrial
from rung.errors import StoreError, StoreNotFoundError, StoreVersionError
from rung.store import SqliteStore, current_owner
from rung.store._database import Database, _use_wal
from rung.store.verify import verify
from rung.testing._store_samples import created, sample_log


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.db"


def a_study(path, n_events=20):
    """A store whose writer has died: the WAL is there and nobody has folded it back."""
    store = SqliteStore(path)
    store.create(created())
    store.append(list(sample_log(1, n_events)), lease=store.acquire("lenet", current_owner(), ttl=60.0))
    for file in list(path.parent.glob(f"{path.name}*")):
        shutil.copy(file, file.with_name(f"copy-{file.name}"))
    store.close()
    return path.with_name(f"copy-{path.name}")


def test_every_commit_is_durable(path):
    database = Database(path, create=True)
    values = {
        name: database.writer().execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
    }
    assert values == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000}
    database.close()


def test_only_who_holds_a_lease_folds_the_wal_back(path):
    tuner = SqliteStore(path)
    tuner.create(created())
    poster = SqliteStore(path, create=False)
    before = path.read_bytes()
    for trial in range(400):
        poster.post("lenet", StopTrial(trial))
    assert path.read_bytes() == before
    lease = tuner.acquire("lenet", current_owner(), ttl=60.0)
    tuner.append(list(sample_log(1, 10)), lease=lease)
    assert path.read_bytes() != before
    poster.close()
    tuner.close()


def test_a_reader_cannot_write(path):
    store = SqliteStore(path)
    with pytest.raises(StoreError, match="can't be written"):
        store.database.query("DELETE FROM study")
    store.close()


def test_a_reader_creates_nothing(path):
    with pytest.raises(StoreNotFoundError, match="There is no store at"):
        SqliteStore(path, create=False)
    assert list(path.parent.iterdir()) == []


def test_a_folder_that_is_missing_is_not_made(tmp_path):
    for create in (True, False):
        with pytest.raises(StoreNotFoundError, match="no/where' doesn't exist"):
            SqliteStore(tmp_path / "no" / "where" / "a.db", create=create)
    assert list(tmp_path.iterdir()) == []


def test_what_a_dead_writer_left_in_the_wal_is_read(path):
    copy = a_study(path)
    assert copy.with_name(f"{copy.name}-wal").stat().st_size > 0
    store = SqliteStore(copy, create=False)
    assert len(list(store.read("lenet"))) == 21
    assert verify(store, "lenet") == []
    store.close()


@pytest.mark.parametrize("name", ["a b?c=d&e#f%20.db", "ä'\";.sqlite", "mode=memory.db"])
def test_paths_may_have_any_characters(tmp_path, name):
    store = SqliteStore(tmp_path / name)
    store.create(created())
    store.close()
    assert [entry.name for entry in tmp_path.iterdir()] == [name]
    assert len(SqliteStore(tmp_path / name, create=False).tables.studies()) == 1


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"not a database, but a text that is long enough to look at" * 20, "is not a database"),
        (b"", "There is no store at"),
    ],
)
def test_a_file_that_is_no_store_is_refused(path, content, sentence):
    path.write_bytes(content)
    with pytest.raises(StoreError, match=sentence):
        SqliteStore(path, create=False)
    assert path.read_bytes() == content


def test_a_database_of_others_is_refused_and_left_alone(path):
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE trials (number)")
    connection.close()
    before = path.read_bytes()
    for create in (True, False):
        with pytest.raises(StoreError, match="is a database, but not one of rung"):
            SqliteStore(path, create=create)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("version", "error", "sentence"),
    [
        ("3", StoreVersionError, "has the schema version 3; this version of rung knows up to 2"),
        ("1", StoreVersionError, r"has the schema version 1; this version of rung needs 2.*rung store upgrade"),
        ("x", StoreError, "not one of rung"),
    ],
)
def test_another_schema_is_refused(path, version, error, sentence):
    SqliteStore(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE meta SET value = ? WHERE name = 'schema_version'", (version,))
    connection.close()
    for create in (True, False):
        with pytest.raises(error, match=sentence):
            SqliteStore(path, create=create)


def test_an_empty_file_becomes_a_store_when_asked(path):
    path.touch()
    store = SqliteStore(path)
    store.create(created())
    store.close()


def test_many_processes_make_the_same_store_at_once(path):
    code = f"""
import sys
from pathlib import Path
from rung.store import SqliteStore
from rung.testing._store_samples import created
input()
store = SqliteStore(Path({str(path)!r}))
store.create(created(sys.argv[1]))
store.close()
"""
    processes = [
        subprocess.Popen([sys.executable, "-c", code, f"study {count}"], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        for count in range(4)
    ]
    for process in processes:
        process.stdin.write(b"\n")
        process.stdin.flush()
    for process in processes:
        _, complaint = process.communicate()
        assert process.returncode == 0, complaint
    store = SqliteStore(path, create=False)
    assert {row.name for row in store.tables.studies()} == {f"study {count}" for count in range(4)}
    store.close()


def test_a_closed_store_opens_again_but_never_anew(path):
    store = SqliteStore(path)
    store.create(created())
    store.close()
    assert store.tables.study("lenet").name == "lenet"
    store.close()
    path.unlink()
    with pytest.raises(StoreNotFoundError, match="There is no store"):
        store.tables.study("lenet")
    with pytest.raises(StoreError, match="can't be opened"):
        store.create(created("other"))
    assert not path.exists()


@pytest.mark.parametrize("is_replaced", [True, False])
def test_a_file_that_vanishes_under_a_writer_is_noticed(path, is_replaced):
    store = SqliteStore(path)
    store.create(created())
    lease = store.acquire("lenet", current_owner(), ttl=60.0)
    path.rename(path.with_name("b.db"))
    if is_replaced:
        SqliteStore(path).close()
    with pytest.raises(StoreError, match=r"has been removed or replaced while it was in use.*not stored"):
        store.append(list(sample_log(1, 5)), lease=lease)
    path.with_name("b.db").rename(path)
    assert store.append(list(sample_log(1, 5)), lease=lease) == 6
    store.close()


def test_a_snapshot_stands_still_while_others_write(path):
    reader = SqliteStore(path)
    reader.create(created())
    writer = SqliteStore(path, create=False)
    lease = writer.acquire("lenet", current_owner(), ttl=60.0)
    with reader.database.snapshot():
        assert len(list(reader.read("lenet"))) == 1
        writer.append(list(sample_log(3, 30)), lease=lease)
        assert len(list(reader.read("lenet"))) == 1
    assert len(list(reader.read("lenet"))) == 31
    reader.close()
    writer.close()


def test_threads_may_share_a_store(path):
    store = SqliteStore(path)
    failures = []

    def work(count):
        try:
            study = f"study {count}"
            store.create(created(study))
            lease = store.acquire(study, current_owner(), ttl=60.0)
            events = list(sample_log(count, 60))
            for event in events:
                store.append([event], lease=lease)
                store.take(lease)
            assert [event for _, event in store.read(study)] == [created(study), *events]
            assert verify(store, study) == []
        except BaseException as error:  # noqa: BLE001 - is shown by the main thread
            failures.append(error)

    threads = [threading.Thread(target=work, args=(count,)) for count in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    store.close()


class Stubborn:
    """A connection that is busy for some time when it's asked for WAL mode, and ends up in some mode."""

    def __init__(self, n_times, mode="wal"):
        self.n_times, self.mode = n_times, mode

    def execute(self, sql):
        assert sql == "PRAGMA journal_mode=WAL"
        if self.n_times > 0:
            self.n_times -= 1
            error = sqlite3.OperationalError("database is locked")
            error.sqlite_errorname = "SQLITE_BUSY"
            raise error
        return self

    def fetchone(self):
        return (self.mode,)


def test_wal_mode_is_asked_for_until_others_let_us(path, monkeypatch):
    connection = Stubborn(3)
    _use_wal(connection, path)
    assert connection.n_times == 0
    monkeypatch.setattr("rung.store._database._PATIENCE_S", 0.0)
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        _use_wal(Stubborn(10**6), path)


def test_a_file_system_without_wal_is_refused(path):
    with pytest.raises(StoreError, match=r"can't hold a store.*Put it on a local disk"):
        _use_wal(Stubborn(0, "delete"), path)


def test_a_wal_that_cannot_be_read_is_not_passed_over(path):
    a_study(path)
    copy = path.with_name(f"copy-{path.name}")
    copy.write_bytes(b"no database" * 1000)
    with pytest.raises(StoreError, match="is not a database"):
        SqliteStore(copy, create=False)


def test_errors_outside_of_transactions_are_explained_too(path):
    database = Database(path, create=True)
    with (
        pytest.raises(StoreError, match=r"SQLite refused to work.*no such table"),
        database.connection() as connection,
    ):
        connection.execute("SELECT * FROM nobody")
    database.close()
