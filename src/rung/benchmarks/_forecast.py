"""How long the rest of a benchmark is going to take, from the runs that are over."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator
from typing import TYPE_CHECKING, final

if TYPE_CHECKING:
    from rung.analysis.comparison.runs import Key


@final
class Forecast:
    """Remembers how long runs took, per method and problem, and where there is none yet by what comes nearest."""

    def __init__(self) -> None:
        self._seen: defaultdict[Hashable, list[float]] = defaultdict(list)

    def add(self, key: Key, seconds: float) -> None:
        """Take in a run that is over."""
        for place in _places(key):
            self._seen[place].append(seconds)

    def expected(self, key: Key) -> float | None:
        """The mean of the runs of the method on the problem, else of the method, of the problem, of all; else None."""
        found = next((self._seen[place] for place in _places(key) if place in self._seen), None)
        return None if found is None else sum(found) / len(found)

    def left(self, keys: Iterable[Key], *, jobs: int) -> float | None:
        """Seconds until all of these are over; None when nothing is known."""
        known = [self.expected(key) for key in keys]
        return None if None in known else sum(each for each in known if each is not None) / jobs


def _places(key: Key) -> Iterator[Hashable]:
    """What a run tells about, the nearest first."""
    yield key.problem, key.method
    yield "method", key.method, None
    yield "problem", key.problem, None
    yield "all"
