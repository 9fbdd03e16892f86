"""Numbers in order, of which there may be very many."""

from __future__ import annotations

from array import array
from bisect import bisect_left, insort
from collections.abc import Iterable
from typing import final

_CHUNK = 4096  # numbers; an insertion moves at most twice as many, so that its cost hardly grows with their count


@final
class SortedFloats:
    """Keeps numbers in order. An insertion, and a look at any place, cost O(log n + n / chunk)."""

    def __init__(self, numbers: Iterable[float] = ()) -> None:
        ordered = array("d", sorted(numbers))
        self._chunks = [ordered[at : at + _CHUNK] for at in range(0, len(ordered), _CHUNK)] or [ordered]
        self._highest = [chunk[-1] for chunk in self._chunks[:-1]]  # of each chunk but the last
        self._n = len(ordered)

    def __len__(self) -> int:
        return self._n

    def __getitem__(self, place: int) -> float:
        """The number at a place, counted from 0 for the lowest. IndexError."""
        if not 0 <= place < self._n:
            raise IndexError(place)
        index = 0
        while place >= len(self._chunks[index]):
            place -= len(self._chunks[index])
            index += 1
        return self._chunks[index][place]

    def add(self, number: float) -> None:
        """Insert a number, behind or before equal ones."""
        index = bisect_left(self._highest, number)
        chunk = self._chunks[index]
        insort(chunk, number)
        self._n += 1
        if len(chunk) > 2 * _CHUNK:
            self._chunks[index : index + 1] = [chunk[:_CHUNK], chunk[_CHUNK:]]
            self._highest.insert(index, chunk[_CHUNK - 1])
