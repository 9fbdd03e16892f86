from __future__ import annotations

from rung.store import MemoryStore
from rung.testing.store_suite import StoreSuite


class TestMemoryStore(StoreSuite):
    def make(self, folder):
        return MemoryStore()

    def reopen(self, store, folder):
        return store


def test_the_folder_goes_when_the_store_is_closed():
    store = MemoryStore()
    folder = store.folder("lenet")
    folder.mkdir(parents=True)
    store.close()
    assert not folder.parent.exists()


def test_a_folder_that_was_given_stays(tmp_path):
    store = MemoryStore(folder=tmp_path / "files")
    folder = store.folder("lenet")
    assert folder.parent == tmp_path / "files"
    folder.mkdir(parents=True)
    store.close()
    assert folder.is_dir()


def test_the_folder_goes_with_the_store():
    store = MemoryStore()
    folder = store.folder("lenet")
    folder.mkdir(parents=True)
    del store
    assert not folder.parent.exists()
