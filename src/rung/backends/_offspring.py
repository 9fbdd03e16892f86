"""One process of a trial, as its parent sees it."""

from __future__ import annotations

import os
import selectors
import signal
import time
from typing import final

from rung.backends import _kernel
from rung.backends._logs import OutputLog
from rung.backends._plan import Launch

_CHUNK = 1 << 16


@final
class Child:
    """A forked process that has not been reaped, and the log of what it prints.

    pipe: the non-blocking end from which its output comes; it is this object's from now on.
    kill_at: when SIGKILL is due, on the monotonic clock; None for not at all.
    """

    def __init__(self, launch: Launch, pid: int, pipe: int, log: OutputLog) -> None:
        self.launch = launch
        self.pid = pid
        self.kill_at: float | None = None
        self._pipe = pipe
        self._log = log
        self._selector: selectors.BaseSelector | None = None

    def listen(self, selector: selectors.BaseSelector) -> None:
        """Have ``drain`` called by whoever waits on the selector."""
        selector.register(self._pipe, selectors.EVENT_READ, self.drain)
        self._selector = selector

    def drain(self) -> None:
        """Log what it has printed."""
        while self._selector is not None:
            try:
                output = os.read(self._pipe, _CHUNK)
            except BlockingIOError:
                return
            if output:
                self._log.write(output)
            else:
                self._selector.unregister(self._pipe)
                self._selector = None

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

    def close(self) -> str:
        """Log the rest and free the files; the last lines that it printed."""
        self.drain()
        if self._selector is not None:
            self._selector.unregister(self._pipe)
            self._selector = None
        os.close(self._pipe)
        return self._log.close()

    def forget(self) -> None:
        """Free the files in a forked copy of the parent, which has no business with them."""
        os.close(self._pipe)
        self._log.forget()
