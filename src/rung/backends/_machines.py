"""The workers of a simulated cluster: how fast each is, which are free, and when they come and go."""

from __future__ import annotations

import heapq
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, final

import numpy as np

from rung.checks import number
from rung.errors import SettingError, SpaceError
from rung.space import as_domain

if TYPE_CHECKING:
    from rung.backends.faults import Faults

# The first number of a stream's key says what is drawn from it, so that one kind of fault never shifts another.
_SPEEDS, _LIFETIMES, RUNS = range(3)


def stream(seed: int, *key: int) -> np.random.Generator:
    """The random stream of that key in a simulation."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


@final
class Machines:
    """Numbers from 0 to ``slots - 1``. speeds: by number; 2 takes half the time.

    A worker that is lost is neither free nor busy until it is back. next_change: when one is lost or back again,
    infinite for never.
    """

    def __init__(self, slots: int, *, speeds: Any, faults: Faults, seed: int) -> None:
        self.speeds = _speeds_of(speeds, slots, seed)
        self._free = set(range(slots))
        self._away: set[int] = set()
        self._absence = faults.absence
        self._changes: list[tuple[float, int]] = []  # a heap; whoever is away comes back, the others are lost
        self._lives: dict[int, tuple[np.random.Generator, float]] = {}
        lifetime = faults.lifetime
        if isinstance(lifetime, Mapping):
            if unknown := [worker for worker in lifetime if worker >= slots]:
                raise SettingError(
                    f"lifetime names the worker {unknown[0]}, and there are {slots}.",
                    hint=f"Workers are numbered from 0 to {slots - 1}.",
                )
            self._changes = [(float(at), worker) for worker, at in lifetime.items()]
        elif lifetime < math.inf:
            self._lives = {worker: (stream(seed, _LIFETIMES, worker), lifetime) for worker in range(slots)}
            self._changes = [(self._next_loss(worker, 0.0), worker) for worker in range(slots)]
        heapq.heapify(self._changes)

    @property
    def next_change(self) -> float:
        """When the next worker is lost or back again."""
        return self._changes[0][0] if self._changes else math.inf

    @property
    def are_all_gone(self) -> bool:
        """None is left, and none will ever be back."""
        return len(self._away) == len(self.speeds) and not self._changes

    def take(self, preferred: int) -> int | None:
        """A free worker for a run: that of its number, else the lowest free one; None when there is none."""
        if preferred in self._free:
            self._free.discard(preferred)
            return preferred
        if not self._free:
            return None
        lowest = min(self._free)
        self._free.discard(lowest)
        return lowest

    def release(self, worker: int) -> None:
        """Its run is over; it is free unless it is lost."""
        if worker not in self._away:
            self._free.add(worker)

    def turn(self, now: float) -> list[int]:
        """Let those go and come that do until now; returns those that were lost."""
        lost = []
        while self._changes and self._changes[0][0] <= now:
            at, worker = heapq.heappop(self._changes)
            if worker in self._away:
                self._away.discard(worker)
                self._free.add(worker)
                if worker in self._lives:
                    heapq.heappush(self._changes, (self._next_loss(worker, at), worker))
                continue
            self._away.add(worker)
            self._free.discard(worker)
            lost.append(worker)
            if self._absence < math.inf:
                heapq.heappush(self._changes, (at + self._absence, worker))
        return lost

    def _next_loss(self, worker: int, since: float) -> float:
        rng, mean = self._lives[worker]
        return since + float(rng.exponential(mean))


def _speeds_of(given: Any, slots: int, seed: int) -> Sequence[float]:
    """One speed for each worker: as given, or drawn from the domain that was given."""
    if isinstance(given, Sequence | np.ndarray) and not isinstance(given, str):
        speeds = list(given)
        if len(speeds) != slots:
            raise SettingError(
                f"speeds has {len(speeds)} numbers for {slots} workers.",
                hint="Give one for each worker, or a domain to draw them from, such as rung.uniform(0.5, 2.0).",
            )
    else:
        try:
            domain = as_domain(given)
        except SpaceError as error:
            raise SettingError(
                f"speeds={given!r} says no speeds.", hint="Give numbers, or a domain: rung.uniform(0.5, 2.0)."
            ) from error
        speeds = [domain.from_unit(float(u)) for u in stream(seed, _SPEEDS).random(slots)]
    example = "2, which takes half the time of 1"
    return [number(f"the speed of worker {i}", speed, above=0, example=example) for i, speed in enumerate(speeds)]
