"""One process of a trial, as its parent sees it."""

from __future__ import annotations

import os
import selectors
import signal
import time
from collections.abc import Callable
from typing import final

from rung.backends import _kernel
from rung.backends._logs import OutputLog
from rung.backends._plan import Launch

_PIPE_BYTES = 1 << 16


@final
class Child:
    """A forked process that has not been reaped, and the log of what it prints.

    pipe: the non-blocking end from which its output comes; it is this object's from now on.
    kill_at: when SIGKILL is due, on the monotonic clock; None for not at all. is_blind: its end can't be waited for.
    """

    def __init__(self, launch: Launch, pid: int, pipe: int, log: OutputLog) -> None:
        self.launch = launch
        self.pid = pid
        self.kill_at: float | None = None
        self._pipe = pipe
        self._log = log
        self._end = _kernel.end_of(pid)
        self.is_blind = self._end is None
        self._selector: selectors.BaseSelector | None = None
        self._is_dry = False

    def watch(self, selector: selectors.BaseSelector, reap: Callable[[], None]) -> None:
        """Let whoever waits on the selector call ``drain``, and ``reap`` when the process has ended."""
        self._selector = selector
        selector.register(self._pipe, selectors.EVENT_READ, self.drain)
        if self._end is not None:
            selector.register(self._end, selectors.EVENT_READ, reap)

    def drain(self) -> None:
        """Log what it has printed, as much as a pipe holds; the others have their turn after that."""
        if self._is_dry or self._selector is None:  # the selector may tell of what it was closed for just now
            return
        try:
            output = os.read(self._pipe, _PIPE_BYTES)
        except BlockingIOError:
            return
        if output:
            self._log.write(output)
        else:
            self._is_dry = True
            self._selector.unregister(self._pipe)

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
        assert self._selector is not None, "what is not watched can't have ended"
        self.drain()
        if not self._is_dry:
            self._is_dry = True
            self._selector.unregister(self._pipe)
        os.close(self._pipe)
        if self._end is not None:
            self._selector.unregister(self._end)
            os.close(self._end)
        return self._log.close()

    def files(self) -> list[int]:
        """Its files in the parent."""
        return [number for number in (self._pipe, self._end, self._log.file) if number is not None]
