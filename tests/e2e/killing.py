"""Runs the study driver and kills it at random moments until it has come to its end."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from rung.rows import TrialRow
from rung.store import open_store
from rung.types import TrialState

DRIVER = Path(__file__).with_name("study_driver.py")
STUDY = "killed"


def start(database: Path, variant: str, workers: int, **environment: str) -> subprocess.Popen[str]:
    command = [sys.executable, str(DRIVER), str(database), variant, str(workers)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, **environment})


def run_to_the_end(database: Path, variant: str, workers: int, **environment: str) -> None:
    process = start(database, variant, workers, **environment)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    assert output.endswith("done\n")


def run_with_kills(
    database: Path,
    variant: str,
    workers: int,
    *,
    seed: int,
    longest: float,
    kill: Callable[[subprocess.Popen[str], random.Random], None] | None = None,
    **environment: str,
) -> int:
    """Kill the driver at random moments up to ``longest`` seconds after it began to work, until it finishes alive.

    Returns the number of kills.
    """
    chance = random.Random(seed)
    kills = 0
    while True:
        process = start(database, variant, workers, **environment)
        assert process.stdout is not None
        assert process.stdout.readline() in {"ready\n", ""}
        try:
            process.wait(timeout=chance.uniform(0, longest) if kills < 200 else None)
        except subprocess.TimeoutExpired:
            (kill or kill_tuner)(process, chance)
            kills += 1
        finally:
            rest = process.stdout.read()
            process.stdout.close()
            process.wait()
        if rest.endswith("done\n"):
            return kills


def kill_tuner(process: subprocess.Popen[str], chance: random.Random) -> None:
    process.send_signal(signal.SIGKILL)


def trial_table(database: Path) -> list[tuple[object, ...]]:
    """What must be equal, kills or not: everything about trials but times, attempts and places."""
    store = open_store(str(database), create=False)
    try:
        return [_timeless(row) for row in store.tables.trials(STUDY)]
    finally:
        store.close()


def reports(database: Path) -> list[tuple[int, int, dict[str, float]]]:
    store = open_store(str(database), create=False)
    try:
        return [(trial, step, dict(metrics)) for trial, step, _, metrics in store.tables.reports(STUDY)]
    finally:
        store.close()


def _timeless(row: TrialRow) -> tuple[object, ...]:
    # A trial that is killed in the instant between its stop and its last checkpoint stays stopped, without that one.
    checkpoints = [checkpoint.step for checkpoint in row.checkpoints if row.state is TrialState.COMPLETED]
    return (
        row.number, row.state, dict(row.config), row.parent, row.last_step, row.last_loss, row.best_loss, row.best_step,
        row.reason, row.message, row.until, checkpoints[-1:],
    )  # fmt: skip


def wait_until(condition: Callable[[], bool], *, seconds: float = 10.0) -> None:
    """Poll for something that another process does; fails when it does not happen."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def processes_of(marker: str) -> Iterator[int]:
    """Live processes whose environment holds the marker: everything that descends from one driver."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if marker.encode() in (entry / "environ").read_bytes() and b"Z" not in _state(entry):
                    yield int(entry.name)
            except (OSError, ProcessLookupError):
                continue


def _state(entry: Path) -> bytes:
    return (entry / "stat").read_bytes().rsplit(b")", 1)[1].split()[0]
