from __future__ import annotations

import pytest

from rung.errors import StudyNotFoundError
from rung.events import Ended, Observed, Placed, Started
from rung.store import SqliteStore, current_owner
from rung.testing._store_samples import created, sample_log
from rung.types import TrialState


@pytest.fixture
def store(tmp_path):
    store = SqliteStore(tmp_path / "a.db")
    store.create(created())
    yield store
    store.close()


def test_reports_are_read_in_pieces(store, monkeypatch):
    lease = store.acquire("lenet", current_owner(), ttl=60.0)
    events = list(sample_log(1, 300))
    store.append(events, lease=lease)
    expected = list(store.tables.reports("lenet"))
    assert len(expected) == sum(isinstance(event, Observed) for event in events)
    monkeypatch.setattr("rung.store._tables._CHUNK", 7)
    assert list(store.tables.reports("lenet")) == expected
    for trial in {row[0] for row in expected}:
        assert list(store.tables.reports("lenet", trial)) == [row for row in expected if row[0] == trial]


@pytest.mark.parametrize("only", ["", "AND trial = 3"])
def test_no_chunk_of_reports_scans_what_was_read_before(store, only):
    from rung.store._tables import _ALL_REPORTS, _REPORTS

    sql = _REPORTS if only else _ALL_REPORTS
    plan = [row[3] for row in store.database.query(f"EXPLAIN QUERY PLAN {sql}", (1, 2, 3, 4))]
    assert len(plan) == 2
    assert plan[0].startswith("SEARCH report USING PRIMARY KEY (study=? AND ")
    assert plan[1] == "SEARCH event USING PRIMARY KEY (study=? AND seq=?)"


def test_a_study_that_is_created_later_is_found(store):
    other = SqliteStore(store.path, create=False)
    with pytest.raises(StudyNotFoundError, match="'late'"):
        other.tables.study("late")
    store.create(created("late"))
    assert other.tables.study("late").name == "late"
    other.close()


def test_rows_share_what_is_the_same_in_many(store):
    """The number of a trial in its reports, and words that stand in the rows of many trials."""
    events = []
    for trial in (1000, 1001):
        events.append(Started(at=0.0, trial=trial, attempt=1, config={"a": 1}))
        events.append(Placed(at=0.0, trial=trial, attempt=1, host="node-17", pid=1))
        events += [
            Observed(at=0.0, trial=trial, attempt=1, step=step, metrics={"error": 0.5}, loss=0.5) for step in (1, 2, 3)
        ]
        events.append(Ended(at=1.0, trial=trial, attempt=1, state=TrialState.STOPPED, reason="rung 3"))
    store.append(events, lease=store.acquire("lenet", current_owner(), ttl=60.0))
    one, other = store.tables.trials("lenet")
    assert one.host is other.host
    assert one.reason is other.reason
    for only in (None, 1001):
        numbers = [number for number, *_ in store.tables.reports("lenet", only)]
        assert numbers == ([1000] * 3 if only is None else []) + [1001] * 3
        assert len({id(number) for number in numbers}) == len(set(numbers))
