"""The tuner's end of the fork-server: its process, and the line to it."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import final

from rung._frames import frame
from rung.backends._line import Line
from rung.backends._logs import last_lines
from rung.backends._plan import Kill, Launch, Notice, Plan, Ready, Shutdown, read_notice, write_plan
from rung.types import Job
from rung.wire import ATTEMPT, CONFIG, SOCKET, TOKEN, TRIAL

_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
_LEAVE_S = 5.0  # how long a fork-server may take to leave once all its trials are gone


@final
class ForkServer:
    """A running fork-server. Only ``wait`` and ``close`` block.

    log: the file for what it prints while it imports the objective; rewritten.
    """

    def __init__(self, plan: Plan, payload: bytes, log: Path) -> None:
        self.is_ready = False
        self._log = log
        end, theirs = socket.socketpair()
        with theirs, tempfile.TemporaryFile() as file, log.open("wb") as output:
            write_plan(file.fileno(), plan, payload)
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-m", "rung.backends._forkserver", str(theirs.fileno()), str(file.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=_environ(plan),
                pass_fds=(theirs.fileno(), file.fileno()),
                start_new_session=True,  # Ctrl-C at the terminal is for the tuner alone
            )
        self.line = Line(end)

    def launch(self, launch: Launch, end: socket.socket | None) -> None:
        """Have a run started. ``end``: the trial's end of its line, which remains the caller's to close."""
        encoded = frame(launch)
        with contextlib.suppress(OSError):  # a fork-server that is gone is noticed where its line is read
            sent = 0 if end is None else socket.send_fds(self.line.socket, [encoded], [end.fileno()])
            self.line.socket.sendall(encoded[sent:])

    def kill(self, job: Job, grace_s: float) -> None:
        """End a run with its process group: SIGTERM and, ``grace_s`` seconds later, SIGKILL."""
        with contextlib.suppress(OSError):
            self.line.socket.sendall(frame(Kill(job.trial, job.attempt, grace_s)))

    def receive(self) -> list[Notice]:
        """What it has said since."""
        notices = [read_notice(body) for body in self.line.receive()]
        self.is_ready = self.is_ready or any(isinstance(notice, Ready) for notice in notices)
        return notices

    def wait(self) -> int:
        """The status, as of waitpid, of a fork-server whose line has ended."""
        return self._wait(_LEAVE_S)

    def printed(self) -> str:
        """The last lines of what it printed."""
        try:
            return last_lines(self._log.read_bytes())
        except OSError:
            return ""

    def close(self, grace_s: float) -> None:
        """End it and all trials, with ``grace_s`` seconds between SIGTERM and SIGKILL; the line has been hung up after."""
        self.receive()
        if self.is_ready:
            with contextlib.suppress(OSError):
                self.line.socket.sendall(frame(Shutdown(grace_s)))
            self._wait(grace_s + _LEAVE_S)
        self.line.socket.close()
        self._wait(_LEAVE_S)

    def _wait(self, patience_s: float) -> int:
        try:
            code = self._process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        return -code if code < 0 else code << 8


def _environ(plan: Plan) -> dict[str, str]:
    environ = {name: value for name, value in os.environ.items() if name not in {SOCKET, TRIAL, ATTEMPT, TOKEN, CONFIG}}
    if plan.threads is not None:
        environ.update(dict.fromkeys(_THREADS, str(plan.threads)))
    return environ
