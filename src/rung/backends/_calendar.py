"""What has been said on the virtual clock and is still to be heard."""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, final

if TYPE_CHECKING:
    from rung.backends._stepping import Stepping
    from rung.types import Fact


@final
class Calendar:
    """Facts by the instant at which they are due. now: virtual seconds."""

    def __init__(self) -> None:
        self.now = 0.0
        self._entries: list[tuple[float, int, Stepping, Sequence[Fact]]] = []
        self._planned = 0

    @property
    def next_at(self) -> float:
        """The instant of the next entry; infinite when there is none. Those of runs that were cut are gone."""
        while self._entries and self._entries[0][2].line.is_cut:
            heapq.heappop(self._entries)
        return self._entries[0][0] if self._entries else math.inf

    def plan(self, run: Stepping, facts: Sequence[Fact], *, after: float = 0.0) -> None:
        """Put down facts, if there are any, for ``after`` seconds from now."""
        if facts:
            heapq.heappush(self._entries, (self.now + after, self._planned, run, facts))
            self._planned += 1

    def take_due(self) -> list[tuple[Stepping, Sequence[Fact]]]:
        """The entries of this instant, in the order in which they were put down."""
        due: list[tuple[Stepping, Sequence[Fact]]] = []
        while self._entries and self._entries[0][0] <= self.now:
            _, _, run, facts = heapq.heappop(self._entries)
            if not run.line.is_cut:
                due.append((run, facts))
        return due

    def clear(self) -> None:
        """Tear out all pages; the time stays."""
        self._entries.clear()
