"""Brackets of asynchronous successive halving side by side, without a searcher."""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Sequence
from typing import TYPE_CHECKING, final

from msgspec.structs import replace

from rung.events import Changed, Ended, Observed, Started
from rung.schedulers._halving_rungs import AsynchronousRungs, Variant

if TYPE_CHECKING:
    from rung.events import SearchEvent
    from rung.schedulers._bracket import Bracket
    from rung.types import Decision, Proposal, Suggestion


@final
class AsynchronousBrackets:
    """Shares new trials out among the brackets of ``plans``, and halves in each without waiting for anybody.

    The first n trials go to the first bracket, the next to the second with its own n, and so on, again and again.
    """

    def __init__(self, plans: Sequence[Bracket], *, reduction_factor: int, variant: Variant) -> None:
        self._plans = tuple(plans)
        self._rungs = tuple(
            AsynchronousRungs(plan.levels, reduction_factor=reduction_factor, variant=variant) for plan in plans
        )
        self._promotes = variant == "promotion"
        self._filled_at = tuple(itertools.accumulate(plan.n for plan in plans))
        self._n_begun = 0
        self._bracket_of: dict[int, int] = {}  # open trial -> index of its bracket

    @property
    def can_promote_later(self) -> bool:
        """Whether a run is on its way to a rung where it pauses."""
        return self._promotes and any(rungs.n_running for rungs in self._rungs)

    def first_run(self, suggestion: Suggestion) -> Proposal:
        """A new trial, in the bracket whose turn it is."""
        index = self._next_bracket()
        return self._marked(self._rungs[index].first_run(suggestion), index)

    def promotion(self, *, closed: bool) -> Proposal | None:
        """The trial that is due to go on, in the bracket where it gets furthest; nobody waits for others here."""
        del closed
        due = [
            self._marked(proposal, index)
            for index, rungs in enumerate(self._rungs)
            if (proposal := rungs.promotion()) is not None
        ]
        return max(due, key=lambda proposal: proposal.until or 0, default=None)

    def update(self, event: SearchEvent) -> Sequence[Decision]:
        """Tell the trial's bracket. Unknown kinds of event, and trials that no bracket has begun, are ignored."""
        if not isinstance(event, Started | Observed | Ended | Changed):
            return ()
        if isinstance(event, Started) and event.cause == "new":
            index = self._bracket_of[event.trial] = self._next_bracket()
            self._n_begun += 1
        elif event.trial not in self._bracket_of:
            return ()
        index = self._bracket_of[event.trial]
        decisions = self._rungs[index].update(event)
        if isinstance(event, Ended) and event.state.is_final:
            del self._bracket_of[event.trial]
        return [replace(each, why=f"bracket {self._plans[index].s}, {each.why}") for each in decisions]

    def _next_bracket(self) -> int:
        return bisect_right(self._filled_at, self._n_begun % self._filled_at[-1])

    def _marked(self, proposal: Proposal, index: int) -> Proposal:
        return replace(proposal, notes={**proposal.notes, "bracket": self._plans[index].s})
