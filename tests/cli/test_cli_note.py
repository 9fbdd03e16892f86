from __future__ import annotations

import re
from pathlib import Path

import pytest
from cli_project import make_study


@pytest.fixture(autouse=True)
def store(tmp_path: Path) -> Path:
    """A store that may be written to, where the verbs look for one."""
    make_study(tmp_path / "rung.db", trials=1)
    return tmp_path / "rung.db"


def test_notes_on_a_study_and_on_a_trial(invoke, invoke_json) -> None:
    assert invoke("note", "lenet", "looks good").stdout == "Noted on lenet.\n"
    assert invoke("note", "lenet#0", "diverges", "at", "step 9").stdout == "Noted on lenet#0.\n"
    invoke("note", "lenet#0", "or at 10")
    assert re.fullmatch(r"20\d\d-\d\d-\d\d \d\d:\d\d  looks good\n", invoke("note", "lenet").stdout)
    assert [line[18:] for line in invoke("note", "lenet#0").stdout.splitlines()] == ["diverges at step 9", "or at 10"]
    (remark,) = invoke_json("note", "lenet")
    assert (remark["text"], remark["by"]) == ("looks good", "person")


def test_in_json_the_notes_with_the_new_one(invoke_json) -> None:
    assert [remark["text"] for remark in invoke_json("note", "lenet", "one")] == ["one"]
    assert [remark["text"] for remark in invoke_json("note", "lenet", "two")] == ["one", "two"]


def test_no_notes(invoke, invoke_json) -> None:
    assert invoke("note", "lenet#0").stdout == "No notes on lenet#0.\n"
    assert invoke_json("note", "lenet") == []


@pytest.mark.parametrize("text", ["", "  "])
def test_an_empty_note(invoke, invoke_json, text: str) -> None:
    assert "the note is empty" in invoke("note", "lenet", text, exit_code=2).stderr
    assert invoke_json("note", "lenet") == []


@pytest.mark.parametrize("words", [("lenet#1", "?"), ("lenet#1",), ("lennet", "?")])
def test_on_what_is_not_there(invoke, words: tuple[str, ...]) -> None:
    assert "hint: " in invoke("note", *words, exit_code=1).stderr
