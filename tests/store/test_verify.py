from __future__ import annotations

import math

import pytest

from rung.commands import StopStudy
from rung.errors import StudyLockedError
from rung.events import Enqueued, Observed, SpaceEdited, Started
from rung.ledger import Ledger
from rung.store import MemoryStore, SqliteStore, current_owner
from rung.store.verify import rebuild, verify
from rung.testing._store_samples import created, foreign, sample_log


@pytest.fixture
def store(tmp_path):
    store = SqliteStore(tmp_path / "a.db")
    store.create(created())
    lease = store.acquire("lenet", current_owner(), ttl=60.0)
    store.append([*sample_log(1, 100), SpaceEdited(at=99.0, space={"other": 1})], lease=lease)
    store.append([Enqueued(at=99.5, config={}, command=store.post("lenet", StopStudy()))], lease=lease)
    store.release(lease)
    store.create(created("other"))
    yield store
    store.close()


def tamper(store, statement):
    with store.database.write() as connection:
        assert connection.execute(statement).rowcount == 1


DAMAGES = {
    "UPDATE trial SET runtime = runtime + 1 WHERE number = 0": ["trial 0: runtime is"],
    "UPDATE trial SET state = 'paused', host = 'x' WHERE number = 0": [
        "trial 0: state is",
        "trial 0: host is 'x' in the",
    ],
    "UPDATE trial SET more = '{\"config\":{}}' WHERE number = 1": ["trial 1: config is {} in the tables, {'rate':"],
    "DELETE FROM trial WHERE number = 1": ["trial 1: missing from the tables"],
    "UPDATE trial SET number = 77 WHERE number = 1": [
        "trial 1: missing",
        "trial 77: in the tables, but not in the log",
    ],
    "UPDATE head SET best_loss = -1, draws = 9 WHERE study = 1": ["study: best_loss is -1.0", "study: draws is 9"],
    "UPDATE head SET counts = '{}' WHERE study = 1": ["study: counts is {} in the tables"],
    "UPDATE study SET created = replace(created, 'train:lenet', 'x') WHERE id = 1": ["study: objective is 'x'"],
    "DELETE FROM report WHERE trial = 0 AND step = 1": ["reports: the first difference is (0, 2,"],
    "DELETE FROM event_key WHERE study = 1 AND key = 'start/0/1'": ["key 'start/0/1': missing from the tables"],
    "UPDATE event_key SET key = 'a' WHERE study = 1 AND key = 'start/0/1'": [
        "key 'start/0/1': missing",
        "key 'a': in the",
    ],
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_every_damage_to_the_tables_is_found_and_mended(store, damage):
    assert verify(store, "lenet") == []
    tamper(store, damage)
    found = verify(store, "lenet")
    assert len(found) == len(DAMAGES[damage])
    for difference, beginning in zip(found, DAMAGES[damage], strict=True):
        assert difference.startswith(beginning)
    assert verify(store, "other") == []
    rebuild(store, "lenet")
    assert verify(store, "lenet") == []
    assert verify(store, "other") == []


def test_rebuilding_leaves_log_and_inbox_alone_and_frees_the_study(store):
    store.post("lenet", StopStudy("now"))
    before = list(store.read("lenet"))
    rebuild(store, "lenet")
    assert list(store.read("lenet")) == before
    assert store.tables.study("lenet").owner is None
    lease = store.acquire("lenet", foreign(), ttl=60.0)
    assert [command for _, command in store.take(lease)] == [StopStudy("now")]
    assert store.append([event for _, event in before if event.key is not None], lease=lease) == len(before)


def test_a_study_in_use_is_not_rebuilt(store):
    store.acquire("lenet", foreign(), ttl=60.0)
    with pytest.raises(StudyLockedError, match="elsewhere"):
        rebuild(store, "lenet")


def test_a_gap_in_the_log_is_named(store):
    tamper(store, "DELETE FROM event WHERE study = 1 AND seq = 17")
    assert verify(store, "lenet") == ["log: event 17 is missing"]


def test_an_empty_log_is_named(store):
    tamper(store, "DELETE FROM event WHERE study = 2")
    assert verify(store, "other") == ["log: it is empty"]


def test_an_event_out_of_place_is_named(store):
    seq = next(seq for seq, event in store.read("lenet") if isinstance(event, Observed) and event.trial == 0)
    tamper(store, f"UPDATE event SET event = replace(event, '\"trial\":0', '\"trial\":55') WHERE seq = {seq}")
    assert verify(store, "lenet") == [f"log: event {seq} (observed) can't follow those before it"]


@pytest.mark.parametrize("make", [lambda path: MemoryStore(), SqliteStore], ids=["memory", "sqlite"])
def test_nan_is_not_taken_for_a_difference(tmp_path, make):
    store = make(tmp_path / "a.db")
    store.create(created())
    lease = store.acquire("lenet", current_owner(), ttl=60.0)
    started = Started(at=0.0, trial=0, attempt=1, config={"a": math.nan})
    store.append([started, Observed(at=0.0, trial=0, attempt=1, step=1, metrics={"error": math.nan})], lease=lease)
    assert verify(store, "lenet") == []
    store.close()


def test_differences_in_a_memory_store_are_found(monkeypatch):
    store = MemoryStore()
    store.create(created())
    lease = store.acquire("lenet", current_owner(), ttl=60.0)
    store.append(list(sample_log(1, 20)), lease=lease)
    with monkeypatch.context() as patch:
        patch.setattr("rung.store.memory.Ledger.apply", lambda ledger, event: None)
        store._logs["lenet"].folded()
    ledger = Ledger()
    ledger.apply(created())
    store._logs["lenet"]._ledger = ledger
    assert "trial 0: missing from the tables" in verify(store, "lenet")


def test_a_log_that_cannot_be_read_is_a_difference(store):
    tamper(store, "UPDATE event SET event = '{\"type\":' WHERE study = 1 AND seq = 17")
    (found,) = verify(store, "lenet")
    assert found.startswith("log: event 17 can't be read: A stored event is damaged")
    assert verify(store, "other") == []


@pytest.mark.parametrize(
    ("damage", "beginning"),
    [
        ("UPDATE trial SET state = 'asleep' WHERE number = 3", "trials: a row of the tables can't be read"),
        ("UPDATE trial SET more = '{' WHERE number = 3", "trials: a row of the tables can't be read"),
        ("UPDATE study SET created = 'x' WHERE id = 1", "study: a row of the tables can't be read"),
        ("UPDATE head SET counts = 'x' WHERE study = 1", "study: a row of the tables can't be read"),
    ],
)
def test_tables_that_cannot_be_read_are_a_difference(store, damage, beginning):
    tamper(store, damage)
    (found,) = verify(store, "lenet")
    assert found.startswith(beginning)
    rebuild(store, "lenet")
    assert verify(store, "lenet") == []
