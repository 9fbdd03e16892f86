from __future__ import annotations

import pytest

from rung.store import MemoryStore
from rung.testing import _store_inbox, _store_lease, _store_log, _store_tables
from rung.testing.store_suite import StoreSuite

pytest_plugins = ["pytester"]

SUITE_OF_A_GOOD_STORE = """
from rung.store import MemoryStore
from rung.testing.store_suite import StoreSuite

class TestMine(StoreSuite):
    def make(self, folder):
        return MemoryStore()

    def reopen(self, store, folder):
        return store
"""


def test_a_subclass_gets_a_test_for_every_promise(pytester):
    pytester.makepyfile(SUITE_OF_A_GOOD_STORE)
    n_promises = sum(len(part.PROMISES) for part in (_store_log, _store_lease, _store_inbox, _store_tables))
    pytester.runpytest_inprocess("-q", "-p", "no:cacheprovider").assert_outcomes(passed=n_promises)


@pytest.mark.parametrize("part", [_store_log, _store_lease, _store_inbox, _store_tables])
def test_every_promise_is_listed(part):
    functions = {name: thing for name, thing in vars(part).items() if getattr(thing, "__module__", "") == part.__name__}
    assert {thing for name, thing in functions.items() if not name.startswith("_")} == set(part.PROMISES)


def test_stores_are_closed_also_after_a_failure(tmp_path, monkeypatch):
    closed = []

    class Suite(StoreSuite):
        def make(self, folder):
            return MemoryStore()

        def reopen(self, store, folder):
            return MemoryStore()

    monkeypatch.setattr(MemoryStore, "close", lambda store: closed.append(store))  # noqa: PLW0108 - binds

    def promise(place):
        place.reopened()
        raise AssertionError("broken")

    with pytest.raises(AssertionError, match="broken"):
        Suite().test_log(promise, tmp_path)
    assert len(closed) == 2
