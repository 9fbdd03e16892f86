"""What tests of the processes backend need beside the driver: bounded waiting, and a look at processes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import psutil

PATIENCE_S = 30.0


def until(
    condition: Callable[[], object], *, within_s: float = PATIENCE_S, meanwhile: Callable[[], object] | None = None
) -> None:
    """Wait until the condition holds; fail when it takes too long."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it took too long"
        if meanwhile is None:
            time.sleep(0.005)
        else:
            meanwhile()


def noted(folder: Path, count: int = 1) -> list[list[int]]:
    """The processes of each trial that has named them in this folder, once there are so many trials."""
    files = sorted(folder.glob("processes-*[0-9]"))
    return [json.loads(file.read_text()) for file in files] if len(files) >= count else []


def is_gone(pid: int) -> bool:
    """Whether there is no such process, or nothing but its exit status."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def are_gone(groups: list[list[int]]) -> bool:
    """Whether all are gone."""
    return all(is_gone(pid) for group in groups for pid in group)


def servers() -> list[psutil.Process]:
    """The fork-servers of this process."""
    return [child for child in psutil.Process().children() if any("_forkserver" in word for word in child.cmdline())]
