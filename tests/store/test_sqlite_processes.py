"""Several real processes on one file: kills, competition, reading while another one writes."""

from __future__ import annotations

import itertools
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rung.errors import StudyLockedError
from rung.events import SessionStarted
from rung.store import SqliteStore, current_owner
from rung.store.verify import verify
from rung.testing._store_samples import created, sample_log

WRITER = Path(__file__).with_name("store_writer.py")
SEED = 11


@pytest.fixture
def store(tmp_path):
    store = SqliteStore(tmp_path / "a.db")
    store.create(created())
    yield store
    store.close()


def writer(store, size):
    return subprocess.Popen(
        [sys.executable, WRITER, store.path, str(SEED), str(size)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def kill_after(process, n_lines):
    """Kill the writer at once when it has said so much; returns all that it said."""
    with process:
        lines = [process.stdout.readline() for _ in range(n_lines)]
        process.send_signal(signal.SIGKILL)
        lines += process.stdout.readlines()
        assert process.stderr.read() == ""
    return [line.strip() for line in lines if line.endswith("\n")]


@pytest.mark.parametrize("size", [1, 7, 40])
def test_a_killed_writer_loses_nothing_that_was_acknowledged(store, size):
    rng = random.Random(size)
    expected = list(sample_log(SEED, 30_000))
    for _ in range(17):
        process = writer(store, size)
        said = kill_after(process, rng.randrange(2, 30))
        acknowledged = int(said[-1])
        log = [event for _, event in store.read("lenet")]
        assert acknowledged <= len(log) <= acknowledged + size  # what was under way is there as a whole or not at all
        assert (len(log) - 1 - int(said[0].split()[1])) % size == 0
        assert log[1:] == expected[: len(log) - 1]  # nothing is lost, nothing is there twice
        assert verify(store, "lenet") == []
        assert store.database.query("PRAGMA integrity_check") == [("ok",)]
        assert store.tables.study("lenet").owner is None


def test_of_two_processes_one_has_the_study_and_the_other_hears_who(store):
    with writer(store, 1) as first:
        first.stdout.readline()
        with writer(store, 1) as second:
            _, complaint = second.communicate()
        assert second.returncode == 1
        assert f"StudyLockedError: Study 'lenet' is held by process {first.pid} on host" in complaint
        with pytest.raises(StudyLockedError, match=f"process {first.pid} .*kill -INT {first.pid}"):
            store.acquire("lenet", current_owner(), ttl=60.0)
        first.kill()
        first.wait()
        lease = store.acquire("lenet", current_owner(), ttl=60.0)  # at once
        event = SessionStarted(at=1e6, session=1, owner=lease.owner, slots=1, unix=0.0)
        assert store.append([event], lease=lease) == len(list(store.read("lenet")))


def test_a_reader_that_follows_a_writer_misses_nothing(store):
    expected = itertools.chain([created()], sample_log(SEED, 30_000))
    reader = SqliteStore(store.path, create=False)
    with writer(store, 3) as process:
        process.stdout.readline()
        seen = 0
        while seen < 600:
            for seq, event in reader.read("lenet", seen):
                assert (seq, event) == (seen + 1, next(expected))
                seen = seq
        process.kill()
    assert verify(reader, "lenet") == []
    reader.close()


def test_a_killed_writer_keeps_nobody_from_reading_or_writing_at_once(store):
    process = writer(store, 1)
    kill_after(process, 20)
    store.close()  # so that nobody has the file open
    wal = store.path.with_name(f"{store.path.name}-wal")
    reader = SqliteStore(store.path, create=False)
    n_events = len(list(reader.read("lenet")))
    assert n_events >= 19
    lease = reader.acquire("lenet", current_owner(), ttl=60.0)
    event = SessionStarted(at=1e6, session=1, owner=lease.owner, slots=1, unix=0.0)
    assert reader.append([event], lease=lease) == n_events + 1
    reader.close()
    assert not wal.exists()
