from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from rung.errors import StoreError, StoreFullError
from rung.store import SqliteStore, current_owner
from rung.store._faults import meaning_of, not_found
from rung.store.verify import verify
from rung.testing._store_samples import created, sample_log


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.db"


def fill(store, make_room):
    """Append until the disk is full, look that nothing is lost, make room, and go on."""
    lease = store.acquire("lenet", current_owner(), ttl=60.0)
    events = list(sample_log(1, 4000))
    done = 0
    with pytest.raises(StoreFullError, match="Free some space") as caught:  # noqa: PT012 - which append is not known
        while done < len(events):
            store.append(events[done : done + 10], lease=lease)
            done += 10
    assert done > 0
    assert "what was stored before is intact" in caught.value.sentence
    for _ in range(3):
        with pytest.raises(StoreFullError):
            store.append(events[done:], lease=lease)
    assert [event for _, event in store.read("lenet")] == [created(), *events[:done]]
    assert verify(store, "lenet") == []
    make_room(store)
    assert store.append(events, lease=lease) == len(events) + 1
    assert verify(store, "lenet") == []
    assert store.database.query("PRAGMA integrity_check") == [("ok",)]


def test_a_full_database_refuses_and_goes_on_when_it_may_grow(path):
    store = SqliteStore(path)
    store.create(created())
    (pages,) = store.database.writer().execute("PRAGMA page_count").fetchone()
    store.database.writer().execute(f"PRAGMA max_page_count={pages + 20}")
    fill(store, lambda store: store.database.writer().execute("PRAGMA max_page_count=1000000"))
    store.close()


IN_A_LIMITED_PROCESS = """
import resource, sys
from pathlib import Path
sys.path.insert(0, {folder!r})
from test_faults import fill
from rung.store import SqliteStore
from rung.testing._store_samples import created

store = SqliteStore(Path({path!r}))
store.create(created())
_, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
fill(store, lambda store: resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard)))
store.close()
"""


def test_a_file_that_may_not_grow_refuses_and_goes_on_when_it_may(path):
    run_python(IN_A_LIMITED_PROCESS.format(folder=str(Path(__file__).parent), path=str(path)))


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 1 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("needs the right to mount a file system")
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


@pytest.mark.skipif(sys.platform != "linux", reason="tmpfs is of Linux")
def test_a_full_disk_refuses_and_goes_on_when_there_is_room(small_disk):
    ballast = small_disk / "ballast"
    store = SqliteStore(small_disk / "a.db")
    store.create(created())
    ballast.write_bytes(bytes(700_000))

    def make_room(store):
        ballast.unlink()
        subprocess.run(["mount", "-o", "remount,size=64m", small_disk], check=True)

    fill(store, make_room)
    store.close()


@pytest.mark.skipif(sys.platform != "linux", reason="tmpfs is of Linux")
def test_a_full_disk_can_be_read(small_disk):
    path = small_disk / "a.db"
    store = SqliteStore(path)
    store.create(created())
    store.close()
    ballast = small_disk / "ballast"
    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    reader = SqliteStore(path, create=False)
    assert reader.tables.study("lenet").name == "lenet"
    with pytest.raises(StoreFullError, match="is full or failing"):
        reader.acquire("lenet", current_owner(), ttl=60.0)
    ballast.unlink()
    lease = reader.acquire("lenet", current_owner(), ttl=60.0)
    reader.append(list(sample_log(1, 5)), lease=lease)
    assert len(list(reader.read("lenet"))) == 6
    reader.close()


READ_AND_FAIL_TO_WRITE = """
import os, sys
from pathlib import Path
import pytest
from rung.commands import StopStudy
from rung.errors import StoreError
from rung.store import SqliteStore, current_owner
from rung.store.verify import verify
path = Path(sys.argv[1])
current_owner()
SqliteStore(Path(sys.argv[3]), create=False).close()  # loads all that may be out of reach in a moment
if os.getuid() == 0:
    os.setuid(65534)
store = SqliteStore(path, create=False)
assert len(list(store.read("lenet"))) == int(sys.argv[2])
assert verify(store, "lenet") == []
with pytest.raises(StoreError, match="can't be (written|opened).*permissions"):
    store.post("lenet", StopStudy())
with pytest.raises(StoreError, match="can't be opened.*permissions"):
    SqliteStore(path.with_name("new.db"))
"""


@pytest.mark.parametrize("is_closed", [True, False])
def test_a_read_only_folder_can_be_read(path, is_closed):
    other = path.with_name("other.db")
    SqliteStore(other).close()
    store = SqliteStore(path)
    store.create(created())
    store.append(list(sample_log(1, 50)), lease=store.acquire("lenet", current_owner(), ttl=60.0))
    if is_closed:
        store.close()
    opened_up = [path.parent, *list(path.parent.parents)[:3]]
    modes = [(folder, folder.stat().st_mode) for folder in opened_up if folder.stat().st_uid == os.getuid()]
    try:
        for folder, _ in modes:
            folder.chmod(0o555)
        run_python(READ_AND_FAIL_TO_WRITE, path, 51, other)
    finally:
        for folder, mode in modes:
            folder.chmod(mode)
    store.close()


def run_python(code, *arguments):
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("seed", range(8))
def test_a_damaged_file_gives_one_sentence(path, seed):
    store = SqliteStore(path)
    store.create(created())
    store.append(list(sample_log(1, 500)), lease=store.acquire("lenet", current_owner(), ttl=60.0))
    store.close()
    content = bytearray(path.read_bytes())
    for page in range(1, len(content) // 4096):  # the first page alone says that this is a database
        first = page * 4096 + 97 * seed
        content[first : first + 16] = bytes([255 - seed]) * 16
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"damaged|not one of rung|can't read|no study") as caught:
        look_at_everything(path)
    assert "\n" not in str(caught.value)


def look_at_everything(path):
    store = SqliteStore(path, create=False)
    try:
        list(store.read("lenet"))
        store.tables.trials("lenet")
        list(store.tables.reports("lenet"))
        store.database.query("PRAGMA integrity_check")
    finally:
        store.close()


@pytest.mark.parametrize(
    ("name", "kind", "text"),
    [
        ("SQLITE_FULL", StoreFullError, "full or failing"),
        ("SQLITE_IOERR_WRITE", StoreFullError, "full or failing"),
        ("SQLITE_IOERR_FSYNC", StoreFullError, "full or failing"),
        ("SQLITE_IOERR_READ", StoreError, "can't be read.*Check the disk"),
        ("SQLITE_BUSY", StoreError, "locked by another process for too long.*Close what else writes to it"),
        ("SQLITE_LOCKED_SHAREDCACHE", StoreError, "locked by another process"),
        ("SQLITE_NOTADB", StoreError, "is not a database"),
        ("SQLITE_CORRUPT_INDEX", StoreError, "is damaged: why"),
        ("SQLITE_READONLY_DIRECTORY", StoreError, "can't be written: why"),
        ("SQLITE_CANTOPEN", StoreError, "can't be opened: why"),
        ("SQLITE_NOMEM", StoreError, r"SQLite refused to work with '/x/a.db': why \(SQLITE_NOMEM\)"),
    ],
)
def test_what_errors_mean(name, kind, text):
    error = sqlite3.OperationalError("why")
    error.sqlite_errorname = name
    with pytest.raises(kind, match=text):
        raise meaning_of(error, Path("/x/a.db"))


def test_a_writer_that_never_lets_go_is_reported(path, monkeypatch):
    monkeypatch.setattr("rung.store._database._PATIENCE_S", 0.05)
    store = SqliteStore(path)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="has been locked by another process for too long"):
        store.create(created())
    other.execute("ROLLBACK")
    store.create(created())
    other.close()
    store.close()


def test_a_name_that_is_no_text_is_refused(path):
    store = SqliteStore(path)
    with pytest.raises(StoreError, match=r"surrogates not allowed.*UnicodeEncodeError"):
        store.tables.study("\udcff")
    store.close()


def test_a_store_nearby_is_named(tmp_path):
    missing = tmp_path / "studies.db"
    assert not_found(missing).hint == "A store is made by the first study that runs in it."
    (tmp_path / "studies.txt").touch()
    (tmp_path / "study.db").touch()
    assert not_found(missing).sentence == f"There is no store at '{missing}'."
    assert not_found(missing).hint == f"Did you mean '{tmp_path / 'study.db'}'?"
    assert "no' doesn't exist" in not_found(tmp_path / "no" / "a.db").hint
