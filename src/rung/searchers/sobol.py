"""Quasi-random search: a scrambled Sobol sequence, which covers the space more evenly than random points do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, final

from rung.errors import SettingError
from rung.events import Started
from rung.history import History, starting_points
from rung.registry import describe
from rung.space import as_space
from rung.types import Suggestion

if TYPE_CHECKING:
    import numpy as np
    from scipy.stats import qmc

    from rung.events import SearchEvent
    from rung.space import Space
    from rung.types import Config, Json

_MOST_DIMENSIONS: Final = 21_201  # as many direction numbers there are (Joe & Kuo 2008)
_MOST_SKIPPED: Final = 4_096  # points in a row that the constraints forbid
_BLOCK: Final = 64  # points; a power of two, because the sequence is balanced in such blocks
_INDEX = "sobol"
_SCRAMBLE = "scramble"


@final
class SobolSearcher:
    """Tries the points of one scrambled Sobol sequence in their order; best stopped after a power of two of them.

    space: a Space or anything that ``as_space`` takes, up to 21,201 dimensions. seed: of the scrambling; None takes it
    from the study's own random numbers, so that each study has another sequence. initial_config, points_to_evaluate:
    what is tried first, and takes no point of the sequence; give one of them or none.

    A suggestion's notes say the index of its point, and the first one's the seed of the scrambling, so that the log
    alone determines where the sequence stands. Points that break a constraint are skipped; after 4,096 in a row comes a
    random configuration instead. Coordinates of inactive dimensions are ignored. After an edit of the space the
    sequence goes on at its next index. In a small finite space points come more than once.

    Source: Joe & Kuo 2008 for the direction numbers, Matoušek 1998 for the scrambling; computed by SciPy.
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
                f"a Sobol sequence has at most {_MOST_DIMENSIONS:,} dimensions, and the space has {len(given):,}.",
                hint="Use RandomSearcher(space).",
            )
        if seed is not None and (not isinstance(seed, int) or isinstance(seed, bool) or seed < 0):
            raise SettingError(f"seed must be a whole number, at least 0, not {seed!r}.", hint="Use seed=0.")
        self._points = starting_points(given, initial_config, points_to_evaluate)
        self._history = History(given, self._points)
        self._seed = seed
        self._scramble = seed
        self._next = 0
        self._sequence: _Sequence | None = None

    @property
    def space(self) -> Space:
        """The space in force."""
        return self._history.space

    def suggest(self, rng: np.random.Generator) -> Suggestion:
        """The next waiting point, or the next point of the sequence that the constraints allow."""
        if waiting := self._history.next_point():
            return waiting
        scramble = int(rng.integers(2**32)) if self._scramble is None else self._scramble
        notes: dict[str, Json] = {_SCRAMBLE: scramble} if self._scramble is None else {}
        sequence = self._sequence_of(scramble)
        for index in range(self._next, self._next + _MOST_SKIPPED):
            config = self.space.decode(sequence.point(index))
            if all(constraint.is_met(config) for constraint in self.space.constraints):
                return Suggestion(config, {_INDEX: index, **notes})
        return Suggestion(self.space.sample(rng), {_INDEX: index, **notes, "random": True})

    def update(self, event: SearchEvent) -> None:
        """Note where the sequence stands."""
        self._history.update(event)
        if isinstance(event, Started) and _INDEX in event.notes:
            self._next = max(self._next, event.notes[_INDEX] + 1)
            if self._scramble is None:
                self._scramble = event.notes.get(_SCRAMBLE)

    def spec(self) -> Mapping[str, Json]:
        """The JSON form, for the log."""
        return describe(self, seed=self._seed, points_to_evaluate=list(self._points) or None)

    def _sequence_of(self, scramble: int) -> _Sequence:
        wanted = (len(self.space), scramble)
        if self._sequence is None or self._sequence.identity != wanted:
            self._sequence = _Sequence(*wanted)
        return self._sequence


@final
class _Sequence:
    """The points of one scrambled sequence by index; cheap as long as indices hardly ever fall."""

    def __init__(self, n_dimensions: int, scramble: int) -> None:
        self.identity = (n_dimensions, scramble)
        self._engine = _engine(*self.identity)
        self._block: list[list[float]] = []
        self._end = 0  # the index after the last point that the engine has given

    def point(self, index: int) -> list[float]:
        """Point number ``index`` >= 0: d numbers in [0, 1)."""
        if index < self._end - len(self._block):
            self._engine, self._block, self._end = _engine(*self.identity), [], 0
        if index >= self._end:
            start = index - index % _BLOCK
            if start > self._end:
                self._engine.fast_forward(start - self._end)
            self._block = self._engine.random(_BLOCK).tolist()
            self._end = start + _BLOCK
        return self._block[index - self._end]


def _engine(n_dimensions: int, scramble: int) -> qmc.Sobol:
    import numpy as np
    from scipy.stats import qmc

    return qmc.Sobol(n_dimensions, seed=np.random.default_rng(scramble))
