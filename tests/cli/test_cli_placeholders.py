"""Placeholders in command lines that are hardly meant as they stand."""

from __future__ import annotations

import sys

import pytest

from rung.cli._options import UsageProblem
from rung.cli._placeholders import check_placeholders


@pytest.mark.parametrize(
    ("argument", "meant"), [("{lrr}", "lr"), ("--rate={LR_}{lrr}", "lr"), ("{batchsize}", "batch_size")]
)
def test_a_slip_is_pointed_out(argument: str, meant: str) -> None:
    with pytest.raises(UsageProblem, match="in the command line is no hyperparameter") as caught:
        check_placeholders(["train", argument], ["lr", "batch_size"])
    assert caught.value.hint == f"Did you mean {{{meant}}}?"


@pytest.mark.parametrize("argument", ["{lr}", "{}", "{-}", "{print}", '{"lrr": 1}', "{l r r}", "lrr", "${HOME}"])
def test_other_braces_are_the_programs_own(argument: str) -> None:
    check_placeholders(["awk", argument], ["lr", "batch_size"])


def test_nothing_is_tracked_with_a_slip(invoke, tmp_path) -> None:
    line = ("track", "-n", "tries", "lr=0.1", "--", sys.executable, "-c", "pass", "{lrr}")
    assert invoke(*line, exit_code=2).stderr == (
        "rung: {lrr} in the command line is no hyperparameter.\nhint: Did you mean {lr}?\n"
    )
    assert list(tmp_path.iterdir()) == []
