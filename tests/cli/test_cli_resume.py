from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_project import RUNG, SPACE

from rung.schedulers.basic import BasicScheduler
from rung.searchers.random import RandomSearcher
from rung.tuner import Tuner

GATED = """
import os, sys
import rung

settings = rung.config(lr=0.5)
rung.report(error=settings["lr"])
if settings["lr"] < 0.5 and not os.path.exists("free"):
    open("gate").read()  # a pipe to which nobody writes
rung.report(error=settings["lr"] / 2)
"""


@pytest.fixture
def gated(tmp_path: Path) -> Path:
    """A script whose trials with a low lr stand still after the first report, until there is a file ``free``."""
    os.mkfifo(tmp_path / "gate")
    (tmp_path / "train.py").write_text(GATED)
    return tmp_path


def begin(folder: Path, *words: object) -> subprocess.Popen[str]:
    command = [*RUNG, *map(str, words)]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def events_of(process: subprocess.Popen[str]) -> Iterator[dict[str, object]]:
    assert process.stdout is not None
    for line in process.stdout:
        yield json.loads(line)


def run_until_it_stands_still(folder: Path, *words: object) -> subprocess.Popen[str]:
    """A study whose second trial waits at the gate."""
    process = begin(folder, *words)
    for event in events_of(process):
        if event["type"] == "observed" and (event["trial"], event["step"]) == (1, 1):
            return process
    raise AssertionError("it ended")


RUN = ("run", "-s", "lr=0.75,0.25,0.6", "--searcher", "grid", "-n", "lenet", "--json")


def interrupt_twice(process: subprocess.Popen[str]) -> str:
    assert process.stderr is not None
    process.send_signal(signal.SIGINT)
    said = process.stderr.readline()
    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=60)
    return said + rest


def test_ctrl_c_twice_and_on_again(gated: Path, invoke_json, execute) -> None:
    process = run_until_it_stands_still(gated, *RUN, "--", sys.executable, "train.py")
    (study,) = invoke_json("ls")
    assert study["state"] == "running"
    said = interrupt_twice(process)
    assert process.returncode == 130
    assert said.splitlines() == [
        "Waiting for the running trials; press Ctrl-C again to stop them now.",
        "Interrupted. Go on with: rung resume lenet --store rung.db",
    ]
    (study,) = invoke_json("ls")
    assert (study["state"], study["ended_why"]) == ("interrupted", "interrupted")
    assert (study["trials"]["completed"], study["trials"]["waiting"]) == (1, 1)
    before = invoke_json("trials", "lenet")

    (gated / "free").touch()
    elsewhere = gated / "elsewhere"
    elsewhere.mkdir()
    done = execute("resume", "lenet", "--store", f"sqlite:///{gated}/rung.db", folder=elsewhere)
    assert done.stderr == f"rung: the trials run in {gated}, where the study began.\n"
    assert "study lenet (resumed, 1 trial done)" in done.stdout
    assert "trial 1 runs again without a checkpoint, attempt 2" in done.stdout
    after = invoke_json("trials", "lenet")
    assert after[0] == before[0]
    assert [(row["config"]["lr"], row["value"], row["attempt"]) for row in after] == [
        (0.75, 0.375, 1),
        (0.25, 0.125, 2),
        (0.6, 0.3, 1),
    ]
    assert invoke_json("verify", "lenet")["is_ok"] is True
    assert invoke_json("show", "lenet")["sessions"] == 2


def test_ctrl_c_once_lets_the_running_trial_end(gated: Path, invoke_json) -> None:
    process = run_until_it_stands_still(gated, *RUN, "--", sys.executable, "train.py")
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    assert process.stderr.readline().startswith("Waiting for the running trials")
    (gated / "gate").write_text("")  # opens the gate
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert [(row["trial"], row["state"]) for row in invoke_json("trials", "lenet")] == [
        (0, "completed"),
        (1, "completed"),
    ]


def test_a_killed_tuner(gated: Path, invoke_json, execute) -> None:
    process = run_until_it_stands_still(gated, *RUN, "--", sys.executable, "train.py")
    process.kill()
    process.communicate(timeout=60)
    (study,) = invoke_json("ls")
    assert (study["state"], study["ended_why"]) == ("interrupted", None)
    (gated / "free").touch()
    done = execute("resume", "lenet", "--json")
    assert json.loads(done.stdout.splitlines()[0])["is_new"] is False
    assert [row["state"] for row in invoke_json("trials", "lenet")] == ["completed"] * 3
    assert invoke_json("verify", "lenet")["is_ok"] is True


def test_a_study_that_somebody_has(gated: Path, execute) -> None:
    process = run_until_it_stands_still(gated, *RUN, "--", sys.executable, "train.py")
    try:
        done = execute("resume", "lenet", exit_code=1)
        assert f"is held by process {process.pid} on host" in done.stderr
        assert "hint: Wait until it is done" in done.stderr
    finally:
        interrupt_twice(process)


PLAIN = "def f(lr):\n    return lr\n"


@pytest.fixture
def begun(tmp_path: Path, execute) -> Path:
    """A study ``f`` of two trials, of the function ``f`` in ``plain.py``."""
    (tmp_path / "plain.py").write_text(PLAIN)
    execute("run", "plain:f", "-s", "lr=log:1e-3:1", "--trials", 2, "--seed", 7, "-w", 2)
    return tmp_path


def test_the_total_is_as_before_unless_another_is_given(begun: Path, execute, invoke_json) -> None:
    done = execute("resume", "f")
    assert "study f (resumed, 2 of 2 trials done)" in done.stdout
    assert done.stderr == "rung: nothing was left to do for 'f'.\nhint: Raise --trials to go on.\n"
    execute("resume", "f", "--trials", 4)
    assert len(invoke_json("trials", "f")) == 4
    done = execute("resume", "f")
    assert "4 of 4 trials done" in done.stdout, "the newest total counts"


def test_the_workers_are_as_before_unless_others_are_given(begun: Path, execute) -> None:
    assert " · 2 workers" in execute("resume", "f", "--trials", 3).stdout
    assert " · 1 worker\n" in execute("resume", "f", "--trials", 4, "-w", 1).stdout
    assert " · 1 worker\n" in execute("resume", "f").stdout


def test_what_would_never_end_is_refused(begun: Path, execute, tmp_path: Path) -> None:
    scheduler = BasicScheduler(RandomSearcher(SPACE))
    with Tuner(lambda lr, opt, seed: lr, scheduler, store=tmp_path / "hand.db", study="hand", seed=1) as tuner:
        tuner.tell(tuner.ask(), 0.5)
    done = execute("resume", "hand", "--store", "hand.db", exit_code=2)
    hint = "Give --trials N, --seconds 2h or --stop WHEN."
    assert done.stderr == f"rung: nothing says when to end 'hand'.\nhint: {hint}\n"


def test_a_function_without_a_name_is_run_from_its_own_program(execute, tmp_path: Path) -> None:
    scheduler = BasicScheduler(RandomSearcher(SPACE))
    with Tuner(lambda lr, opt, seed: lr, scheduler, store=tmp_path / "rung.db", study="mine", seed=1) as tuner:
        tuner.run(max_trials=1)
    done = execute("resume", "mine", "--trials", 2, exit_code=1)
    first, second = done.stderr.splitlines()
    assert first == (
        "rung: the study 'mine' can't be resumed from here: what it tunes has no name by which it could be found again."
    )
    assert second.startswith(f"hint: Run again what began it: cd {Path.cwd()} && ")


def test_a_function_that_is_gone(begun: Path, execute) -> None:
    (begun / "plain.py").unlink()
    done = execute("resume", "f", "--trials", 4, exit_code=1)
    first, second = done.stderr.splitlines()
    assert first.startswith("rung: the study 'f' can't be resumed from here: 'plain' can't be imported: ")
    assert second.startswith(f"hint: Run again what began it: cd {begun} && ")


def test_a_module_is_found_where_the_study_began(begun: Path, execute, invoke_json) -> None:
    elsewhere = begun / "elsewhere"
    elsewhere.mkdir()
    execute("resume", "f", "--trials", 3, "--store", begun / "rung.db", folder=elsewhere)
    assert len(invoke_json("trials", "f")) == 3


def test_a_searcher_that_is_gone(execute, tmp_path: Path) -> None:
    (tmp_path / "plain.py").write_text(PLAIN)
    (tmp_path / "mine.py").write_text(
        "from rung.searchers.random import RandomSearcher\n"
        "class Mine:\n"
        "    def __init__(self, space):\n"
        "        self.inner = RandomSearcher(space)\n"
        "        self.space, self.suggest, self.update = self.inner.space, self.inner.suggest, self.inner.update\n"
        "    def spec(self):\n"
        "        return {'class': 'mine:Mine'}\n"
    )
    execute("run", "plain:f", "-s", "lr=log:1e-3:1", "--searcher", "mine:Mine", "--trials", 1)
    execute("resume", "f", "--trials", 2)
    (tmp_path / "mine.py").unlink()
    done = execute("resume", "f", "--trials", 3, exit_code=1)
    assert done.stderr.startswith("rung: the study 'f' can't be resumed from here: 'mine:Mine' can't be imported")


def test_an_unknown_study(begun: Path, invoke) -> None:
    assert "There is no study 'g' in this store." in invoke("resume", "g", exit_code=1).stderr


def test_no_store(invoke, tmp_path: Path) -> None:
    assert "There is no store at" in invoke("resume", "f", exit_code=1).stderr
    assert list(tmp_path.iterdir()) == []


def test_a_study_from_python_goes_on_from_the_command_line(execute, invoke_json, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(
        "import rung\n"
        "def f(lr): return lr\n"
        "if __name__ == '__main__':\n"
        "    rung.tune(f, {'lr': rung.loguniform(1e-3, 1)}, max_trials=2, study='f', progress='off')\n"
    )
    subprocess.run([RUNG[0], "script.py"], cwd=tmp_path, check=True)
    execute("resume", "f", "--trials", 4)
    assert [row["state"] for row in invoke_json("trials", "f")] == ["completed"] * 4


def test_the_stop_criterion_is_as_before_unless_another_is_given(tmp_path: Path, execute, invoke_json) -> None:
    (tmp_path / "plain.py").write_text(PLAIN)
    execute("run", "plain:f", "-s", "lr=log:1e-3:1", "--stop", "trials:2", "--project", "vision")
    done = execute("resume", "f")
    assert "nothing was left to do for 'f': 2 trials were begun." in done.stderr
    execute("resume", "f", "--stop", "trials:3", "-m", "one more", "--project-limit", "1h")
    study = invoke_json("show", "f")
    assert study["trials"]["completed"] == 3
    assert (study["ended_why"], study["ended_message"]) == ("criterion", "3 trials were begun")
    assert study["settings"]["stop"] == {"type": "trials", "count": 3}
    assert study["settings"]["project_limit"] == 3600.0
    assert [note["text"] for note in study["notes"]] == ["one more"]
    assert "3 trials were begun" in execute("resume", "f").stderr, "the newest criterion counts"
    execute("resume", "f", "--project-limit", "1e-9", "--stop", "trials:9", exit_code=1)


PAUSING = """
def f(trial):
    for epoch in trial.epochs(9):
        trial.report(error=trial.config["lr"] + 1 / epoch)
"""


def test_a_paused_trial_goes_on(tmp_path: Path, execute, invoke_json) -> None:
    (tmp_path / "pausing.py").write_text(PAUSING)
    asha = ("--scheduler", "asha", "--max-t", 9, "--variant", "promotion")
    execute("run", "pausing:f", "-s", "lr=log:1e-3:1", *asha, "--trials", 3, "--seed", 1, "-n", "prom")
    before = {row["trial"]: row for row in invoke_json("trials", "prom")}
    paused = next(number for number, row in before.items() if row["state"] == "paused" and row["step"] == 1)
    execute("resume", f"prom#{paused}")
    after = {row["trial"]: row for row in invoke_json("trials", "prom")}
    assert after[paused]["step"] > 1
    assert invoke_json("verify", "prom")["is_ok"] is True


def test_only_paused_trials_go_on(begun: Path, execute) -> None:
    done = execute("resume", "f#0", exit_code=1)
    assert done.stderr.startswith("rung: trial 0 of 'f' is completed;")
    done = execute("resume", "f#7", exit_code=1)
    assert "has no trial 7" in done.stderr


def test_a_trial_of_a_study_that_somebody_runs_is_left_to_them(gated: Path, execute) -> None:
    process = run_until_it_stands_still(gated, *RUN, "--", sys.executable, "train.py")
    try:
        done = execute("resume", "lenet#1", exit_code=1)
        assert "trial 1 of 'lenet' is running" in done.stderr
    finally:
        interrupt_twice(process)
