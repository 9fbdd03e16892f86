"""Waiting for many files at once, in as little work as possible."""

from __future__ import annotations

import math
import select
from collections.abc import Callable
from typing import final


@final
class Bells:
    """Calls whoever answers for a file when there is something to read from it, or it is at its end.

    Smaller than ``selectors``, because what the fork-server touches between two forks has to be copied for the process
    that it has forked.
    """

    def __init__(self) -> None:
        self._poll = select.poll()
        self._answers: dict[int, Callable[[], None]] = {}

    def add(self, file: int, answer: Callable[[], None]) -> None:
        """Have ``answer`` called from now on."""
        self._answers[file] = answer
        self._poll.register(file, select.POLLIN)

    def remove(self, file: int) -> None:
        """No more; to be called before the file is closed. Removing twice is no harm."""
        if self._answers.pop(file, None) is not None:
            self._poll.unregister(file)

    def wait(self, timeout: float | None) -> None:
        """Wait up to ``timeout`` seconds, or without end, and call for all files where something happens."""
        for file, _ in self._poll.poll(None if timeout is None else math.ceil(timeout * 1000)):
            answer = self._answers.get(file)
            if answer is not None:  # else it was removed in this round
                answer()
