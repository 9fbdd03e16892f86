from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest
from cli_project import SPACE

from rung.events import SearcherChanged
from rung.schedulers.basic import BasicScheduler
from rung.searchers.random import RandomSearcher
from rung.store import current_owner, open_store
from rung.tuner import Tuner


@pytest.fixture
def copy(finished: Path, tmp_path: Path) -> Path:
    for file in finished.parent.glob("rung.db*"):
        shutil.copy(file, tmp_path / file.name)
    return tmp_path / "rung.db"


def test_a_sound_study(invoke, invoke_json, finished: Path) -> None:
    lines = invoke("verify", "lenet", "--store", finished).stdout.splitlines()
    found = invoke_json("verify", "lenet", "--store", finished)
    assert found["is_ok"] is True
    assert found["differences"] == []
    assert found["suggestions"] == 8
    assert found["decisions"] > 0
    assert lines == [
        f"log        {found['events']} events",
        "tables     rebuilt from the log and compared",
        f"decisions  8 suggestions and {found['decisions']} decisions derived again and compared",
        "The study 'lenet' is as its log says.",
    ]


def test_a_table_that_was_tampered_with(invoke, copy: Path) -> None:
    with sqlite3.connect(copy) as connection:
        connection.execute("UPDATE trial SET best_loss = 0.0 WHERE number = 3")
    connection.close()
    lines = invoke("verify", "lenet", exit_code=1).stdout.splitlines()
    assert lines[-2] == "1 difference:"
    assert lines[-1].startswith("  tables: trial 3: best_loss is 0.0 in the tables, ")


def test_a_log_that_was_tampered_with(invoke_json, copy: Path) -> None:
    with sqlite3.connect(copy) as connection:
        connection.execute(
            "UPDATE event SET event = replace(event, '\"adam\"', '\"sgd\"') WHERE event LIKE '%\"started\"%'"
        )
    connection.close()
    found = invoke_json("verify", "lenet", exit_code=1)
    assert found["is_ok"] is False
    assert any("config of suggestion" in sentence for sentence in found["differences"])


def test_many_differences_are_cut_short(invoke, copy: Path) -> None:
    with sqlite3.connect(copy) as connection:
        connection.execute("DELETE FROM report")
        connection.execute("UPDATE trial SET runtime = -1, last_at = -1, launched_at = -1, started_at = -1, pid = 1")
        connection.execute("UPDATE trial SET attempt = 7, worker = 7, last_step = 77, session = 7")
    connection.close()
    lines = invoke("verify", "lenet", exit_code=1).stdout.splitlines()
    assert lines[-1].startswith("  and ")
    assert lines[-1].endswith(" more")
    assert len(lines) == 3 + 1 + 50 + 1


def test_what_cannot_be_built_again_is_taken_as_it_stands(invoke, invoke_json, tmp_path: Path) -> None:
    class Mine:
        """A searcher that nobody can import."""

        def __init__(self) -> None:
            self._inner = RandomSearcher(SPACE)
            self.space = self._inner.space
            self.suggest = self._inner.suggest
            self.update = self._inner.update

        def spec(self) -> dict[str, object]:
            return {"class": "nowhere.to.be:found"}

    scheduler = BasicScheduler(Mine())  # type: ignore[arg-type]
    with Tuner(lambda lr, opt, seed: lr, scheduler, store=tmp_path / "rung.db", study="mine", seed=1) as tuner:
        tuner.run(max_trials=2)
    found = invoke_json("verify", "mine")
    assert found["is_ok"] is True
    assert (found["suggestions"], found["decisions"]) == (0, 0)
    assert "'nowhere.to.be:found' can't be imported" in found["skipped"]
    assert "decisions  not derived again: 'nowhere.to.be:found' can't be imported" in invoke("verify", "mine").stdout


def test_a_searcher_that_took_over_and_cannot_be_built_again(invoke_json, copy: Path) -> None:
    opened = open_store(str(copy), create=False)
    lease = opened.acquire("lenet", current_owner(), ttl=60.0)
    opened.append([SearcherChanged(at=99.0, searcher={"class": "nowhere.to.be:found"})], lease=lease)
    opened.release(lease)
    opened.close()
    found = invoke_json("verify", "lenet")
    assert (found["is_ok"], found["suggestions"]) == (True, 0)
    assert "'nowhere.to.be:found' can't be imported" in found["skipped"]


def test_an_unknown_study(invoke, finished: Path) -> None:
    assert "Did you mean 'lenet'?" in invoke("verify", "lennet", "--store", finished, exit_code=1).stderr


def test_a_damaged_log_is_a_difference(invoke, invoke_json, copy: Path) -> None:
    with sqlite3.connect(copy) as connection:
        connection.execute("UPDATE event SET event = '{' WHERE seq = 9")
    connection.close()
    found = invoke_json("verify", "lenet", exit_code=1)
    assert (found["is_ok"], found["events"], found["skipped"]) == (False, 8, "the log is damaged.")
    lines = invoke("verify", "lenet", exit_code=1).stdout.splitlines()
    assert lines[-1].startswith("  log: event 9 can't be read: A stored event is damaged")
