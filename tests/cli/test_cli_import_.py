from __future__ import annotations

import sys
from pathlib import Path

import pytest

CSV = "lr,opt,error,acc\n0.1,adam,0.3,0.7\n0.001,sgd,0.2,0.8\n0.5,adam,nan,0.1\n0.4,sgd,,0.1\n"
SCRIPT = "import rung\nconfig = rung.config(lr=0.1, opt='adam')\nrung.report(error=config['lr'] + 0.1)\n"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "r.csv"
    path.write_text(CSV)
    (tmp_path / "train.py").write_text(SCRIPT)
    return path


def test_a_table_becomes_a_study(invoke, invoke_json, table: Path) -> None:
    done = invoke("import", "csv", table, "-n", "old", "--metrics", "acc")
    assert done.stdout.splitlines() == [
        "lr: taken to be Float(0.001, 0.5, log=True), from 4 values",
        "opt: taken to be Choice(['adam', 'sgd']), from 4 values",
        "The study 'old' has 4 trials from r.csv; the lowest error is 0.2.",
        "Go on with it by, for example: rung run -n old --trials 14 -- python train.py",
    ]
    assert done.stderr == ""
    assert [trial["state"] for trial in invoke_json("trials", "old")] == ["completed", "completed", "failed", "failed"]
    assert invoke_json("best", "old")["config"] == {"lr": 0.001, "opt": "sgd"}
    assert invoke_json("verify", "old")["is_ok"] is True


def test_it_is_gone_on_with(execute, table: Path) -> None:
    program = [sys.executable, "train.py"]
    done = execute("import", "csv", table, "-n", "old", "--metrics", "acc", "--seed", "1", "--", *program)
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] == "Go on with it by, for example: rung resume old --trials 14"
    execute("resume", "old", "--trials", "5", "--progress", "off")
    space = ["-s", "lr=log:0.001:0.5", "-s", "opt=adam,sgd"]
    execute("run", "-n", "old", *space, "--trials", "6", "--progress", "off", "--", *program)
    rows = execute("export", "old").stdout.splitlines()
    assert [row.split(",")[1] for row in rows[1:]] == ["completed", "completed", "failed", "failed", *["completed"] * 2]
    execute("verify", "old")


def test_results_of_unknown_steps_are_those_of_full_trainings(invoke, invoke_json, table: Path) -> None:
    words = ("--metrics", "acc", "--searcher", "tpe(startup_trials=3)", "--scheduler")
    invoke("import", "csv", table, "-n", "full", *words, "asha", "--max-t", 5)
    assert [trial["step"] for trial in invoke_json("trials", "full")] == [5, 5, 5, 0]
    assert invoke_json("show", "full")["scheduler"]["searcher"]["startup_trials"] == 3
    table.write_text("lr,error,epoch\n0.1,0.3,2\n0.2,0.4,5\n")
    invoke("import", "csv", table, "-n", "short", "--step", "epoch", "--scheduler", "asha(max_t=5)")
    assert [trial["step"] for trial in invoke_json("trials", "short")] == [2, 5]
    assert invoke_json("trials", "short")[0]["config"] == {"lr": 0.1}


@pytest.mark.filterwarnings("default::rung.errors.RungWarning")
def test_values_outside_the_space_are_pointed_out(invoke, table: Path) -> None:
    space = ("-s", "lr=log:0.01:1", "-s", "opt=adam,lion")
    said = invoke("import", "csv", table, "-n", "old", "--metrics", "acc", *space).stderr
    assert said.startswith("rung: warning: there are values outside the space in 2 of 4 trials, of lr, opt.")


def test_without_an_objective_it_is_not_resumed(invoke, table: Path) -> None:
    invoke("import", "csv", table, "-n", "old", "--metrics", "acc")
    refused = invoke("resume", "old", "--trials", "9", exit_code=1).stderr
    assert "has no name by which it could be found again" in refused


def test_json_of_our_own(invoke, invoke_json, finished: Path) -> None:
    invoke("export", "lenet", "-o", "x.json", "--store", finished)
    invoke("import", "json", "x.json", "-n", "again")
    there = invoke_json("trials", "lenet", "--store", finished)
    here = invoke_json("trials", "again")
    for what in ("state", "config", "step", "value", "best_value", "best_step", "message"):
        assert [trial[what] for trial in here] == [trial[what] for trial in there]


@pytest.mark.parametrize(
    ("words", "sentence", "code"),
    [
        (["r.csv", "-n", "old", "--metric", "eror"], "Did you mean 'error'?", 1),
        (["r.csv", "-n", "old", "--metrics", "accu"], "Did you mean 'acc'?", 1),
        (["r.csv", "-n", "old", "-s", "lr=logg:1:2"], "Did you mean log", 2),
        (["r.csv", "-n", "old", "--searcher", "randon"], "Did you mean 'random'?", 1),
        (["r.csv", "-n", "old", "--scheduler", "asha"], "max_t", 1),
        (["r.csv", "-n", "old", "--objective", "nowhere:train"], "can't be imported", 1),
        (["r.csv", "-n", "old", "--", "no-such-program"], "there is no program 'no-such-program'", 1),
        (["r.csv", "-n", "old", "--objective", "a:b", "--", "python"], "both --objective and a program", 2),
        (["nowhere.csv", "-n", "old"], "can't be read", 1),
        (["r.csv"], "-n", 2),
        (["bad.csv", "-n", "old"], "line 4: lr is 'abc', not a number", 1),
    ],
)
def test_bad_input_writes_nothing(invoke, table: Path, words: list[str], sentence: str, code: int) -> None:
    (table.parent / "bad.csv").write_text("lr,error\n0.1,1\n0.2,1\nabc,1\n")
    assert sentence in invoke("import", "csv", *words, exit_code=code).stderr
    assert not (table.parent / "rung.db").exists()


def test_a_name_that_is_taken(invoke, invoke_json, table: Path) -> None:
    invoke("import", "csv", table, "-n", "old", "--metrics", "acc")
    before = invoke_json("trials", "old")
    assert "There is a study 'old' already" in invoke("import", "csv", table, "-n", "old", exit_code=1).stderr
    assert invoke_json("trials", "old") == before


def test_parquet_of_our_own(invoke, invoke_json, finished: Path) -> None:
    pytest.importorskip("pyarrow")
    invoke("export", "lenet", "-o", "x.parquet", "--store", finished)
    invoke("import", "parquet", "x.parquet", "-n", "again")
    there = invoke_json("trials", "lenet", "--store", finished)
    here = invoke_json("trials", "again")
    for what in ("state", "config", "step", "value", "best_value", "best_step", "message"):
        assert [trial[what] for trial in here] == [trial[what] for trial in there]


def test_exports_of_which_no_study_can_be_made(invoke, finished: Path, tmp_path: Path) -> None:
    invoke("export", "lenet", "-o", "x.csv", "--store", finished)
    invoke("export", "lenet", "--reports", "-o", "reports.csv", "--store", finished)
    refused = invoke("import", "csv", "x.csv", "-n", "q", "--metric", "acc", exit_code=1)
    assert "There is no column 'acc'" in refused.stderr
    refused = invoke("import", "csv", "reports.csv", "-n", "q", exit_code=1)
    assert "one row per report" in refused.stderr
    assert not (tmp_path / "rung.db").exists()


def test_a_study_in_another_place_is_gone_on_with_there(invoke, table: Path, tmp_path: Path) -> None:
    other = tmp_path / "other" / "my.db"
    other.parent.mkdir()
    done = invoke("import", "csv", table, "-n", "old one", "--mode", "max", "--metrics", "acc", "--store", other)
    assert "the highest error is 0.3." in done.stdout
    assert f"rung run -n 'old one' --store sqlite:///{other} --trials 14" in done.stdout


def test_a_study_of_optuna(invoke, invoke_json, tmp_path: Path) -> None:
    optuna = pytest.importorskip("optuna")
    study = optuna.create_study(study_name="one", storage=f"sqlite:///{tmp_path}/x.db", direction="maximize")
    study.optimize(lambda trial: trial.suggest_float("lr", 0.1, 1.0), n_trials=3)
    program = ["--", sys.executable, "train.py"]
    done = invoke("import", "optuna", "sqlite:///x.db", "-n", "old", "--metric", "acc", *program)
    assert "The study 'old' has 3 trials from the Optuna study 'one'" in done.stdout
    assert [trial["config"] for trial in invoke_json("trials", "old")] == [trial.params for trial in study.trials]
    assert invoke_json("best", "old")["value"] == study.best_value
    assert "has no study 'two'" in invoke("import", "optuna", "sqlite:///x.db", "two", "-n", "b", exit_code=1).stderr


def test_help(invoke) -> None:
    shown = invoke("import", "csv", "--help").stdout
    assert "FILE [-- PROGRAM ARGS…]" in shown
    assert "rung import csv results.csv" in shown
