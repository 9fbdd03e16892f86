"""Rung tables: at which steps trials are compared, and how they rank there. Pure; knows no events."""

from __future__ import annotations

import heapq
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import TypeAlias, final

Entry: TypeAlias = tuple[float, int]
"""(loss, trial). Entries are ordered by loss, and equal losses by trial number."""

_CHUNK = 1024  # entries; an insertion moves at most twice as many, so that its cost hardly grows with the table


def rung_levels(grace_period: int, max_t: int, reduction_factor: int) -> tuple[int, ...]:
    """``grace_period * reduction_factor**k`` for all k with which that is below ``max_t``, then ``max_t``."""
    levels = []
    level = grace_period
    while level < max_t:
        levels.append(level)
        level *= reduction_factor
    return (*levels, max_t)


def rung_reached(levels: tuple[int, ...], step: int) -> int:
    """Index of the highest level at or below ``step``; -1 when there is none."""
    return bisect_right(levels, step) - 1


@final
class Ranking:
    """An ordered set of entries that knows the rank of each.

    Insertion and rank are O(log n + n / chunk). Entries lie in compact columns, cut into chunks, because at 100,000 of
    them a search through scattered tuples would wait for memory twice as long as it computes.
    """

    def __init__(self) -> None:
        self._losses: list[array[float]] = [array("d")]
        self._trials: list[array[int]] = [array("q")]
        self._highest: list[Entry] = []  # of each chunk but the last
        self._sizes: list[int] = [0]
        self._n = 0

    def __len__(self) -> int:
        return self._n

    def __iter__(self) -> Iterator[Entry]:
        for losses, trials in zip(self._losses, self._trials, strict=True):
            yield from zip(losses, trials, strict=True)

    def add(self, entry: Entry) -> int:
        """Insert an entry that is not there yet; returns its rank, 1 for the best."""
        chunk, position = self._find(entry)
        self._losses[chunk].insert(position, entry[0])
        self._trials[chunk].insert(position, entry[1])
        rank = sum(self._sizes[:chunk]) + position + 1
        self._n += 1
        self._sizes[chunk] += 1
        if self._sizes[chunk] > 2 * _CHUNK:
            self._split(chunk)
        return rank

    def rank(self, entry: Entry) -> int:
        """The rank of an entry, 1 for the best: one more than there are entries before it."""
        chunk, position = self._find(entry)
        return sum(self._sizes[:chunk]) + position + 1

    def _find(self, entry: Entry) -> tuple[int, int]:
        loss, trial = entry
        chunk = bisect_left(self._highest, entry)
        losses = self._losses[chunk]
        position = bisect_left(losses, loss)
        if position < len(losses) and losses[position] == loss:
            position = bisect_left(self._trials[chunk], trial, position, bisect_right(losses, loss, position))
        return chunk, position

    def _split(self, chunk: int) -> None:
        losses, trials = self._losses[chunk], self._trials[chunk]
        self._losses[chunk : chunk + 1] = [losses[:_CHUNK], losses[_CHUNK:]]
        self._trials[chunk : chunk + 1] = [trials[:_CHUNK], trials[_CHUNK:]]
        self._highest.insert(chunk, (losses[_CHUNK - 1], trials[_CHUNK - 1]))
        self._sizes[chunk : chunk + 1] = [_CHUNK, len(losses) - _CHUNK]


@final
class Rung:
    """What the trials reported when they first reached ``level``, and who of them waits there.

    losses: trial -> loss, one for each trial that got here, in the order of arrival.
    """

    def __init__(self, level: int) -> None:
        self.level = level
        self.losses: dict[int, float] = {}
        self._ranking = Ranking()
        self._held: set[int] = set()
        self._held_best_first: list[Entry] = []  # a heap; entries of trials that are no longer held are removed late
        self._not_due: tuple[int, int, Entry] | None = None  # number here, factor, and the best that waited in vain

    def __len__(self) -> int:
        return len(self.losses)

    def __repr__(self) -> str:
        return f"Rung({self.level}: {len(self)} trials, {len(self._held)} waiting)"

    @property
    def ranked(self) -> list[Entry]:
        """All (loss, trial) here, the best first."""
        return list(self._ranking)

    @property
    def held(self) -> frozenset[int]:
        """The trials that wait here."""
        return frozenset(self._held)

    def record(self, trial: int, loss: float) -> int:
        """Note a trial's loss, once; returns its rank among all so far. Of equal losses the older trial's is better."""
        assert trial not in self.losses
        self.losses[trial] = loss
        return self._ranking.add((loss, trial))

    def hold(self, trial: int) -> None:
        """The trial waits here to be promoted."""
        if trial not in self._held:
            self._held.add(trial)
            heapq.heappush(self._held_best_first, (self.losses[trial], trial))

    def release(self, trial: int) -> None:
        """The trial waits here no longer."""
        self._held.discard(trial)

    def promotable(self, reduction_factor: int) -> int | None:
        """The best trial that waits here, if it is among the best ``1 / reduction_factor`` of all that got here."""
        heap = self._held_best_first
        while heap and heap[0][1] not in self._held:
            heapq.heappop(heap)
        if not heap:
            return None
        standing = (len(self.losses), reduction_factor, heap[0])
        if standing == self._not_due:
            return None
        if self._ranking.rank(heap[0]) > len(self.losses) // reduction_factor:
            self._not_due = standing
            return None
        return heap[0][1]
