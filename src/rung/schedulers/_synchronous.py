"""Brackets of synchronous successive halving, one after the other, without a searcher."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, final

from msgspec import Struct

from rung.events import Changed, Ended, Observed, Started
from rung.schedulers._bracket import Bracket, OpenBracket
from rung.schedulers._rungs import rung_reached
from rung.types import Action, Decision, Proposal, TrialState

if TYPE_CHECKING:
    from rung.events import SearchEvent
    from rung.types import Config, Json, Suggestion


class _Member(Struct):
    """A trial of a bracket. rung: index of the rung that it heads for, or waits at."""

    config: Config
    bracket: OpenBracket
    rung: int = 0


@final
class SynchronousBrackets:
    """Fills the brackets of ``plans`` in turn, again and again, and takes each to its end.

    A new bracket begins as soon as all trials of the one before have begun, so that no worker waits for the last trials
    of a rung; what an older bracket wants comes first. With one worker a bracket is over before the next begins.
    """

    def __init__(self, plans: Sequence[Bracket]) -> None:
        self._plans = tuple(plans)
        self._newest = OpenBracket(self._plans[0], 0)
        self._ready: dict[int, OpenBracket] = {}  # number -> bracket that has somebody to promote
        self._members: dict[int, _Member] = {}
        self._running: set[int] = set()

    @property
    def can_promote_later(self) -> bool:
        """Whether something runs; when its run ends, a rung may be complete."""
        return bool(self._running)

    def first_run(self, suggestion: Suggestion) -> Proposal:
        """A new trial, to the first rung of the newest bracket that is not full."""
        bracket = self._open_bracket()
        notes = {**suggestion.notes, **self._notes(bracket)}
        return Proposal(config=suggestion.config, until=bracket.plan.r, notes=notes)

    def promotion(self, *, closed: bool) -> Proposal | None:
        """The next to be promoted, in the oldest bracket that has one. closed: the newest goes on with what it has."""
        bracket = self._ready[min(self._ready)] if self._ready else self._newest
        trial = bracket.next_up(closed=closed)
        if trial is None:
            return None
        member = self._members[trial]
        levels = bracket.plan.levels
        notes = {**self._notes(bracket), "rung": levels[member.rung]}
        return Proposal(trial=trial, config=member.config, until=levels[member.rung + 1], notes=notes)

    def update(self, event: SearchEvent) -> Sequence[Decision]:
        """Keep the brackets, and pause who has reached a rung. Unknown kinds of event are ignored."""
        if isinstance(event, Started):
            self._started(event)
        elif isinstance(event, Observed):
            return self._observed(event)
        elif isinstance(event, Ended):
            self._ended(event)
        elif isinstance(event, Changed) and (member := self._members.get(event.trial)):
            member.config = {**member.config, **event.changes}
        return ()

    def _started(self, event: Started) -> None:
        self._running.add(event.trial)
        if event.cause == "new":
            self._newest = self._open_bracket()
            self._newest.join(event.trial)
            self._members[event.trial] = _Member(event.config, self._newest)
        elif member := self._members.get(event.trial):
            member.config = event.config
            if event.draw is not None:
                member.bracket.promote(event.trial, member.rung)
                member.rung += 1
            elif member.bracket.has_been_at(event.trial, member.rung):
                self._lose(event.trial)  # a person goes on with it past its rung, on their own account
            else:
                member.bracket.expect(event.trial, member.rung)
            self._see_if_ready(member.bracket)

    def _observed(self, event: Observed) -> Sequence[Decision]:
        member = self._members.get(event.trial)
        if member is None:
            return ()
        bracket, levels = member.bracket, member.bracket.plan.levels
        reached = rung_reached(levels, event.step)
        if reached < member.rung or bracket.has_been_at(event.trial, reached):
            return ()
        assert event.loss is not None, "reports without a loss don't reach a scheduler"
        standing = bracket.record(event.trial, event.loss, expected_at=member.rung, reached=reached)
        member.rung = reached
        if standing is None:
            self._lose(event.trial)
        self._see_if_ready(bracket)
        if reached == len(levels) - 1:
            return ()
        where = "" if len(self._plans) == 1 else f"bracket {bracket.plan.s}, "
        why = "decided before it came" if standing is None else f"rank {standing[0]} of {standing[1]}"
        return (Decision(event.trial, Action.PAUSE, f"{where}rung {levels[reached]}: {why}"),)

    def _ended(self, event: Ended) -> None:
        self._running.discard(event.trial)
        member = self._members.get(event.trial)
        if member is None:
            return
        is_paused = event.state is TrialState.PAUSED
        member.bracket.leave(event.trial, member.rung, holds=is_paused and event.reason != "person")
        if not is_paused:
            self._lose(event.trial)
        self._see_if_ready(member.bracket)

    def _lose(self, trial: int) -> None:
        """What becomes of a trial does not concern its bracket any more."""
        member = self._members.pop(trial)
        member.bracket.leave(trial, member.rung, holds=False)

    def _see_if_ready(self, bracket: OpenBracket) -> None:
        if bracket.next_up() is None:
            self._ready.pop(bracket.number, None)
        else:
            self._ready[bracket.number] = bracket

    def _open_bracket(self) -> OpenBracket:
        """The bracket that the next new trial joins."""
        if not self._newest.is_full:
            return self._newest
        number = self._newest.number + 1
        return OpenBracket(self._plans[number % len(self._plans)], number)

    def _notes(self, bracket: OpenBracket) -> Mapping[str, Json]:
        rounds = {"round": bracket.number // len(self._plans)}
        return rounds if len(self._plans) == 1 else {**rounds, "bracket": bracket.plan.s}
