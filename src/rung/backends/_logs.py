"""What a trial prints: kept in a file of bounded size, the beginning and the end of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import final

TAIL_BYTES = 64 << 10
"""How much of the end is kept when there is too much."""

_LAST_LINES = 30  # enough for the traceback of a crash, whose first lines matter most
_LAST_BYTES = 4 << 10


@final
class OutputLog:
    """The log of one run, appended to a file that is made with the first byte of output.

    Of more than ``limit`` bytes the beginning goes to the file as it comes and the last ones (TAIL_BYTES, or ``limit``
    if that is less) when the log is closed; a line between them says how much was dropped. A run of a later attempt
    begins with a line that says which. What can't be written, as when the disk is full, is dropped: the trial goes on.
    file: its descriptor while it is open.
    """

    def __init__(self, path: str, limit: int, attempt: int) -> None:
        self._path = path
        self._attempt = attempt
        self._tail_limit = min(TAIL_BYTES, limit)
        self._head_left = limit - self._tail_limit
        self._tail = bytearray()
        self._dropped = 0
        self._last = b""
        self.file: int | None = None

    def write(self, output: bytes) -> None:
        """Take the next bytes of output."""
        self._last = (self._last + output[-_LAST_BYTES:])[-_LAST_BYTES:]
        head, rest = output[: self._head_left], output[self._head_left :]
        if head:
            self._head_left -= len(head)
            self._append(head)
        if rest:
            self._tail += rest
            if len(self._tail) > 2 * self._tail_limit:
                self._trim()

    def close(self) -> str:
        """Write the rest; the last lines of the output, for people."""
        self._trim()
        if self._dropped:
            self._append(b"\n... %d bytes dropped ...\n" % self._dropped)
        if self._tail:
            self._append(bytes(self._tail))
        if self.file is not None:
            os.close(self.file)
            self.file = None
        return last_lines(self._last)

    def _trim(self) -> None:
        excess = len(self._tail) - self._tail_limit
        if excess > 0:
            self._dropped += excess
            del self._tail[:excess]

    def _append(self, output: bytes) -> None:
        try:
            if self.file is None:
                self.file = self._open()
            written = os.write(self.file, output)
            while written < len(output):
                written += os.write(self.file, output[written:])
        except OSError:
            self._dropped += len(output)

    def _open(self) -> int:
        Path(self._path).parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        if self._attempt > 1:
            os.write(file, b"\n--- attempt %d ---\n" % self._attempt)
        return file


def last_lines(output: bytes) -> str:
    """The last lines of some output, without what progress bars have overwritten."""
    lines = output[-_LAST_BYTES:].decode(errors="replace").rstrip().split("\n")[-_LAST_LINES:]
    return "\n".join(line.rstrip("\r").rsplit("\r", 1)[-1] for line in lines)
