"""The tuner's end of the fork-server: its process, the line to it, and its replacement when it is gone."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import final

from msgspec import Struct

from rung.backends._kernel import kill_marked
from rung.backends._line import Line, Switchboard
from rung.backends._logs import last_lines
from rung.backends._plan import Kill, Launch, Notice, Plan, Ready, Shutdown, read_notice, write_plan
from rung.runtime._frames import frame
from rung.runtime.ranks import LAUNCHER_VARIABLES
from rung.runtime.wire import ATTEMPT, CONFIG, SOCKET, TOKEN, TRIAL
from rung.types import Job

_THREADS = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
_MARK = "RUNG_FORKSERVER"  # in the environment of all processes of a fork-server, by which they can be found
# What says that the tuner is a trial of another study, or a rank of another training, which its trials are not.
_OF_TUNER = frozenset({SOCKET, TRIAL, ATTEMPT, TOKEN, CONFIG, *LAUNCHER_VARIABLES})
_LEAVE_S = 5.0  # how long a fork-server may take to leave once all its trials are gone


@final
class ForkServer:
    """A running fork-server. Only ``wait`` blocks.

    log: the file for what it prints while it imports the objective; rewritten.
    """

    def __init__(self, plan: Plan, payload: bytes, log: Path) -> None:
        self.is_ready = False
        self._log = log
        self._mark = secrets.token_hex(16)
        with tempfile.TemporaryFile() as file, log.open("wb") as output, contextlib.ExitStack() as on_failure:
            write_plan(file.fileno(), plan, payload)
            end, theirs = socket.socketpair()
            on_failure.enter_context(end)
            with theirs:
                self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                    [sys.executable, "-m", "rung.backends._forkserver", str(theirs.fileno()), str(file.fileno())],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env=_environ(plan) | {_MARK: self._mark},
                    pass_fds=(theirs.fileno(), file.fileno()),
                    start_new_session=True,  # Ctrl-C at the terminal is for the tuner alone
                )
            on_failure.pop_all()
        self.line = Line(end)

    def launch(self, launch: Launch, end: socket.socket | None) -> None:
        """Have a run started. ``end``: the trial's end of its line, which remains the caller's to close.

        ConnectionError when the fork-server is gone.
        """
        encoded = frame(launch)
        sent = 0 if end is None else socket.send_fds(self.line.socket, [encoded], [end.fileno()])
        self.line.socket.sendall(encoded[sent:])

    def kill(self, job: Job, grace_s: float) -> None:
        """End a run with its process group: SIGTERM and, ``grace_s`` seconds later, SIGKILL."""
        with contextlib.suppress(OSError):  # a fork-server that is gone is noticed where its line is read
            self.line.socket.sendall(frame(Kill(job.trial, job.attempt, grace_s)))

    def receive(self) -> list[Notice]:
        """What it has said since."""
        notices = [read_notice(body) for body in self.line.receive()]
        self.is_ready = self.is_ready or any(isinstance(notice, Ready) for notice in notices)
        return notices

    def shut_down(self, grace_s: float) -> None:
        """Have it end all trials, with ``grace_s`` seconds between SIGTERM and SIGKILL, and itself."""
        with contextlib.suppress(OSError):
            if self.is_ready:
                self.line.socket.sendall(frame(Shutdown(grace_s)))
            else:  # it is busy with the import, and there are no trials
                self.line.socket.shutdown(socket.SHUT_RDWR)

    def wait(self, patience_s: float) -> int:
        """The status, as of waitpid; it is killed if it does not end in so many seconds. No trial is left behind."""
        try:
            code = self._process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        if code != 0:  # else it has seen to that itself
            kill_marked(_MARK, self._mark)
        return -code if code < 0 else code << 8

    def printed(self) -> str:
        """The last lines of what it printed."""
        try:
            return last_lines(self._log.read_bytes())
        except OSError:
            return ""


class Loss(Struct, frozen=True):
    """A fork-server is gone. status: as of waitpid. printed: the last lines that it printed, until it was ready."""

    status: int
    was_ready: bool
    printed: str


@final
class Supervisor:
    """Sees to it that there is a fork-server when a run is to be started.

    hear: gets what it says. lose: is called when it has ended unasked; another one is started for the next run.
    """

    def __init__(
        self,
        plan: Plan,
        payload: bytes,
        log: Path,
        board: Switchboard,
        *,
        hear: Callable[[Notice], None],
        lose: Callable[[Loss], None],
    ) -> None:
        self._plan = plan
        self._payload = payload
        self._log = log
        self._board = board
        self._hear = hear
        self._lose = lose
        self._server: ForkServer | None = None
        self._present()

    def launch(self, launch: Launch, end: socket.socket | None) -> None:
        """Have a run started. ``end``: the trial's end of its line, which remains the caller's to close. OSError."""
        server = self._present()
        try:
            server.launch(launch, end)
        except ConnectionError:  # it has gone since it was last heard
            while self._server is server:
                self._serve(server)
            self._present().launch(launch, end)

    def kill(self, job: Job, grace_s: float = 0.0) -> None:
        """End a run with its process group: SIGTERM and, ``grace_s`` seconds later, SIGKILL."""
        if self._server is not None:
            self._server.kill(job, grace_s)

    def close(self) -> None:
        """End all runs, and the fork-server."""
        server = self._server
        if server is None:
            return
        self._serve(server)
        server.shut_down(self._plan.grace_s)
        deadline = time.monotonic() + self._plan.grace_s + _LEAVE_S
        while self._server is server and (left := deadline - time.monotonic()) > 0:
            self._board.wait(left)  # what it still has to say must not keep it from leaving
        if self._server is server:
            self._bury(server, patience_s=0.0)

    def _present(self) -> ForkServer:
        if self._server is None:
            server = self._server = ForkServer(self._plan, self._payload, self._log)
            self._board.add(server.line, lambda: self._serve(server))
        return self._server

    def _serve(self, server: ForkServer) -> None:
        for notice in server.receive():
            self._hear(notice)
        if server.line.has_ended:
            self._bury(server, patience_s=_LEAVE_S)

    def _bury(self, server: ForkServer, patience_s: float) -> None:
        self._server = None
        self._board.drop(server.line)
        status = server.wait(patience_s)
        self._lose(Loss(status, server.is_ready, server.printed()))


def _environ(plan: Plan) -> dict[str, str]:
    environ = {name: value for name, value in os.environ.items() if name not in _OF_TUNER}
    if plan.threads is not None:
        environ.update(dict.fromkeys(_THREADS, str(plan.threads)))
    if plan.manages_gpus:  # CUDA's own order is by speed; what people know is that of nvidia-smi
        environ.setdefault("CUDA_DEVICE_ORDER", "PCI_BUS_ID")
    return environ
