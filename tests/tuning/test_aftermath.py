from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from rung.errors import ObjectiveError, StudyPausedError
from rung.tuning.aftermath import error_of


def after(why: str) -> Any:
    loop = SimpleNamespace(message="No module named x", workers=SimpleNamespace(last_failure="trial 2: oom: full"))
    return error_of(why, loop, study="lenet", failures_in_a_row=3, resume="rung resume lenet")  # type: ignore[arg-type]


@pytest.mark.parametrize("why", ["done", "exhausted", "seconds", "criterion", "budget", "stopped", "interrupted"])
def test_most_endings_are_no_error(why: str) -> None:
    assert after(why) is None


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
