"""Keeps to configurations that have not been tried."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, final

from rung.events import Changed, Started
from rung.searchers.grid import combinations
from rung.space.values import identity

if TYPE_CHECKING:
    import numpy as np

    from rung.events import SearchEvent
    from rung.history import History
    from rung.space import Space
    from rung.types import Config

_DRAWS: Final = 100  # random configurations, before all are gone through
_MOST_LISTED: Final = 1_000_000  # of those that the constraints allow; some seconds


@final
class Tried:
    """The configurations that have been tried or are being tried, by whomever."""

    def __init__(self, configs: Iterable[Config] = ()) -> None:
        self._keys = set(map(_key, configs))

    def __contains__(self, config: Config) -> bool:
        return _key(config) in self._keys

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, config: Config) -> None:
        """Count it as tried."""
        self._keys.add(_key(config))

    def update(self, event: SearchEvent, history: History) -> None:
        """Note what is tried from this event on, which the history has taken already."""
        if isinstance(event, Started | Changed):
            self.add(history.configs[event.trial])

    def others(self, space: Space, points: int) -> Iterator[dict[str, Any]]:
        """Untried configurations made of at most so many values of each number; see ``Domain.grid``."""
        listed = islice(combinations(space, points), _MOST_LISTED)
        return (config for config in listed if config not in self)

    def draw(self, space: Space, rng: np.random.Generator) -> dict[str, Any] | None:
        """An untried configuration: random, or the first one in order where random ones have all been tried.

        None when there is none, among the first million that the constraints allow.
        """
        for _ in range(_DRAWS):
            config = space.sample(rng)
            if config not in self:
                return config
        enough = len(self) + 2  # values of one dimension: more than were tried in all
        return next(self.others(space, enough), None)


def _key(config: Config) -> Hashable:
    return tuple(sorted((name, identity(value)) for name, value in config.items()))
