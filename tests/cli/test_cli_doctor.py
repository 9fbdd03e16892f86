from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from rung.cli._machine import memory_limit, optional_packages, sqlite_finding
from rung.cli._store_health import free_space, kind_of_file_system, look_at_place, look_at_store
from rung.store import SqliteStore, current_owner
from rung.testing._store_samples import created, dead, foreign


def named(findings, name):
    (found,) = [each for each in findings if each.name == name]
    return found


def test_a_sound_machine(invoke, invoke_json, finished: Path) -> None:
    shown = invoke("doctor", "--store", finished).stdout
    for name in ("rung", "Python", "numpy", "SQLite", "processors", "memory", "GPUs", "file system", "durable write"):
        assert f" {name} " in shown
    assert f"{finished}: 1 study, " in shown
    assert "nobody runs a study" in shown
    found = invoke_json("doctor", "--store", finished)
    assert found["is_ok"] is True
    assert {"name", "value", "verdict", "hint"} == set(found["findings"][0])


def test_nothing_is_made(invoke, tmp_path: Path) -> None:
    assert f"none yet at {tmp_path / 'rung.db'}" in invoke("doctor").stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("schema", "sentence"),
    [("1", "has the schema version 1"), ("9", "has the schema version 9"), ("x", "not one of rung")],
)
def test_a_store_that_cannot_be_used(invoke, tmp_path: Path, schema: str, sentence: str) -> None:
    SqliteStore(tmp_path / "rung.db").close()
    with closing(sqlite3.connect(tmp_path / "rung.db")) as connection, connection:
        connection.execute("UPDATE meta SET value = ?", (schema,))
    shown = invoke("doctor", exit_code=1).stdout
    assert "✗ store" in shown
    assert sentence in shown
    assert "1 broken" in shown


def test_addresses_that_are_none(tmp_path: Path) -> None:
    assert named(look_at_store("nonsense"), "store").verdict == "broken"
    assert named(look_at_store("memory"), "store").verdict == "ok"
    assert named(look_at_store(str(tmp_path / "nowhere" / "a.db")), "folder").verdict == "broken"


def test_leases_and_their_holders(tmp_path: Path) -> None:
    with closing(SqliteStore(tmp_path / "rung.db")) as store:
        for study, owner in (("mine", current_owner()), ("theirs", foreign()), ("lost", dead())):
            store.create(created(study))
            store.acquire(study, owner, ttl=60.0)
        mine, theirs, lost = (each for each in look_at_store(str(tmp_path / "rung.db")) if each.name == "lease")
    assert mine.value.startswith(f"'mine' by process {os.getpid()} on ")
    assert "can't be seen from here" in theirs.value
    assert (lost.verdict, "which is gone" in lost.value, "rung resume" in lost.hint) == ("note", True, True)


def test_versions_of_sqlite() -> None:
    assert sqlite_finding((3, 51, 3)).verdict == "ok"
    assert sqlite_finding((3, 51, 2)).verdict == "note"
    assert sqlite_finding((3, 30, 0)).verdict == "broken"


def test_free_space() -> None:
    assert [free_space(free).verdict for free in (10**12, 10**8, 10**6)] == ["ok", "warning", "broken"]


def test_network_file_systems_are_warned_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = [
        SimpleNamespace(mountpoint=str(place), fstype=kind) for place, kind in (("/", "ext4"), (tmp_path, "nfs4"))
    ]
    monkeypatch.setattr("psutil.disk_partitions", lambda **options: mounts)
    assert kind_of_file_system(tmp_path / "deeper") == "nfs4"
    assert kind_of_file_system(tmp_path.parent) == "ext4"
    found = named(look_at_place(tmp_path), "file system")
    assert (found.verdict, "local disk" in found.hint) == ("warning", True)


def test_a_place_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**options: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.NamedTemporaryFile", refuse)
    found = named(look_at_place(tmp_path), "durable write")
    assert (found.verdict, found.value) == ("warning", "impossible: Permission denied")


def test_slow_disks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter(range(1000))
    monkeypatch.setattr("time.perf_counter", lambda: float(next(moments)))
    assert named(look_at_place(tmp_path), "durable write").verdict == "warning"
    assert list(tmp_path.iterdir()) == []


def test_limits_of_memory(tmp_path: Path) -> None:
    path = tmp_path / "memory.max"
    for text, limit in (("max\n", None), ("123456\n", 123456), (f"{2**63 - 4096}\n", None)):
        path.write_text(text)
        assert memory_limit((str(tmp_path / "missing"), str(path))) == limit


def test_optional_packages() -> None:
    needed = ['numpy>=1; extra == "one"', "no-such-package>=1 ; extra == 'two'", "click>=8", "ruff; extra == 'dev'"]
    one, two = optional_packages(needed)
    assert (one.name, one.value, one.verdict) == ("extra one", "numpy", "ok")
    assert (two.value, two.verdict, two.hint) == ("missing no-such-package", "note", "pip install 'rung[two]'")
