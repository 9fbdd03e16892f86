from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from cli_project import RUNG

TRAIN = """
import argparse
import rung

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float)
parser.add_argument("--opt")
parser.add_argument("--epochs", type=int)
words = parser.parse_args()
print("opt is", words.opt)
for epoch in range(words.epochs):
    rung.report(error=words.lr + 1 / (epoch + 1), accuracy=0.5)
"""

FUNCTIONS = """
import rung

def lenet(lr, max_epochs=9):
    for epoch in range(max_epochs):
        rung.report(error=lr + 1 / (epoch + 1))
    return error if (error := lr + 1 / max_epochs) else None

def plain(lr):
    return lr

def broken(lr):
    raise RuntimeError("boom")
"""
SPACE = ("-s", "lr=log:1e-3:1", "-s", "opt=adam,sgd")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "train.py").write_text(TRAIN)
    (tmp_path / "models.py").write_text(FUNCTIONS)
    return tmp_path


def test_a_script(execute, invoke, invoke_json, project: Path) -> None:
    done = execute("run", *SPACE, "--trials", 3, "-w", 2, "--seed", 1, "--", sys.executable, "train.py", "--epochs", 4)
    lines = done.stdout.splitlines()
    assert f"study train (new) · store {project}/rung.db · auto + basic · min error · 2 workers · 3 trials" in lines[0]
    assert "study train: done · 3 trials: 3 completed · best error 0." in lines[-1]
    assert done.stderr == ""
    (study,) = invoke_json("ls")
    assert study["objective"] == [sys.executable, "train.py", "--epochs", "4"]
    assert study["trials"]["completed"] == 3
    for row in invoke_json("trials", "train"):
        assert row["value"] == pytest.approx(row["config"]["lr"] + 0.25)
        assert f"opt is {row['config']['opt']}" in invoke("show", f"train#{row['trial']}").stdout
    assert invoke_json("verify", "train")["is_ok"] is True
    assert invoke_json("show", "train")["settings"]["workers"] == 2


def test_a_function_in_processes(execute, invoke_json, project: Path) -> None:
    done = execute("run", "models:lenet", "-s", "lr=log:1e-3:1", "--trials", 6, "-n", "mine", "--json")
    events = [json.loads(line, parse_constant=pytest.fail) for line in done.stdout.splitlines()]
    assert (events[0]["type"], events[0]["study"], events[0]["is_new"]) == ("study", "mine", True)
    assert (events[1]["type"], events[-1]["type"]) == ("session_started", "session_ended")
    assert sum(event["type"] == "started" for event in events) == 6
    assert {event["host"] for event in events if event["type"] == "placed"} != {""}
    study = invoke_json("show", "mine")
    assert study["scheduler"] == {
        "name": "asha",
        "max_t": 9,
        "grace_period": "auto",
        "reduction_factor": 3,
        "variant": "stopping",
        "searcher": {"name": "auto", "overhead": 0.05, "free_s": 2.0},
    }
    best = min(row["best_value"] for row in invoke_json("trials", "mine"))
    assert invoke_json("best", "mine")["value"] == best


def test_a_run_of_the_same_name_goes_on(execute, invoke_json, project: Path) -> None:
    words = ("run", "models:plain", "-s", "lr=log:1e-3:1", "-n", "mine", "--seed", 7)
    execute(*words, "--trials", 2)
    configs = [row["config"] for row in invoke_json("trials", "mine")]
    done = execute(*words, "--trials", 5)
    assert "study mine (resumed, 2 of 5 trials done)" in done.stdout
    rows = invoke_json("trials", "mine")
    assert len(rows) == 5
    assert [row["config"] for row in rows[:2]] == configs
    done = execute(*words, "--trials", 5)
    assert done.stderr == "rung: nothing was left to do for 'mine'.\nhint: Raise --trials to go on.\n"
    done = execute(*words, "--trials", 1, "--new")
    assert "study mine-2 (new)" in done.stdout
    assert [row["study"] for row in invoke_json("ls")] == ["mine", "mine-2"]


def test_a_study_that_exists_needs_no_word_about_its_space(execute, invoke, invoke_json, project: Path) -> None:
    execute("run", "models:plain", "-s", "lr=log:1e-3:1", "-n", "mine", "--seed", 7, "--mode", "max", "--trials", 2)
    done = execute("run", "models:plain", "-n", "mine", "--trials", 3)
    assert "study mine (resumed, 2 of 3 trials done)" in done.stdout
    (study,) = invoke_json("ls")
    assert (study["mode"], study["trials"]["total"]) == ("max", 3)
    said = invoke("run", "models:plain", "-n", "mine", "--trials", 4, "--scheduler", "asha", exit_code=2).stderr
    assert "--scheduler goes with a space, and the study 'mine' has been set up already." in said
    said = invoke("run", "models:plain", "-n", "other", "--trials", 4, exit_code=2).stderr
    assert "nothing says what to search." in said


def test_an_imported_study_goes_on_with_what_it_is_given(execute, invoke, invoke_json, project: Path) -> None:
    (project / "old.csv").write_text("lr,error\n0.1,0.5\n0.2,0.4\n0.3,0.6\n")
    invoke("import", "csv", "old.csv", "-n", "old", "--metric", "error")
    said = invoke("resume", "old", "--trials", 4, exit_code=1).stderr
    assert "Say what it tunes: rung run -n old -- python train.py, or rung run -n old module:function." in said
    execute("run", "models:plain", "-n", "old", "--trials", 4)
    rows = invoke_json("trials", "old")
    assert len(rows) == 4
    assert 0.1 <= rows[3]["config"]["lr"] <= 0.3
    assert "as its log says" in invoke("verify", "old").stdout


def test_which_values_count_for_the_best(execute, invoke_json, project: Path) -> None:
    execute("run", "models:plain", "-s", "lr=1,2", "--searcher", "grid", "-n", "mine", "--incumbent-from", "final")
    assert invoke_json("show", "mine")["settings"]["incumbent_from"] == "final"


def test_without_a_name_every_run_is_a_study_of_its_own(execute, invoke_json, project: Path) -> None:
    for words in ((), ("-n", "")):
        execute("run", "models:plain", "-s", "lr=1,2", "--searcher", "grid", "--progress", "off", *words)
    assert [row["study"] for row in invoke_json("ls")] == ["plain", "plain-2"]


def test_runs_without_a_name_at_the_same_time_do_not_get_into_each_others_studies(project: Path, invoke_json) -> None:
    command = [*RUNG, "run", "models:plain", "-s", "lr=1,2", "--searcher", "grid", "--progress", "off"]
    runs = [subprocess.Popen(command, cwd=project, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    told = [run.communicate(timeout=60)[1] for run in runs]
    assert told == [""] * 4
    assert [run.returncode for run in runs] == [0] * 4
    assert sorted(row["study"] for row in invoke_json("ls")) == ["plain", "plain-2", "plain-3", "plain-4"]
    assert all(row["trials"]["completed"] == 2 for row in invoke_json("ls"))


def test_another_space_is_refused_by_name_and_nothing_runs(execute, invoke_json, project: Path) -> None:
    execute("run", "models:plain", "-s", "lr=log:1e-3:1", "-n", "mine", "--trials", 1)
    done = execute("run", "models:plain", "-s", "lr=log:1e-2:1", "-n", "mine", "--trials", 9, exit_code=1)
    assert done.stderr.startswith("rung: the study 'mine' exists and differs: lr: low 0.001 in the study, 0.01 here.\n")
    assert len(invoke_json("trials", "mine")) == 1


def test_the_first_configuration_can_be_given(execute, invoke_json, project: Path) -> None:
    words = ("--init", "lr=0.5", "--init", "opt=sgd", "-s", "seed=3")
    execute(
        "run", *SPACE, *words, "--trials", 1, "--", "python", "train.py", "--epochs=1", "--seed={seed}", exit_code=3
    )
    assert invoke_json("trials", "train")[0]["config"] == {"lr": 0.5, "opt": "sgd", "seed": 3}


def test_no_trial_succeeded(execute, invoke_json, project: Path) -> None:
    done = execute("run", "models:broken", "-s", "lr=log:1e-3:1", "--trials", 1, exit_code=3)
    assert "trial 0 failed (error): RuntimeError: boom" in done.stdout
    done = execute("run", "models:broken", "-s", "lr=log:1e-3:1", "--trials", 9, exit_code=3)
    first, second = done.stderr.splitlines()
    assert first.startswith("rung: the study 'broken-2' is paused: every worker had 3 failures in a row.")
    assert first.endswith("trial 2: error: RuntimeError: boom.")
    assert second.endswith("rung resume broken-2 --store rung.db")


def test_asha_for_a_script_stops_trials(execute, invoke_json, project: Path) -> None:
    words = ("--scheduler", "asha", "--max-t", 8, "--grace", 2, "--eta", 2, "--trials", 6, "--seed", 1)
    execute("run", *SPACE, *words, "--", sys.executable, "train.py", "--epochs", 8)
    study = invoke_json("show", "train")
    assert {name: study["scheduler"][name] for name in ("max_t", "grace_period", "reduction_factor")} == {
        "max_t": 8,
        "grace_period": 2,
        "reduction_factor": 2,
    }
    assert study["trials"]["stopped"] > 0
    assert invoke_json("verify", "train")["decisions"] == study["trials"]["stopped"]


def test_trials_are_stopped_by_criteria(execute, invoke, invoke_json, project: Path) -> None:
    when = ("--stop-trial", "reached:0.5,epochs:3", "--stop-trial", "patience:4")
    words = ("-s", "lr=0.1,0.3,2.0", "-s", "opt=adam", "--searcher", "grid", *when, "-n", "mine")
    done = execute("run", *words, "--", sys.executable, "train.py", "--epochs", 8)
    assert "grid + early (reached:0.5,epochs:3 or patience:4; basic)" in done.stdout
    rows = {row["config"]["lr"]: row for row in invoke_json("trials", "mine")}
    assert [rows[lr]["state"] for lr in (0.1, 0.3, 2.0)] == ["stopped", "stopped", "completed"]
    assert [rows[lr]["step"] for lr in (0.1, 0.3, 2.0)] == [3, 5, 8]
    why = "the metric 0.4333 is at least as good as 0.5 and it has come to step 3"
    assert why in invoke("show", f"mine#{rows[0.1]['trial']}").stdout
    assert invoke_json("verify", "mine")["is_ok"] is True
    refused = invoke("run", "-n", "mine", "--stop-trial", "median", "--", sys.executable, "train.py", exit_code=2)
    assert "--stop-trial goes with a space, and the study 'mine' has been set up already" in refused.stderr


@pytest.mark.parametrize(
    ("words", "sentence", "hint"),
    [
        (
            ["models:plain", "-s", "lr=1,2", "--searcher", "grid", "--stop-trial", "trials:3"],
            "--stop-trial 'trials:3': trials:3 can't stop a single trial; it ends a study.",
            "Give it as stop=… or --stop.",
        ),
        (
            ["-s", "lr=1,2"],
            "nothing says what to run.",
            "End the line with -- python train.py, or with module:function.",
        ),
        (["train.py"], "'train.py' is neither a program nor a function.", "Write -- python train.py to run the file"),
        (["models:plain"], "nothing says what to search.", "Give a -s NAME=… for each hyperparameter"),
        (["models:plain", "-s", "lr=lgo:1:2"], "there is no kind 'lgo'.", "Did you mean log:1:2?"),
        (
            ["models:plain", "-s", "lr=log:1:2"],
            "nothing says when to end.",
            "Give --trials N, --seconds 2h or --stop WHEN.",
        ),
        (
            ["models:plain", "-s", "lr=1,2", "--scheduler", "asha"],
            "asha needs to know how long a full training is.",
            "Give --max-t N, in steps.",
        ),
        (
            ["models:plain", "-s", "lr=1,2", "--grace", "2", "--eta", "3"],
            "--grace, --eta means nothing to the scheduler basic.",
            "Use --scheduler asha --max-t N.",
        ),
        (["models:plain", "-s", "lr=1,2", "--trials", "0"], "Invalid value for '--trials'", "`main run --help` lists"),
    ],
)
def test_a_command_line_that_means_nothing(invoke, project: Path, words: list[str], sentence: str, hint: str) -> None:
    result = invoke("run", *words, exit_code=2)
    first, second = result.stderr.splitlines()
    assert first.startswith("rung: ")
    assert sentence in first
    assert second.startswith("hint: ")
    assert hint in second
    assert not (project / "rung.db").exists()


@pytest.mark.parametrize(
    ("words", "sentence", "hint"),
    [
        (["models:plian", "-s", "lr=1,2"], "'models' has no function 'plian'.", "Did you mean 'plain'?"),
        (["nomodule:f", "-s", "lr=1,2"], "'nomodule' can't be imported: ModuleNotFoundError", "Check the name"),
        (
            ["models:plain", "-s", "lr=1,2", "--searcher", "gird"],
            "There is no searcher named 'gird'.",
            "Did you mean 'grid'?",
        ),
        (
            ["models:plain", "-s", "lr=log:1:2", "--trials", "3", "--max-t", "3", "--grace", "4"],
            "max_t=3 is below grace_period=4",
            "Use grace_period <= 3",
        ),
        (["models:plain", "-s", "lr=1,2", "--init", "rl=1"], "'rl'", ""),
        (["-s", "lr=1,2", "--", "pyhton", "train.py"], "there is no program 'pyhton'.", "Check its name"),
    ],
)
def test_a_setting_that_is_not_possible(execute, project: Path, words: list[str], sentence: str, hint: str) -> None:
    is_about_the_objective = words[0] in {"models:plian", "nomodule:f"} or "pyhton" in words
    done = execute("run", *words, exit_code=1 if is_about_the_objective else 2)
    first, second = done.stderr.splitlines()
    assert first.startswith("rung: ")
    assert sentence in first
    assert second.startswith("hint: ")
    assert hint in second
    assert not (project / "rung.db").exists()


def test_a_file_that_calls_tune_when_it_is_imported_is_refused(execute, project: Path) -> None:
    (project / "careless.py").write_text(
        "import rung\ndef f(x): return x\nrung.tune(f, {'x': [1.0, 2.0]}, searcher='grid', store='other.db')\n"
    )
    done = execute("run", "careless:f", "-s", "x=1,2", exit_code=1)
    assert "a script that starts a study" in done.stderr
    assert not (project / "other.db").exists()


def test_another_python_than_the_one_that_has_rung_is_pointed_out(execute, project: Path) -> None:
    other = project / "bin" / "python"
    other.parent.mkdir()
    other.write_text("#!/bin/sh\nexit 7\n")
    other.chmod(0o755)
    done = execute("run", "-s", "lr=1,2", "--trials", 1, "--", other, "train.py", exit_code=3)
    assert done.stderr == (
        f"rung: the script runs with {other}, but rung is installed for {sys.executable}.\n"
        "hint: If its reports don't arrive, run it with that one.\n"
    )
    assert "trial 0 failed (exit): The script ended with exit code 7." in done.stdout


def test_a_study_with_a_project_and_a_criterion(execute, invoke, invoke_json, project: Path) -> None:
    words = ("models:plain", "-s", "lr=log:1e-3:1", "-n", "mine", "--project", "vision", "--seed", 7)
    done = execute("run", *words, "-m", "first try", "--tag", "a", "--tag", "b", "--stop", "trials:3,patience:1")
    study = invoke_json("show", "mine")
    assert (study["project"], study["message"], study["tags"]) == ("vision", "first try", ["a", "b"])
    assert study["ended_why"] == "criterion"
    assert f"study mine: done, {study['ended_message']}" in done.stdout
    assert study["ended_message"] in invoke("show", "mine").stdout
    execute("run", *words, "-m", "a note", "--trials", 4)
    assert [note["text"] for note in invoke_json("show", "mine")["notes"]] == ["a note"]
    other = ("models:plain", "-s", "lr=log:1e-3:1", "-n", "mine", "--project", "text", "--trials", 9)
    done = execute("run", *other, exit_code=1)
    assert "rung: the study 'mine' belongs to the project 'vision', not to 'text'." in done.stderr


def test_a_project_that_has_used_its_limit(execute, invoke_json, project: Path) -> None:
    words = ("models:plain", "-s", "lr=log:1e-3:1", "--project", "vision", "--trials", 2)
    execute("run", *words)
    done = execute("run", *words, "--project-limit", "1e-9", exit_code=1)
    assert done.stderr.startswith("rung: the project 'vision' has used ")
    assert [row["study"] for row in invoke_json("ls")] == ["plain"]


def test_each_trial_finds_its_share_of_the_gpus(execute, invoke_json, project: Path) -> None:
    (project / "gpus.py").write_text("import os\ndef f(lr):\n    return float(os.environ['CUDA_VISIBLE_DEVICES'])\n")
    words = ("gpus:f", "-s", "lr=log:1e-3:1", "--gpus", "3,5", "--gpus-per-trial", 0.5, "--memory", "4GB")
    execute("run", *words, "--trials", 4)
    assert {row["value"] for row in invoke_json("trials", "f")} == {3.0, 5.0}
    assert invoke_json("show", "f")["settings"]["resources"] == {
        "gpus": ["3", "5"],
        "gpus_per_trial": 0.5,
        "memory": 4 * 10**9,
    }
    execute("resume", "f", "--trials", 8, "--gpus", "3")
    assert {row["value"] for row in invoke_json("trials", "f")[4:]} == {3.0}
    done = execute("resume", "f", "--trials", 9, "--gpus", "3", "-w", 3, exit_code=1)
    assert "3 workers need 2 GPUs" in done.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--seconds", "2x"), "--seconds='2x' is not a duration."),
        (("--seconds", "0"), "--seconds='0' is not a duration."),
        (("--trial-seconds", "long", "--trials", 2), "--trial-seconds='long' is not a duration."),
        (("--stop", "trails:3"), "--stop 'trails:3': there is no criterion 'trails'."),
        (("--stop", "reached:0.1"), "nothing says when to end: reached:0.1 may never come."),
    ],
)
def test_an_end_that_is_none(invoke, project: Path, words: tuple[object, ...], sentence: str) -> None:
    assert sentence in invoke("run", "models:plain", "-s", "lr=1,2,3", *words, exit_code=2).stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--gpus", "a b"), "gpus='a b' are no GPUs."),
        (("--gpus", "all"), "gpus='all', but "),
        (("--memory", "5"), "memory='5' can't be the memory of a trial."),
        (("--gpus", "0", "--gpus-per-trial", 0.7), "gpus_per_trial=0.7 is not possible."),
    ],
)
def test_a_resource_that_is_none(
    invoke, project: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[object, ...], sentence: str
) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr("rung.backends._gpus.shutil.which", lambda _: None)
    line = ("run", "models:plain", "-s", "lr=log:1e-3:1", "--trials", 2, *words)
    assert sentence in invoke(*line, exit_code=2).stderr
    assert not (project / "rung.db").exists()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--project-limit", "1h"), "belongs to no project"),
        (("--project", " "), "project=' ' is not a name."),
    ],
)
def test_a_label_that_is_none(execute, project: Path, words: tuple[object, ...], sentence: str) -> None:
    done = execute("run", "models:plain", "-s", "lr=log:1e-3:1", "--trials", 2, *words, exit_code=1)
    assert sentence in done.stderr


def test_the_scheduler_is_told_what_it_takes(execute, tmp_path: Path) -> None:
    (tmp_path / "f.py").write_text("def f(x):\n    for step in range(1, 10):\n        yield x / step\n")
    words = ("run", "f.py:f", "-s", "x=float:0:1", "--trials", "3", "--progress", "off", "--dry-run", "--json")
    hyperband = execute(*words, "--scheduler", "hyperband", "--max-t", "9", "--variant", "promotion").stdout
    assert json.loads(hyperband)["scheduler"]["variant"] == "promotion"
    asha = execute(*words, "--scheduler", "asha", "--max-t", "9", "--grace", "auto").stdout
    assert json.loads(asha)["scheduler"]["grace_period"] == "auto"
    refused = execute(*words, "--scheduler", "asha", "--max-t", "9", "--grace", "few", exit_code=2)
    assert "'few' is neither a number of steps nor auto" in refused.stderr
