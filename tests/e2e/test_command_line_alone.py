"""A person who has only the README tunes a script in another directory, watches, stops, resumes, and looks into it."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, final

import pytest

TRAIN = '''
import argparse, os, time
import rung

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float)
parser.add_argument("--units", type=int)
arguments = parser.parse_args()


class Model:
    """Something with weights: it gets nearer to lr / units with every epoch."""

    weight = 0.0

    def state_dict(self):
        return {"weight": self.weight}

    def load_state_dict(self, state):
        self.weight = state["weight"]


trial = rung.trial()
model = Model()
for epoch in trial.epochs(4, model=model):
    while epoch == 2 and os.path.exists("hold"):  # so that there is something to watch
        time.sleep(0.02)
    if arguments.lr > 0.9:
        raise ValueError("the loss exploded: lr is too high")
    model.weight += (arguments.lr / arguments.units - model.weight) / 2
    print(f"epoch {epoch}: weight {model.weight:.4f}")
    trial.report(error=abs(model.weight - 0.01) + 1 / epoch)
'''
RUNG = (sys.executable, "-c", "from rung.cli.main import main; main()")
PATIENCE_S = 60.0


@final
class Project:
    """A directory with a training script in it, and a person at its prompt."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.runs: list[subprocess.Popen[str]] = []
        self._environ = {name: value for name, value in os.environ.items() if not name.startswith("RUNG_")}
        (folder / "train.py").write_text(TRAIN)

    def rung(self, *words: object, exit_code: int = 0) -> str:
        """What the command prints."""
        done = subprocess.run(
            [*RUNG, *map(str, words)],
            cwd=self.folder,
            env=self._environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_S,
        )
        assert done.returncode == exit_code, f"{words}: exit code {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def json(self, *words: object) -> Any:
        return json.loads(self.rung(*words, "--json"))

    def begin(self, *words: object) -> subprocess.Popen[str]:
        """A command in the background; its output goes to a file, as a pipe that nobody reads would fill up."""
        with (self.folder / "run.log").open("a") as log:
            run = subprocess.Popen(
                [*RUNG, *map(str, words)], cwd=self.folder, env=self._environ, stdout=log, stderr=subprocess.STDOUT
            )
        self.runs.append(run)
        return run

    def hold(self) -> None:
        (self.folder / "hold").touch()

    def let_go(self) -> None:
        (self.folder / "hold").unlink(missing_ok=True)


def until(holds: Callable[[], bool]) -> None:
    """Wait for another process."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.05)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    place = Project(tmp_path)
    yield place
    place.let_go()
    for run in place.runs:
        if run.poll() is None:
            run.kill()
        run.wait()


def state(project: Project, trial: int) -> str:
    return str(project.json("show", f"toy#{trial}")["state"])


def has_reported(project: Project, trial: int) -> bool:
    rows = project.json("trials", "toy") if (project.folder / "rung.db").exists() else []
    return any(row["trial"] == trial and row["step"] >= 1 for row in rows)


def test_tune_watch_stop_resume_add_explain_and_take_away(project: Project) -> None:
    project.hold()
    run = project.begin(
        "run", "-n", "toy", "--project", "school", "--message", "does it learn?", "--seed", 0,
        "-s", "lr=log:1e-3:0.5", "-s", "units=int:1:4", "--trials", 4, "--", sys.executable, "train.py",
    )  # fmt: skip
    until(lambda: has_reported(project, 0))

    # Watch.
    seen = project.rung("top")
    assert "toy" in seen
    assert "school" in seen
    assert "epoch 1: weight" in project.rung("log", "toy#0")

    # A configuration of one's own comes next; a wrong one is refused, and nothing is left of it.
    assert "units" in project.rung("add", "toy", "lr=0.1", "units=9", exit_code=1)
    project.rung("add", "toy", "lr=0.02", "units=2")
    project.rung("note", "toy", "the second one is mine")

    # Stop: what runs is paused at its next checkpoint, and the run ends.
    project.rung("pause", "toy")
    project.let_go()
    assert run.wait(timeout=PATIENCE_S) == 0
    assert state(project, 0) == "waiting"
    (checkpoint,) = project.json("show", "toy#0")["checkpoints"][-1:]
    assert checkpoint["step"] == 2

    # Resume: it goes on from there, with the added configuration next.
    project.rung("resume", "toy")
    rows = project.json("trials", "toy")
    assert [row["state"] for row in rows] == ["completed"] * 4
    assert rows[1]["config"] == {"lr": 0.02, "units": 2}
    assert "epoch 3" in project.rung("log", "toy#0")
    shown = project.rung("show", "toy")
    assert "does it learn?" in shown
    assert "the second one is mine" in shown

    # Why did it fail?
    project.rung("run", "-n", "broken", "-s", "lr=0.95", "-s", "units=1", "--trials", 1, "--", sys.executable,
                 "train.py", exit_code=3)  # fmt: skip
    explained = project.rung("show", "broken#0")
    assert "the loss exploded: lr is too high" in explained
    assert "ValueError" in explained

    # The best weights, and the table.
    best = project.json("best", "toy")
    code = (
        "import rung; study = rung.open_study('toy', 'rung.db'); "
        "print(rung.load_checkpoint(study.best_checkpoint())['model']['weight'])"
    )
    weight = subprocess.run(
        [sys.executable, "-c", code], cwd=project.folder, capture_output=True, text=True, check=True
    )
    assert abs(float(weight.stdout) - 0.01) + 1 / best["step"] == pytest.approx(best["value"])
    project.rung("export", "toy", "-o", "toy.csv")
    table = list(csv.DictReader(io.StringIO((project.folder / "toy.csv").read_text())))
    assert [float(row["lr"]) for row in table] == [row["config"]["lr"] for row in rows]
    assert min(float(row["best"]) for row in table) == best["value"]

    # And the log of all that follows from the code.
    assert "is as its log says" in project.rung("verify", "toy")


def test_one_trial_is_ended_and_tried_again(project: Project) -> None:
    project.hold()
    run = project.begin(
        "run", "-n", "toy", "-s", "lr=log:1e-3:0.5", "-s", "units=int:1:4", "--trials", 2, "--seed", 0,
        "--", sys.executable, "train.py",
    )  # fmt: skip
    until(lambda: has_reported(project, 0))
    project.rung("retry", "toy#0", exit_code=1)
    project.rung("stop", "toy#0")
    project.rung("stop", "toy")
    project.let_go()
    assert run.wait(timeout=PATIENCE_S) == 0
    assert state(project, 0) == "stopped"
    project.rung("retry", "toy#0")
    project.rung("resume", "toy")
    rows = project.json("trials", "toy")
    assert [row["state"] for row in rows] == ["stopped", "completed"]
    assert rows[0]["config"] == rows[1]["config"]
    assert "is as its log says" in project.rung("verify", "toy")


def test_words_about_what_is_not_there(project: Project) -> None:
    for words in (("top",), ("stop", "toy"), ("pause", "toy#1"), ("retry", "toy#1"), ("add", "toy", "lr=1"),
                  ("note", "toy", "x"), ("tag", "toy", "x"), ("log", "toy"), ("plot", "toy"), ("export", "toy"),
                  ("resume", "toy"), ("show", "toy"), ("trials", "toy"), ("best", "toy")):  # fmt: skip
        said = project.rung(*words, exit_code=1)
        assert "Traceback" not in said
        assert "hint:" in said, words
    assert list(project.folder.iterdir()) == [project.folder / "train.py"], "looking must make nothing"
