"""The processes of all trials, as their parent keeps them: forked, listened to, killed and reaped."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from typing import NoReturn, TypeAlias, final

from rung.backends import _kernel
from rung.backends._bells import Bells
from rung.backends._offspring import Child
from rung.backends._orders import OrderLine
from rung.backends._plan import Forked, Kill, Launch, Plan, Ready, Reaped, Unforked

_SOON_S = 0.005  # a trial that takes less is told of in one go, its beginning and its end
_LOOK_S = 0.05  # how often one looks for ended processes where their ends can't be waited for

Begin: TypeAlias = Callable[[Launch, socket.socket | None], NoReturn]
"""What a new process does once it stands on its own; gets its end of the line, except for a script."""


@final
class Nursery:
    """Follows the orders that come from the tuner until it hangs up, and leaves no process behind.

    begin: see ``Begin``; called in a forked process that leads a session of its own, prints into a pipe that leads to
    the trial's log, and holds no file of this process.
    """

    def __init__(self, line: OrderLine, plan: Plan, begin: Begin) -> None:
        self._line = line
        self._plan = plan
        self._begin = begin
        self._sign_death_pact = _kernel.death_pact()
        self._children: dict[int, Child] = {}
        self._is_closing = False
        self._needs_care = False
        self._tuners_end = _kernel.end_of(plan.tuner)
        self._bells = Bells()
        self._bells.add(line.fileno(), self._hear)
        if self._tuners_end is not None:
            self._bells.add(self._tuners_end, self._hang_up)

    def serve(self) -> None:
        """Work until the tuner has hung up or died, or has ordered a shutdown, and all processes are gone."""
        _kernel.adopt_orphans()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # an objective's module might want not to hear of them
        self._line.say(Ready())
        patience = None
        while self._children or not self._is_closing:
            if is_hasty := self._line.is_hasty:
                patience = _SOON_S if patience is None else min(patience, _SOON_S)
            self._bells.wait(patience)
            if is_hasty:
                self._line.speak()
            patience = self._look_after() if self._needs_care else None
        _kernel.kill_orphans()

    def _hear(self) -> None:
        for order, end in self._line.receive():
            if isinstance(order, Launch):
                self._launch(order, end)
            elif isinstance(order, Kill):
                for child in self._children.values():
                    if (child.launch.trial, child.launch.attempt) == (order.trial, order.attempt):
                        self._end(child, order.grace_s)
            else:
                self._close(order.grace_s)
        if self._line.has_ended:
            self._hang_up()

    def _hang_up(self) -> None:
        """Kill everything: the tuner is gone."""
        self._bells.remove(self._line.fileno())
        if self._tuners_end is not None:
            self._bells.remove(self._tuners_end)
        self._close(0.0)

    def _close(self, grace_s: float) -> None:
        self._is_closing = True
        for child in self._children.values():
            self._end(child, grace_s)

    def _end(self, child: Child, grace_s: float) -> None:
        child.end(grace_s)
        self._needs_care = True

    def _look_after(self) -> float | None:
        """Kill who is due, reap those whose end can't be waited for; seconds until there is more of it to do."""
        for child in self._children.values():
            child.kill_if_due()
        if any(child.is_blind for child in self._children.values()):
            self._reap()
            return _LOOK_S
        due = [child.kill_at for child in self._children.values() if child.kill_at is not None]
        self._needs_care = bool(due)
        return max(0.0, min(due) - time.monotonic()) if due else None

    def _launch(self, launch: Launch, end: socket.socket | None) -> None:
        try:
            if not self._is_closing:
                self._fork(launch, end)
        except OSError as error:
            self._line.say(Unforked(launch.trial, launch.attempt, str(error)))
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
        child = Child(launch, pid, pipe, log_bytes=self._plan.log_bytes)
        child.watch(self._bells, self._reap)
        self._children[pid] = child
        self._needs_care = self._needs_care or child.is_blind
        self._line.say(Forked(launch.trial, launch.attempt, pid), soon=True)

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
        files = self._line.files()
        for child in self._children.values():
            files += child.files()
        return files if self._tuners_end is None else [*files, self._tuners_end]

    def _reap(self) -> None:
        """Reap all processes that have ended, adopted ones too, and tell the tuner which trials' they were."""
        for pid, status in _kernel.reap(self._children):
            child = self._children.pop(pid, None)
            if child is not None:
                self._line.say(Reaped(child.launch.trial, child.launch.attempt, status, child.close(self._bells)))
