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

_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
_LEAVE_S = 5.0  # how long a fork-server may take to leave when all its trials are gone


@final
class ForkServer:
    """A running fork-server. Nothing here blocks but ``close`` and ``wait``.

    log: the file for what it prints while it imports the objective.
    """

    def __init__(self, plan: Plan, payload: bytes, log: Path) -> None:
        self._log = log
        self.is_ready = False
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
                start_new_session=True,  # Ctrl-C at the terminal is for the tuner only
            )
        self.line = Line(end)

    def launch(self, launch: Launch, end: socket.socket | None) -> None:
        """Have a run started; ``end`` is the trial's end of its line, and remains the caller's to close."""
        encoded = frame(launch)
        if end is None:
            self.line.send(encoded)
            return
        ...

    def kill(self, job: Job, grace_s: float) -> None:
        """End a run's process group: SIGTERM and, ``grace_s`` seconds later, SIGKILL."""
        self.line.send(frame(Kill(job.trial, job.attempt, grace_s)))
