"""What trials in processes of their own get of the machine: GPUs, memory, and data that they share."""

from __future__ import annotations

import subprocess
import sys
import time

import cloudpickle
import process_stage
import pytest
import sharing
import unloadable

from rung.backends import _memory
from rung.backends.processes import Processes
from rung.backends.resources import Resources
from rung.errors import SettingError
from rung.runtime.preload import preload
from rung.testing._driver import Stage
from rung.types import Launched, Outcome

ONE_MEGABYTE = 1 << 20


@pytest.fixture
def on_stage(tmp_path):
    """A driver for an objective in processes made with these arguments."""
    stages = []

    def begin(target, *arguments, **settings):
        stages.append(
            Stage(lambda: Processes(*arguments, grace_s=0.3, **settings), tmp_path, patience_s=process_stage.PATIENCE_S)
        )
        return stages[-1].driver(target)

    yield begin
    for stage in stages:
        stage.close()


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_a_trial_sees_the_gpus_of_its_worker(on_stage, tmp_path, start):
    driver = on_stage(sharing.sees_gpus, start=start, resources=Resources(gpus=["4", "GPU-1"], gpus_per_trial=0.5))
    assert driver.backend.slots == 4
    for worker in range(4):
        driver.start(trial=worker, worker=worker, config={"folder": str(tmp_path)})
    driver.finish()
    seen = [(tmp_path / f"gpus-{trial}").read_text() for trial in range(4)]
    assert seen == ["4", "GPU-1", "4", "GPU-1"]
    told = {fact.trial: fact.gpus for fact in driver.facts if isinstance(fact, Launched)}
    assert [told[trial] for trial in range(4)] == seen


def test_a_script_sees_the_gpus_of_its_worker(on_stage, tmp_path):
    script = ["sh", "-c", 'echo "$CUDA_VISIBLE_DEVICES $CUDA_DEVICE_ORDER" > {file}; rung report error=1', "sh"]
    driver = on_stage(script, resources=Resources(gpus="0,1,2,3", gpus_per_trial=2))
    for worker in (0, 1):
        driver.start(trial=worker, worker=worker, config={"file": str(tmp_path / f"seen-{worker}")})
    driver.finish()
    seen = [(tmp_path / f"seen-{worker}").read_text() for worker in (0, 1)]
    assert seen == ["0,1 PCI_BUS_ID\n", "2,3 PCI_BUS_ID\n"]


def test_gpus_that_are_not_managed_are_left_alone(on_stage, tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5")
    driver = on_stage(sharing.sees_gpus, 1)
    driver.start(config={"folder": str(tmp_path)})
    driver.finish()
    assert (tmp_path / "gpus-0").read_text() == "5"
    assert [fact.gpus for fact in driver.facts if isinstance(fact, Launched)] == [""]


def test_more_workers_than_gpus_are_refused():
    with pytest.raises(SettingError, match="3 workers need 3 GPUs at 1 GPU each; 2 given"):
        Processes(3, resources=Resources(gpus=["0", "1"]))
    assert Processes().slots == 2


@pytest.mark.parametrize("target", [sharing.grows, sharing.grows_elsewhere])
def test_a_trial_that_grows_too_much_is_ended(on_stage, target):
    driver = on_stage(target, 1, resources=Resources(memory="200MiB"))
    driver.start(config={"megabytes": 400}, decide_at=())
    driver.finish()
    exited = driver.exit()
    assert (exited.outcome, exited.reason) == (Outcome.FAILED, "oom")
    assert exited.message.startswith("It used ")
    assert " MB of memory; 210 MB are allowed." in exited.message
    assert driver.curve() == {1: 0.5}


def test_a_trial_that_stays_below_is_left_alone(on_stage):
    driver = on_stage(sharing.grows, 1, resources=Resources(memory="400MiB"))
    driver.start(config={"megabytes": 100})
    driver.finish()
    driver.expect_good_end()


@pytest.mark.parametrize(("start", "is_shared"), [("fork", True), ("spawn", False)])
def test_data_is_loaded_once_for_all_where_trials_are_forked(on_stage, tmp_path, start, is_shared):
    driver = on_stage(sharing.uses_shared, 2, start=start)
    for trial in (0, 1):
        driver.start(trial=trial, config={"folder": str(tmp_path)}, decide_at=())
    driver.finish()
    pids = [(tmp_path / f"loaded-{trial}").read_text().split() for trial in (0, 1)]
    assert driver.curve(0) == driver.curve(1) == {1: 150 * ONE_MEGABYTE / 4096}
    assert (len({loaded_by for loaded_by, _ in pids}) == 1) is is_shared
    assert all((loaded_by == own) is not is_shared for loaded_by, own in pids)


def test_shared_data_counts_in_parts(on_stage, tmp_path):
    """Two trials and the fork-server hold 150 MiB together, of which a third counts for each."""
    driver = on_stage(sharing.uses_shared, 2, resources=Resources(memory="140MiB"))
    for trial in (0, 1):
        driver.start(trial=trial, config={"folder": str(tmp_path)})
    driver.finish()
    driver.expect_good_end(0)
    driver.expect_good_end(1)


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_data_that_cannot_be_loaded_fails_the_trial_with_its_traceback(on_stage, start):
    driver = on_stage(unloadable.trains, 1, start=start)
    driver.start()
    driver.finish()
    exited = driver.exit()
    assert (exited.outcome, exited.reason) == (Outcome.FAILED, "error")
    assert exited.message.startswith("FileNotFoundError: no images here")
    assert "in data" in exited.message
    assert "preload.py" not in exited.message


def test_a_function_that_nobody_can_import_takes_its_data_along(on_stage, tmp_path):
    calls = tmp_path / "calls"

    def data():
        with calls.open("a") as file:
            file.write("called\n")
        return [1.0, 2.0]

    data.__module__ = "__main__"
    loaded = preload(data)

    def trains(rate):
        return rate * len(loaded())

    driver = on_stage(trains, 1, start="fork")
    for trial in range(3):
        driver.start(trial=trial)
        driver.finish()
    assert driver.curve(2) == {1: 1.0}
    assert calls.read_text() == "called\n"
    assert b"called" in cloudpickle.dumps(loaded)


def test_data_that_opens_threads_makes_trials_start_anew(on_stage, tmp_path):
    source = tmp_path / "threaded_data.py"
    source.write_text(
        "import os, threading, rung\n"
        "from rung.runtime.preload import preload\n"
        "@preload\n"
        "def data():\n"
        "    threading.Thread(target=threading.Event().wait, daemon=True).start()\n"
        "    return os.getpid()\n"
        "def trains(rate):\n"
        "    return float(data() == os.getpid())\n"
    )
    driver = on_stage(f"{source}:trains", 1, start="auto")
    driver.start()
    driver.finish()
    assert driver.curve() == {1: 1.0}


def test_the_family_of_a_process_and_its_memory():
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'print(1, flush=True); input()'])"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"1\n"
        family = _memory.family_of(process.pid)
        assert family[0] == process.pid
        assert len(family) == 2
        for pid in family:
            assert _memory.resident(pid) >= _memory.proportional(pid) > ONE_MEGABYTE
        process.stdin.close()
    assert _memory.family_of(process.pid) == [process.pid]
    assert _memory.resident(process.pid) == _memory.proportional(process.pid) == 0


def test_memory_is_looked_at_every_half_second(monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(_memory, "family_of", lambda leader: [leader])
    monkeypatch.setattr(_memory, "resident", lambda pid: 3_000_000)
    monkeypatch.setattr(_memory, "proportional", {1: 2_500_000, 2: 1_500_000}.__getitem__)
    watch = _memory.MemoryWatch(2_000_000)
    assert list(watch.look([1, 2])) == [(1, "It used 2.5 MB of memory; 2 MB are allowed.")]
    assert list(watch.look([1])) == []
    assert watch.seconds_left() == 0.5
    clock[0] += 0.5
    assert len(list(watch.look([1]))) == 1
