from __future__ import annotations

from pathlib import Path

import pytest
from cli_project import make_study

from rung.commands import Tag
from rung.store import open_store
from rung.tuning.clerk import write_down


@pytest.fixture(autouse=True)
def store(tmp_path: Path) -> Path:
    """A store that may be written to, where the verbs look for one."""
    make_study(tmp_path / "rung.db", trials=1)
    return tmp_path / "rung.db"


def test_tags_of_a_study_and_of_a_trial(invoke, invoke_json) -> None:
    assert invoke("tag", "lenet", "vision", "todo").stdout == "lenet is tagged vision todo.\n"
    assert invoke("tag", "lenet", "fast", "--remove", "todo").stdout == (
        "lenet is tagged fast, and no longer tagged todo.\n"
    )
    assert invoke("tag", "lenet#0", "odd").stdout == "lenet#0 is tagged odd.\n"
    assert invoke("tag", "lenet").stdout == "vision fast\n"
    assert invoke_json("tag", "lenet#0") == ["odd"]
    assert invoke_json("tag", "lenet", "--remove", "fast") == ["vision"]


@pytest.mark.parametrize(("what", "hint"), [("lenet", "It has: vision."), ("lenet#0", "It has none.")])
def test_a_tag_that_is_not_there_can_not_be_removed(invoke, invoke_json, what: str, hint: str) -> None:
    invoke("tag", "lenet", "vision")
    said = invoke("tag", what, "new", "--remove", "zz", exit_code=1).stderr
    assert said == f"rung: {what} has no tag 'zz'.\nhint: {hint}\n"
    assert "new" not in invoke_json("tag", what)


def test_no_tags(invoke, invoke_json) -> None:
    assert invoke("tag", "lenet").stdout == "No tags on lenet.\n"
    assert invoke_json("tag", "lenet#0") == []


@pytest.mark.parametrize("words", [("two words",), ("a,b",), ("",), ("a=b",), ("a", "--remove", "a")])
def test_what_can_not_be_a_tag(invoke, invoke_json, words: tuple[str, ...]) -> None:
    assert "hint: " in invoke("tag", "lenet", *words, exit_code=2).stderr
    assert invoke_json("tag", "lenet") == []


def test_on_what_is_not_there(invoke) -> None:
    assert "no trial 1" in invoke("tag", "lenet#1", "a", exit_code=1).stderr


def test_a_tag_from_elsewhere_can_be_taken_away_whatever_it_is(store: Path, invoke, invoke_json) -> None:
    opened = open_store(str(store), create=False)
    opened.post("lenet", Tag(("two words",)))
    write_down(opened, "lenet")
    opened.close()
    assert invoke_json("tag", "lenet") == ["two words"]
    assert invoke_json("tag", "lenet", "--remove", "two words") == []
