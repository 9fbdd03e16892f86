"""Trials that don't end, and trials that print too much."""

from __future__ import annotations

import contextlib
import signal
import time
from pathlib import Path

import misbehaviour
import psutil
import pytest
from process_stage import are_gone, is_gone, noted, servers, until

from rung.backends.processes import Processes
from rung.runtime.objective import as_objective
from rung.testing._driver import Stage
from rung.types import Outcome

GRACE_S = 0.3
LOG_BYTES = 1_000_000


@pytest.fixture
def stage(tmp_path):
    stage = Stage(lambda: Processes(2, start="fork", grace_s=GRACE_S, log_bytes=LOG_BYTES), tmp_path, patience_s=30.0)
    yield stage
    stage.close()


def running(driver, target, folder):
    """Start a trial and wait until it has named its processes."""
    driver.start(config={"folder": str(folder)}, decide_at=())
    polls = driver.polls()
    until(lambda: noted(folder), meanwhile=lambda: next(polls))
    return noted(folder)


@pytest.mark.parametrize("target", [misbehaviour.hangs, misbehaviour.ignores_everything])
def test_a_stop_ends_the_whole_group(stage, tmp_path, target):
    driver = stage.driver(target)
    processes = running(driver, target, tmp_path)
    before = time.monotonic()
    driver.stop(0)
    assert time.monotonic() - before < GRACE_S / 2
    assert driver.backend.live() == []
    told = len(driver.facts)
    until(lambda: are_gone(processes), within_s=GRACE_S + 2.0)
    driver.backend.poll(0.0, driver.deliver)
    assert len(driver.facts) == told


def test_the_next_attempt_does_not_wait_for_the_grace_of_the_one_before(tmp_path):
    stage = Stage(lambda: Processes(start="fork", grace_s=1000.0), tmp_path, patience_s=30.0)
    driver = stage.driver(misbehaviour.ignores_everything)
    (first,) = running(driver, misbehaviour.ignores_everything, tmp_path)
    driver.stop(0)
    driver.start(attempt=2, config={"folder": str(tmp_path)}, decide_at=())
    until(lambda: are_gone([first]), within_s=2.0)
    (server,) = servers()
    server.kill()  # else close would have to wait as long
    stage.close()


def test_closing_ends_what_ignores_it(stage, tmp_path):
    driver = stage.driver(misbehaviour.ignores_everything)
    processes = running(driver, misbehaviour.ignores_everything, tmp_path)
    (server,) = servers()
    driver.backend.close()
    assert is_gone(server.pid)
    assert are_gone(processes)


def test_megabytes_of_output_are_capped(stage):
    driver = stage.driver(misbehaviour.prints)
    job = driver.start(config={"megabytes": 8})
    driver.finish()
    assert driver.exit().outcome is Outcome.FINISHED
    log = Path(job.folder, "output.log").read_text()
    head, marker, tail = log.partition("\n... ")
    dropped = int(marker and tail.partition(" bytes dropped ...\n")[0])
    tail = tail.partition(" bytes dropped ...\n")[2]
    printed = "begin\n" + "".join(f"{number:063d}\n" for number in range(8 << 14))
    assert len(head) + dropped + len(tail) == len(printed)
    assert len(head) + len(tail) == LOG_BYTES
    assert printed.startswith(head)
    assert len(tail) == 64 << 10
    assert printed.endswith(tail)


def test_the_log_of_every_attempt_is_kept(stage):
    driver = stage.driver(misbehaviour.leaves)
    job = driver.start(config={"code": 1})
    driver.finish()
    driver.start(attempt=2, config={"code": 2})
    driver.finish()
    assert driver.exit(0, 2).message.startswith("The process ended with exit code 2")
    first, _, second = Path(job.folder, "output.log").read_text().partition("\n--- attempt 2 ---\n")
    assert first == second
    assert first.startswith("line 0\nline 1\n")


def test_a_silent_trial_leaves_no_log(stage):
    driver = stage.driver(lambda rate: rate)
    job = driver.start()
    driver.finish()
    assert not Path(job.folder, "output.log").exists()


def test_a_log_that_cannot_be_written_does_not_matter(stage):
    driver = stage.driver(misbehaviour.prints)
    folder = Path(driver.start(trial=1, config={"megabytes": 0}).folder)
    driver.finish()
    folder.parent.joinpath("trial-0").write_text("a file where the folder should be")
    driver.start(trial=0, config={"megabytes": 1})
    driver.finish()
    assert driver.exit(0).outcome is Outcome.FINISHED


def test_too_many_open_files_cost_trials_and_no_more(stage):
    driver = stage.driver(lambda rate: rate)
    endings = []
    for trial, spare in enumerate(range(-2, 6)):
        driver.start(trial=trial, decide_at=())
        driver.finish()
        (server,) = servers()
        server.rlimit(psutil.RLIMIT_NOFILE, (server.num_fds() + spare, 4096))
        driver.start(trial=trial, attempt=2, decide_at=())
        driver.finish()
        endings.append(driver.exit(trial, 2))
        with contextlib.suppress(psutil.NoSuchProcess):
            server.rlimit(psutil.RLIMIT_NOFILE, (1024, 4096))
    assert endings[0].message == "The fork-server, the parent of its process, has ended."
    assert "It could not be started: [Errno 24] Too many open files." in [exited.message for exited in endings]
    assert {exited.outcome for exited in endings} == {Outcome.LOST, Outcome.FINISHED}
    assert endings[-1].outcome is Outcome.FINISHED


def test_ends_that_cannot_be_waited_for_are_looked_for(tmp_path):
    module = tmp_path / "blind.py"
    module.write_text("def f(): return 0.5\n")
    objective = as_objective(f"{module}:f")
    module.write_text(
        "from rung.backends import _kernel\n_kernel.end_of = lambda process: None\ndef f(): return 0.25\n"
    )
    stage = Stage(lambda: Processes(2, start="fork"), tmp_path, patience_s=30.0)
    driver = stage.driver(objective)
    for trial in (0, 1):
        driver.start(trial=trial, config={})
    driver.finish()
    assert [driver.curve(trial) for trial in (0, 1)] == [{1: 0.25}, {1: 0.25}]
    stage.close()


def test_a_module_that_does_not_want_to_hear_of_children(tmp_path):
    module = tmp_path / "deaf.py"
    module.write_text("import signal\nsignal.signal(signal.SIGCHLD, signal.SIG_IGN)\ndef f(): return 0.5\n")
    before = signal.getsignal(signal.SIGCHLD)
    stage = Stage(lambda: Processes(2, start="fork"), tmp_path, patience_s=30.0)
    driver = stage.driver(f"{module}:f")
    signal.signal(signal.SIGCHLD, before)
    driver.start(config={})
    driver.finish()
    assert driver.exit().outcome is Outcome.FINISHED
    stage.close()
