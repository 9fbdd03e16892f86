from __future__ import annotations

from pathlib import Path

import pytest

from rung.errors import SettingError, StoreNotFoundError
from rung.store import MemoryStore, SqliteStore, open_store


@pytest.fixture(autouse=True)
def in_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()


def test_memory():
    for create in (True, False):
        store = open_store("memory", create=create)
        assert isinstance(store, MemoryStore)
        assert store.url == "memory"
        store.close()


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///a.db", "{here}/a.db"),
        ("sqlite:///no-suffix", "{here}/no-suffix"),
        ("sqlite:///{here}/b.sqlite", "{here}/b.sqlite"),
        ("c.db", "{here}/c.db"),
        ("./d.sqlite3", "{here}/d.sqlite3"),
        ("~/e.db", "{here}/home/e.db"),
        ("sqlite:///~/f.db", "{here}/home/f.db"),
        (Path("g.sqlite"), "{here}/g.sqlite"),
        ("memory.db", "{here}/memory.db"),
    ],
)
def test_files(tmp_path, url, path):
    url = url if isinstance(url, Path) else url.format(here=tmp_path)
    path = Path(path.format(here=tmp_path))
    with pytest.raises(StoreNotFoundError, match="There is no store at"):
        open_store(url, create=False)
    store = open_store(url, create=True)
    assert isinstance(store, SqliteStore)
    assert path.is_file()
    assert store.url == f"sqlite:///{path}"
    assert store.folder("lenet").parent.parent == path.parent
    store.close()
    open_store(store.url, create=False).close()


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a",
        "a.txt",
        "sqlite:",
        "sqlite://a.db",
        "sqlite:/a.db",
        "mysql://host/a.db",
        ":memory:",
        "file:///a.db",
        "a.db/",
    ],
)
def test_anything_else_is_refused_with_the_allowed_forms(tmp_path, url):
    for create in (True, False):
        with pytest.raises(SettingError, match=r'is not the address of a store.*"memory", "sqlite:///relative.db"'):
            open_store(url, create=create)
    assert [entry.name for entry in tmp_path.iterdir()] == ["home"]


@pytest.mark.parametrize("url", ["sqlite:///", "sqlite:///:memory:"])
def test_sqlite_needs_a_file(url):
    with pytest.raises(SettingError, match="names no file"):
        open_store(url, create=True)


def test_postgresql_is_yet_to_come_and_passwords_are_not_shown():
    with pytest.raises(SettingError, match="an extra that this version doesn't have yet") as caught:
        open_store("postgresql://user:se:cr@et@host/db", create=True)
    assert "'postgresql://…@host/db'" in str(caught.value)
    with pytest.raises(SettingError, match="…@host"):
        open_store("mysql://user:secret@host/db", create=True)
