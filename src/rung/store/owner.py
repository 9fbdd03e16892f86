"""Who we are, and whether somebody else still lives: what leases are given to and taken back from."""

from __future__ import annotations

import os
import platform
import secrets
import socket
import sys
import time
from functools import cache
from pathlib import Path
from typing import Protocol, final

from msgspec import Struct
from msgspec.structs import replace

from rung.types import Owner

_ZOMBIE = b"Z"


class Stamp(Struct, frozen=True):
    """A moment, on two clocks.

    uptime: seconds since the machine's boot, a clock that nobody can set; comparable within one ``boot`` only.
    unix: seconds since 1970; comparable everywhere, but it may jump.
    """

    boot: str
    uptime: float
    unix: float


class Clock(Protocol):
    """Where a store gets its time from."""

    def stamp(self) -> Stamp:
        """The present moment."""

    def sleep(self, seconds: float) -> None:
        """Let time pass."""


@final
class MachineClock:
    """The clocks of this machine."""

    def __init__(self) -> None:
        self._boot = boot_id()

    def stamp(self) -> Stamp:
        """The present moment."""
        return Stamp(self._boot, uptime(), time.time())

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        time.sleep(seconds)


def current_owner() -> Owner:
    """This process, as a new owner of leases: no two calls give the same one."""
    pid = os.getpid()
    started = start_time(pid)
    assert started is not None, "this process runs"
    return Owner(host=socket.gethostname(), boot=boot_id(), pid=pid, started=started, session=secrets.token_hex(8))


def is_same_process(one: Owner, other: Owner) -> bool:
    """Whether two owners are, or were, in one process."""
    return replace(one, session=other.session) == other


def is_alive(owner: Owner) -> bool | None:
    """Whether the owner's process still runs; None when that can't be seen: on another host, or hidden."""
    if owner.host != socket.gethostname():
        return None
    if owner.boot != boot_id():
        return False
    started = start_time(owner.pid)
    return None if started is None and is_hidden(owner.pid) else started == owner.started


if sys.platform == "linux":

    def uptime() -> float:
        """Seconds since boot, those asleep included; the same clock for all processes and containers of the machine."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    @cache
    def boot_id() -> str:
        """A name that this machine gets anew at each boot."""
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()

    def start_time(pid: int) -> float | None:
        """When the process began, in clock ticks since boot; None when there is no such process or only its zombie."""
        try:
            stat = Path(f"/proc/{pid}/stat").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            return None
        state, *fields = stat[stat.rindex(b")") + 2 :].split()  # the name before it may contain anything
        return None if state == _ZOMBIE else float(fields[18])  # man 5 proc_pid_stat: field 22

    def is_hidden(pid: int) -> bool:
        """Whether a process runs that is another user's and that we are not shown (proc mounted with hidepid)."""
        try:
            os.kill(pid, 0)
        except PermissionError:
            return True
        except ProcessLookupError:
            return False
        return False

else:  # pragma: no cover - needs another system
    import subprocess

    import psutil

    def uptime() -> float:
        """Seconds since boot; the same clock for all processes of the machine."""
        return time.monotonic()

    @cache
    def boot_id() -> str:
        """A name that this machine gets anew at each boot."""
        if platform.system() == "Darwin":
            command = ["/usr/sbin/sysctl", "-n", "kern.bootsessionuuid"]
            answer = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - a fixed command
            return answer.stdout.strip()
        return str(round(psutil.boot_time() / 60))  # to the minute, since the boot time is computed and drifts

    def start_time(pid: int) -> float | None:
        """When the process began, in seconds since 1970; None when there is no such process or only its zombie."""
        try:
            process = psutil.Process(pid)
            return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            return None

    def is_hidden(pid: int) -> bool:
        """Whether a process runs that is another user's and that we are not shown."""
        try:
            psutil.Process(pid).status()
        except psutil.AccessDenied:
            return True
        except psutil.NoSuchProcess:
            return False
        return False
