"""Real trainings, whose costs are the seconds that they take."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol, final

from rung.benchmarks.problem import Step

if TYPE_CHECKING:
    from rung.space import Space
    from rung.types import Config, Goal

MOST_KEPT: Final = 256  # trainings that wait to go on; a small network with its momentum takes a megabyte at most


class Training(Protocol):
    """One training under way. All that is random in it follows from its configuration and its seed."""

    def step(self) -> float:
        """Train one more step; the value after it."""


@final
@dataclass(frozen=True)
class Measured:
    """A problem that is really trained.

    begin: (configuration, seed) -> a training before its first step. A training that is left before its end is kept,
    and goes on where it is when it is asked for; past the newest 256, and in another process, it is trained anew up to
    there, which is not charged.
    """

    name: str
    space: Space
    goal: Goal
    n_steps: int
    begin: Callable[[Config, int], Training]
    best: float | None = None
    median: float | None = None
    caveat: str = ""
    _kept: dict[tuple[str, int, int], Training] = field(default_factory=dict, init=False, repr=False, compare=False)

    def train(self, config: Config, seed: int, *, after: int = 0) -> Iterator[Step]:
        """The steps as they are trained, each with the seconds that it took."""
        valid = self.space.validate(config)
        if after >= self.n_steps:
            return
        key = json.dumps(valid), seed
        training = self._kept.pop((*key, after), None) or self._trained(valid, seed, after)
        for step in range(after + 1, self.n_steps + 1):
            started = time.perf_counter()
            value = training.step()
            result = Step(value, time.perf_counter() - started)
            try:
                yield result
            except GeneratorExit:
                self._keep((*key, step), training)
                raise

    def _trained(self, config: Config, seed: int, steps: int) -> Training:
        training = self.begin(config, seed)
        for _ in range(steps):
            training.step()
        return training

    def _keep(self, key: tuple[str, int, int], training: Training) -> None:
        self._kept[key] = training  # one that is at its end is not asked for again, and goes with the oldest
        while len(self._kept) > MOST_KEPT:
            del self._kept[next(iter(self._kept))]
