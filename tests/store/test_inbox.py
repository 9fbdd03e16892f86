from __future__ import annotations

import threading

import pytest

from rung.commands import StopTrial, UnknownCommand
from rung.errors import StoreError
from rung.events import CommandHandled, Enqueued
from rung.store import SqliteStore, current_owner
from rung.testing._store_samples import created


@pytest.fixture
def store(tmp_path):
    store = SqliteStore(tmp_path / "a.db")
    store.create(created())
    yield store
    store.close()


def test_a_look_into_an_unchanged_empty_inbox_is_one_pragma(store):
    lease = store.acquire("lenet", current_owner(), ttl=60.0)
    store.take(lease)
    store.append([Enqueued(at=0.0, config={})], lease=lease)
    seen = []
    store.database.writer().set_trace_callback(seen.append)
    assert list(store.take(lease)) == []
    assert seen == ["PRAGMA data_version"]
    store.database.writer().set_trace_callback(None)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('{"type":"clone_trial","trial":3}', "clone_trial"),
        ('{"type":"clone_trial","rate":null,"$nonfinite":[["rate","nan"]]}', "clone_trial"),
        ('{"type":"stop_trial","trial":"all"}', "stop_trial"),
    ],
)
def test_what_only_a_newer_rung_can_have_posted_is_taken_as_unknown(store, text, kind):
    lease = store.acquire("lenet", current_owner(), ttl=60.0)
    with store.database.write() as connection:
        connection.execute("INSERT INTO command VALUES (1, 1, NULL, ?)", (text,))
    assert store.post("lenet", StopTrial(3)) == 2
    assert list(store.take(lease)) == [(1, UnknownCommand(kind)), (2, StopTrial(3))]
    store.append([CommandHandled(at=0.0, command=1, what=kind, refused="unknown")], lease=lease)
    assert list(store.take(lease)) == [(2, StopTrial(3))]


def test_a_damaged_command_is_an_error(store):
    lease = store.acquire("lenet", current_owner(), ttl=60.0)
    with store.database.write() as connection:
        connection.execute("INSERT INTO command VALUES (1, 1, NULL, ?)", ('{"type":"stop_tr',))
    with pytest.raises(StoreError, match="A stored command is damaged"):
        store.take(lease)


def test_commands_arrive_while_a_tuner_writes(store):
    lease = store.acquire("lenet", current_owner(), ttl=60.0)
    n_posters, n_commands = 4, 15
    numbers = {}

    def post(poster):
        other = SqliteStore(store.path, create=False)
        numbers[poster] = [other.post("lenet", StopTrial(poster * n_commands + count)) for count in range(n_commands)]
        other.close()

    posters = [threading.Thread(target=post, args=(poster,)) for poster in range(n_posters)]
    for poster in posters:
        poster.start()
    answered = []
    while len(answered) < n_posters * n_commands:
        for number, command in store.take(lease):
            store.append([Enqueued(at=0.0, config={"trial": command.trial}, command=number)], lease=lease)
            answered.append((number, command.trial))
        store.append([Enqueued(at=0.0, config={})], lease=lease)
    for poster in posters:
        poster.join()
    assert sorted(number for number, _ in answered) == list(range(1, n_posters * n_commands + 1))
    assert sorted(trial for _, trial in answered) == list(range(n_posters * n_commands))
    assert dict(answered) == {
        number: poster * n_commands + count for poster, posted in numbers.items() for count, number in enumerate(posted)
    }
    assert list(store.take(lease)) == []
