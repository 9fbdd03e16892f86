from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from rung.cli._options import UsageProblem
from rung.cli._study_file import StudyFile, read_study_file
from rung.space import Choice, Constant, Float, Int

Write = Callable[[str], Path]

WHOLE = """
name = "lenet"
project = "vision"
message = "from a file"
tags = ["a", "b"]
script = ["python", "train.py"]
store = "here.db"
metric = "accuracy"
mode = "max"
trials = 20
seconds = "2h"
stop = ["reached:0.9", "trials:10,patience:3"]
stop_trial = ["patience:5,epochs:20", "diverged"]
project_limit = "8h"
trial_seconds = 90
stall_seconds = "1min"
workers = 2
seed = 3
init = { lr = 0.1 }
prior = { lr = "~1e-2:high", opt = "sgd" }

[space]
lr = "log:1e-4:1"
opt = ["adam", "sgd"]
units = { type = "int", low = 16, high = 256 }
layers = 3

[search]
searcher = "sobol"
scheduler = "asha"
max_t = 27
grace_period = 3

[resources]
gpus = [0, 1]
gpus_per_trial = 0.5
memory = "8GB"
"""


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def make(text: str) -> Path:
        path = tmp_path / "study.toml"
        path.write_text(text)
        return path

    return make


def test_all_that_a_file_may_say(write: Write, tmp_path: Path) -> None:
    assert read_study_file(write(WHOLE)) == StudyFile(
        words=("python", "train.py"),
        domains={
            "lr": Float(1e-4, 1.0, log=True),
            "opt": Choice(["adam", "sgd"]),
            "units": Int(16, 256),
            "layers": Constant(3),
        },
        init={"lr": 0.1},
        priors={"lr": "~1e-2:high", "opt": "sgd"},
        options={
            "name": "lenet",
            "project": "vision",
            "message": "from a file",
            "tags": ["a", "b"],
            "store": "here.db",
            "metric": "accuracy",
            "mode": "max",
            "max_trials": 20,
            "seconds": 7200.0,
            "stop": ["reached:0.9", "trials:10,patience:3"],
            "stop_trial": ["patience:5,epochs:20", "diverged"],
            "project_limit": 8 * 3600.0,
            "trial_seconds": 90.0,
            "stall_seconds": 60.0,
            "workers": 2,
            "seed": 3,
            "searcher": "sobol",
            "scheduler": "asha",
            "max_t": 27,
            "grace_period": 3,
            "gpus": [0, 1],
            "gpus_per_trial": 0.5,
            "memory": "8GB",
        },
        folder=tmp_path,
    )


def test_what_is_not_said_is_left_to_the_command_line(write: Write, tmp_path: Path) -> None:
    assert read_study_file(write("")) == StudyFile(
        words=(), domains={}, init={}, priors={}, options={}, folder=tmp_path
    )
    assert read_study_file(write('objective = "train:lenet"')).words == ("train:lenet",)


@pytest.mark.parametrize(
    ("text", "sentence", "hint"),
    [
        ("trails = 3", "there is no key 'trails' at the top, before the first table.", "Did you mean trials?"),
        ("[search]\nmaxt = 3", "there is no key 'maxt' in [search].", "Did you mean max_t?"),
        ("[search]\nseed = 3", "there is no key 'seed' in [search].", "It belongs at the top, before the first table."),
        ("scheduler = 'asha'", "there is no key 'scheduler' at the top", "It belongs in [search]."),
        ("[sapce]\nlr = 1", "there is no key 'sapce'", "Did you mean space?"),
        ("[resources]\nxyz = 1", "there is no key 'xyz' in [resources].", "There are gpus, gpus_per_trial, memory."),
        ("trials = '3'", "trials must be a whole number, not a text.", "texts in quotes"),
        ("trials = 2.5", "trials must be a whole number, not a number with a fraction.", ""),
        ("trials = 0", "trials must be a whole number of at least 1.", ""),
        ("seed = -1", "seed must be a whole number of at least 0.", ""),
        ("tags = 'a'", "tags must be a list, not a text.", ""),
        ("tags = [1]", "tags[0] must be a text, not a whole number.", ""),
        ("new = 'yes'", "new must be true or false, not a text.", ""),
        ("search = 3", "search must be a table, not a whole number.", ""),
        ("[search]\nmax_t = 'x'", "[search] max_t must be a whole number, not a text.", ""),
        ("mode = 'low'", "mode can't be 'low'.", "rung run --help"),
        ("seconds = 'soon'", "seconds='soon' is not a duration.", "Write 90"),
        ("stop = ['trails:3']", ": stop 'trails:3': there is no criterion 'trails'.", "Did you mean trials?"),
        ("stop_trial = ['trials:3']", ": stop_trial 'trials:3': trials:3 can't stop a single trial", "--stop."),
        ("seconds = [2]", "seconds must be a number or a text, not a list.", ""),
        ("[space]\nlr = 'lgo:1:2'", "[space] lr: there is no kind 'lgo'.", "Did you mean log:1:2?"),
        ("[space]\nlr = 'log:0:2'", "[space] lr: ", ""),
        ("[space]\nlr = {type = 'flot', low = 1}", "[space] lr: there is no type of domain 'flot'.", "There are"),
        ("[space]\nlr = []", "[space] lr: ", ""),
        ("trials = ", "is not TOML: Invalid value", "Texts need quotes"),
        ("objective = 'm:f'\nscript = ['x']", "has both objective and script.", "Keep the one"),
    ],
)
def test_what_is_wrong_in_a_file_is_named(write: Write, text: str, sentence: str, hint: str) -> None:
    with pytest.raises(UsageProblem) as caught:
        read_study_file(write(text))
    message = caught.value.format_message()
    assert message.startswith(str(write("")))
    assert sentence in message
    assert hint in caught.value.hint


def test_a_file_that_can_not_be_read(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match=r"none\.toml can't be read: No such file"):
        read_study_file(tmp_path / "none.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageProblem, match=r"binary\.toml is not TOML"):
        read_study_file(tmp_path / "binary.toml")


# On the command line

SCRIPT = f"""
name = "fromfile"
script = [{sys.executable!r}, "train.py"]
trials = 2
seed = 1
[space]
lr = "log:1e-3:1"
opt = ["adam", "sgd"]
"""


def test_a_study_is_run_from_a_file(write: Write, tmp_path: Path, execute, invoke_json) -> None:
    write(SCRIPT)
    (tmp_path / "train.py").write_text("import rung\nrung.report(error=rung.config()['lr'])\n")
    execute("run", "study.toml", "--trials", 3, "--tag", "vision")
    study = invoke_json("show", "fromfile")
    assert study["trials"]["completed"] == 3
    assert study["tags"] == ["vision"]
    assert study["seed"] == 1


def test_the_command_line_comes_before_the_file(write: Write, invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    write(SCRIPT)
    monkeypatch.setenv("RUNG_STORE", "elsewhere.db")
    plan = json.loads(
        invoke("run", "study.toml", "--seed", 2, "-s", "lr=0.5", "-s", "x=1,2", "--dry-run", "--json").stdout
    )
    assert (plan["study"], plan["seed"], plan["ends"]["trials"], plan["store"]) == ("fromfile", 2, 2, "elsewhere.db")
    assert [domain["name"] for domain in plan["space"]["dimensions"]] == ["lr", "opt", "x"]
    assert plan["space"]["dimensions"][0] == {"name": "lr", "type": "constant", "value": 0.5}
    plan = json.loads(invoke("run", "study.toml", "--dry-run", "--json", "--", "sh", "-c", "true").stdout)
    assert plan["objective"] == ["sh", "-c", "true"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("trials = 3", "nothing says what to run."), ("script = ['sh']\ntrials = 3", "nothing says what to search.")],
)
def test_a_file_must_say_what_to_do(write: Write, invoke, text: str, sentence: str) -> None:
    write(text)
    assert sentence in invoke("run", "study.toml", exit_code=2).stderr
