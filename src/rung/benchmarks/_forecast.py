"""How long the rest of a benchmark is going to take, from the runs that are over."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator
from typing import TYPE_CHECKING, final

if TYPE_CHECKING:
    from rung.analysis.comparison.runs import Key


@final
class Forecast:
    """Remembers how long runs took, per method and problem, and where there is none yet by what comes nearest."""

    def __init__(self) -> None:
        self._counts: Counter[Hashable] = Counter()
        self._totals: defaultdict[Hashable, float] = defaultdict(float)

    def add(self, key: Key, seconds: float) -> None:
        """Take in a run that is over."""
        for place in _places(key):
            self._counts[place] += 1
            self._totals[place] += seconds

    def expected(self, key: Key) -> float | None:
        """The mean of the runs of the method on the problem; None when nothing is known.

        Else that of the method or that of the problem, whichever is longer: either can be what takes the time. Else
        that of all.
        """
        exact, method, problem, everything = (self._mean(place) for place in _places(key))
        if exact is not None:
            return exact
        return max((mean for mean in (method, problem) if mean is not None), default=everything)

    def left(self, keys: Iterable[Key], *, jobs: int) -> float | None:
        """Seconds until all of these are over; None when nothing is known."""
        known = [self.expected(key) for key in keys]
        return None if None in known else sum(each for each in known if each is not None) / jobs

    def _mean(self, place: Hashable) -> float | None:
        count = self._counts[place]
        return self._totals[place] / count if count else None


def _places(key: Key) -> Iterator[Hashable]:
    """What a run tells about, the nearest first."""
    yield key.problem, key.method
    yield "method", key.method, None
    yield "problem", key.problem, None
    yield "all"
