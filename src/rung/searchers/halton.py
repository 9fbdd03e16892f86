"""Quasi-random search for any number of points: a scrambled Halton sequence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, final

from rung.errors import SettingError
from rung.history import History, starting_points
from rung.registry import describe
from rung.searchers._sequences import Walk, halton
from rung.searchers._unmoved import warn_of_priors
from rung.searchers._unseen import Tried
from rung.space import as_space

if TYPE_CHECKING:
    import numpy as np

    from rung.events import SearchEvent
    from rung.space import Space
    from rung.types import Config, Exhausted, Json, Suggestion

_MOST_DIMENSIONS: Final = 1_000  # a fifth of a second and 100 MB to set up; both grow with the square


@final
class HaltonSearcher:
    """Tries the points of one scrambled Halton sequence in their order; may be stopped after any number of them.

    A Sobol sequence is balanced after 2, 4, 8, 16 … points, and not in between; a Halton sequence has no such numbers.
    In two or three dimensions it lies up to a tenth more evenly midway between two powers of two, and a fifth less
    evenly at a power of two (by L2 star discrepancy). So take it when nobody knows how many trials there will be, or
    when constraints forbid many of the points. From four dimensions on the two hardly differ; beyond some twenty take
    Sobol, for the last dimensions of a Halton sequence need hundreds of points until they are covered.

    space: a Space or anything that ``as_space`` takes, up to 1,000 dimensions. seed: of the scrambling; None takes it
    from the study's own random numbers, so that each study has another sequence. initial_config, points_to_evaluate:
    what is tried first, and takes no point of the sequence; give one of them or none.

    A suggestion's notes say the index of its point, and the first one's the seed of the scrambling, so that the log
    alone determines where the sequence stands. Points that break a constraint are skipped; after 4,096 in a row comes a
    random configuration instead. Coordinates of inactive dimensions are ignored. After an edit of the space the
    sequence goes on at its next index. No configuration comes twice while there is another.
    RungWarning for a space with priors, which an even sequence can't use.

    Source: Halton 1960; the scrambling from Owen 2017 (arXiv:1706.02808); computed by SciPy.
    """

    def __init__(
        self,
        space: object,
        *,
        seed: int | None = None,
        initial_config: Config | None = None,
        points_to_evaluate: Sequence[Config] = (),
    ) -> None:
        given = as_space(space)
        if len(given) > _MOST_DIMENSIONS:
            raise SettingError(
                f"a Halton sequence is made in at most {_MOST_DIMENSIONS:,} dimensions, and the space has "
                f"{len(given):,}.",
                hint="Use SobolSearcher(space).",
            )
        self._seed = seed
        self._walk = Walk("halton", halton, seed)
        self._points = starting_points(given, initial_config, points_to_evaluate)
        self._history = History(given, self._points)
        self._tried = Tried()
        warn_of_priors(given, "HaltonSearcher")

    @property
    def space(self) -> Space:
        """The space in force."""
        return self._history.space

    def suggest(self, rng: np.random.Generator) -> Suggestion | Exhausted:
        """The next waiting point, or the next point of the sequence that may be tried."""
        return self._history.next_point() or self._walk.suggest(self.space, rng, self._tried)

    def update(self, event: SearchEvent) -> None:
        """Note what was tried, and where the sequence stands."""
        self._history.update(event)
        self._walk.update(event)
        self._tried.update(event, self._history)

    def spec(self) -> Mapping[str, Json]:
        """The JSON form, for the log."""
        return describe(self, seed=self._seed, points_to_evaluate=list(self._points) or None)
