"""The serving side of lines: many of them, read and written without ever blocking."""

from __future__ import annotations

import selectors
import socket
from collections.abc import Callable, Iterator
from typing import final

from rung.runtime._frames import Frames

_CHUNK = 1 << 16


@final
class Line:
    """One line: gives the frames that have arrived, and keeps what can't be sent yet."""

    def __init__(self, end: socket.socket) -> None:
        end.settimeout(None)  # whatever the default is that somebody has set; single calls ask not to wait
        self.socket = end
        self.has_ended = False
        self._frames = Frames()
        self._unsent = b""

    @property
    def has_backlog(self) -> bool:
        """Something waits to be sent; call ``flush`` when the socket can be written to."""
        return bool(self._unsent)

    def receive(self) -> Iterator[bytes]:
        """The bodies of the frames that have arrived; then GarbledError if what follows is no frame.

        ``has_ended`` becomes true with the last ones.
        """
        while not self.has_ended:
            try:
                received = self.socket.recv(_CHUNK, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            except OSError:  # a reset is an end, too
                received = b""
            self.has_ended = not received
            yield from self._frames.feed(received)
            if len(received) < _CHUNK:
                return

    def send(self, encoded: bytes) -> None:
        """Send a frame, as far as it goes now. What is sent to somebody who has gone is dropped."""
        self._unsent += encoded
        self.flush()

    def flush(self) -> None:
        """Send more of what waits."""
        try:
            sent = self.socket.send(self._unsent, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        except OSError:  # the other side has gone; that is seen where the line is read
            sent = len(self._unsent)
        self._unsent = self._unsent[sent:]


@final
class Switchboard:
    """Waits on all lines at once and calls whoever serves the one where something happens."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._lines: set[Line] = set()

    def add(self, line: Line, serve: Callable[[], None]) -> None:
        """From now on, call ``serve`` when there is something to receive on the line, or it is at its end.

        For a line that has been added before, ``serve`` takes the place of the former one.
        """
        if line in self._lines:
            self._selector.modify(line.socket, _wanted(line), (line, serve))
        else:
            self._lines.add(line)
            self._selector.register(line.socket, _wanted(line), (line, serve))

    def send(self, line: Line, encoded: bytes) -> None:
        """Send a frame; the rest of it follows in later waits, when the line has been added."""
        line.send(encoded)
        if line.has_backlog and line in self._lines:
            self._selector.modify(line.socket, _wanted(line), self._selector.get_key(line.socket).data)

    def drop(self, line: Line) -> None:
        """Hang up."""
        if line in self._lines:
            self._lines.remove(line)
            self._selector.unregister(line.socket)
        line.socket.close()

    def wait(self, timeout: float) -> None:
        """Wait up to ``timeout`` seconds until something happens on any line, and serve all where it does."""
        for key, events in self._selector.select(timeout):
            line, serve = key.data
            if line not in self._lines:  # dropped while another line was served
                continue
            if events & selectors.EVENT_WRITE:
                line.flush()
                if not line.has_backlog:
                    self._selector.modify(line.socket, _wanted(line), key.data)
            if events & selectors.EVENT_READ:
                serve()

    def close(self) -> None:
        """Hang up on everybody."""
        for line in self._lines:
            line.socket.close()
        self._lines.clear()
        self._selector.close()


def _wanted(line: Line) -> int:
    return selectors.EVENT_READ | (selectors.EVENT_WRITE if line.has_backlog else 0)
