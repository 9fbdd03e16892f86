from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.shell_completion import ShellComplete

import rung
from rung.cli.main import main
from rung.errors import StudyPausedError
from rung.schedulers.basic import BasicScheduler
from rung.searchers.random import RandomSearcher
from rung.searchers.sobol import SobolSearcher
from rung.store import open_store
from rung.tuner import Tuner

SPACE = {"x": rung.Float(0.0, 1.0)}
TRAIN = """
def train(x, max_epochs=2):
    for epoch in range(max_epochs):
        yield (x - 0.25) ** 2 + 1 / (epoch + 1)
"""


def bowl(x):
    return (x - 0.25) ** 2


def fails_late(x):
    if x > 0.75:
        raise RuntimeError("too far")
    return x


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two studies of each of two methods, and one of another objective; not to be written to."""
    path = tmp_path_factory.mktemp("store") / "rung.db"
    opened = open_store(path, create=True)
    for seed in range(2):
        for name, searcher in {"random": RandomSearcher, "sobol": SobolSearcher}.items():
            scheduler = BasicScheduler(searcher(SPACE))
            with Tuner(bowl, scheduler, store=opened, study=f"lenet-{name}-{seed}", seed=seed) as tuner:
                tuner.run(max_trials=3 + seed)
    with Tuner(lambda x: x, BasicScheduler(RandomSearcher(SPACE)), store=opened, study="unnamed", seed=0) as tuner:
        tuner.run(max_trials=3)
    opened.close()
    return path


@pytest.fixture
def begun(invoke: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    """A study of a file's function in the working directory's store; gives what runs commands there."""
    (tmp_path / "train.py").write_text(TRAIN)
    invoke("run", "-s", "x=float:0:1", "--scheduler", "basic", "--trials", "3", "-n", "lenet", "train.py:train")
    return invoke


def test_the_answer_and_a_table(invoke, store: Path) -> None:
    lines = invoke("compare", "lenet-random-0", "lenet-sobol-0", "--store", store).stdout.splitlines()
    assert lines[0] == "test_cli_compare:bowl: error, lower is better; 3 evaluations, 1 run of each."
    assert "One run of each says little" in lines[1]
    assert lines[-3].split() == ["method", "runs", "mean", "median", "best", "steps", "time"]
    assert [line.split()[:2] for line in lines[-2:]] == [["random", "1"], ["sobol", "1"]]


def test_patterns_and_intervals(invoke, store: Path) -> None:
    lines = invoke("compare", "lenet-*", "--trials", "3", "--axis", "steps", "--store", store).stdout.splitlines()
    assert lines[0].endswith("3 evaluations, 2 runs of each.")
    assert all("[" in line and "]" in line for line in lines[-2:])


def test_json_is_what_python_has(invoke_json, store: Path) -> None:
    found = invoke_json("compare", "lenet-*", "--trials", "3", "--store", store)
    assert found == rung.compare("lenet-*", store=store, trials=3).to_json()


def test_problems_and_failures_stand_in_the_table_where_there_are_any(invoke, tmp_path: Path) -> None:
    opened = open_store(tmp_path / "rung.db", create=True)
    limits = rung.Limits(failures_in_a_row=1)
    for objective in (bowl, fails_late):
        for searcher in (RandomSearcher, SobolSearcher):
            settings = {"store": opened, "study": f"{objective.__name__}-{searcher.__name__}", "limits": limits}
            scheduler = BasicScheduler(searcher(SPACE))
            with Tuner(objective, scheduler, seed=0, **settings) as tuner, contextlib.suppress(StudyPausedError):
                tuner.run(max_trials=20)
    opened.close()
    lines = invoke("compare", "*-*").stdout.splitlines()
    assert lines[-5].split()[:4] == ["problem", "method", "runs", "failed"]
    assert [line.split()[:4] for line in lines[-4:]] == [
        ["test_cli_compare:bowl", "random", "1", "0"],
        ["test_cli_compare:bowl", "sobol", "1", "0"],
        ["test_cli_compare:fails_late", "random", "1", "1"],
        ["test_cli_compare:fails_late", "sobol", "1", "1"],
    ]


def test_a_report(invoke, store: Path, tmp_path: Path) -> None:
    words = ("compare", "lenet-*", "--trials", "3", "--store", store, "--out", "report.html")
    assert invoke(*words).stdout.splitlines()[-1] == "report.html"
    assert "lenet-sobol-1" in (tmp_path / "report.html").read_text()
    json.loads(invoke(*words, "--json").stdout)


def test_a_study_is_repeated_and_what_is_there_is_not_run_again(begun) -> None:
    first = begun("compare", "lenet", "--methods", "random,asha(reduction_factor=2)+sobol", "--seeds", "2").stdout
    assert first.startswith("1/4  random with seed 0: error 0.")
    assert "train.py:train: error, lower is better; 3 evaluations, 2 runs of each." in first
    again = begun("compare", "lenet", "--methods", "random,asha(reduction_factor=2)+sobol", "--seeds", "2").stdout
    assert again.startswith("Already there: 4 of 4 runs.")
    assert first.splitlines()[4:] == again.splitlines()[1:]


def test_repeats_with_other_numbers(begun, tmp_path: Path) -> None:
    words = ("compare", "lenet", "--methods", "random,sobol", "--seeds", "1", "--trials", "2", "--workers", "2")
    found = json.loads(begun(*words, "--json").stdout)
    assert [row["trials"] for row in found["table"]] == [2, 2]
    assert rung.open_study("lenet~sobol~0", tmp_path / "rung.db").row.settings["workers"] == 2


def test_a_script_is_repeated_where_it_began(invoke, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "train.py").write_text("import rung\nrung.report(error=rung.config(x=1.0)['x'])\n")
    invoke(
        "run",
        "-s",
        "x=float:0:1",
        "--metric",
        "error",
        "--trials",
        "1",
        "-n",
        "lenet",
        "--",
        sys.executable,
        "train.py",
    )
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    words = ("compare", "lenet", "--methods", "random,sobol", "--seeds", "1", "--store", tmp_path / "rung.db")
    out = invoke(*words, "--out", "report.html").stdout
    assert f"{sys.executable} train.py: error, lower is better; 1 evaluation, 1 run of each." in out
    assert (elsewhere / "report.html").exists()


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["lenet-random-0"], 1, ("The study 'lenet-random-0' is alone", "--methods random,sobol")),
        (["lenet-randm-0", "lenet-sobol-0"], 1, ("There is no study 'lenet-randm-0'", "'lenet-random-0'")),
        (["lenet-random-0", "lenet-sobol-1"], 1, ("'lenet-random-0' 3 trials, 'lenet-sobol-1' 4", "--trials 3")),
        (["lenet-random-0", "unnamed"], 1, ("searched in the same way: random", "--methods")),
        (["lenet-sobol-0", "unnamed"], 1, ("Nothing was tuned by all 2 methods", "the same objective")),
        (["unnamed", "--methods", "random,sobol"], 1, ("tunes has no name", "objective=train")),
        (["lenet-random-0", "--methods", "rndom,sobol"], 2, ("no method named 'rndom'", "Did you mean 'random'?")),
        (["lenet-random-0", "--methods", "random,optuna:tpe"], 2, ("method of another project", "rung bench")),
        (["lenet-random-0", "--methods", "sobol"], 2, ("--methods names 1, and to compare takes two", "random,sobol")),
        (["lenet-random-0", "--methods", ","], 2, ("--methods names none", "random,sobol")),
        (["a", "b", "--methods", "random,sobol"], 2, ("--methods repeats one study, not 2", "Name one of them")),
        (["a", "b", "--seeds", "3"], 2, ("--seeds is for repeats", "--methods random,sobol")),
        (["a", "b", "--workers", "3"], 2, ("--workers is for repeats", "--methods random,sobol")),
        (["a", "b", "--out", "report.pdf"], 2, ("--out report.pdf is no page", ".html")),
        (["a", "b", "--axis", "epochs"], 2, ("'epochs' is not one of", "--help")),
        ([], 2, ("Missing argument 'STUDY...'", "--help")),
    ],
)
def test_bad_input(invoke, store: Path, words: list[str], code: int, told: tuple[str, str]) -> None:
    problem, _, hint = invoke("compare", *words, "--store", store, exit_code=code).stderr.partition("hint: ")
    assert told[0] in problem
    assert told[1] in hint


def test_a_report_that_could_not_be_written_is_refused_before_anything_runs(begun, invoke_json) -> None:
    words = ("compare", "lenet", "--methods", "random,sobol", "--seeds", "2", "--out", "nowhere/report.html")
    assert "There is no folder" in begun(*words, exit_code=1).stderr
    assert len(invoke_json("ls")) == 1


def test_studies_are_completed(store: Path) -> None:
    completer = ShellComplete(main, {}, "rung", "_RUNG_COMPLETE")
    found = completer.get_completions(["compare", "--store", str(store), "lenet-random-0"], "lenet-s")
    assert [item.value for item in found] == ["lenet-sobol-0", "lenet-sobol-1"]
