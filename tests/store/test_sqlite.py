from __future__ import annotations

from rung.store import SqliteStore
from rung.testing.store_suite import StoreSuite


class TestSqliteStore(StoreSuite):
    def make(self, folder):
        return SqliteStore(folder / "studies.db")

    def reopen(self, store, folder):
        return SqliteStore(folder / "studies.db", create=False)
