from __future__ import annotations

from rung.store import SqliteStore, current_owner
from rung.store._database import Database
from rung.testing._store_samples import created, sample_log
from rung.testing.store_suite import StoreSuite


class TestSqliteStore(StoreSuite):
    def make(self, folder):
        return SqliteStore(folder / "studies.db")

    def reopen(self, store, folder):
        return SqliteStore(folder / "studies.db", create=False)


def test_a_study_is_looked_up_once_and_not_for_every_append(tmp_path, monkeypatch):
    store = SqliteStore(tmp_path / "studies.db")
    store.create(created())
    looked_up = []
    number = Database.number
    monkeypatch.setattr(Database, "number", lambda self, study: looked_up.append(study) or number(self, study))
    lease = store.acquire("lenet", current_owner(), ttl=60.0)
    before = len(looked_up)
    for event in sample_log(1, 20):
        store.append([event], lease=lease)
    assert len(looked_up) == before + 1
    store.close()
