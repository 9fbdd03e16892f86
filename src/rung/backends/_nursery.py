"""The processes of all trials, as their parent keeps them: forked, listened to, killed and reaped."""

from __future__ import annotations

import contextlib
import errno
import os
import selectors
import signal
import socket
import sys
import time
import traceback
from collections import deque
from collections.abc import Callable, Sequence
from typing import NoReturn, TypeAlias, final

from rung.backends import _kernel
from rung.backends._logs import OutputLog
from rung.backends._offspring import Child
from rung.backends._plan import Forked, Kill, Launch, Notice, Plan, Reaped, Unforked, read_order
from rung.runtime._frames import Frames, frame

_CHUNK = 1 << 16
_LOOK_S = 0.05  # how often one looks for ended processes where their ends can't be waited for
_LAUNCHES_AT_ONCE = 64  # file descriptors that are taken from the line in one go

Begin: TypeAlias = Callable[[Launch, socket.socket | None], NoReturn]
"""What a new process does once it stands on its own; gets its end of the line, except for a script."""


@final
class Nursery:
    """Follows the orders that come from the tuner until it hangs up, and leaves no process behind.

    begin: see ``Begin``; called in a forked process that leads a session of its own, prints into a pipe that leads to
    the trial's log, and holds no file of this process.
    """

    def __init__(self, tuner: socket.socket, plan: Plan, begin: Begin) -> None:
        self._tuner = tuner
        self._plan = plan
        self._begin = begin
        self._sign_death_pact = _kernel.death_pact()
        self._children: dict[int, Child] = {}
        self._frames = Frames()
        self._ends: deque[int] = deque()
        self._is_closing = False
        self._selector = selectors.DefaultSelector()
        self._selector.register(tuner, selectors.EVENT_READ, self._hear)
        self._tuners_end = _kernel.end_of(plan.tuner)
        if self._tuners_end is not None:
            self._selector.register(self._tuners_end, selectors.EVENT_READ, self._hang_up)

    def serve(self) -> None:
        """Work until the tuner has hung up or died, or has ordered a shutdown, and all processes are gone."""
        _kernel.adopt_orphans()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # an objective's module might want not to hear of them
        while self._children or not self._is_closing:
            due = [child.kill_at for child in self._children.values() if child.kill_at is not None]
            is_blind = any(child.is_blind for child in self._children.values())
            for key, _ in self._selector.select(_patience_until(due, is_blind=is_blind)):
                key.data()
            for child in self._children.values() if due else ():
                child.kill_if_due()
            if is_blind:
                self._reap()
        _kernel.kill_orphans()

    def say(self, notice: Notice) -> None:
        """Tell the tuner."""
        with contextlib.suppress(OSError):  # it is gone; ``_hear`` will find that out
            self._tuner.sendall(frame(notice))

    def _hear(self) -> None:
        try:
            received, ends, flags, _ = socket.recv_fds(self._tuner, _CHUNK, _LAUNCHES_AT_ONCE)
        except OSError:
            received, ends, flags = b"", [], 0
        if flags & socket.MSG_CTRUNC:  # which one is missing can't be known: rather lose all trials than mix them up
            raise OSError(errno.EMFILE, "Too many open files: a trial's end of its line could not be received")
        if not received:
            self._hang_up()
        _kernel.withhold(*ends)
        self._ends.extend(ends)
        for body in self._frames.feed(received):
            order = read_order(body)
            if isinstance(order, Launch):
                self._launch(order, self._ends.popleft() if self._ends else None)
            elif isinstance(order, Kill):
                for child in self._children.values():
                    if (child.launch.trial, child.launch.attempt) == (order.trial, order.attempt):
                        child.end(order.grace_s)
            else:
                self._close(order.grace_s)

    def _hang_up(self) -> None:
        """Kill everything: the tuner is gone."""
        for source in (self._tuner, self._tuners_end):
            if source is not None and source in self._selector.get_map():
                self._selector.unregister(source)
        self._close(0.0)

    def _close(self, grace_s: float) -> None:
        self._is_closing = True
        for child in self._children.values():
            child.end(grace_s)

    def _launch(self, launch: Launch, number: int | None) -> None:
        for child in self._children.values():
            if child.launch.trial == launch.trial:  # an earlier attempt that takes its time to end
                child.end(0.0)
        end = None if number is None else socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, fileno=number)
        try:
            if not self._is_closing:
                self._fork(launch, end)
        except OSError as error:
            self.say(Unforked(launch.trial, launch.attempt, str(error)))
        finally:
            if end is not None:
                end.close()

    def _fork(self, launch: Launch, end: socket.socket | None) -> None:
        pipe, output = os.pipe()
        files = (*self._files(), pipe, output)  # prepared here, since what the child does costs more than here
        try:
            pid = os.fork()
        except OSError:
            os.close(pipe)
            os.close(output)
            raise
        if pid == 0:
            self._become(launch, end, output, files)
        os.close(output)
        os.set_blocking(pipe, False)
        child = Child(launch, pid, pipe, OutputLog(launch.log, self._plan.log_bytes, launch.attempt))
        child.watch(self._selector, self._reap)
        self._children[pid] = child
        self.say(Forked(launch.trial, launch.attempt, pid))

    def _become(self, launch: Launch, end: socket.socket | None, output: int, files: Sequence[int]) -> NoReturn:
        """Turn a forked copy of this process into one that belongs to the trial alone."""
        try:
            os.setsid()
            self._sign_death_pact()
            os.dup2(output, 1)
            os.dup2(output, 2)
            for number in files:
                os.close(number)
            self._begin(launch, end)
        except BaseException:  # noqa: BLE001 - nothing may get out of a forked copy of the fork-server
            traceback.print_exc()
            sys.stderr.flush()
        finally:
            os._exit(1)

    def _files(self) -> list[int]:
        """What a trial's process must not keep open."""
        files = [self._tuner.fileno(), self._selector.fileno(), *self._ends]
        for child in self._children.values():
            files += child.files()
        return files if self._tuners_end is None else [*files, self._tuners_end]

    def _reap(self) -> None:
        """Reap all processes that have ended, adopted ones too, and tell the tuner which trials' they were."""
        for pid, status in _kernel.reap(self._children):
            child = self._children.pop(pid, None)
            if child is not None:
                self.say(Reaped(child.launch.trial, child.launch.attempt, status, child.close()))


def _patience_until(due: Sequence[float], *, is_blind: bool) -> float | None:
    """Seconds to wait for the next event when something is due at these times."""
    patience = [max(0.0, moment - time.monotonic()) for moment in due]
    if is_blind:
        patience.append(_LOOK_S)
    return min(patience, default=None)
