from __future__ import annotations

from typing import Any

import pytest

from rung.commands import ChangeSearcher
from rung.schedulers.basic import BasicScheduler
from rung.searchers.random import RandomSearcher
from rung.space import Float, Space
from rung.store import MemoryStore
from rung.tuner import Tuner
from rung.tuning.handover import HandOver, hand_over, written


@pytest.fixture
def store() -> MemoryStore:
    """A store with the study ``s`` of one random trial."""
    store = MemoryStore()
    scheduler = BasicScheduler(RandomSearcher(Space({"x": Float(0.0, 1.0)})))
    with Tuner(lambda x: x, scheduler, store=store, study="s", seed=0) as tuner:
        tuner.run(1)
    return store


def test_who_had_it_and_who_goes_on(store: MemoryStore) -> None:
    asked = hand_over(store, "s", "tpe(gamma=0.2)")
    assert str(asked) == "random -> tpe(gamma=0.2)"
    assert asked == HandOver("s", {"name": "random"}, {"name": "tpe", "gamma": 0.2}, asked.command)
    assert store.tables.pending("s") == [(asked.command, ChangeSearcher({"name": "tpe", "gamma": 0.2}))]
    assert str(hand_over(store, "s", "sobol")) == "tpe(gamma=0.2) -> sobol"


def test_who_has_it_already_is_not_asked_for(store: MemoryStore) -> None:
    asked = hand_over(store, "s", "random")
    assert (str(asked), asked.command) == ("nothing changes", None)
    assert store.tables.pending("s") == []


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ({"name": "auto"}, "auto"),
        ({"name": "gp", "acquisition": "ei", "warp_inputs": True}, "gp(acquisition=ei, warp_inputs=true)"),
        ({"name": "tpe", "gamma": 0.2, "candidates": 24}, "tpe(gamma=0.2)"),
        ({"name": "no-such", "x": 0.5}, "no-such(x=0.5)"),
        ({"name": "random", "points_to_evaluate": [{"x": 1}]}, "random"),
        (
            {"name": "asha", "max_t": 9, "levels": [1, 3], "reduction_factor": 4, "searcher": {"name": "tpe"}},
            "asha(max_t=9, levels=[1,3], reduction_factor=4)",
        ),
        ({"class": "some.module:Searcher", "opaque": "book:Searcher"}, "Searcher"),
        (None, "unnamed"),
    ],
)
def test_as_it_is_written(form: Any, text: str) -> None:
    assert written(form) == text
