"""No early stopping: every configuration is trained to its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, final

from rung.registry import describe
from rung.types import Exhausted, Proposal, Suggestion

if TYPE_CHECKING:
    import numpy as np

    from rung.contracts import Searcher
    from rung.events import SearchEvent
    from rung.space import Space
    from rung.types import Decision, Json, Wait


@final
class BasicScheduler:
    """Runs what its searcher suggests, each trial to the objective's own end."""

    def __init__(self, searcher: Searcher) -> None:
        self.searcher = searcher

    @property
    def space(self) -> Space:
        """The searcher's space."""
        return self.searcher.space

    def suggest(self, rng: np.random.Generator, *, new_trials: bool) -> Proposal | Wait | Exhausted:
        """The searcher's next suggestion; it never goes on with open trials."""
        if not new_trials:
            return Exhausted("only people pause trials here, and only they continue them")
        suggestion = self.searcher.suggest(rng)
        if not isinstance(suggestion, Suggestion):
            return suggestion
        return Proposal(config=suggestion.config, notes=suggestion.notes)

    def update(self, event: SearchEvent) -> Sequence[Decision]:
        """Pass the event to the searcher; nothing is ever decided."""
        self.searcher.update(event)
        return ()

    def spec(self) -> Mapping[str, Json]:
        """The JSON form, for the log."""
        return describe(self, searcher=self.searcher.spec())
