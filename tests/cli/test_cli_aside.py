"""``rung track`` for a study that searches: the run becomes a trial of it when it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cli_project import RUNG, make_study
from running_study import meanwhile

from rung.events import CommandHandled, Ended, Started
from rung.places import trial_folder
from rung.store import open_store

SCRIPT = """
import pathlib
import rung

trial = rung.trial()
for step in (1, 2):
    rung.report(error=trial.config["lr"] / step)
print("trained", flush=True)
pathlib.Path("weights.txt").write_text("0.5")
trial.log_artifact("weights.txt")
trial.note("quick")
"""


@pytest.fixture
def script(tmp_path: Path) -> str:
    (tmp_path / "train.py").write_text(SCRIPT)
    return str(tmp_path / "train.py")


def trials(folder: Path) -> Any:
    store = open_store(str(folder / "rung.db"), create=False)
    rows = store.tables.trials("lenet")
    store.close()
    return rows


def events(folder: Path, *kinds: type) -> list[Any]:
    store = open_store(str(folder / "rung.db"), create=False)
    found = [event for _, event in store.read("lenet") if isinstance(event, kinds)]
    store.close()
    return found


def files(folder: Path, trial: int) -> Path:
    store = open_store(str(folder / "rung.db"), create=False)
    found = trial_folder(store.folder("lenet"), trial)
    store.close()
    return found


def test_a_run_becomes_a_trial_of_the_study_when_it_ends(execute, invoke, script: str, tmp_path: Path) -> None:
    make_study(tmp_path / "rung.db", trials=2)
    done = execute(
        "track", "-n", "lenet", "lr=0.5", "opt=sgd", "--message", "a hunch", "--no-args", "--", sys.executable, script
    )
    assert done.stdout == "trained\n"
    begun, ended, recorded = done.stderr.splitlines()
    assert begun == "rung: lenet: the run started: lr=0.5 opt=sgd seed=5; it becomes a trial when it ends"
    assert ended.startswith("rung: lenet: the run completed at step 2: error 0.25, in ")
    assert recorded == "rung: lenet: recorded as trial 2"
    row = trials(tmp_path)[2]
    assert (row.is_given, row.state, row.last_step, row.best_loss) == (True, "completed", 2, 0.25)
    assert row.runtime > 0
    assert [(note.text, note.by) for note in row.notes] == [("a hunch", "person"), ("quick", "trial")]
    assert invoke("log", "lenet#2").stdout == "trained\n"
    assert (files(tmp_path, 2) / "artifacts" / "weights.txt").read_text() == "0.5"
    assert Path(row.artifacts[0].path) == files(tmp_path, 2) / "artifacts" / "weights.txt"
    assert list(files(tmp_path, 2).parent.glob("by-hand-*")) == []
    assert "as its log says" in invoke("verify", "lenet").stdout


def test_while_a_tuner_runs_the_study(execute, invoke, script: str, tmp_path: Path) -> None:
    words = ("track", "-n", "lenet", "lr=0.5", "--no-args", "--", sys.executable, script)
    done = meanwhile(tmp_path / "rung.db", lambda: execute(*words))
    assert done.stderr.splitlines()[-1] == "rung: lenet: recorded as trial 1"
    own, given = trials(tmp_path)
    assert (own.state, own.is_given, given.state, given.is_given) == ("completed", False, "completed", True)
    assert given.ended_at < own.ended_at
    assert (files(tmp_path, 1) / "output.log").read_text() == "trained\n"
    assert "as its log says" in invoke("verify", "lenet").stdout


def test_a_run_that_fails_is_recorded_as_failed(execute, tmp_path: Path) -> None:
    make_study(tmp_path / "rung.db", trials=1)
    words = ("lr=0.5", "opt=sgd", "--", sys.executable, "-c", "import sys; sys.exit(7)")
    assert "the run failed (exit)" in execute("track", "-n", "lenet", *words, exit_code=7).stderr
    row = trials(tmp_path)[1]
    assert (row.state, row.reason, row.config["lr"]) == ("failed", "exit", 0.5)
    started, ended, handled = events(tmp_path, Started, Ended, CommandHandled)[-3:]
    assert (started.notes, ended.exit_code) == ({"command": handled.command}, 7)


def test_ctrl_c_ends_the_run_and_what_it_reported_is_recorded(invoke, tmp_path: Path) -> None:
    make_study(tmp_path / "rung.db", trials=1)
    reports = "for step in range(80):\n    rung.report(error=0.5)"  # of which the first ones are acknowledged
    program = f"import signal, rung\n{reports}\nprint('waiting', flush=True)\nsignal.pause()"
    with interrupted(tmp_path, program) as process:
        _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "rung: lenet: recorded as trial 1" in said
    row = trials(tmp_path)[1]
    assert (row.state, row.reason, row.message) == ("stopped", "person", "ended by Ctrl-C")
    assert row.last_step > 0
    assert "as its log says" in invoke("verify", "lenet").stdout


def test_ctrl_c_before_the_first_report_leaves_nothing_behind(tmp_path: Path) -> None:
    make_study(tmp_path / "rung.db", trials=1)
    with interrupted(tmp_path, "import signal\nprint('waiting', flush=True)\nsignal.pause()") as process:
        _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "the run was ended before its first report, so nothing is recorded" in said
    assert len(trials(tmp_path)) == 1
    assert list(files(tmp_path, 1).parent.glob("by-hand-*")) == []


def interrupted(folder: Path, program: str) -> subprocess.Popen[str]:
    """A run that says when it waits, and then gets a Ctrl-C."""
    words = ["track", "-n", "lenet", "lr=0.5", "opt=sgd", "--no-args", "--", sys.executable, "-c", program]
    process = subprocess.Popen(
        [*RUNG, *words], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "waiting\n"
    process.send_signal(signal.SIGINT)
    return process


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("lrr=0.1", "opt=sgd"), "Did you mean 'lr'?"),
        (("lr=0.1", "opt=sgd", "epochs=3"), "the space has no dimension 'epochs'"),
        (("lr=0.1", "opt=sgd", "--metric", "accuracy"), "judges min error, not min accuracy"),
        (("lr=0.1", "opt=sgd", "--mode", "max"), "judges min error, not max error"),
        (("lr=0.1", "opt=sgd", "--project", "vision"), "belongs to no project, not to 'vision'"),
    ],
)
def test_a_run_that_is_none_of_the_study_s_never_starts(invoke, tmp_path: Path, words: Any, says: str) -> None:
    make_study(tmp_path / "rung.db", trials=1)
    assert says in invoke("track", "-n", "lenet", *words, "--", "true", exit_code=1).stderr
    assert len(trials(tmp_path)) == 1


def test_values_that_the_searcher_can_not_place_are_pointed_out_before_the_run(execute, tmp_path: Path) -> None:
    make_study(tmp_path / "rung.db", trials=1)
    done = execute("track", "-n", "lenet", "lr=0.5", "--", sys.executable, "-c", "import rung; rung.report(error=0.5)")
    warning, hint, begun, *_ = done.stderr.splitlines()
    assert warning == "rung: warning: opt is missing from the config {'lr': 0.5}."
    assert hint == "hint: The result is recorded, but the searcher learns little or nothing from it."
    assert begun.startswith("rung: lenet: the run started: lr=0.5 seed=5")
    assert trials(tmp_path)[1].config == {"lr": 0.5, "seed": 5}
