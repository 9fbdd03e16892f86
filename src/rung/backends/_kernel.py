"""What Linux offers to keep processes together; on other systems each of these does nothing."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_GPU_DEVICES = ("/dev/nvidia", "/dev/kfd")


def death_pact() -> Callable[[], None]:
    """A function for a child of this process to call first: from then on the child is killed when this process ends.

    The C library is loaded here, before the fork.
    """
    if sys.platform != "linux":
        return _nothing
    prctl = ctypes.CDLL(None).prctl
    parent = os.getpid()

    def sign() -> None:
        prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        if os.getppid() != parent:  # it ended before the pact held
            os._exit(1)

    return sign


def adopt_orphans() -> None:
    """Become the parent of descendants that lose theirs, so that they can be reaped and, at the end, killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def children() -> list[int]:
    """The process ids of this process's children, adopted ones among them."""
    try:
        return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]
    except OSError:
        return []


def end_of(process: int) -> int | None:
    """A file descriptor that can be read from once the process has ended; None where there is no such thing."""
    if sys.platform != "linux":
        return None
    try:
        return os.pidfd_open(process)
    except OSError:
        return None


def holds_gpu() -> bool:
    """Whether this process has a GPU's device open, as it has once CUDA or ROCm has been initialised."""
    try:
        links = [os.readlink(entry) for entry in Path("/proc/self/fd").iterdir()]
    except OSError:
        return False
    return any(link.startswith(_GPU_DEVICES) for link in links)


def _nothing() -> None:
    pass
