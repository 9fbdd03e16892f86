"""``rung track``: runs by hand become trials."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cli_project import RUNG

from rung.events import Ended, Started
from rung.store import open_store
from rung.study import open_study

SCRIPT = """
import sys
import rung

config = rung.config()
print("called with", *sys.argv[1:])
for step in (1, 2):
    rung.report(error=config.get("lr", 1.0) / step)
"""


@pytest.fixture
def script(tmp_path: Path) -> str:
    (tmp_path / "train.py").write_text(SCRIPT)
    return str(tmp_path / "train.py")


def trials(folder: Path) -> list[Any]:
    study = open_study("tries", folder / "rung.db")
    rows = study.trials
    study.close()
    return rows


def test_a_run_by_hand_is_a_trial(execute, invoke, invoke_json, script: str, tmp_path: Path) -> None:
    done = execute(
        "track", "-n", "tries", "lr=0.5", "opt=sgd", "--message", "first", "--project", "vision",
        "--", sys.executable, script, "--epochs", "2",
    )  # fmt: skip
    assert done.stdout == "called with --epochs 2 --lr 0.5 --opt sgd\n"
    begun, ended = done.stderr.splitlines()
    assert begun == "rung: tries: trial 0 started: lr=0.5 opt=sgd"
    assert ended.startswith("rung: tries: trial 0 completed at step 2: error 0.25, in ")
    (row,) = trials(tmp_path)
    assert (dict(row.config), row.is_given, row.last_step) == ({"lr": 0.5, "opt": "sgd"}, True, 2)
    assert [note.text for note in row.notes] == ["first"]
    assert invoke("log", "tries#0").stdout == done.stdout
    facts = invoke_json("show", "tries")
    assert (facts["project"], facts["space"]["dimensions"], facts["metric"]) == ("vision", [], "error")
    assert invoke("best", "tries", "--as", "args").stdout == "--lr 0.5 --opt sgd\n"
    assert "as its log says" in invoke("verify", "tries").stdout


def test_later_runs_join_the_study_whatever_they_run(execute, invoke, script: str, tmp_path: Path) -> None:
    execute("track", "-n", "tries", "lr=0.5", "--metric", "error", "--", sys.executable, script)
    execute("track", "-n", "tries", "lr=0.25", "batch=64", "--", "rung-is-not-needed", exit_code=1)
    words = ("-c", "import sys; print(sys.argv); sys.exit(7)")
    execute("track", "-n", "tries", "batch=64", "--", sys.executable, *words, exit_code=7)
    execute("track", "-n", "tries", "lr=0.125", "--", sys.executable, script, "{lr}")
    first, second, third = trials(tmp_path)
    assert [row.state for row in (first, second, third)] == ["completed", "failed", "completed"]
    assert second.reason == "exit"
    assert "called with 0.125\n" in invoke("log", "tries#2").stdout
    titles = invoke("trials", "tries").stdout.splitlines()[0].split()
    assert titles[2:4] == ["lr", "batch"]
    assert "as its log says" in invoke("verify", "tries").stdout
    figure = tmp_path / "seen.png"
    study = open_study("tries", tmp_path / "rung.db")
    study.plot(path=figure)
    study.close()
    assert figure.stat().st_size > 0


def test_the_command_line_may_be_left_alone(execute, script: str, tmp_path: Path) -> None:
    done = execute("track", "-n", "tries", "lr=0.5", "--no-args", "--", sys.executable, script, "-v")
    assert done.stdout == "called with -v\n"
    assert trials(tmp_path)[0].best_loss == 0.25  # it may ask for them all the same


def test_a_run_without_a_report_is_recorded_as_failed(execute, tmp_path: Path) -> None:
    done = execute("track", "-n", "tries", "--", sys.executable, "-c", "print('nothing')")
    assert "trial 0 failed (no_value): The script ended without a report." in done.stderr
    assert trials(tmp_path)[0].reason == "no_value"


def test_the_exit_code_is_that_of_the_program(execute, tmp_path: Path) -> None:
    report = "import rung; rung.report(error=1.0); import sys; sys.exit(3)"
    execute("track", "-n", "tries", "--", sys.executable, "-c", report, exit_code=3)
    kill = "import os; os.kill(os.getpid(), 9)"
    execute("track", "-n", "tries", "--", sys.executable, "-c", kill, exit_code=137)
    assert [row.attempt for row in trials(tmp_path)] == [1, 1]  # nobody wants a run by hand again unasked
    store = open_store(str(tmp_path / "rung.db"), create=False)
    assert [event.exit_code for _, event in store.read("tries") if isinstance(event, Ended)] == [3, -9]
    store.close()


@pytest.mark.parametrize(
    ("words", "says", "code"),
    [
        (["lr=0.1"], "nothing says what to run", 2),
        (["lr=0.1", "--"], "nothing says what to run", 2),
        (["lr", "--", "true"], "'lr' has no name and value", 2),
        (["--", "there-is-no-such-program"], "there is no program 'there-is-no-such-program'", 1),
        (["--mode", "best", "--", "true"], "best", 2),
        (["--metric", "", "--", "true"], "metric='' is not a name", 1),
    ],
)
def test_bad_input_leaves_nothing_behind(invoke, tmp_path: Path, words: list[str], says: str, code: int) -> None:
    assert says in invoke("track", "-n", "tries", *words, exit_code=code).stderr
    assert not (tmp_path / "rung-files").exists()


def test_the_metric_is_fixed_by_the_first_run(execute, invoke, script: str) -> None:
    execute("track", "-n", "tries", "--", sys.executable, script)
    result = invoke("track", "-n", "tries", "--metric", "accuracy", "--", "true", exit_code=1)
    assert "min error in the study, min accuracy here" in result.stderr


WAITING = """
import os, sys, rung
print("waiting", flush=True)
rung.report(error=0.5)
if not os.path.exists("go"):
    sys.stdin = open("/dev/zero")
    import signal
    signal.pause()
print("gone on")
"""


def begin(folder: Path) -> subprocess.Popen[str]:
    (folder / "waiting.py").write_text(WAITING)
    words = ["track", "-n", "tries", "lr=0.5", "--", sys.executable, "waiting.py"]
    process = subprocess.Popen(
        [*RUNG, *words], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "waiting\n"  # shown while it runs
    return process


def test_ctrl_c_ends_the_run_and_resume_goes_on_with_that_command(execute, invoke, script: str, tmp_path: Path) -> None:
    execute("track", "-n", "tries", "--", sys.executable, script)
    with begin(tmp_path) as process:
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
        assert process.returncode == 130
    assert "trial 1 interrupted" in said
    assert "rung resume tries" in said
    assert trials(tmp_path)[1].state == "waiting"
    (tmp_path / "go").touch()
    execute("resume", "tries", "--progress", "off")
    row = trials(tmp_path)[1]
    assert (row.state, row.attempt) == ("completed", 2)
    assert invoke("log", "tries#1").stdout.endswith("gone on\n")


def test_a_run_that_was_cut_off_is_not_tried_with_another_command(execute, script: str, tmp_path: Path) -> None:
    with begin(tmp_path) as process:
        process.kill()
        process.wait(30)
    execute("track", "-n", "tries", "lr=0.25", "--", sys.executable, script)
    first, second = trials(tmp_path)
    assert (first.state, first.reason, first.attempt) == ("stopped", "person", 1)
    assert (second.state, second.config["lr"]) == ("completed", 0.25)
    store = open_store(str(tmp_path / "rung.db"), create=False)
    causes = [event.cause for _, event in store.read("tries") if isinstance(event, Started)]
    store.close()
    assert causes == ["given", "given"]


def test_a_study_in_use_is_told(execute, script: str, tmp_path: Path) -> None:
    with begin(tmp_path) as process:
        done = execute("track", "-n", "tries", "--", sys.executable, script, exit_code=1)
        assert "tries" in done.stderr
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    assert len(trials(tmp_path)) == 1


def test_reports_from_a_shell(execute, tmp_path: Path) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    command = folder / "rung"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -c "from rung.cli.main import main; main()" "$@"\n')
    command.chmod(0o755)
    (tmp_path / "train.sh").write_text(
        f"PATH={folder}:$PATH\nfor e in 1 2 3; do rung report error=0.$e || exit 0; done"
    )
    execute("track", "-n", "tries", "lr=0.5", "--", "sh", "train.sh", "{lr}")
    assert trials(tmp_path)[0].last_step == 3


def test_who_looks_away_does_not_end_the_run(script: str, tmp_path: Path) -> None:
    words = [*RUNG, "track", "-n", "tries", "--", sys.executable, script]
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(words, cwd=tmp_path, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert "completed at step 2" in done.stderr
    assert "Traceback" not in done.stderr
    assert trials(tmp_path)[0].state == "completed"


def test_a_study_of_runs_by_hand_is_not_gone_on_with(execute, invoke, script: str, tmp_path: Path) -> None:
    execute("track", "-n", "tries", "lr=0.5", "--", sys.executable, script)
    for words in (("resume", "tries", "--trials", "4"), ("run", "-n", "tries", "--trials", "4", "--", "true")):
        said = invoke(*words, exit_code=1).stderr
        assert "the study 'tries' keeps runs by hand; there is nothing in it to search." in said
        assert "rung track -n tries lr=0.1 -- python train.py" in said
    assert len(trials(tmp_path)) == 1
