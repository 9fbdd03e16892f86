from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from rung.contracts import Searcher
from rung.errors import SettingError
from rung.events import Started
from rung.registry import build_scheduler
from rung.schedulers.pb2 import PB2
from rung.searchers.random import RandomSearcher
from rung.space import Choice, Float, Int, Space
from rung.testing.play import Course, Played, play
from rung.testing.scheduler_suite import SchedulerSuite

RATE = Space({"rate": Float(1e-4, 1.0, log=True)})
MIXED = Space({"rate": Float(1e-4, 1.0, log=True), "units": Int(8, 256), "kind": Choice(["a", "b", "c"])})


class TestPB2(SchedulerSuite):
    def make(self, searcher: Searcher) -> PB2:
        return PB2(searcher, max_t=30, population=15, interval=6)


def copies(played: Played) -> list[Started]:
    return [event for event in played.started() if event.parent is not None]


def test_its_options() -> None:
    made = PB2(RandomSearcher(MIXED), max_t=20, interval=2, quantile=0.5, resample=0.0, fixed=["units"])
    assert build_scheduler(made.spec(), MIXED).spec() == made.spec()
    with pytest.raises(SettingError, match=r"quantile must be .* at most 0\.5, not 0\.7"):
        PB2(RandomSearcher(MIXED), max_t=20, quantile=0.7)


def test_numbers_are_chosen_and_the_rest_is_kept_or_drawn_anew() -> None:
    scheduler = PB2(RandomSearcher(MIXED), max_t=40, interval=4, fixed=["units"], resample=0.0)
    played = play(scheduler, Course(steps=range(1, 41)), workers=3)
    configs = {event.trial: event.config for event in played.started()}
    assert copies(played)
    for event in copies(played):
        assert event.parent is not None
        parent = configs[event.parent]
        assert (event.config["units"], event.config["kind"]) == (parent["units"], parent["kind"])
    assert len({event.config["rate"] for event in copies(played)}) > len(copies(played)) / 2


def test_a_space_without_numbers_will_do() -> None:
    space = Space({"kind": Choice(["a", "b", "c"])})
    played = play(PB2(RandomSearcher(space), max_t=20, resample=1.0), Course(steps=range(1, 21)), workers=2)
    assert {event.config["kind"] for event in copies(played)} > {"a"}


def test_copies_find_the_rate_that_brings_most() -> None:
    scheduler = PB2(RandomSearcher(RATE), max_t=60, interval=4, population=8)

    def loss(config: Mapping[str, Any], step: int) -> float:
        return -step * float(np.exp(-2.0 * (np.log10(config["rate"]) + 2.0) ** 2))

    played = play(scheduler, Course(steps=range(1, 61), loss=loss), workers=2)
    late = [abs(np.log10(event.config["rate"]) + 2.0) for event in copies(played)[-15:]]
    drawn = np.abs(np.random.default_rng(0).uniform(-4.0, 0.0, 100_000) + 2.0)
    assert np.median(late) < 0.5 * np.median(drawn)
