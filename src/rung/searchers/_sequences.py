"""Points of a low-discrepancy sequence, one for each suggestion; the log says where the sequence stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeAlias, cast, final

from rung.checks import whole_number
from rung.events import Started
from rung.types import Exhausted, Suggestion

if TYPE_CHECKING:
    import numpy as np
    from scipy.stats import qmc

    from rung.events import SearchEvent
    from rung.searchers._unseen import Tried
    from rung.space import Space
    from rung.types import Json

Engine: TypeAlias = "Callable[[int, np.random.Generator], qmc.QMCEngine]"
"""Makes a sequence of so many dimensions, scrambled by that generator."""

_MOST_SKIPPED: Final = 4_096  # points in a row that are forbidden or have been tried
_MOST_FOR_EACH: Final = 64  # of them, for each configuration of a small space: nothing new comes by then
_BLOCK: Final = 64  # points; a power of two, because a Sobol sequence is balanced in such blocks
_SCRAMBLE: Final = "scramble"


@final
class Walk:
    """Goes through one scrambled sequence, point by point.

    name: the key in a suggestion's notes with the index of its point. seed: of the scrambling; None takes it from the
    random numbers of the first suggestion, whose notes then hold it. So the log alone determines where it stands.
    SettingError for a seed that is none.
    """

    def __init__(self, name: str, engine: Engine, seed: int | None = None) -> None:
        self._name = name
        self._engine = engine
        self._scramble = None if seed is None else whole_number("seed", seed, at_least=0, example=0)
        self._next = 0
        self._sequence: Sequence | None = None

    def suggest(self, space: Space, rng: np.random.Generator, tried: Tried) -> Suggestion | Exhausted:
        """The next point that the constraints allow and nobody has tried; after 4,096 others a random configuration.

        In a small space it comes after fewer. Coordinates of inactive dimensions are ignored. Exhausted when all
        configurations have been tried.
        """
        scramble = int(rng.integers(2**32)) if self._scramble is None else self._scramble
        notes: dict[str, Json] = {_SCRAMBLE: scramble} if self._scramble is None else {}
        sequence = self._sequence_of(len(space), scramble)
        most = int(min(_MOST_SKIPPED, _MOST_FOR_EACH * space.size))
        for index in range(self._next, self._next + most):
            config = space.decode(sequence.point(index))
            if all(constraint.is_met(config) for constraint in space.constraints) and config not in tried:
                return Suggestion(config, {self._name: index, **notes})
        drawn = tried.draw(space, rng)
        return Exhausted() if drawn is None else Suggestion(drawn, {self._name: index, **notes, "random": True})

    def update(self, event: SearchEvent) -> None:
        """Note which point was tried; an edit of the space changes nothing, the next index comes next."""
        if isinstance(event, Started) and self._name in event.notes:
            self._next = max(self._next, event.notes[self._name] + 1)
            if self._scramble is None:
                self._scramble = event.notes.get(_SCRAMBLE)

    def _sequence_of(self, n_dimensions: int, scramble: int) -> Sequence:
        wanted = (n_dimensions, scramble)
        if self._sequence is None or self._sequence.identity != wanted:
            self._sequence = Sequence(self._engine, *wanted)
        return self._sequence


@final
class Sequence:
    """The points of one scrambled sequence by index; cheap as long as indices hardly ever fall."""

    def __init__(self, engine: Engine, n_dimensions: int, scramble: int) -> None:
        self.identity = (n_dimensions, scramble)
        self._make = engine
        self._block: list[list[float]] = []
        self._end = 0  # the index after the last point that was computed
        self._restart()

    def point(self, index: int) -> list[float]:
        """Point number ``index`` >= 0: d numbers in [0, 1)."""
        if index < self._end - len(self._block):
            self._restart()
        if index >= self._end:
            start = index - index % _BLOCK
            if start > self._end:
                self._points.fast_forward(start - self._end)
            self._block = cast("list[list[float]]", self._points.random(_BLOCK).tolist())
            self._end = start + _BLOCK
        return self._block[index - self._end]

    def _restart(self) -> None:
        import numpy as np

        n_dimensions, scramble = self.identity
        self._points = self._make(n_dimensions, np.random.default_rng(scramble))
        self._block, self._end = [], 0


def sobol(n_dimensions: int, rng: np.random.Generator) -> qmc.Sobol:
    """A Sobol sequence, at most 21,201 dimensions: Joe & Kuo 2008, scrambled as in Matoušek 1998."""
    from scipy.stats import qmc

    return qmc.Sobol(n_dimensions, seed=rng)


def halton(n_dimensions: int, rng: np.random.Generator) -> qmc.Halton:
    """A Halton sequence with randomly permuted digits: Owen 2017."""
    from scipy.stats import qmc

    return qmc.Halton(n_dimensions, seed=rng)
