"""Nothing outlives the tuner, and nothing but the trials is lost with the fork-server."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import misbehaviour
import psutil
import pytest
from process_stage import are_gone, is_gone, noted, servers, until

from rung.backends.processes import Processes
from rung.runtime.objective import as_objective
from rung.testing._driver import Stage
from rung.types import Outcome

TUNER = Path(__file__).with_name("tuner_to_be_killed.py")


@pytest.mark.parametrize("kind", ["fork", "spawn", "script", "import"])
def test_nothing_outlives_a_killed_tuner(tmp_path, kind):
    (tmp_path / "temporary").mkdir()
    environ = {**os.environ, "TMPDIR": str(tmp_path / "temporary")}
    with subprocess.Popen([sys.executable, str(TUNER), str(tmp_path), kind], env=environ) as tuner:
        until(lambda: noted(tmp_path, 1 if kind == "import" else 2) and (tmp_path / "helper").exists())
        trials = noted(tmp_path)
        (server,) = [child.pid for child in psutil.Process(tuner.pid).children() if "_forkserver" in child.cmdline()[2]]
        assert not any(is_gone(pid) for group in trials for pid in group)
        tuner.kill()
    until(lambda: are_gone([*trials, [server]]), within_s=2.0)
    os.kill(int((tmp_path / "helper").read_text()), signal.SIGKILL)
    assert list((tmp_path / "temporary").iterdir()) == []


@pytest.fixture
def stage(tmp_path):
    stage = Stage(lambda: Processes(2, start="fork", grace_s=0.3), tmp_path, patience_s=30.0)
    yield stage
    stage.close()


@pytest.mark.parametrize("target", [misbehaviour.hangs, misbehaviour.starts_what_gets_away])
def test_trials_are_lost_with_the_forkserver_and_the_next_ones_run(stage, tmp_path, target):
    driver = stage.driver(target)
    for trial in (0, 1):
        driver.start(trial=trial, config={"folder": str(tmp_path)})
    polls = driver.polls()
    until(lambda: noted(tmp_path, 2), meanwhile=lambda: next(polls))
    trials = noted(tmp_path)
    (server,) = servers()
    server.kill()
    driver.finish()
    assert {driver.exit(trial).outcome for trial in (0, 1)} == {Outcome.LOST}
    until(lambda: are_gone(trials), within_s=2.0)
    driver.start(trial=0, attempt=2, config={"folder": str(tmp_path / "nowhere")})
    driver.finish()
    assert "FileNotFoundError" in driver.exit(0, 2).message


def test_an_idle_forkserver_may_be_killed(stage):
    driver = stage.driver(lambda rate: rate)
    for trial in (0, 1, 2):
        driver.start(trial=trial, decide_at=())
        driver.finish()
        assert driver.exit(trial).outcome is Outcome.FINISHED
        (server,) = servers()
        server.kill()
        until(lambda server=server: is_gone(server.pid))


def test_ctrl_c_at_the_terminal_does_not_reach_it(stage):
    driver = stage.driver(lambda rate: rate)
    (server,) = servers()
    driver.start(decide_at=())
    driver.finish()
    assert os.getsid(server.pid) == server.pid
    server.send_signal(signal.SIGINT)
    driver.start(trial=1, decide_at=())
    driver.finish()
    assert driver.exit(1).outcome is Outcome.FINISHED


def test_a_forkserver_that_does_not_leave_is_killed(stage, tmp_path, monkeypatch):
    monkeypatch.setattr("rung.backends._server._LEAVE_S", 0.3)
    driver = stage.driver(lambda rate: rate)
    driver.start(decide_at=())
    driver.finish()
    (server,) = servers()
    server.suspend()
    driver.backend.close()
    assert is_gone(server.pid)


def test_trials_in_their_grace_end_with_the_forkserver(tmp_path):
    stage = Stage(lambda: Processes(start="fork", grace_s=1000.0), tmp_path, patience_s=30.0)
    driver = stage.driver(misbehaviour.ignores_everything)
    driver.start(config={"folder": str(tmp_path)}, decide_at=())
    polls = driver.polls()
    until(lambda: noted(tmp_path), meanwhile=lambda: next(polls))
    driver.stop(0)
    (server,) = servers()
    server.kill()
    until(lambda: are_gone(noted(tmp_path)), within_s=2.0, meanwhile=lambda: driver.backend.poll(0.1, driver.deliver))
    stage.close()


@pytest.mark.parametrize("ends", ["in good order", "killed"])
def test_what_got_away_from_a_stop_ends_with_the_backend(stage, tmp_path, ends):
    driver = stage.driver(misbehaviour.starts_what_gets_away)
    driver.start(config={"folder": str(tmp_path)}, decide_at=())
    polls = driver.polls()
    until(lambda: noted(tmp_path), meanwhile=lambda: next(polls))
    ((trial, away),) = noted(tmp_path)
    driver.stop(0)
    until(lambda: is_gone(trial))
    assert not is_gone(away)
    if ends == "killed":
        servers()[0].kill()
    driver.backend.close()
    until(lambda: is_gone(away), within_s=2.0)


def test_what_optimizers_import_is_there_before_the_fork(tmp_path):
    pytest.importorskip("torch", reason="torch is not installed")
    module = tmp_path / "training_with_torch.py"
    module.write_text(
        """
import os, sys, torch, rung
imported_by = os.getpid()
def train():
    is_there = "torch._dynamo" in sys.modules
    torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    rung.report(error=0.0, is_there=float(is_there), is_forked=float(imported_by != os.getpid()))
"""
    )
    stage = Stage(lambda: Processes(1, start="auto"), tmp_path, patience_s=120.0)
    driver = stage.driver(f"{module}:train")
    driver.start(config={}, decide_at=())
    driver.finish()
    stage.close()
    driver.expect_good_end()
    assert driver.reports()[0].metrics == {"error": 0.0, "is_there": 1.0, "is_forked": 1.0}


def test_that_it_cannot_be_imported_is_no_matter(tmp_path):
    module = tmp_path / "training_without_torch.py"
    training = "def train(): return 0.5\n"
    module.write_text(training)
    objective = as_objective(f"{module}:train")
    module.write_text(  # only now, as this process has imported it as well
        "import sys, types\n"
        "sys.modules['torch.optim'] = types.ModuleType('torch.optim')\n"
        "sys.modules['torch._dynamo'] = None\n" + training  # whereupon it can't be imported
    )
    stage = Stage(lambda: Processes(1, start="auto"), tmp_path, patience_s=30.0)
    driver = stage.driver(objective)
    driver.start(config={}, decide_at=())
    driver.finish()
    stage.close()
    assert driver.curve() == {1: 0.5}
    assert (tmp_path / "backend-1" / "imports.log").read_text() == ""
