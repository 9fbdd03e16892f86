from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import time

import psutil
import pytest
from process_stage import until

from rung.backends._logs import OutputLog
from rung.backends._offspring import Child
from rung.backends._plan import Launch

SLEEP = [sys.executable, "-c", "import time; time.sleep(1000)"]


@pytest.fixture
def selector():
    with selectors.DefaultSelector() as selector:
        yield selector


@pytest.fixture
def process():
    with subprocess.Popen(SLEEP, start_new_session=True) as process:
        yield process
        process.kill()


def child_of(process, selector, tmp_path, reap=lambda: None):
    pipe, output = os.pipe()
    os.set_blocking(pipe, False)
    log = OutputLog(str(tmp_path / "output.log"), 1_000_000, 1)
    child = Child(Launch(0, 1, ""), process.pid, pipe, log)
    child.watch(selector, reap)
    return child, output


def test_output_is_logged_when_it_comes(selector, process, tmp_path):
    child, output = child_of(process, selector, tmp_path)
    for line in (b"one\n", b"two\n"):
        os.write(output, line)
        for key, _ in selector.select(5.0):
            key.data()
    child.drain()  # there is nothing, which is no harm
    assert (tmp_path / "output.log").read_bytes() == b"one\ntwo\n"
    assert len(child.files()) == 3
    os.write(output, b"three\n")
    os.close(output)
    assert child.close() == "one\ntwo\nthree"
    assert not selector.get_map()


def test_the_end_of_output_is_not_the_end_of_the_process(selector, process, tmp_path):
    ends = []
    child, output = child_of(process, selector, tmp_path, lambda: ends.append("ended"))
    os.close(output)
    for key, _ in selector.select(5.0):
        key.data()
    assert ends == []
    process.kill()
    for key, _ in selector.select(5.0):
        key.data()
    assert ends == ["ended"]
    assert child.close() == ""
    assert not selector.get_map()


def test_what_is_told_too_late_is_ignored(selector, process, tmp_path):
    child, output = child_of(process, selector, tmp_path)
    os.write(output, b"one\n")
    ready = selector.select(5.0)
    child.close()  # served before the pipe was, in the same round
    another, writer = os.pipe()  # may have got the number of the old pipe
    os.write(writer, b"not mine\n")
    for key, _ in ready:
        key.data()
    assert os.read(another, 100) == b"not mine\n"
    assert (tmp_path / "output.log").read_bytes() == b"one\n"
    for number in (another, writer, output):
        os.close(number)


def test_an_end_is_first_asked_for_and_then_enforced(selector, process, tmp_path):
    child, output = child_of(process, selector, tmp_path)
    os.kill(process.pid, signal.SIGSTOP)  # it can't hear
    until(lambda: psutil.Process(process.pid).status() == psutil.STATUS_STOPPED)
    child.end(0.1)
    assert child.kill_at == pytest.approx(time.monotonic() + 0.1, abs=0.09)
    child.kill_if_due()
    assert process.poll() is None
    until(lambda: child.kill_at is None, meanwhile=child.kill_if_due)
    assert process.wait(5.0) == -signal.SIGKILL
    os.close(output)
    child.close()


def test_an_end_that_is_obeyed(selector, process, tmp_path):
    child, output = child_of(process, selector, tmp_path)
    child.end(1000.0)
    assert process.wait(5.0) == -signal.SIGTERM
    os.close(output)
    child.close()
