"""A store with one fault, to see whether the suite finds it."""

from __future__ import annotations

import pytest

from rung.store import MemoryStore
from rung.testing._store_samples import StorePlace


class FaultyStore:
    """Does what a MemoryStore does, but for the methods that are given; each gets the good store first."""

    def __init__(self, **faults):
        self._good = MemoryStore()
        self._faults = faults

    def __getattr__(self, name):
        fault = self._faults.get(name)
        if fault is None:
            return getattr(self._good, name)
        return lambda *arguments, **options: fault(self._good, *arguments, **options)


def caught_by(promises, **faults):
    """The names of the promises that a store with these faults breaks."""
    caught = set()
    for promise in promises:
        place = StorePlace(FaultyStore(**faults), lambda store: store)
        try:
            promise(place)
        except (Exception, pytest.fail.Exception):  # noqa: BLE001 - any complaint will do
            caught.add(promise.__name__)
    return caught
