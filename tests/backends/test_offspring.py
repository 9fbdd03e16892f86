from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import psutil
import pytest
from process_stage import until

from rung.backends._bells import Bells
from rung.backends._offspring import Child
from rung.backends._plan import Launch

SLEEP = [sys.executable, "-c", "import time; time.sleep(1000)"]


@pytest.fixture
def bells():
    return Bells()


@pytest.fixture
def process():
    with subprocess.Popen(SLEEP, start_new_session=True) as process:
        yield process
        process.kill()


def child_of(process, bells, tmp_path, reap=lambda: None):
    pipe, output = os.pipe()
    os.set_blocking(pipe, False)
    child = Child(Launch(0, 1, str(tmp_path / "output.log")), process.pid, pipe, log_bytes=1_000_000)
    child.watch(bells, reap)
    return child, output


def test_output_is_logged_when_it_comes(bells, process, tmp_path):
    child, output = child_of(process, bells, tmp_path)
    for line in (b"one\n", b"two\n"):
        os.write(output, line)
        bells.wait(5.0)
    child.drain(bells)  # there is nothing, which is no harm
    assert (tmp_path / "output.log").read_bytes() == b"one\ntwo\n"
    assert len(child.files()) == 3
    os.write(output, b"three\n")
    os.close(output)
    assert child.close(bells) == "one\ntwo\nthree"


def test_the_end_of_output_is_not_the_end_of_the_process(bells, process, tmp_path):
    ends = []
    child, output = child_of(process, bells, tmp_path, lambda: ends.append("ended"))
    os.close(output)
    bells.wait(5.0)
    assert ends == []
    process.kill()
    bells.wait(5.0)
    assert ends == ["ended"]
    assert child.close(bells) == ""


def test_an_end_is_first_asked_for_and_then_enforced(bells, process, tmp_path):
    child, output = child_of(process, bells, tmp_path)
    os.kill(process.pid, signal.SIGSTOP)  # it can't hear
    until(lambda: psutil.Process(process.pid).status() == psutil.STATUS_STOPPED)
    child.end(0.1)
    assert child.kill_at == pytest.approx(time.monotonic() + 0.1, abs=0.09)
    child.kill_if_due()
    assert process.poll() is None
    until(lambda: child.kill_at is None, meanwhile=child.kill_if_due)
    assert process.wait(5.0) == -signal.SIGKILL
    os.close(output)
    child.close(bells)


def test_an_end_that_is_obeyed(bells, process, tmp_path):
    child, output = child_of(process, bells, tmp_path)
    child.end(1000.0)
    assert process.wait(5.0) == -signal.SIGTERM
    os.close(output)
    child.close(bells)
