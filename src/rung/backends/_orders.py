"""The fork-server's end of the line to the tuner."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from collections import deque
from collections.abc import Iterator
from typing import final

from rung.backends import _kernel
from rung.backends._plan import Launch, Notice, Order, read_order
from rung.runtime._frames import Frames, frame

_CHUNK = 1 << 16
_ENDS_AT_ONCE = 64  # file descriptors that are taken from the line in one go


@final
class OrderLine:
    """Brings orders, with a trial's end of its line for each launch of a function, and takes notices.

    has_ended: the tuner has hung up. is_hasty: there are notices that are to be told soon.
    """

    def __init__(self, end: socket.socket) -> None:
        self.has_ended = False
        self._socket = end
        self._frames = Frames()
        self._ends: deque[int] = deque()
        self._unsaid = b""

    @property
    def is_hasty(self) -> bool:
        """There are notices that are to be told soon."""
        return bool(self._unsaid)

    def fileno(self) -> int:
        """The file descriptor to wait on."""
        return self._socket.fileno()

    def files(self) -> list[int]:
        """What a trial's process must not keep open."""
        return [self._socket.fileno(), *self._ends]

    def receive(self) -> Iterator[tuple[Order, socket.socket | None]]:
        """The orders that have arrived; the ends are the caller's to close. OSError when one could not be received."""
        try:
            received, ends, flags, _ = socket.recv_fds(self._socket, _CHUNK, _ENDS_AT_ONCE)
        except OSError:
            received, ends, flags = b"", [], 0
        if flags & socket.MSG_CTRUNC:  # which one is missing can't be known, and mixing trials up would be worse
            raise OSError(errno.EMFILE, f"{os.strerror(errno.EMFILE)}: a trial's end of its line could not be received")
        self.has_ended = not received
        _kernel.withhold(*ends)
        self._ends.extend(ends)
        for body in self._frames.feed(received):
            order = read_order(body)
            if isinstance(order, Launch) and self._ends:
                yield order, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, fileno=self._ends.popleft())
            else:
                yield order, None

    def say(self, notice: Notice, *, soon: bool = False) -> None:
        """Tell the tuner now, or ``soon``: together with what comes next, or when ``speak`` is called."""
        self._unsaid += frame(notice)
        if not soon:
            self.speak()

    def speak(self) -> None:
        """Tell what there is to be told."""
        with contextlib.suppress(OSError):  # it is gone; ``receive`` will find that out
            self._socket.sendall(self._unsaid)
        self._unsaid = b""
