from __future__ import annotations

import threading

import pytest

from rung.errors import StudyLockedError, StudyNotFoundError
from rung.store import SqliteStore
from rung.store.maintenance import delete_study
from rung.testing._store_samples import TTL_S, created, dead, foreign


def test_of_many_who_want_a_free_study_one_gets_it(tmp_path):
    path = tmp_path / "a.db"
    store = SqliteStore(path)
    store.create(created())
    for _ in range(5):
        store.acquire("lenet", dead(), ttl=TTL_S)
        barrier = threading.Barrier(6)
        got, refused = [], []

        def want(pid, barrier=barrier, got=got, refused=refused):
            mine = SqliteStore(path, create=False)
            barrier.wait()
            try:
                got.append(mine.acquire("lenet", foreign(pid), ttl=TTL_S))
            except StudyLockedError as locked:
                refused.append(str(locked))
            mine.close()

        threads = [threading.Thread(target=want, args=(pid,)) for pid in range(1, 7)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        (lease,) = got
        assert len(refused) == 5
        assert {f"process {lease.owner.pid} " in message for message in refused} == {True}
        store.append([], lease=lease)
        store.release(lease)
    store.close()


def test_a_holder_that_renews_while_it_is_judged_keeps_the_study(tmp_path):
    """Between our look at the lease and our taking it, its holder of another machine shows a sign of life."""
    store = SqliteStore(tmp_path / "a.db")
    store.create(created())
    held = store.acquire("lenet", foreign(1), ttl=0.0)
    judge = store._leases._clock
    looks = []

    class RenewingClock:
        def stamp(self):
            looks.append(judge.stamp())
            if len(looks) == 2:  # after the first it was found expired; now it is about to be taken
                other = SqliteStore(tmp_path / "a.db", create=False)
                other.renew(held)
                other.close()
            return looks[-1]

    store._leases._clock = RenewingClock()
    lease = store.acquire("lenet", foreign(2), ttl=TTL_S)
    assert lease.epoch == held.epoch + 1
    assert len(looks) > 3  # it was judged again
    store.close()


def test_a_study_that_was_deleted_meanwhile(tmp_path):
    store = SqliteStore(tmp_path / "a.db")
    store.create(created())
    lease = store.acquire("lenet", dead(), ttl=TTL_S)
    number = store.database.number("lenet")
    delete_study(store, "lenet")
    with pytest.raises(StudyNotFoundError, match="deleted while this process knew it"):
        store._leases.holding(number)
    with (
        pytest.raises(StudyNotFoundError, match="deleted while this process knew it"),
        store.database.write() as connection,
    ):
        store._leases.renew(connection, number, lease)
    store.close()
