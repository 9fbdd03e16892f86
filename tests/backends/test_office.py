"""The backend as a whole: what it takes and gives back, and what it refuses."""

from __future__ import annotations

import errno
import socket
import sys
import tempfile
import threading

import misbehaviour
import psutil
import pytest
from process_stage import servers, until

from rung.backends.processes import Processes
from rung.errors import ObjectiveError, SettingError
from rung.runtime.objective import as_objective
from rung.testing._driver import Stage
from rung.types import Exited, Handle, Job, Launched, Outcome, Reported


@pytest.fixture
def stage(tmp_path):
    stage = Stage(lambda: Processes(2, start="fork", grace_s=0.3), tmp_path, patience_s=30.0)
    yield stage
    stage.close()


def test_nothing_leaks_over_many_trials(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before, children = psutil.Process().num_fds(), set(psutil.Process().children())
    stage = Stage(lambda: Processes(2, start="fork", grace_s=0.3), tmp_path, patience_s=30.0)
    driver = stage.driver(misbehaviour.signals_itself)
    kinds = ["SIGKILL", "SIGSEGV", "SIGCONT", "SIGTERM"]

    def run(trials):
        for first in trials[::2]:
            for trial in (first, first + 1):
                driver.start(trial=trial, config={"name": kinds[trial % 4]}, decide_at=())
                if kinds[trial % 4] == "SIGCONT":  # that one would sleep on
                    driver.stop(trial)
            driver.finish()
        (server,) = servers()
        return psutil.Process().num_fds(), server.num_fds()

    assert run(range(10)) == run(range(10, 60))
    (server,) = servers()
    until(lambda: server.children() == [])  # not even zombies
    stage.close()
    assert psutil.Process().num_fds() == before
    assert set(psutil.Process().children()) <= children
    assert list(tmp_path.glob("rung-*")) == []


def test_many_trials_that_print_and_end_at_the_same_time(tmp_path):
    stage = Stage(lambda: Processes(24, start="fork"), tmp_path, patience_s=60.0)
    driver = stage.driver(misbehaviour.prints)
    (server,) = servers()
    for first in (0, 24):
        for trial in range(first, first + 24):
            driver.start(trial=trial, config={"megabytes": 0}, decide_at=())
        server.suspend()  # so that it finds many of them ended at once
        server.resume()
        driver.finish()
    assert {driver.exit(trial).outcome for trial in range(48)} == {Outcome.FINISHED}
    assert servers() == [server]
    stage.close()


def test_a_script_leaves_no_folder_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    backend = Processes()
    backend.open("suite", as_objective(["true"]), tmp_path)
    (folder,) = tmp_path.glob("rung-*")
    assert folder.stat().st_mode & 0o777 == 0o700
    backend.close()
    assert not folder.exists()


def test_it_can_be_opened_again(stage, tmp_path):
    backend = Processes(1)
    for answer in (1.0, 2.0):
        backend.open("suite", as_objective(lambda answer=answer: answer), tmp_path)
        facts = []
        job = Job(study="suite", trial=0, attempt=1, config={}, metric="error", seed=0, folder=str(tmp_path))
        backend.start(job)
        while not any(isinstance(fact, Exited) for fact in facts):
            backend.poll(10.0, facts.extend)
        assert [type(fact) for fact in facts] == [Launched, Reported, Exited]
        assert facts[0].host == socket.gethostname()
        assert facts[1].metrics == {"error": answer}
    backend.close()
    backend.close()


def test_it_works_in_a_thread_among_others(stage):
    others = [threading.Thread(target=threading.Event().wait, args=(2.0,), daemon=True) for _ in range(3)]
    outcome = []

    def drive():
        driver = stage.driver(misbehaviour.draws)
        driver.start(config={}, decide_at=())
        driver.finish()
        outcome.append(driver.exit().outcome)

    main = threading.Thread(target=drive)
    for thread in (*others, main):
        thread.start()
    main.join()
    assert outcome == [Outcome.FINISHED]


def test_a_run_that_cannot_be_started_is_lost(stage, monkeypatch):
    driver = stage.driver(lambda rate: rate)

    def refuse():
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr(socket, "socketpair", refuse)
        driver.start()
    assert list(driver.backend.live()) == [Handle(0, 1)]
    driver.finish()
    assert (driver.exit().outcome, driver.exit().reason) == (Outcome.LOST, "killed")
    assert "Too many open files" in driver.exit().message


def test_what_deliver_raises_is_raised_and_nothing_comes_twice(stage):
    driver = stage.driver(lambda rate: rate)
    driver.start(decide_at=())
    seen = []

    def fail(facts):
        seen.extend(facts)
        raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError, match="disk is full"):
        driver.backend.poll(10.0, fail)
    while not any(isinstance(fact, Exited) for fact in seen):
        driver.backend.poll(10.0, seen.extend)
    assert [type(fact) for fact in seen] == [Launched, Reported, Exited]


def test_a_poll_without_anything_to_hear_ends_in_time(stage):
    driver = stage.driver(lambda rate: rate)
    driver.backend.poll(0.0, driver.deliver)
    driver.backend.poll(0.05, driver.deliver)
    assert driver.facts == []


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"slots": 0}, "slots must be a whole number, at least 1, not 0"),
        ({"slots": True}, "slots must be a whole number, at least 1, not True"),
        ({"slots": 1.5}, "slots must be a whole number, at least 1, not 1.5"),
        ({"start": "forkserver"}, "fork, spawn"),
        ({"threads": 0}, "threads must be a whole number, at least 1, not 0"),
        ({"log_bytes": -1}, "log_bytes must be a whole number, at least 0, not -1"),
        ({"grace_s": -1.0}, "grace_s must be a finite number, at least 0, not -1.0"),
        ({"grace_s": float("nan")}, "grace_s must be a finite number, at least 0, not nan"),
    ],
)
def test_settings_out_of_range(settings, says):
    with pytest.raises(SettingError, match=says):
        Processes(**settings)


def test_windows_is_told_what_works_there(monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(SettingError, match="inline and the simulated backend work there"):
        Processes()


def test_what_cannot_travel_is_refused_at_once(tmp_path):
    lock = threading.Lock()
    backend = Processes()
    with pytest.raises(ObjectiveError, match="can't be sent"):
        backend.open("suite", as_objective(lambda rate: lock), tmp_path)
    backend.close()
    assert list(tmp_path.iterdir()) == []


def test_a_backend_that_cannot_be_opened_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = psutil.Process().num_fds()
    backend = Processes()
    for target in (["true"], lambda rate: rate):
        with pytest.raises(FileNotFoundError, match="nowhere"):
            backend.open("suite", as_objective(target), tmp_path / "nowhere")
    assert psutil.Process().num_fds() == before
    assert list(tmp_path.iterdir()) == []
    assert backend.live() == []
