"""Random search: the baseline that everything else has to beat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, final

from rung.history import History, starting_points
from rung.registry import describe
from rung.space import as_space
from rung.types import Suggestion

if TYPE_CHECKING:
    import numpy as np

    from rung.events import SearchEvent
    from rung.space import Space
    from rung.types import Config, Json

_BELIEVED: Final = 0.5
"""The share of configurations that are drawn where a person believes the best ones to be."""


@final
class RandomSearcher:
    """Draws each configuration from the space's own distributions, independently of all others.

    space: a Space or anything that ``as_space`` takes. initial_config, points_to_evaluate: what is tried first; give
    one of them or none. A configuration may come twice; in a small finite space it surely does.

    Where the space has priors, every second configuration on average is drawn from what they say instead (numbers from
    normals, choices by their weights), so that a wrong belief costs half of the trials.
    """

    def __init__(
        self, space: object, *, initial_config: Config | None = None, points_to_evaluate: Sequence[Config] = ()
    ) -> None:
        given = as_space(space)
        self._points = starting_points(given, initial_config, points_to_evaluate)
        self._history = History(given, self._points)

    @property
    def space(self) -> Space:
        """The space in force."""
        return self._history.space

    def suggest(self, rng: np.random.Generator) -> Suggestion:
        """The next waiting point, or a random configuration."""
        return self._history.next_point() or Suggestion(_drawn(self.space, rng))

    def update(self, event: SearchEvent) -> None:
        """Keep track of waiting points and of the space."""
        self._history.update(event)

    def spec(self) -> Mapping[str, Json]:
        """The JSON form, for the log."""
        return describe(self, points_to_evaluate=list(self._points) or None)


def _drawn(space: Space, rng: np.random.Generator) -> Config:
    if space.priors and rng.random() < _BELIEVED:
        from rung.searchers._priors import Opinion  # with the models' mathematics, which random search can do without

        believed = space.decode(Opinion(space).quantiles(rng.random((1, len(space))))[0])
        if space.is_allowed(believed):
            return believed
    return space.sample(rng)
