from __future__ import annotations

import signal
from pathlib import Path

import pytest

from rung.backends import _exits
from rung.backends._exits import OutOfMemory, exited_by, script_exited_by, with_output
from rung.types import Exited, Job, Outcome

JOB = Job(study="s", trial=3, attempt=2, config={}, metric="error", seed=1, folder="/nowhere")
FAILED, LOST, FINISHED = Outcome.FAILED, Outcome.LOST, Outcome.FINISHED


def left(code):
    """The status of a process that left with this exit code."""
    return code << 8


@pytest.fixture
def counter(tmp_path):
    path = tmp_path / "memory.events"
    path.write_text("low 0\nhigh 0\nmax 3\noom 2\noom_kill 1\noom_group_kill 0\n")
    return path


def grow(counter, count):
    counter.write_text(f"oom 9\noom_kill {count}\n")


def test_each_kill_is_claimed_once(counter):
    out_of_memory = OutOfMemory(counter)
    assert not out_of_memory.claims()
    grow(counter, 3)
    assert [out_of_memory.claims() for _ in range(3)] == [True, True, False]
    counter.unlink()
    assert not out_of_memory.claims()


def test_the_counter_of_this_machine_can_be_read():
    path = _exits._find_counter()
    assert path is None or "\noom_kill " in path.read_text() or path.read_text().startswith("oom_kill ")
    assert not OutOfMemory().claims()


V1 = "sys/memory/a/memory.oom_control"
V1_ROOT = "sys/memory/memory.oom_control"
V2 = "sys/user/me/memory.events"


@pytest.mark.parametrize(
    ("groups", "files", "found"),
    [
        ("0::/user/me", {V2: "oom_kill 0", "vmstat": "oom_kill 5"}, V2),
        ("0::/host/path", {"sys/memory.events": "oom_kill 0", "vmstat": "oom_kill 5"}, "sys/memory.events"),
        ("0::/", {"vmstat": "nr_free 1\noom_kill 5"}, "vmstat"),
        ("5:cpu:/a\n4:memory:/a", {V1: "oom_kill 0", V1_ROOT: "oom_kill 0"}, V1),
        ("4:hugetlb,memory:/a", {V1_ROOT: "under_oom 0\noom_kill 0"}, V1_ROOT),
        ("0::/user/me", {V2: "oom 0", "vmstat": "nr_free 1"}, None),
        (None, {"vmstat": "oom_kill 5"}, "vmstat"),
    ],
)
def test_where_the_counter_is_looked_for(tmp_path, monkeypatch, groups, files, found):
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")
    if groups is not None:
        (tmp_path / "cgroup").write_text(f"{groups}\n")
    places = {"/proc/self/cgroup": "cgroup", "/proc/vmstat": "vmstat", "/sys/fs/cgroup": "sys"}
    places["/sys/fs/cgroup/memory"] = "sys/memory"
    monkeypatch.setattr(_exits, "Path", lambda place: tmp_path / places[str(place)])
    expected = None if found is None else tmp_path / found
    assert _exits._find_counter() == expected


@pytest.mark.parametrize(
    ("status", "outcome", "reason"),
    [
        (left(0), FAILED, "exit"),
        (left(1), FAILED, "exit"),
        (left(137), FAILED, "exit"),
        (signal.SIGKILL, LOST, "killed"),
        (signal.SIGTERM, LOST, "killed"),
        (signal.SIGHUP, LOST, "killed"),
        (signal.SIGALRM, LOST, "killed"),
        (signal.SIGSEGV | 0x80, FAILED, "crashed"),  # with a core dump
        (signal.SIGABRT, FAILED, "crashed"),
        (signal.SIGBUS, FAILED, "crashed"),
        (signal.SIGFPE, FAILED, "crashed"),
        (signal.SIGILL, FAILED, "crashed"),
        (signal.SIGRTMIN + 2, LOST, "killed"),
    ],
)
def test_exits(counter, status, outcome, reason):
    exited = exited_by(int(status), JOB, OutOfMemory(counter))
    assert (exited.trial, exited.attempt, exited.outcome, exited.reason) == (3, 2, outcome, reason)
    assert exited.message


def test_lack_of_memory_is_told_by_the_counter_and_the_signal(counter):
    out_of_memory = OutOfMemory(counter)
    grow(counter, 2)
    assert exited_by(signal.SIGTERM, JOB, out_of_memory).outcome is LOST
    assert exited_by(signal.SIGKILL, JOB, out_of_memory).reason == "oom"
    assert exited_by(signal.SIGKILL, JOB, out_of_memory).reason == "killed"


@pytest.mark.parametrize(
    ("status", "reports", "was_told", "ending"),
    [
        (left(0), 1, False, (FINISHED, "")),
        (left(0), 0, False, (FAILED, "no_value")),
        (left(0), 0, True, (FINISHED, "")),
        (left(10), 3, True, (FINISHED, "")),
        (left(1), 3, True, (FINISHED, "")),
        (left(10), 3, False, (FAILED, "exit")),
        (left(1), 3, False, (FAILED, "exit")),
        (left(137), 3, False, (FAILED, "exit")),
        (signal.SIGKILL, 3, True, (LOST, "killed")),
        (signal.SIGSEGV, 3, False, (FAILED, "crashed")),
    ],
)
def test_exits_of_scripts(counter, status, reports, was_told, ending):
    exited = script_exited_by(int(status), JOB, OutOfMemory(counter), reports=reports, was_told=was_told)
    assert (exited.outcome, exited.reason) == ending


def test_a_shell_whose_command_was_killed_for_lack_of_memory(counter):
    out_of_memory = OutOfMemory(counter)
    grow(counter, 2)
    exited = script_exited_by(left(137), JOB, out_of_memory, reports=1, was_told=False)
    assert exited == Exited(3, 2, FAILED, "oom", "The process was killed because memory ran out.")


def test_a_silent_script_is_told_how_to_speak(counter):
    message = script_exited_by(left(0), JOB, OutOfMemory(counter), reports=0, was_told=False).message
    assert "rung.report(error=...)" in message
    assert "`rung report error=...`" in message
    assert Path("/nowhere").name not in message


def test_an_exit_code_is_explained_by_the_last_line():
    exited = Exited(0, 1, Outcome.FAILED, "exit", "The script ended with exit code 2.")
    assert with_output(exited, "usage: train.py\ntrain.py: error: unrecognized arguments: --rate\n \n").message == (
        "The script ended with exit code 2: train.py: error: unrecognized arguments: --rate\n"
        "The last lines of its output:\nusage: train.py\ntrain.py: error: unrecognized arguments: --rate\n \n"
    )
    assert with_output(exited, "x" * 1000).message.startswith(f"The script ended with exit code 2: {'x' * 200}\n")
    banner = "[rank1]: ValueError: no such layer\nW1 torch: closing\n=====\nChildFailedError:\nRoot cause\n=====\n"
    assert with_output(exited, banner).message.startswith(
        "The script ended with exit code 2: [rank1]: ValueError: no such layer\n"
    )
    assert with_output(exited, "no luck\n-----\n").message.startswith("The script ended with exit code 2: no luck\n")
    assert with_output(exited, "-----\n").message == f"{exited.message}\nThe last lines of its output:\n-----\n"
    assert with_output(exited, " \n").message == f"{exited.message}\nThe last lines of its output:\n \n"


@pytest.mark.parametrize(
    ("reason", "message"), [("killed", "It was killed."), ("exit", "It exited with 3.\nTraceback")]
)
def test_other_ends_say_themselves_what_they_are(reason, message):
    exited = Exited(0, 1, Outcome.LOST, reason, message)
    assert with_output(exited, "epoch 3").message == f"{message}\nThe last lines of its output:\nepoch 3"
