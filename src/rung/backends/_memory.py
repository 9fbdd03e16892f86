"""Looks at how much memory trials use, and says which use too much.

What counts is the memory of a trial's process and of its descendants: the proportional share of it (PSS), so that a
page that several processes hold, such as the data that all trials have from the fork-server, counts in parts that add
up to one. To find that out, the kernel has to go through all pages; so at first one looks at the resident set, which
costs microseconds and is never less, and the exact number is asked for only when that is too much. Memory that was
swapped out does not count. Where there is no /proc, the resident set is all there is.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import final

_LOOK_S = 0.5


@final
class MemoryWatch:
    """Looks every half second at most. allowed: bytes per trial."""

    def __init__(self, allowed: int) -> None:
        self._allowed = allowed
        self._next_at = time.monotonic()

    def seconds_left(self) -> float:
        """Until the next look is due."""
        return max(0.0, self._next_at - time.monotonic())

    def look(self, leaders: Iterable[int]) -> Iterator[tuple[int, str]]:
        """The trials' first processes, of those given, that use too much with their descendants, and words for it.

        Nothing before the next look is due.
        """
        if self.seconds_left() > 0:
            return
        for leader in leaders:
            family = family_of(leader)
            if sum(map(resident, family)) <= self._allowed:
                continue
            used = sum(map(proportional, family))
            if used > self._allowed:
                yield leader, f"It used {_readable(used)} of memory; {_readable(self._allowed)} are allowed."
        self._next_at = time.monotonic() + _LOOK_S


def family_of(leader: int) -> list[int]:
    """The process and its descendants, as far as they are there."""
    if sys.platform != "linux":
        import psutil  # slow to import

        with contextlib.suppress(psutil.Error):
            return [leader, *(child.pid for child in psutil.Process(leader).children(recursive=True))]
        return []
    found = [leader]
    for pid in found:  # which grows
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{pid}/task").iterdir():
                found += map(int, (task / "children").read_text().split())
    return found


def resident(pid: int) -> int:
    """Bytes in memory, shared ones too; 0 when the process is gone."""
    if sys.platform != "linux":
        import psutil

        with contextlib.suppress(psutil.Error):
            return int(psutil.Process(pid).memory_info().rss)
        return 0
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    except OSError:
        return 0


def proportional(pid: int) -> int:
    """Bytes in memory, each divided by the number of processes that share it; 0 when the process is gone."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return resident(pid)
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def _readable(size: int) -> str:
    unit, length = ("GB", 10**9) if size >= 10**9 else ("MB", 10**6)
    return f"{size / length:.3g} {unit}"


_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
