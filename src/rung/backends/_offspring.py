"""One process of a trial, as its parent sees it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from functools import partial
from typing import final

from rung.backends import _kernel
from rung.backends._bells import Bells
from rung.backends._logs import OutputLog
from rung.backends._plan import Launch

_PIPE_BYTES = 1 << 16


@final
class Child:
    """A forked process that has not been reaped, and the log of what it prints.

    pipe: the non-blocking end from which its output comes; it is this object's from now on. log_bytes: kept of it.
    kill_at: when SIGKILL is due, on the monotonic clock; None for not at all. is_blind: its end can't be waited for.
    """

    def __init__(self, launch: Launch, pid: int, pipe: int, *, log_bytes: int) -> None:
        self.launch = launch
        self.pid = pid
        self.kill_at: float | None = None
        self._pipe = pipe
        self._is_dry = False
        self._log_bytes = log_bytes
        self._log: OutputLog | None = None
        self._end = _kernel.end_of(pid)
        self.is_blind = self._end is None

    def watch(self, bells: Bells, reap: Callable[[], None]) -> None:
        """Have ``drain`` called when it has printed, and ``reap`` when it has ended."""
        bells.add(self._pipe, partial(self.drain, bells))
        if self._end is not None:
            bells.add(self._end, reap)

    def drain(self, bells: Bells) -> None:
        """Log what it has printed, as much as a pipe holds; the others have their turn after that."""
        if self._is_dry:
            return
        try:
            output = os.read(self._pipe, _PIPE_BYTES)
        except BlockingIOError:
            return
        if output:
            if self._log is None:
                self._log = OutputLog(self.launch.log, self._log_bytes, self.launch.attempt)
            self._log.write(output)
        else:
            self._is_dry = True
            bells.remove(self._pipe)

    def end(self, grace_s: float) -> None:
        """Ask the group to end, and have it killed in ``grace_s`` seconds."""
        if grace_s > 0:
            _kernel.signal_group(self.pid, signal.SIGTERM)
        self.kill_at = time.monotonic() + grace_s

    def kill_if_due(self) -> None:
        """Kill the group when its time has come."""
        if self.kill_at is not None and self.kill_at <= time.monotonic():
            self.kill_at = None
            _kernel.signal_group(self.pid, signal.SIGKILL)

    def close(self, bells: Bells) -> str:
        """Log the rest and free the files; the last lines that it printed."""
        self.drain(bells)
        for file in (self._pipe, self._end):
            if file is not None:
                bells.remove(file)
                os.close(file)
        return "" if self._log is None else self._log.close()

    def files(self) -> list[int]:
        """Its files in the parent."""
        log_file = None if self._log is None else self._log.file
        return [file for file in (self._pipe, self._end, log_file) if file is not None]
