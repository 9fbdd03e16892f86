"""The deterministic half of a tuner: the log goes in, the next suggestion and the decisions come out.

A live tuner, a resumed one and ``verify`` use the same fold, so what a crash leaves behind is decided as it would have
been without the crash.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias, TypeGuard, final

import numpy as np

from rung.events import (
    Changed,
    Ended,
    Enqueued,
    Event,
    Observed,
    SearcherChanged,
    SearchEvent,
    SpaceEdited,
    Started,
    StudyCreated,
)
from rung.ledger import Ledger
from rung.registry import build_scheduler
from rung.space import Space

if TYPE_CHECKING:
    from rung.contracts import Scheduler
    from rung.tuning.standing import Fold
    from rung.types import Decision, Exhausted, Json, Proposal, Wait

_FORWARDED = frozenset({Changed, Ended, Enqueued, SpaceEdited})

Log: TypeAlias = Callable[[], Iterable[tuple[int, Event]]]
"""Gives the events of a study's log from the first one, with their sequence numbers."""


def draw_generator(seed: int, draw: int) -> np.random.Generator:
    """The random stream of draw number ``draw`` of a study: no state to store, re-seed or forget."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(draw,)))


def trial_seed(seed: int, trial: int) -> int:
    """A seed in [0, 2**32) for the trial's own random numbers; the same in every attempt."""
    return int.from_bytes(hashlib.blake2b(f"{seed}/{trial}".encode(), digest_size=4).digest(), "little")


def is_forwarded(event: Event) -> TypeGuard[SearchEvent]:
    """Whether schedulers and searchers are told of it: of no retries, no lost runs, no losses that are no numbers."""
    kind = type(event)
    if kind is Observed:
        return event.loss is not None  # type: ignore[union-attr]
    return kind in _FORWARDED or (kind is Started and event.cause != "retried")  # type: ignore[union-attr]


def split_log(events: Iterable[Event]) -> tuple[StudyCreated, Iterator[SearchEvent]]:
    """A log as schedulers and searchers have it: how the study began, and what they are told from then on."""
    rest = iter(events)
    created = next(rest)
    assert isinstance(created, StudyCreated), "a log begins with it"
    return created, filter(is_forwarded, rest)


@final
class Engine:
    """A scheduler and the ledger of its study, folded together.

    also: what else is folded with them. log: has what was folded already, for a searcher that takes over from another
    one and must learn from it; there may be more in it.
    """

    def __init__(self, scheduler: Scheduler, *, log: Log, also: Sequence[Fold] = ()) -> None:
        self.scheduler = scheduler
        self.ledger = Ledger()
        self._log = log
        self._also = tuple(also)
        self._n_folded = 0

    def fold(self, event: Event) -> Sequence[Decision]:
        """Take the next event of the log; returns what the scheduler decides because of it."""
        if isinstance(event, SearcherChanged):
            self.scheduler = self.with_searcher(event.searcher)
        self._n_folded += 1
        self.ledger.apply(event)
        for fold in self._also:
            fold(event, self.ledger)
        return self.scheduler.update(event) if is_forwarded(event) else ()

    def with_searcher(self, searcher: Json) -> Scheduler:
        """A scheduler like this one around another searcher (JSON form), to which all has been told that happened.

        SettingError when it can't be made.
        """
        past = [event for _, event in islice(self._log(), self._n_folded)]
        assert len(past) == self._n_folded, "what was folded is in the log already"
        created, told = split_log(past)
        form = {**self.scheduler.spec(), "searcher": searcher}
        scheduler = build_scheduler(form, Space.from_json(created.space))
        for event in told:
            scheduler.update(event)
        return scheduler

    def replay(self, events: Iterable[tuple[int, Event]]) -> int:
        """Fold what is in a store; returns the last sequence number, or 0."""
        last = 0
        for last, event in events:  # noqa: B007  # the last value is what is asked for
            self.fold(event)
        return last

    def propose(self, *, new_trials: bool) -> Proposal | Wait | Exhausted:
        """What the scheduler wants next, drawn from the stream that follows from the log."""
        study = self.ledger.study
        assert study is not None
        return self.scheduler.suggest(draw_generator(study.seed, study.draws), new_trials=new_trials)
