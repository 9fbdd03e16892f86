from __future__ import annotations

import pytest

from rung.errors import StoreError
from rung.events import Ended, Observed, SearcherChanged, SpaceEdited, Started
from rung.store import SqliteStore, current_owner
from rung.store.verify import verify
from rung.testing._store_samples import created, sample_log
from rung.types import TrialState


@pytest.fixture
def store(tmp_path):
    store = SqliteStore(tmp_path / "a.db")
    store.create(created())
    yield store
    store.close()


@pytest.fixture
def lease(store):
    return store.acquire("lenet", current_owner(), ttl=60.0)


def started(trial):
    return Started(at=0.0, trial=trial, attempt=1, config={"a": 1})


def observed(trial, step, **metrics):
    return Observed(at=1.0, trial=trial, attempt=1, step=step, metrics={"error": 1.0} | metrics)


def statements_of(store, action):
    seen = []
    store.database.writer().set_trace_callback(seen.append)
    action()
    store.database.writer().set_trace_callback(None)
    return seen


def test_an_append_costs_the_same_however_long_the_study_is(store, lease):
    store.append([started(0)], lease=lease)
    at_first = statements_of(store, lambda: store.append([observed(0, 1)], lease=lease))
    store.append([event for trial in range(1, 500) for event in (started(trial), observed(trial, 1))], lease=lease)
    later = statements_of(store, lambda: store.append([observed(499, 2)], lease=lease))
    assert [text.split()[:3] for text in later] == [text.split()[:3] for text in at_first]
    assert [text.split()[0] for text in later] == [
        "BEGIN", "UPDATE", "INSERT", "UPDATE", "UPDATE", "INSERT", "COMMIT",
    ]  # fmt: skip


def test_only_running_trials_are_kept_at_hand(store, lease):
    store.append([started(trial) for trial in range(9)], lease=lease)
    for trial in range(8):
        store.append([Ended(at=1.0, trial=trial, attempt=1, state=TrialState.PAUSED)], lease=lease)
    _, projection = store._projections["lenet"]
    assert list(projection._ledger.trials) == list(projection._ledger.open) == [8]
    store.append([Started(at=2.0, trial=3, attempt=2, config={"a": 2})], lease=lease)
    assert verify(store, "lenet") == []


@pytest.mark.parametrize("bad", [observed(0, 2, error=object()), observed(7, 2), observed(0, 2**70)])
def test_after_an_error_the_tables_are_as_before_and_go_on(store, lease, bad):
    store.append([started(0), observed(0, 1)], lease=lease)
    before = store.tables.trials("lenet")
    with pytest.raises(StoreError, match=r"JSON|not started|too large"):
        store.append([started(1), observed(0, 3), bad], lease=lease)
    assert store.tables.trials("lenet") == before
    assert verify(store, "lenet") == []
    assert store.append([started(1), observed(0, 2)], lease=lease) == 5
    assert verify(store, "lenet") == []


def test_an_edited_space_is_the_studys(store, lease):
    for space in ({"a": [1]}, {"a": [2], "b": None}):
        store.append([SpaceEdited(at=1.0, space=space)], lease=lease)
        assert store.tables.study("lenet").space == space
    assert next(store.read("lenet")) == (1, created())


def test_the_searcher_that_took_over_is_the_studys(store, lease):
    settings = store.tables.study("lenet").settings
    for searcher in ({"name": "sobol"}, {"name": "tpe", "gamma": 0.2}):
        store.append([SearcherChanged(at=1.0, searcher=searcher), SpaceEdited(at=1.0, space=searcher)], lease=lease)
        row = store.tables.study("lenet")
        assert (row.searcher, row.scheduler["searcher"], row.space) == (searcher, searcher, searcher)
        assert row.scheduler["name"] == created().scheduler["name"]
        assert row.settings == settings
    assert next(store.read("lenet")) == (1, created())
    assert verify(store, "lenet") == []


def test_two_writers_in_turn_see_each_others_rows(store, lease, tmp_path):
    other = SqliteStore(tmp_path / "a.db", create=False)
    events = list(sample_log(7, 200))
    for first in range(0, 200, 10):
        writer = (store, other)[first // 10 % 2]
        lease = writer.acquire("lenet", lease.owner, ttl=60.0)
        for event in events[first : first + 10]:
            writer.append([event], lease=lease)
    assert verify(store, "lenet") == []
    other.close()
