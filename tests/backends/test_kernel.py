"""The parts that keep processes together, each with real processes."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys

import pytest
from process_stage import is_gone, until

from rung.backends import _kernel

SLEEP = [sys.executable, "-c", "import time; time.sleep(1000)"]


@pytest.fixture
def sleeper():
    with subprocess.Popen(SLEEP, start_new_session=True) as process:
        yield process
        process.kill()


def test_the_end_of_a_process_can_be_waited_for(sleeper):
    end = _kernel.end_of(sleeper.pid)
    assert end is not None
    assert select.select([end], [], [], 0.0)[0] == []
    sleeper.kill()
    assert select.select([end], [], [], 5.0)[0] == [end]
    os.close(end)
    sleeper.wait()
    assert _kernel.end_of(sleeper.pid) is None


MARKED = f"""
import os, subprocess, sys, time
print(subprocess.Popen({SLEEP}, start_new_session=True, stdout=subprocess.DEVNULL).pid)
forked = os.fork()
if forked:
    print(forked, flush=True)
time.sleep(1000)
"""


def test_marked_processes_are_killed_and_no_others(sleeper):
    environ = {**os.environ, "RUNG_TEST_MARK": "7"}
    with subprocess.Popen([sys.executable, "-c", MARKED], env=environ, stdout=subprocess.PIPE) as process:
        others = [int(process.stdout.readline()) for _ in range(2)]
        _kernel.kill_marked("RUNG_TEST_MARK", "8")
        assert not any(is_gone(pid) for pid in (process.pid, *others))
        _kernel.kill_marked("RUNG_TEST_MARK", "7")
        assert process.wait(5.0) == -signal.SIGKILL
    until(lambda: all(map(is_gone, others)), within_s=2.0)
    assert sleeper.poll() is None


def test_signals_to_nobody_are_ignored(sleeper):
    sleeper.kill()
    sleeper.wait()
    _kernel.signal_group(sleeper.pid, signal.SIGTERM)


def test_a_process_without_a_group_is_signalled_itself():
    with subprocess.Popen(SLEEP) as process:
        _kernel.signal_group(process.pid, signal.SIGKILL)
        assert process.wait(5.0) == -signal.SIGKILL


PACT = """
import os, sys, time
from rung.backends import _kernel
sign = _kernel.death_pact()
child = os.fork()
if child == 0:
    sign()
    time.sleep(1000)
print(child, flush=True)
time.sleep(1000)
"""


def test_the_death_pact():
    with subprocess.Popen([sys.executable, "-c", PACT], stdout=subprocess.PIPE) as parent:
        child = int(parent.stdout.readline())
        assert not is_gone(child)
        parent.kill()
    until(lambda: is_gone(child), within_s=2.0)


ORPHANS = """
import os, signal, sys, time
from rung.backends import _kernel
_kernel.adopt_orphans()
ready, say = os.pipe()
child = os.fork()
if child == 0:
    if os.fork() == 0:
        os.setsid()  # it wants to get away
        os.write(say, b"%d\\n" % os.getpid())
        time.sleep(1000)
    os._exit(3)
orphan = int(os.read(ready, 100))
deadline = time.monotonic() + 20
reaped, known = [], [child]
while not reaped and time.monotonic() < deadline:
    for pair in _kernel.reap(known):
        reaped.append(pair)
        known.remove(pair[0])
assert reaped == [(child, 3 << 8)], reaped
os.kill(orphan, 0)
_kernel.kill_orphans()
try:
    os.kill(orphan, 0)
except ProcessLookupError:
    print("gone")
"""


def test_orphans_are_adopted_and_killed():
    done = subprocess.run([sys.executable, "-c", ORPHANS], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "gone\n"


def test_a_process_without_a_gpu_holds_none(monkeypatch, tmp_path):
    assert not _kernel.holds_gpu()
    monkeypatch.setattr(_kernel, "Path", lambda _: tmp_path)
    (tmp_path / "3").symlink_to("/dev/nvidiactl")
    assert _kernel.holds_gpu()


def test_elsewhere_there_is_less(monkeypatch, sleeper):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert _kernel.end_of(sleeper.pid) is None
    _kernel.adopt_orphans()
    _kernel.death_pact()()
    assert list(_kernel.reap([sleeper.pid])) == []
    sleeper.kill()
    reaped = []
    until(lambda: reaped, meanwhile=lambda: reaped.extend(_kernel.reap([sleeper.pid])))
    assert reaped == [(sleeper.pid, signal.SIGKILL)]
    sleeper.returncode = -signal.SIGKILL
