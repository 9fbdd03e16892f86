from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from rung.store import SqliteStore, current_owner

VERSION_1 = Path(__file__).parents[1] / "store" / "data" / "version-1.sql"


@pytest.fixture
def copied(finished: Path, tmp_path: Path) -> Path:
    """The finished study in the working directory, with a checkpoint that no log knows."""
    for file in finished.parent.glob("rung.db*"):
        shutil.copy(file, tmp_path / file.name)
    trial = tmp_path / "rung-files" / "lenet" / "trial-00000"
    trial.mkdir(parents=True)
    (trial / "step-000001-attempt-1.npz").write_bytes(b"0" * 1500)
    os.utime(trial / "step-000001-attempt-1.npz", (0, 0))
    (trial / "output.log").write_text("epoch 1")
    return tmp_path / "rung.db"


class TestBackup:
    def test_it_is_a_store(self, invoke, invoke_json, copied: Path) -> None:
        done = invoke("store", "backup", "copy.db")
        assert done.stdout.startswith(f"1 study in {copied.parent / 'copy.db'} (")
        assert invoke_json("ls", "--store", "copy.db") == invoke_json("ls")

    def test_it_overwrites_nothing(self, invoke, copied: Path) -> None:
        (copied.parent / "copy.db").touch()
        assert "exists already" in invoke("store", "backup", "copy.db", exit_code=1).stderr

    def test_no_store_no_backup(self, invoke, tmp_path: Path) -> None:
        assert "There is no store" in invoke("store", "backup", "copy.db", exit_code=1).stderr
        assert list(tmp_path.iterdir()) == []

    def test_memory_is_no_file(self, invoke) -> None:
        assert "is no file" in invoke("store", "backup", "copy.db", "--store", "memory", exit_code=1).stderr


class TestVerify:
    def test_a_sound_store(self, invoke, invoke_json, finished: Path) -> None:
        assert invoke("store", "verify", "--store", finished).stdout == "file: sound\nstudy 'lenet': sound\n"
        assert invoke_json("store", "verify", "--store", finished) == {
            "is_ok": True, "file": [], "studies": {"lenet": []},
        }  # fmt: skip

    def test_a_damaged_log(self, invoke, invoke_json, copied: Path) -> None:
        with closing(sqlite3.connect(copied)) as connection, connection:
            connection.execute("UPDATE event SET event = '{' WHERE seq = 5")
        shown = invoke("store", "verify", exit_code=1).stdout
        assert "file: sound\nstudy 'lenet':\n  log: event 5 can't be read: A stored event is damaged" in shown
        assert invoke_json("store", "verify", exit_code=1)["is_ok"] is False

    def test_a_damaged_file(self, invoke, copied: Path) -> None:
        invoke("store", "backup", "copy.db")
        path = copied.parent / "copy.db"
        with path.open("r+b") as file:
            file.seek(path.stat().st_size // 2)
            file.write(b"\xff" * 9_000)
        assert "\nstudy 'lenet':\n" in invoke("store", "verify", "--store", "copy.db", exit_code=1).stdout


class TestGarbage:
    def test_it_is_listed_and_stays_where_nobody_can_be_asked(self, invoke, invoke_json, copied: Path) -> None:
        path = copied.parent / "rung-files" / "lenet" / "trial-00000" / "step-000001-attempt-1.npz"
        lines = invoke("store", "gc").stdout.splitlines()
        assert lines == [
            f"{path}  1.5 kB  a checkpoint that the log does not know",
            "Nothing was removed; --yes does it.",
        ]
        found = invoke_json("store", "gc")
        assert found["garbage"] == [
            {"path": str(path), "bytes": 1500, "why": "a checkpoint that the log does not know"}
        ]
        assert (found["bytes"], found["freed_bytes"]) == (1500, 0)
        assert path.exists()

    def test_it_is_removed_on_request(self, invoke, copied: Path) -> None:
        assert "Freed " in invoke("store", "gc", "--yes").stdout
        folder = copied.parent / "rung-files" / "lenet" / "trial-00000"
        assert [file.name for file in folder.iterdir()] == ["output.log"]
        assert "There is nothing to remove." in invoke("store", "gc").stdout

    def test_who_can_be_asked_is_asked(self, invoke, copied: Path, monkeypatch) -> None:
        monkeypatch.setattr("rung.cli.store._can_ask", lambda: True)
        monkeypatch.setattr("click.confirm", lambda question: question == "Remove 1.5 kB?")
        assert "Freed " in invoke("store", "gc").stdout


class TestCopy:
    def test_all_studies(self, invoke, invoke_json, copied: Path) -> None:
        assert invoke("store", "copy", "rung.db", "b.db").stdout.startswith("lenet: ")
        assert invoke_json("trials", "lenet", "--store", "b.db") == invoke_json("trials", "lenet")
        assert (copied.parent / "b-files" / "lenet" / "trial-00000" / "output.log").read_text() == "epoch 1"
        invoke("verify", "lenet", "--store", "b.db")
        again = invoke("store", "copy", "rung.db", "b.db")
        assert "has a study 'lenet' already. It was left as it is." in again.stderr

    def test_what_is_named_must_not_be_there(self, invoke, copied: Path) -> None:
        invoke("store", "copy", copied, "b.db", "lenet")
        assert "already" in invoke("store", "copy", copied, "b.db", "lenet", exit_code=1).stderr

    def test_bad_input(self, invoke, copied: Path, tmp_path: Path) -> None:
        assert "the same store" in invoke("store", "copy", copied, "sqlite:///rung.db", exit_code=2).stderr
        missing = invoke("store", "copy", copied, "b.db", "lennet", exit_code=1)
        assert "Did you mean 'lenet'?" in missing.stderr
        assert "There is no store" in invoke("store", "copy", "nowhere.db", "b.db", exit_code=1).stderr
        assert not (tmp_path / "b.db").exists()

    def test_a_study_in_hand(self, invoke, copied: Path) -> None:
        with closing(SqliteStore(copied)) as store:
            lease = store.acquire("lenet", current_owner(), ttl=60.0)
            assert "being run" in invoke("store", "copy", copied, "b.db", exit_code=1).stderr
            store.release(lease)


class TestDelete:
    def test_it_is_gone(self, invoke, invoke_json, copied: Path) -> None:
        assert "Deleted 'lenet'; 1.5 kB of files" in invoke("store", "delete", "lenet", "--yes").stdout
        assert invoke_json("ls") == []
        assert not (copied.parent / "rung-files" / "lenet").exists()

    def test_nobody_to_ask(self, invoke, invoke_json, copied: Path) -> None:
        refused = invoke("store", "delete", "lenet", exit_code=2)
        assert "nobody can be asked" in refused.stderr
        assert "--yes" in refused.stderr
        assert len(invoke_json("ls")) == 1

    def test_a_no_is_a_no(self, invoke, invoke_json, copied: Path, monkeypatch) -> None:
        monkeypatch.setattr("rung.cli.store._can_ask", lambda: True)
        invoke("store", "delete", "lenet", exit_code=130)
        assert len(invoke_json("ls")) == 1

    def test_no_such_study(self, invoke, copied: Path) -> None:
        assert "Did you mean 'lenet'?" in invoke("store", "delete", "lennet", "--yes", exit_code=1).stderr


class TestUpgrade:
    def test_an_old_store(self, invoke, invoke_json, tmp_path: Path) -> None:
        with closing(sqlite3.connect(tmp_path / "rung.db")) as connection:
            connection.executescript(VERSION_1.read_text())
        refused = invoke("ls", exit_code=1).stderr
        assert "schema version 1" in refused
        assert "rung store upgrade" in refused
        shown = invoke("store", "upgrade", tmp_path / "rung.db").stdout
        assert shown.startswith("Version 1 became 2: 2 studies, tables written anew.\n")
        assert f"kept as {tmp_path / 'rung.db.v1-backup'}." in shown
        assert [study["study"] for study in invoke_json("ls")] == ["lenet", "other"]
        assert "newest schema already" in invoke("store", "upgrade").stdout
        invoke("verify", "lenet")

    def test_no_store(self, invoke, tmp_path: Path) -> None:
        assert "There is no store" in invoke("store", "upgrade", exit_code=1).stderr
        assert list(tmp_path.iterdir()) == []


def test_the_group_lists_its_verbs(invoke) -> None:
    shown = invoke("store", "--help").stdout
    for verb in ("backup", "verify", "gc", "copy", "delete", "upgrade"):
        assert f"\n  {verb} " in shown
    assert "there is no command 'clean'" in invoke("store", "clean", exit_code=2).stderr
