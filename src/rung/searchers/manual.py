"""Search by hand: nothing is tried but what a person asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, final

from rung.history import History, starting_points
from rung.registry import describe
from rung.space import as_space
from rung.types import Wait

if TYPE_CHECKING:
    import numpy as np

    from rung.events import SearchEvent
    from rung.space import Space
    from rung.types import Config, Json, Suggestion

_WAITING: Final = "no configuration waits to be tried, and the searcher has none of its own"


@final
class ManualSearcher:
    """Suggests nothing of its own: a person enqueues what is to be tried, and the study waits for it.

    space: a Space or anything that ``as_space`` takes; it says what may be enqueued. initial_config,
    points_to_evaluate: what is tried first; give one of them or none. A study ends by its limits, or when somebody
    stops it; at any time another searcher can take over, and learns from what was tried by hand.
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

    def suggest(self, rng: np.random.Generator) -> Suggestion | Wait:  # noqa: ARG002  # nothing is random here
        """The point that has waited longest; else to wait for a person."""
        return self._history.next_point() or Wait(_WAITING, for_person=True)

    def update(self, event: SearchEvent) -> None:
        """Keep track of waiting points and of the space."""
        self._history.update(event)

    def spec(self) -> Mapping[str, Json]:
        """The JSON form, for the log."""
        return describe(self, points_to_evaluate=list(self._points) or None)
