from __future__ import annotations

import contextlib
import shlex
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rung.errors import ObjectiveError, StudyPausedError
from rung.store import MemoryStore, open_store
from rung.tuning.aftermath import conclude, error_of, resume_command


def after(why: str) -> Any:
    loop = SimpleNamespace(message="No module named x", workers=SimpleNamespace(last_failure="trial 2: oom: full"))
    return error_of(why, loop, study="lenet", failures_in_a_row=3, resume="rung resume lenet")  # type: ignore[arg-type]


@pytest.mark.parametrize("why", ["done", "exhausted", "seconds", "criterion", "budget", "stopped", "interrupted"])
def test_most_endings_are_no_error(why: str) -> None:
    assert after(why) is None


@pytest.mark.parametrize("end_now", [False, True])
def test_who_interrupted_it_hears_how_to_go_on(end_now: bool) -> None:
    said: list[str] = []
    loop: Any = SimpleNamespace(end_now=end_now)
    with pytest.raises(KeyboardInterrupt) if end_now else contextlib.nullcontext():
        conclude("interrupted", loop, study="s", failures_in_a_row=3, resume="rung resume s", say=said.append)
    assert said == ["Interrupted. Go on with: rung resume s"]


def test_the_error_with_which_a_run_ends_is_raised() -> None:
    loop: Any = SimpleNamespace(message="No module named x")
    said: list[str] = []
    with pytest.raises(ObjectiveError, match="No module named x"):
        conclude("objective", loop, study="s", failures_in_a_row=3, resume="rung resume s", say=said.append)
    conclude("done", loop, study="s", failures_in_a_row=3, resume="rung resume s", say=said.append)
    assert said == []


def test_too_many_failures() -> None:
    error = after("failures")
    assert type(error) is StudyPausedError
    assert error.sentence == (
        "the study 'lenet' is paused: every worker had 3 failures in a row. The last one: trial 2: oom: full."
    )
    assert error.hint == "Mend the cause and go on with: rung resume lenet"


def test_an_objective_that_cannot_be_loaded() -> None:
    error = after("objective")
    assert type(error) is ObjectiveError
    assert "in the processes of the trials: No module named x" in error.sentence
    assert error.hint == "Mend that and go on with: rung resume lenet. No trial was used up."


def test_how_to_resume(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert resume_command(MemoryStore(), "s").startswith("the same script")
    store = open_store(tmp_path / "my studies.db", create=True)
    words = shlex.split(resume_command(store, "my study"))
    assert words == ["rung", "resume", "my study", "--store", store.url]
    monkeypatch.chdir(tmp_path)
    assert resume_command(store, "s") == "rung resume s --store 'my studies.db'"
    store.close()
