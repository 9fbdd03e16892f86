"""How busy the workers of a study were: the share of the time in which each had a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import final

from msgspec import Struct

from rung.events import Ended, Event, Interrupted, Placed, SessionEnded, SessionStarted, Started


@final
class Utilisation(Struct, frozen=True):
    """How busy workers were, by number. busy: seconds in which each had a run; there: seconds that a session had it."""

    busy: tuple[float, ...] = ()
    there: tuple[float, ...] = ()

    @property
    def shares(self) -> tuple[float, ...]:
        """The busy share of each worker, in [0, 1]; 0 where no time has passed."""
        return tuple(busy / there if there else 0.0 for busy, there in zip(self.busy, self.there, strict=True))

    @property
    def share(self) -> float:
        """The busy share of all workers together."""
        total = sum(self.there)
        return sum(self.busy) / total if total else 0.0

    def __str__(self) -> str:
        if not self.there:
            return "no worker yet"
        if len(self.there) == 1:
            return f"its worker was busy for {self.share:.0%} of the time"
        shares = self.shares
        return (
            f"{len(shares)} workers were busy for {self.share:.0%} of the time ({min(shares):.0%} to {max(shares):.0%})"
        )


def utilisation(events: Iterable[Event], *, at: float) -> Utilisation:
    """The utilisation in all sessions of a study, from its log. at: the study's clock now, in seconds.

    A run counts from when it found its process, where the log says when that was. Runs at the same time on one worker,
    as those by hand may be, count once.
    """
    tally = _Tally()
    for event in events:
        tally.update(event)
    return tally.closed(at)


@final
class _Tally:
    """Adds up who was there and who was busy. update: takes the next event of the log."""

    def __init__(self) -> None:
        self._there: dict[int, float] = {}  # number of workers -> seconds
        self._busy: dict[int, float] = {}
        self._workers: dict[int, int] = {}  # running trial -> worker
        self._load: Counter[int] = Counter()
        self._since: dict[int, float] = {}
        self._session: tuple[int, float] | None = None
        self._last_at = 0.0

    def update(self, event: Event) -> None:
        if isinstance(event, Started):
            self._begin(event.trial, event.worker, event.at)
        elif isinstance(event, Placed):
            worker = self._workers[event.trial]
            if self._load[worker] == 1:
                self._since[worker] = event.at
        elif isinstance(event, Interrupted | Ended):
            self._end(event.trial, event.at)
        elif isinstance(event, SessionStarted):
            self._close_session(self._last_at)  # the one before may have been killed
            self._session = event.slots, event.at
        elif isinstance(event, SessionEnded):
            self._close_session(event.at)
        self._last_at = event.at

    def closed(self, at: float) -> Utilisation:
        """What it comes to at this moment of the study's clock."""
        for trial in list(self._workers):
            self._end(trial, at)
        self._close_session(at)
        count = max(*self._there, *(worker + 1 for worker in self._busy), 0, 0)
        there = [sum(seconds for slots, seconds in self._there.items() if slots > worker) for worker in range(count)]
        busy = [self._busy.get(worker, 0.0) for worker in range(count)]
        # Runs that were recorded or imported may lie outside all sessions.
        return Utilisation(tuple(busy), tuple(max(pair) for pair in zip(there, busy, strict=True)))

    def _begin(self, trial: int, worker: int, at: float) -> None:
        self._workers[trial] = worker
        self._load[worker] += 1
        if self._load[worker] == 1:
            self._since[worker] = at

    def _end(self, trial: int, at: float) -> None:
        worker = self._workers.pop(trial, None)
        if worker is None:  # a paused trial is stopped: it has no run
            return
        self._load[worker] -= 1
        if self._load[worker] == 0:
            self._busy[worker] = self._busy.get(worker, 0.0) + at - self._since[worker]

    def _close_session(self, at: float) -> None:
        if self._session is not None:
            slots, began = self._session
            self._there[slots] = self._there.get(slots, 0.0) + at - began
            self._session = None
