from __future__ import annotations

import argparse
import json
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rung
from rung.cli.best import as_args, as_toml
from rung.study import open_study

VALUES = (
    st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.booleans()
    | st.text(st.characters(exclude_categories=["Cs"]))
)


def test_the_best_in_json_is_the_studys_best(invoke_json, finished: Path) -> None:
    found = invoke_json("best", "lenet", "--store", finished)
    best = open_study("lenet", finished).best
    assert best is not None
    assert found == {
        "study": "lenet",
        "trial": best.trial,
        "state": "completed",
        "step": best.step,
        "metric": "error",
        "value": best.error,
        "config": best.config,
    }


def test_the_best_for_people(invoke, finished: Path) -> None:
    lines = invoke("best", "lenet", "--store", finished).stdout.splitlines()
    assert lines[0].startswith("error  ")
    assert " in trial " in lines[0]
    assert lines[-1].startswith("args   --lr 0.")


def test_forms_that_can_be_pasted(invoke, invoke_json, finished: Path) -> None:
    config = invoke_json("best", "lenet", "--store", finished)["config"]
    assert json.loads(invoke("best", "lenet", "--store", finished, "--as", "json").stdout) == config
    assert tomllib.loads(invoke("best", "lenet", "--store", finished, "--as", "toml").stdout) == config
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float)
    parser.add_argument("--opt")
    parser.add_argument("--seed", type=int)
    words = shlex.split(invoke("best", "lenet", "--store", finished, "--as", "args").stdout)
    assert vars(parser.parse_args(words)) == config


@given(config=st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), VALUES, max_size=4))
def test_toml_reads_back(config: dict[str, object]) -> None:
    assert tomllib.loads(as_toml(config)) == config


def test_toml_has_lists_and_no_null() -> None:
    assert as_toml({"sizes": [1, "a", True], "bias": None, "a b": 1}) == (
        'sizes = [1, "a", true]\n# "bias" is null\n"a b" = 1'
    )


@given(config=st.dictionaries(st.text("ab-_ '\"$", min_size=1), VALUES, max_size=4))
def test_args_are_words_of_a_shell(config: dict[str, object]) -> None:
    words = shlex.split(as_args(config))
    assert words[::2] == [f"--{name}" for name in config]
    for word, value in zip(words[1::2], config.values(), strict=True):
        assert word == value if isinstance(value, str) else json.loads(word) == value


@pytest.mark.parametrize("names", [["batch-size", "batch_size", "optimizer.lr"]])
def test_names_stay_exactly_as_they_are(names: list[str]) -> None:
    assert as_args(dict.fromkeys(names, 1)) == "--batch-size 1 --batch_size 1 --optimizer.lr 1"


def test_a_best_trial_that_failed_is_pointed_out(invoke, invoke_json, tmp_path: Path) -> None:
    def trained(lr: float) -> Iterator[float]:
        yield lr
        raise MemoryError("too big")

    tune = {"store": tmp_path / "rung.db", "study": "big", "progress": "off"}
    rung.tune(trained, {"lr": [0.1, 0.2]}, searcher="grid", limits=rung.Limits(failures_in_a_row=None), **tune)
    result = invoke("best", "big")
    assert "trial 0 failed in the end (oom), so its configuration may not be fit for use." in result.stderr
    assert "rung trials big --where state=done --sort best" in result.stderr
    assert invoke_json("best", "big")["state"] == "failed"
