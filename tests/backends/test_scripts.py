"""Scripts: what they are given, and how they report in any language."""

from __future__ import annotations

import json
import os
import socket
import stat
import sys
import tempfile
from pathlib import Path

import pytest
from process_stage import until

from rung.backends._scripts import NOTHING_ADDED, command_line
from rung.backends.processes import Processes
from rung.runtime._frames import Hello, frame
from rung.testing._driver import Stage, say
from rung.types import Action, Change, Launched, Logged, Outcome, Remarked, Verdict


@pytest.mark.parametrize(
    ("argv", "config", "filled"),
    [
        (["train"], {}, ["train"]),
        (["train"], {"rate": 0.1, "depth": 3}, ["train", "--rate", "0.1", "--depth", "3"]),
        (["train", "-r", "{rate}"], {"rate": 1e-5}, ["train", "-r", "1e-05"]),
        (["sh", "-c", "a {rate} {rate}|b {depth}"], {"rate": 1.5, "depth": 2}, ["sh", "-c", "a 1.5 1.5|b 2"]),
        (["train", "--r={rate}"], {"rate": 2, "name": "a b"}, ["train", "--r=2", "--name", "a b"]),
        (["awk", "{print $1} {other} {}"], {}, ["awk", "{print $1} {other} {}"]),
        (["{kind}.py"], {"kind": "adam"}, ["adam.py"]),
        (
            ["x"],
            {"flag": True, "none": None, "list": [1, "a"]},
            ["x", "--flag", "true", "--none", "null", "--list", '[1, "a"]'],
        ),
        (["{a}"], {"a": "{b}", "b": 1}, ["{b}", "--b", "1"]),
        (["{a}", NOTHING_ADDED, "-v"], {"a": 2, "b": 1}, ["2", "-v"]),
    ],
)
def test_command_line(argv, config, filled):
    before = list(argv)
    assert command_line(argv, config) == filled
    assert argv == before


@pytest.fixture
def stage(tmp_path, monkeypatch):
    programs = tmp_path / "programs"
    programs.mkdir()
    command = programs / "rung"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -c "from rung.cli.main import main; main()" "$@"\n')
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    stage = Stage(lambda: Processes(2, grace_s=0.3), tmp_path, patience_s=60.0)
    yield stage
    stage.close()


def shell(text):
    return ["sh", "-c", text]


def ending(driver, **fields):
    driver.start(decide_at=fields.pop("decide_at", ()), **fields)
    driver.finish()
    return driver.exit()


def test_a_shell_script_reports(stage):
    script = """
        set -e
        rung report error={rate} accuracy=nan
        rung report error=0.25 --step 4
        rung report error=0.125
    """
    driver = stage.driver(shell(script))
    assert ending(driver).outcome is Outcome.FINISHED
    assert isinstance(driver.facts[0], Launched)
    assert [(report.step, report.metrics["error"]) for report in driver.reports()] == [(1, 0.5), (4, 0.25), (5, 0.125)]
    assert str(driver.reports()[0].metrics["accuracy"]) == "nan"


@pytest.mark.parametrize("action", [Action.STOP, Action.PAUSE])
def test_a_shell_script_is_told_to_end_by_exit_code_10(stage, tmp_path, action):
    script = f"""
        rung report error=1; echo $? >> {tmp_path}/codes
        rung report error=2; echo $? >> {tmp_path}/codes
        rung report error=3; code=$?; echo $code >> {tmp_path}/codes; exit $code
    """
    driver = stage.driver(shell(script), answer=say(action, at=2))
    exited = ending(driver, decide_at=None)
    assert (exited.outcome, exited.reason) == (Outcome.FINISHED, "")
    assert (tmp_path / "codes").read_text().split() == ["0", "10", "10"]
    assert [report.waits for report in driver.reports()] == [True, True, True]


def test_a_word_that_comes_between_reports_is_heard_at_the_next(stage):
    def answer(report):
        return [Verdict(Action.STOP, 1)] if report.step == 1 else []

    driver = stage.driver(shell("rung report error=1 && rung report error=2 && rung report error=3"), answer=answer)
    assert ending(driver).outcome is Outcome.FINISHED
    assert len(driver.curve()) <= 2


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("rung report accuracy=1", "'error' is missing"),
        ("rung report error=1 --step 3; rung report error=1 --step 2", "Step 2 comes after step 3"),
        ("rung report error=much", "'error=much' is not a metric"),
        ("rung report", "Missing argument"),
    ],
)
def test_a_report_that_is_none_is_a_usage_error(stage, command, says):
    exited = ending(stage.driver(shell(f"{command}; exit $(($? + 40))")))
    assert (exited.outcome, exited.reason) == (Outcome.FAILED, "exit")
    assert "exit code 42" in exited.message
    assert says in exited.message
    assert "Traceback" not in exited.message


@pytest.mark.parametrize(
    ("argv", "outcome", "reason", "says"),
    [
        (["true"], Outcome.FAILED, "no_value", "rung report error="),
        (["sh", "-c", "echo so long; exit 3"], Outcome.FAILED, "exit", "so long"),
        (["sh", "-c", "kill -9 $$"], Outcome.LOST, "killed", "SIGKILL"),
        (["sh", "-c", "kill -SEGV $$"], Outcome.FAILED, "crashed", "SIGSEGV"),
        (["no-such-program"], Outcome.FAILED, "exit", "no-such-program can't be run: No such file"),
        (["/"], Outcome.FAILED, "exit", "/ can't be run: Permission denied"),
    ],
)
def test_exit_codes(stage, argv, outcome, reason, says):
    exited = ending(stage.driver(argv))
    assert (exited.outcome, exited.reason) == (outcome, reason)
    assert says in exited.message


PYTHON = """
import json, os, sys
import rung
here = {name: value for name, value in os.environ.items() if name.startswith("RUNG_")}
print(json.dumps([sys.argv[1:], here, rung.config(missing=1), rung.trial().number]))
print(oct(os.stat(os.path.dirname(here["RUNG_SOCKET"])).st_mode & 0o777))
rung.report(error=0.5)
rung.report(error=float("-inf"), step=3)
"""


def test_a_python_script(stage, tmp_path):
    (tmp_path / "train.py").write_text(PYTHON)
    driver = stage.driver([sys.executable, str(tmp_path / "train.py"), "--fast"])
    job = driver.start(trial=3, attempt=2, config={"rate": 0.5, "name": "a b"}, decide_at=())
    driver.finish()
    assert driver.exit(3, 2).outcome is Outcome.FINISHED
    assert driver.curve(3, 2) == {1: 0.5, 3: float("-inf")}
    line, mode = Path(job.folder, "output.log").read_text().splitlines()[-2:]
    argv, environ, config, number = json.loads(line)
    assert argv == ["--fast", "--rate", "0.5", "--name", "a b"]
    assert (environ["RUNG_TRIAL"], environ["RUNG_ATTEMPT"]) == ("3", "2")
    assert json.loads(environ["RUNG_CONFIG"]) == {"rate": 0.5, "name": "a b"}
    assert len(environ["RUNG_TOKEN"]) == 32
    assert stat.S_IMODE(int(mode, 8)) == 0o700
    assert config == {"rate": 0.5, "name": "a b", "missing": 1}
    assert number == 3


@pytest.mark.parametrize("name", ["RANK", "LOCAL_RANK"])
def test_a_script_is_no_rank_of_the_launcher_that_started_the_tuner(stage, tmp_path, monkeypatch, name):
    monkeypatch.setenv(name, "1")
    (tmp_path / "train.py").write_text("import rung\nrung.report(error=0.5)\n")
    driver = stage.driver([sys.executable, str(tmp_path / "train.py")])
    assert ending(driver).outcome is Outcome.FINISHED
    assert driver.curve() == {1: 0.5}


def test_a_launcher_in_the_command_still_says_which_rank_a_script_is(stage, tmp_path, monkeypatch):
    monkeypatch.setenv("RANK", "1")
    (tmp_path / "train.py").write_text("import os, rung\nrung.report(error=int(os.environ['RANK']) + 0.5)\n")
    inner = f"for rank in 1 0; do RANK=$rank {sys.executable} {tmp_path}/train.py; done"
    driver = stage.driver(shell(inner))
    assert ending(driver).outcome is Outcome.FINISHED
    assert driver.curve() == {1: 0.5}


def test_a_stopped_python_script_ends_silently_with_exit_code_0(stage, tmp_path):
    (tmp_path / "train.py").write_text("import rung\nfor _ in range(5): rung.report(error=0.5)\nassert False\n")
    inner = f"{sys.executable} {tmp_path}/train.py; echo it was $?"
    driver = stage.driver(shell(inner), answer=say(Action.STOP, at=2))
    job = driver.start(decide_at=None)
    driver.finish()
    assert driver.curve() == {1: 0.5, 2: 0.5}
    assert Path(job.folder, "output.log").read_text() == "it was 0\n"


def test_another_error_in_a_script_is_shown_as_ever(stage, tmp_path):
    (tmp_path / "train.py").write_text("import rung\nrung.report(error=0.5)\nraise ValueError('as ever')\n")
    exited = ending(stage.driver([sys.executable, str(tmp_path / "train.py")]))
    assert (exited.outcome, exited.reason) == (Outcome.FAILED, "exit")
    assert exited.message.endswith("ValueError: as ever")


def test_changes_reach_a_script_and_those_who_come_later(stage, tmp_path):
    (tmp_path / "train.py").write_text(
        "import rung, subprocess\nrung.report(error=1.0)\n"
        "more = 'import rung; rung.report(error=rung.config()[\"rate\"], step=3)'\n"
        "rung.report(error=rung.config()['rate'])\n"
        f"subprocess.run([{sys.executable!r}, '-c', more])\n"
    )

    def answer(report):
        return [Change({"rate": 8.0}), Verdict(Action.CONTINUE, 1)] if report.step == 1 else []

    driver = stage.driver([sys.executable, str(tmp_path / "train.py")], answer=answer)
    assert ending(driver, decide_at=None).outcome is Outcome.FINISHED
    assert driver.curve() == {1: 1.0, 2: 8.0, 3: 8.0}


def test_strangers_are_not_let_in(stage, tmp_path):
    driver = stage.driver(
        shell(f"cp /proc/self/environ {tmp_path}/environ; mv {tmp_path}/environ {tmp_path}/e; sleep 1000")
    )
    driver.start(decide_at=())
    polls = driver.polls()
    until((tmp_path / "e").exists, meanwhile=lambda: next(polls))
    environ = dict(entry.split("=", 1) for entry in (tmp_path / "e").read_text().split("\0") if entry)
    token = environ["RUNG_TOKEN"]
    greetings = [
        b"GET / HTTP/1.1\r\n\r\n",
        b"",
        frame({"type": "Hello"}),
        frame(Hello(0, 1, "")),
        frame(Hello(0, 1, token[:-1] + "é")),
        frame(Hello(0, 2, token)),
        frame(Hello(1, 1, token)),
    ]
    for greeting in greetings:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as stranger:
            stranger.connect(environ["RUNG_SOCKET"])
            stranger.sendall(greeting)
            stranger.shutdown(socket.SHUT_WR)
            stranger.settimeout(0.0)
            until(lambda stranger=stranger: has_ended(stranger), meanwhile=lambda: next(polls))
    assert driver.live
    assert [type(fact) for fact in driver.facts] == [Launched]
    driver.stop(0)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as latecomer:  # the run is over
        latecomer.connect(environ["RUNG_SOCKET"])
        latecomer.sendall(frame(Hello(0, 1, token)))
        latecomer.settimeout(0.0)
        until(lambda: has_ended(latecomer), meanwhile=lambda: next(polls))


def has_ended(end):
    try:
        return end.recv(100) == b""
    except BlockingIOError:
        return False


def test_the_path_of_the_socket_stays_short(tmp_path, monkeypatch):
    long = tmp_path / ("x" * 120)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    stage = Stage(Processes, tmp_path, patience_s=60.0)
    driver = stage.driver(shell("echo $RUNG_SOCKET; exit 7"))
    message = ending(driver).message
    stage.close()
    path = message.splitlines()[-1]
    assert len(path) < 100
    assert not Path(path).parent.exists()
    assert list(long.iterdir()) == []


def test_a_python_script_has_all_that_a_trial_can_do(stage, tmp_path):
    (tmp_path / "train.py").write_text(
        "import rung\n"
        "from rung.testing.objectives import fits_only_small_batches\n"
        "trial = rung.trial()\n"
        "fits_only_small_batches(trial)\n"
        "trial.log_artifact(__file__)\n"
    )
    driver = stage.driver([sys.executable, str(tmp_path / "train.py")])
    job = driver.start(decide_at=None)
    driver.finish()
    driver.expect_good_end()
    assert driver.curve() == {step: 0.5 * step for step in range(1, 7)}
    assert len(driver.checkpoints()) == 6
    assert len([fact for fact in driver.facts if isinstance(fact, Remarked)]) == 2
    assert [fact.artifact.path for fact in driver.facts if isinstance(fact, Logged)] == [
        f"{job.folder}/artifacts/train.py"
    ]
