from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.shell_completion import ShellComplete

from rung.cli.main import main

TRAIN = """
def train(lr, units):
    return (lr - 0.25) ** 2 + units / 1000
"""
QUICK = ("--strategies", "grid,random", "--trials", "4", "--seeds", "2")
OWN = ("train.py:train", "-s", "lr=float:0:1", "-s", "units=int:1:64")


@pytest.fixture
def trained(invoke: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    (tmp_path / "train.py").write_text(TRAIN)
    return invoke


def test_without_an_objective_it_is_the_picture_of_the_textbooks(invoke, tmp_path: Path) -> None:
    lines = invoke("strategies", *QUICK, "--picture", "tried.svg").stdout.splitlines()
    assert lines[0] == "important:2: grid, random, 2 runs of 4 trials each."
    assert "With the same number of trials grid tried 2 different values of important; random tried 4." in lines
    assert lines[-2:] == ["strategies.html", "tried.svg"]
    assert "median" in next(line for line in lines if line.startswith("strategy"))
    assert {path.name for path in tmp_path.iterdir()} == {"strategies.html", "strategies.md", "tried.svg"}
    assert "## When to use which" in (tmp_path / "strategies.md").read_text()


def test_json_on_another_problem(invoke_json, tmp_path: Path) -> None:
    words = ("--problem", "branin", "--along", "x2", "--out", "mine.html")
    found = invoke_json("strategies", *QUICK, *words)
    assert found["comparison"]["problems"][0]["problem"] == "branin"
    assert [each["name"] for each in found["tried"]["inputs"]] == ["x2"]
    assert (tmp_path / "mine.html").exists()


def test_an_own_objective_is_gone_on_with(trained, invoke_json) -> None:
    words = ("strategies", *OWN, "--strategies", "grid,random", "--trials", "2", "--seeds", "2")
    first = trained(*words).stdout
    assert first.startswith('1/4  grid(points={"lr":2,"units":1}) with seed 0: error ')
    again = trained(*words).stdout
    assert again.startswith("Already there: 4 of 4 runs.")
    assert first.splitlines()[4:] == again.splitlines()[1:]
    assert [row["study"] for row in invoke_json("ls")][-1] == "train~random~1"


def test_a_script(invoke, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("import rung\nrung.report(score=rung.config(x=1.0)['x'])\n")
    words = ("-s", "x=float:0:1", "--metric", "score", "--mode", "max", "-n", "mine", "-q", "--workers", "2")
    few = ("--strategies", "random,sobol", "--trials", "1", "--seeds", "1")
    out = invoke("strategies", *words, *few, "--", sys.executable, "train.py").stdout
    assert "one run of each says little" in out
    assert not out.startswith("1/2")


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("-s", "x=float:0:1"), 2, ("-s goes with an objective, and there is none", "train.py:train")),
        (("--metric", "x", "-w", "2"), 2, ("--metric, --workers goes with an objective", "train.py:train")),
        (("train.py:train",), 2, ("nothing says what to search", "-s lr=log:1e-4:1")),
        ((*OWN, "--problem", "branin"), 2, ("both an objective and --problem", "one of them")),
        (("--strategies", "random"), 2, ("--strategies names one", "grid,random")),
        (("--strategies", "random,gird"), 2, ("no method named 'gird'", "Did you mean 'grid'?")),
        (("--strategies", "random,optuna:tpe"), 2, ("a method of another project", "rung bench")),
        (("--problem", "brannin"), 1, ("no problem 'brannin'", "Did you mean 'branin'?")),
        (("--along", "importnt"), 1, ("no hyperparameter 'importnt'", "Did you mean 'important'?")),
        (("--out", "page.pdf"), 1, ("it is a page", ".html")),
        (("--picture", "page.html"), 1, ("is no picture", ".png")),
        (
            ("train.py:train", "-s", "lr=a,b", "--picture", "p.png"),
            2,
            ("draws along numbers", "the page says the rest"),
        ),
        (("nowhere.py:train", "-s", "x=float:0:1"), 1, ("nowhere.py", "")),
        (("train.py", "-s", "x=float:0:1"), 2, ("neither a program nor a function", "train.py:function")),
        (("--trials", "0"), 2, ("0 is not in the range", "--help")),
    ],
)
def test_bad_input(trained, words: tuple[str, ...], code: int, told: tuple[str, str], tmp_path: Path) -> None:
    given = words if "--strategies" in words else ("--strategies", "grid,random", *words)
    problem, _, hint = trained("strategies", *given, exit_code=code).stderr.partition("hint: ")
    assert told[0] in problem
    assert told[1] in hint
    assert not (tmp_path / "rung.db").exists()


def test_methods_and_problems_are_completed() -> None:
    completer = ShellComplete(main, {}, "rung", "_RUNG_COMPLETE")
    found = completer.get_completions(["strategies", "--strategies"], "grid,sob")
    assert [item.value for item in found] == ["grid,sobol"]
    found = completer.get_completions(["strategies", "--problem"], "import")
    assert [item.value for item in found] == ["important:2"]


def test_the_markdown_is_a_report(trained, tmp_path: Path) -> None:
    (tmp_path / "strategies.md").write_text("# Mine\n")
    assert "which is no report" in trained("strategies", *QUICK, exit_code=1).stderr
    assert json.dumps((tmp_path / "strategies.md").read_text()) == json.dumps("# Mine\n")
