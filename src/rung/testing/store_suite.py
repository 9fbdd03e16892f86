"""What every store must keep: subclass ``StoreSuite`` in a pytest module, say how to make yours, and it is tested."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path

import pytest

from rung.contracts import Store
from rung.testing import _store_inbox, _store_lease, _store_log, _store_tables
from rung.testing._store_samples import Promise, StorePlace


class StoreSuite(ABC):
    """The promises of ``contracts.Store``, each a test of its own.

    For readable failures, call ``pytest.register_assert_rewrite("rung.testing")`` in your conftest.py.
    """

    @abstractmethod
    def make(self, folder: Path) -> Store:
        """A new store without studies. ``folder`` is empty and the test's own."""

    @abstractmethod
    def reopen(self, store: Store, folder: Path) -> Store:
        """The same store as another process would see it now; ``store`` has not been closed.

        A store that can't outlive its process returns ``store`` itself.
        """

    @pytest.mark.parametrize("promise", _store_log.PROMISES, ids=lambda promise: promise.__name__)
    def test_log(self, promise: Promise, tmp_path: Path) -> None:
        """Events: numbered, exact, each once, none of a late attempt."""
        self._check(promise, tmp_path)

    @pytest.mark.parametrize("promise", _store_lease.PROMISES, ids=lambda promise: promise.__name__)
    def test_lease(self, promise: Promise, tmp_path: Path) -> None:
        """One writer at a time, and never a dead one for long."""
        self._check(promise, tmp_path)

    @pytest.mark.parametrize("promise", _store_inbox.PROMISES, ids=lambda promise: promise.__name__)
    def test_inbox(self, promise: Promise, tmp_path: Path) -> None:
        """Commands: from anybody, in order, until they are answered."""
        self._check(promise, tmp_path)

    @pytest.mark.parametrize("promise", _store_tables.PROMISES, ids=lambda promise: promise.__name__)
    def test_tables(self, promise: Promise, tmp_path: Path) -> None:
        """Tables: what a ledger of the log says, always."""
        self._check(promise, tmp_path)

    def _check(self, promise: Promise, folder: Path) -> None:
        place = StorePlace(self.make(folder), lambda store: self.reopen(store, folder))
        try:
            promise(place)
        finally:
            place.close()
