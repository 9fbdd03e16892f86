"""The deterministic half of a tuner: the log goes in, the next suggestion and the decisions come out.

A live tuner, a resumed one and ``verify`` use the same fold, so what a crash leaves behind is decided as it would have
been without the crash.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, final

import numpy as np

from rung.events import Changed, Ended, Enqueued, Event, Observed, SpaceEdited, Started
from rung.ledger import Ledger

if TYPE_CHECKING:
    from rung.contracts import Scheduler
    from rung.tuning.standing import Fold
    from rung.types import Decision, Exhausted, Proposal, Wait

_FORWARDED = frozenset({Changed, Ended, Enqueued, SpaceEdited})


def draw_generator(seed: int, draw: int) -> np.random.Generator:
    """The random stream of draw number ``draw`` of a study: no state to store, re-seed or forget."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(draw,)))


def trial_seed(seed: int, trial: int) -> int:
    """A seed in [0, 2**32) for the trial's own random numbers; the same in every attempt."""
    return int.from_bytes(hashlib.blake2b(f"{seed}/{trial}".encode(), digest_size=4).digest(), "little")


@final
class Engine:
    """A scheduler and the ledger of its study, folded together; ``also``: what else is folded with them."""

    def __init__(self, scheduler: Scheduler, *, also: Sequence[Fold] = ()) -> None:
        self.scheduler = scheduler
        self.ledger = Ledger()
        self._also = tuple(also)

    def fold(self, event: Event) -> Sequence[Decision]:
        """Take the next event of the log; returns what the scheduler decides because of it."""
        self.ledger.apply(event)
        for fold in self._also:
            fold(event, self.ledger)
        kind = type(event)
        if kind is Observed:
            return self.scheduler.update(event) if event.loss is not None else ()  # type: ignore[union-attr, arg-type]
        if kind in _FORWARDED or (kind is Started and event.cause != "retried"):  # type: ignore[union-attr]
            return self.scheduler.update(event)  # type: ignore[arg-type]
        return ()

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
