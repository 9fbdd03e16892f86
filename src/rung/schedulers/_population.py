"""The population of population based training: who holds which place, how the members compare, and whose turn it is."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import NamedTuple, final

from msgspec import Struct, field

from rung.events import REPLACES, Changed, Ended, Enqueued, Observed, SearchEvent, Started
from rung.types import Action, Config, Decision, TrialState


class Standing(enum.Enum):
    """How a member stands. READY: paused at the end of an interval. HELD: paused by a person. GONE: its place is empty.

    DONE: it has come to its end. VACANT: it failed, or was stopped early; its place waits for a copy of another member.
    """

    RUNNING = enum.auto()
    READY = enum.auto()
    HELD = enum.auto()
    DONE = enum.auto()
    VACANT = enum.auto()
    GONE = enum.auto()


_OPEN = frozenset({Standing.RUNNING, Standing.READY, Standing.HELD})
_COMPARED = _OPEN | {Standing.DONE}


class Member(Struct):
    """A place in the population, and the trial that holds it.

    step: the last one reported, or that of the checkpoint it began from. marks: what was reported first after each
    number of whole intervals, by whoever held the place then, so that a replaced member counts as what it was; where a
    copy skips some, its parent's. last_loss: after its last whole interval, a parent's too; None when it isn't known.
    compared: after how many whole intervals the place was last compared; a copy is compared again only after another
    interval, so that nothing is copied for ever without being trained. began: how many a copy had behind it when it
    began; -1 for who is no copy.
    """

    place: int
    trial: int
    config: Config
    standing: Standing = Standing.RUNNING
    step: int = 0
    marks: dict[int, float] = field(default_factory=dict)
    last_loss: float | None = None
    compared: int = 0
    began: int = -1

    def loss_after(self, intervals: int) -> float | None:
        """The loss after so many intervals, or after the most before them; None when there is none."""
        known = [number for number in self.marks if number <= intervals]
        return self.marks[max(known)] if known else None


class Gain(NamedTuple):
    """What an interval brought: steps and losses at its two ends, and the configuration in it."""

    from_step: int
    to_step: int
    from_loss: float
    to_loss: float
    config: Config


class Comparison(NamedTuple):
    """A member among the population. rank: 1 for the best. better: open members of the top quantile, the best first.

    is_last: it is in the bottom quantile, and worse than all of the top one.
    """

    rank: int
    n: int
    better: tuple[Member, ...]
    is_last: bool


@final
class Population:
    """The members by place, folded from events. ``update`` is the only way it changes.

    size: how many places there are; each configuration that a person enqueues adds one. gains: what the intervals of
    all members brought, in the order in which they were over, but for the first of each member.
    """

    def __init__(self, size: int, *, interval: int, max_t: int, quantile: float) -> None:
        self.size = size
        self.members: list[Member] = []
        self.gains: list[Gain] = []
        self._interval = interval
        self._max_t = max_t
        self._quantile = quantile
        self._by_trial: dict[int, Member] = {}

    @property
    def running(self) -> list[Member]:
        """The members that run."""
        return [member for member in self.members if member.standing is Standing.RUNNING]

    def update(self, event: SearchEvent) -> Sequence[Decision]:
        """Take the next event; pause who has come to the end of an interval, and stop whom a copy replaces."""
        if isinstance(event, Enqueued):
            self.size += 1
        elif isinstance(event, Started) and event.cause != "given":
            return self._started(event)
        elif isinstance(event, Observed | Ended | Changed) and (member := self._by_trial.get(event.trial)):
            if isinstance(event, Observed):
                return self._observed(member, event)
            if isinstance(event, Ended):
                self._ended(member, event)
            else:
                member.config = {**member.config, **event.changes}
        return ()

    def ready(self) -> list[Member]:
        """Whose turn it is: places to be filled anew, then who is behind, of these the worst, so that it isn't late."""
        vacant = [each for each in self.members if each.standing is Standing.VACANT]
        waiting = [each for each in self.members if each.standing is Standing.READY]
        waiting.sort(key=lambda each: (self.intervals(each), -(each.last_loss or 0.0), each.place))
        return vacant + waiting

    def intervals(self, member: Member) -> int:
        """How many whole intervals a member has behind it."""
        return member.step // self._interval

    def boundaries(self, member: Member | None = None) -> tuple[int, ...]:
        """The ends of intervals up to that of the member's next one, or of the first one; none is past ``max_t``."""
        intervals = 0 if member is None else self.intervals(member)
        return tuple(min(number * self._interval, self._max_t) for number in range(1, intervals + 2))

    def compare(self, member: Member) -> Comparison:
        """Where a member stands, with every place as it was when as far as the member is now; who is behind, as now.

        The quantiles are rounded down, but hold one member each when all of two or more can be compared. Of equal
        losses the lower place is better. A vacant place is compared as the last one.
        """
        is_vacant = member.standing is Standing.VACANT
        after = max(map(self.intervals, self.members)) if is_vacant else self.intervals(member)
        living = [each for each in self.members if each.standing in _COMPARED]
        known = ((each.loss_after(after), each) for each in living)
        ranked = sorted(((loss, each.place, each) for loss, each in known if loss is not None), key=lambda e: e[:2])
        n = len(ranked)
        held = int(self._quantile * n) or int(is_vacant or (n == len(living) and n > 1))
        rank = n if is_vacant else [each for *_, each in ranked].index(member) + 1
        top = ranked[:held]
        better = tuple(each for *_, each in top if each.standing in _OPEN and each.step < self._max_t)
        is_worse = is_vacant or (bool(top) and ranked[rank - 1][0] > top[-1][0])
        return Comparison(rank, n, better, is_last=is_vacant or (rank > n - held and is_worse))

    def _started(self, event: Started) -> Sequence[Decision]:
        known = self._by_trial.get(event.trial)
        if known is not None:
            known.config, known.standing = event.config, Standing.RUNNING
            known.compared = max(known.compared, self.intervals(known))
            return ()
        if event.parent is None:
            member = Member(len(self.members), event.trial, event.config)
            self.members.append(member)
            self._by_trial[event.trial] = member
            return ()
        return self._copied(event, self._by_trial[event.parent], self._by_trial.pop(event.notes[REPLACES]))

    def _copied(self, event: Started, parent: Member, old: Member) -> Sequence[Decision]:
        step = 0 if event.parent_checkpoint is None else event.parent_checkpoint.step
        whole = step // self._interval
        skipped = {number: loss for number, loss in parent.marks.items() if self.intervals(old) < number <= whole}
        copy = Member(
            place=old.place,
            trial=event.trial,
            config=event.config,
            step=step,
            marks=old.marks | skipped,
            last_loss=parent.last_loss if whole == self.intervals(parent) else None,
            compared=max(self.intervals(old), self.intervals(parent)),
            began=whole,
        )
        self.members[old.place] = self._by_trial[event.trial] = copy
        if old.standing is Standing.VACANT:
            return ()
        rank = f"rank {event.notes['rank']} of {event.notes['of']}"
        why = f"{rank}, replaced by a copy of trial {event.parent}"
        return (Decision(old.trial, Action.STOP, why),)

    def _observed(self, member: Member, event: Observed) -> Sequence[Decision]:
        before, member.step = self.intervals(member), event.step
        after = self.intervals(member)
        if after == before:
            return ()
        assert event.loss is not None, "reports without a loss don't reach a scheduler"
        if member.last_loss is not None:
            ends = before * self._interval, after * self._interval
            self.gains.append(Gain(*ends, member.last_loss, event.loss, member.config))
        member.marks[after] = member.last_loss = event.loss
        if event.step >= self._max_t:
            return ()
        return (Decision(event.trial, Action.PAUSE, "the interval is over"),)

    def _ended(self, member: Member, event: Ended) -> None:
        if event.state is TrialState.PAUSED:
            member.standing = Standing.HELD if event.reason == "person" else Standing.READY
        elif event.state is TrialState.COMPLETED:
            member.standing = Standing.DONE
        elif event.reason == "person" or self.intervals(member) <= member.began:
            member.standing = Standing.GONE
        else:
            member.standing = Standing.VACANT
