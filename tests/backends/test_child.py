"""What a trial's process is like, and what each way of ending amounts to."""

from __future__ import annotations

import math
import random
import socket
from collections.abc import Iterator
from pathlib import Path

import misbehaviour
import numpy as np
import pytest
from process_stage import are_gone, noted, until

from rung.backends.processes import Processes
from rung.runtime.objective import as_objective
from rung.testing._driver import Stage
from rung.types import Launched, Outcome


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(lambda: Processes(2, start="fork", grace_s=0.3), tmp_path, patience_s=30.0)
    yield stage
    stage.close()


def ending(stage, target, **config):
    driver = stage.driver(target)
    driver.start(config=config, decide_at=())
    driver.finish()
    return driver.exit()


@pytest.mark.parametrize(
    ("name", "outcome", "reason", "says"),
    [
        ("SIGKILL", Outcome.LOST, "killed", "killed from outside (SIGKILL)"),
        ("SIGTERM", Outcome.LOST, "killed", "killed from outside (SIGTERM)"),
        ("SIGABRT", Outcome.FAILED, "crashed", "crashed (SIGABRT)"),
        ("SIGSEGV", Outcome.FAILED, "crashed", "crashed (SIGSEGV)"),
    ],
)
def test_signals(stage, name, outcome, reason, says):
    exited = ending(stage, misbehaviour.signals_itself, name=name)
    assert (exited.outcome, exited.reason) == (outcome, reason)
    assert says in exited.message
    assert "about to go" in exited.message


def test_a_real_crash_leaves_its_traceback(stage):
    exited = ending(stage, misbehaviour.dereferences_null)
    assert exited.reason == "crashed"
    assert "in dereferences_null" in exited.message


def test_sigkill_with_a_grown_counter_is_lack_of_memory(tmp_path):
    counter = tmp_path / "memory.events"
    counter.write_text("low 0\noom_kill 7\n")
    stage = Stage(lambda: Processes(oom_counter=counter), tmp_path, patience_s=30.0)
    exited = ending(stage, misbehaviour.runs_out_of_memory, counter=str(counter))
    stage.close()
    assert (exited.outcome, exited.reason) == (Outcome.FAILED, "oom")


@pytest.mark.parametrize("code", [0, 3])
def test_a_process_that_just_leaves(stage, code):
    exited = ending(stage, misbehaviour.leaves, code=code)
    assert (exited.outcome, exited.reason) == (Outcome.FAILED, "exit")
    assert f"exit code {code}" in exited.message
    lines = [f"line {number}" for number in range(12, 40)]
    assert exited.message.endswith("\n".join([*lines, "100%", "last words"]))


def test_its_own_word_counts_and_not_its_status(stage):
    assert ending(stage, misbehaviour.is_killed_after_its_end).outcome is Outcome.FINISHED


def test_exit_handlers_are_called_and_cut_off(stage, tmp_path):
    exited = ending(stage, misbehaviour.hangs_at_exit, folder=str(tmp_path))
    assert exited.outcome is Outcome.FINISHED
    assert (tmp_path / "called").exists()


def test_what_it_started_ends_with_it(stage, tmp_path):
    assert ending(stage, misbehaviour.leaves_processes_behind, folder=str(tmp_path)).outcome is Outcome.FINISHED
    until(lambda: are_gone(noted(tmp_path)), within_s=2.0)


@pytest.mark.parametrize(("start", "is_forked"), [("fork", 1.0), ("spawn", 0.0), ("auto", 1.0)])
def test_its_process(tmp_path, start, is_forked):
    stage = Stage(lambda: Processes(2, start=start, threads=3), tmp_path, patience_s=30.0)
    driver = stage.driver(misbehaviour.looks_at_its_process)
    driver.start(config={}, decide_at=())
    driver.start(trial=1, config={}, decide_at=())
    driver.finish()
    stage.close()
    (launched,) = [fact for fact in driver.facts if isinstance(fact, Launched) and fact.trial == 0]
    assert launched.pid > 0
    for trial in (0, 1):
        (report,) = driver.reports(trial)
        assert report.metrics["is_leader"] == 1
        assert report.metrics["ignores_interrupts"] == 1
        assert report.metrics["is_forked"] == is_forked
        assert report.metrics["threads"] == 3
        assert report.metrics["files"] == 4  # standard input, output and error, and the line


def test_threads_can_be_left_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    stage = Stage(lambda: Processes(threads=None), tmp_path, patience_s=30.0)
    driver = stage.driver(misbehaviour.looks_at_its_process)
    driver.start(config={}, decide_at=())
    driver.finish()
    stage.close()
    assert driver.reports()[0].metrics["threads"] == 5


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_it_is_no_rank_of_the_launcher_that_started_the_tuner(tmp_path, monkeypatch, start):
    for name in misbehaviour.LAUNCHERS:
        monkeypatch.setenv(name, "1")
    stage = Stage(lambda: Processes(start=start), tmp_path, patience_s=30.0)
    driver = stage.driver(misbehaviour.looks_at_its_process)
    driver.start(config={}, decide_at=())
    driver.finish()
    stage.close()
    assert driver.reports()[0].metrics["launchers"] == 0


def test_torch_gets_its_threads_and_its_seed(tmp_path):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    module = tmp_path / "with_torch.py"
    module.write_text(
        "import torch\ndef f():\n    return {'error': torch.rand(()), 'threads': torch.get_num_threads()}\n"
    )
    stage = Stage(lambda: Processes(start="fork", threads=2), tmp_path, patience_s=60.0)
    driver = stage.driver(f"{module}:f")
    driver.start(config={}, decide_at=(), seed=2**64 + 5)
    driver.start(trial=1, config={}, decide_at=(), seed=6)
    driver.finish()
    stage.close()
    expected = [float(torch.rand((), generator=torch.Generator().manual_seed(seed))) for seed in (5, 6)]
    assert [driver.curve(trial)[1] for trial in (0, 1)] == expected
    assert driver.reports()[0].metrics["threads"] == 2


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_global_generators_are_seeded(tmp_path, start):
    module = tmp_path / "with_numpy.py"
    module.write_text("import numpy\nfrom misbehaviour import draws\n")
    stage = Stage(lambda: Processes(start=start), tmp_path, patience_s=30.0)
    driver = stage.driver(f"{module}:draws")
    for trial, seed in ((0, 11), (1, 12)):
        driver.start(trial=trial, config={}, seed=seed, decide_at=())
    driver.finish()
    stage.close()
    for trial, seed in ((0, 11), (1, 12)):
        metrics = driver.reports(trial)[0].metrics
        assert metrics["python"] == random.Random(seed).random()
        assert metrics["numpy"] == np.random.RandomState(seed).random_sample()


def test_what_cannot_be_imported_by_name_travels(stage):
    offset = 0.25
    driver = stage.driver(lambda rate: rate + offset)
    driver.start(decide_at=())
    driver.finish()
    assert driver.curve() == {1: 0.75}


def test_numbers_that_json_lacks_arrive(stage):
    driver = stage.driver(lambda low, nested: {"error": low, "same": float(nested == [{"a": math.inf}])})
    driver.start(config={"low": -math.inf, "nested": [{"a": math.inf}]}, decide_at=())
    driver.finish()
    assert driver.reports()[0].metrics == {"error": -math.inf, "same": 1.0}


IMPORTS = {
    "raise RuntimeError('not today')": (Outcome.FAILED, "import", "RuntimeError: not today"),
    "def train(:": (Outcome.FAILED, "import", "SyntaxError"),
    "import nowhere_to_be_found": (Outcome.FAILED, "import", "No module named 'nowhere_to_be_found'"),
    "import sys; sys.exit('stop here')": (Outcome.FAILED, "import", "stop here"),
    "import os; print('gone', flush=True); os._exit(4)": (Outcome.FAILED, "exit", "exit code 4"),
    "import os; os.kill(os.getpid(), 11)": (Outcome.FAILED, "crashed", "SIGSEGV"),
}


@pytest.mark.parametrize("start", ["fork", "spawn"])
@pytest.mark.parametrize("code", IMPORTS)
def test_modules_that_cannot_be_imported(tmp_path, start, code):
    module = tmp_path / "module_at_fault.py"
    module.write_text("def train(): return 0.5\n")
    stage = Stage(lambda: Processes(2, start=start), tmp_path, patience_s=30.0)
    objective = as_objective(f"{module}:train")
    module.write_text(code)
    driver = stage.driver(objective)
    driver.start(config={})
    driver.start(trial=1, config={})
    driver.finish()
    stage.close()
    for trial in (0, 1):
        exited = driver.exit(trial)
        assert (exited.outcome, exited.reason) == IMPORTS[code][:2], exited.message
        assert IMPORTS[code][2] in exited.message
        if "print" in code:
            assert exited.message.endswith("gone")


def test_a_default_timeout_for_sockets_does_no_harm(tmp_path, monkeypatch):
    module = tmp_path / "with_timeout.py"
    module.write_text(
        "import socket\nsocket.setdefaulttimeout(1000)\nfrom rung.testing.objectives import reports_many\n"
    )
    stage = Stage(Processes, tmp_path, patience_s=30.0)
    socket.setdefaulttimeout(1000.0)
    try:
        driver = stage.driver(f"{module}:reports_many")
        driver.start(decide_at=(7,))
        driver.finish()
    finally:
        socket.setdefaulttimeout(None)
        stage.close()
    assert len(driver.curve()) == 300


def test_a_module_that_starts_threads_is_not_forked(tmp_path):
    module = tmp_path / "with_threads.py"
    module.write_text(
        "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()\n"
        "from misbehaviour import looks_at_its_process\n"
    )
    stage = Stage(Processes, tmp_path, patience_s=30.0)
    driver = stage.driver(f"{module}:looks_at_its_process")
    driver.start(config={}, decide_at=())
    driver.finish()
    stage.close()
    assert driver.reports()[0].metrics["is_forked"] == 0
