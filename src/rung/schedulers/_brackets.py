"""What schedulers that halve have in common: a searcher, and brackets, one or several, of what it has suggested."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from rung.types import Exhausted, Suggestion, Wait

if TYPE_CHECKING:
    import numpy as np

    from rung.contracts import Searcher
    from rung.events import SearchEvent
    from rung.types import Decision, Proposal


class Brackets(Protocol):
    """One bracket of trials or several; a fold of ``update`` as a scheduler is, but without a searcher."""

    @property
    def can_promote_later(self) -> bool:
        """Whether something runs that may bring a promotion."""

    def first_run(self, suggestion: Suggestion) -> Proposal:
        """A new trial, in the bracket whose turn it is."""

    def promotion(self, *, closed: bool) -> Proposal | None:
        """A paused trial that is due to go on. closed: no new trial is going to come."""

    def update(self, event: SearchEvent) -> Sequence[Decision]:
        """Take note of what happened, and say who is to pause or stop."""


def suggest(
    brackets: Brackets, searcher: Searcher, rng: np.random.Generator, *, new_trials: bool
) -> Proposal | Wait | Exhausted:
    """A promotion, else a new trial, else a promotion in a bracket that gets no more trials."""
    if promotion := brackets.promotion(closed=False):
        return promotion
    answer = searcher.suggest(rng) if new_trials else Exhausted("no paused trial is due to go on")
    if isinstance(answer, Suggestion):
        return brackets.first_run(answer)
    if isinstance(answer, Wait) and (answer.for_person or brackets.can_promote_later):
        return answer
    if promotion := brackets.promotion(closed=True):
        return promotion
    return Wait(answer.why) if brackets.can_promote_later else answer
