"""What Linux offers to keep processes together; on other systems most of these do nothing."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Callable, Collection, Iterator
from functools import partial
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
    ask_for_death = partial(ctypes.CDLL(None).prctl, _PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    parent = os.getpid()

    def sign() -> None:
        ask_for_death()
        if os.getppid() != parent:  # it ended before the pact held
            os._exit(1)

    return sign


def adopt_orphans() -> None:
    """Become the parent of descendants that lose theirs, so that they can be reaped and, at the end, killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def kill_orphans() -> None:
    """Kill and reap all children of this process, those that they leave behind, and so on."""
    while pids := _children():
        for pid in pids:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)


def share(*files: int) -> None:
    """Let the files through to the program that this process turns into."""
    for file in files:
        os.set_inheritable(file, True)  # noqa: FBT003 - it takes no keywords


def withhold(*files: int) -> None:
    """Keep the files from programs that descendants turn into."""
    for file in files:
        os.set_inheritable(file, False)  # noqa: FBT003 - it takes no keywords


def signal_group(leader: int, number: int) -> None:
    """Signal a process that has not been reaped, and its group."""
    try:
        os.killpg(leader, number)
    except ProcessLookupError:  # it has not got as far as to have a group
        with contextlib.suppress(ProcessLookupError):
            os.kill(leader, number)
    except PermissionError:  # what macOS says of a group of zombies
        pass


def kill_marked(name: str, mark: str) -> None:
    """Kill all processes that have begun with this environment variable, and those that they have forked."""
    import psutil  # rarely needed, and slow to import

    killed: set[int] = set()
    before = -1
    while len(killed) > before:  # again, since one of them may have forked before it was killed
        before = len(killed)
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):  # it is gone, a zombie, or somebody else's
                if process.environ().get(name) == mark:
                    process.kill()
                    killed.add(process.pid)


def reap(known: Collection[int]) -> Iterator[tuple[int, int]]:
    """(process id, status as of waitpid) of all children that have ended, their groups killed, adopted ones too.

    known: the children that have not ended as far as one knows; who takes a pair out of here takes its child out there.
    On Linux the group is killed before its leader is reaped, so that its number can't have passed on to others.
    Elsewhere only the known children are looked after, and their groups killed right after.
    """
    if sys.platform == "linux":
        while known and (ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) is not None:
            signal_group(ended.si_pid, signal.SIGKILL)
            yield os.waitpid(ended.si_pid, 0)
    else:
        for pid in list(known):
            ended_pid, status = os.waitpid(pid, os.WNOHANG)
            if ended_pid:
                signal_group(pid, signal.SIGKILL)
                yield pid, status


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
        links = [str(entry.readlink()) for entry in Path("/proc/self/fd").iterdir()]
    except OSError:
        return False
    return any(link.startswith(_GPU_DEVICES) for link in links)


def _children() -> list[int]:
    try:
        return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]
    except OSError:
        return []


def _nothing() -> None:
    pass
