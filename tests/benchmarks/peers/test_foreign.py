from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
import pytest

import rung
from rung.analysis.comparison.runs import Budget
from rung.benchmarks.driver import drive
from rung.benchmarks.peers.foreign import Foreign
from rung.benchmarks.peers.peer import Asked
from rung.benchmarks.problem import Step
from rung.errors import SpaceError
from rung.space import Space
from rung.types import Exhausted, Goal

SPACE = Space({"x": rung.Float(0, 9)})
RNG = np.random.default_rng(0)


class Listed:
    """Suggests the numbers of a list and keeps what it is told; ``stop_at``: ends a trial there, once its loss is 5."""

    def __init__(self, *numbers: float, stop_at: int = 0) -> None:
        self.waiting = list(enumerate(numbers))
        self.report = self._report if stop_at > 0 else None
        self.stop_at = stop_at
        self.told: list[tuple[Any, ...]] = []
        self.asks = 0

    def ask(self) -> Asked | None:
        self.asks += 1
        if not self.waiting:
            return None
        index, number = self.waiting.pop(0)
        return Asked(f"number {index}", {"x": number})

    def _report(self, key: Hashable, step: int, loss: float) -> bool:
        self.told.append((key, step, loss))
        return step >= self.stop_at and loss >= 5

    def tell(self, key: Hashable, loss: float | None, *, is_stopped: bool) -> None:
        self.told.append((key, loss, is_stopped))


class Gain:
    """Two steps; the value, which is to be large, is the negative of x after the first one, and half of it at the end.

    x = 7 can't be trained.
    """

    name, space, goal, n_steps = "gain", SPACE, Goal("gain", "max"), 2
    best, median, caveat = None, None, ""

    def train(self, config: Any, seed: int, *, after: int = 0) -> Any:
        if config["x"] == 7:
            raise ZeroDivisionError
        yield Step(-config["x"], 1.0)
        yield Step(-config["x"] / 2, 1.0)


def run(peer: Listed) -> list[tuple[Any, ...]]:
    found = drive(Gain(), lambda: Foreign("listed", peer, SPACE), Budget("evaluations", 9), seed=0)
    assert found.failed == ""
    return peer.told


def test_a_peer_is_told_losses_and_ends() -> None:
    assert run(Listed(3, 7, 4)) == [
        ("number 0", 1.5, False),
        ("number 1", None, False),
        ("number 2", 2.0, False),
    ]


def test_a_peer_that_stops_early_is_asked_after_each_step() -> None:
    assert run(Listed(6, 2, stop_at=1)) == [
        ("number 0", 1, 6.0),
        ("number 0", 6.0, True),
        ("number 1", 1, 2.0),
        ("number 1", 2, 1.0),
        ("number 1", 1.0, False),
    ]


def test_asking_twice_is_asking_once() -> None:
    peer = Listed(1, 2)
    scheduler = Foreign("listed", peer, SPACE)
    first = scheduler.suggest(RNG, new_trials=True)
    assert scheduler.suggest(RNG, new_trials=True) == first
    assert peer.asks == 1
    assert isinstance(scheduler.suggest(RNG, new_trials=False), Exhausted)


def test_a_peer_that_has_nothing_left() -> None:
    found = Foreign("listed", Listed(), SPACE).suggest(RNG, new_trials=True)
    assert found == Exhausted("listed has nothing left to suggest")


def test_a_configuration_outside_the_space_is_the_peers_fault() -> None:
    with pytest.raises(SpaceError, match=r"listed suggested \{'x': 11\}: .*11 is not between 0.0 and 9.0"):
        Foreign("listed", Listed(11), SPACE).suggest(RNG, new_trials=True)


def test_nothing_can_be_built_from_its_form() -> None:
    assert Foreign("listed", Listed(), SPACE).spec()["opaque"] == "listed"
