"""What tests of the runner need: processes of benchmarks, and bounded waiting for what they do."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

PATIENCE_S = 30.0
HERE = Path(__file__).parent

_BENCH = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # even if the tests run in the background of a shell
sys.path.insert(0, sys.argv.pop(1))
from rung.cli.main import main
main()
"""


@contextmanager
def bench(*words: object, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """``rung bench`` with these words, in a session of its own, as at a terminal; it knows of no data."""
    command = [sys.executable, "-c", _BENCH, str(HERE), "bench", *map(str, words)]
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={name: value for name, value in os.environ.items() if name != "RUNG_BENCH_DATA"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def until(condition: Callable[[], object]) -> None:
    """Wait until the condition holds; fail when it takes too long."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.005)


def n_lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def descendants(process: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def are_gone(processes: list[psutil.Process]) -> bool:
    """Whether none of them runs any more."""
    return all(not each.is_running() or each.status() == psutil.STATUS_ZOMBIE for each in processes)
