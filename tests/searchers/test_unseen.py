from __future__ import annotations

import numpy as np
import pytest

from rung.events import Changed, Ended, Started
from rung.history import History
from rung.searchers._unseen import Tried
from rung.space import Choice, Float, Int, Space, linear
from rung.testing.spaces import example_spaces
from rung.types import TrialState

SMALL = Space({"kind": Choice(["a", "b", 1, True]), "deep": Choice([False, True])})


def test_values_are_told_apart_as_the_space_does() -> None:
    tried = Tried()
    tried.add({"kind": 1, "deep": True})
    assert {"deep": True, "kind": 1} in tried
    assert {"kind": True, "deep": True} not in tried
    assert {"kind": 1} not in tried
    assert len(tried) == 1


def test_what_starts_is_tried_and_what_it_is_changed_to() -> None:
    history, tried = History(SMALL), Tried()
    for event in (
        Started(at=0.0, trial=0, attempt=1, config={"kind": "a", "deep": True}),
        Changed(at=1.0, trial=0, attempt=1, step=1, changes={"deep": False}),
        Ended(at=2.0, trial=0, attempt=1, state=TrialState.COMPLETED),
    ):
        history.update(event)
        tried.update(event, history)
    assert {"kind": "a", "deep": True} in tried
    assert {"kind": "a", "deep": False} in tried
    assert len(tried) == 2


def test_a_small_space_is_drawn_empty_without_repeats() -> None:
    tried, rng = Tried(), np.random.default_rng(0)
    for _ in range(SMALL.size):
        config = tried.draw(SMALL, rng)
        assert config is not None
        assert config not in tried
        tried.add(config)
    assert tried.draw(SMALL, rng) is None
    assert list(tried.others(SMALL, 10)) == []


@pytest.mark.parametrize("missing", [0, 71_234])
def test_the_last_one_of_many_is_found(missing: int) -> None:
    space = Space({"n": Int(0, 99_999), "fixed": 1})
    tried = Tried()
    for n in range(100_000):
        if n != missing:
            tried.add({"n": n, "fixed": 1})
    assert tried.draw(space, np.random.default_rng(0)) == {"n": missing, "fixed": 1}


def test_others_keep_to_the_constraints() -> None:
    space = Space({"a": Int(0, 3), "b": Int(0, 3)}, constraints=[linear({"a": 1, "b": 1}, at_most=2)])
    tried = Tried()
    tried.add({"a": 0, "b": 0})
    assert [(each["a"], each["b"]) for each in tried.others(space, 4)] == [(0, 1), (0, 2), (1, 0), (1, 1), (2, 0)]


def test_a_continuous_space_is_never_empty() -> None:
    space = Space({"x": Float(0, 1)})
    tried = Tried()
    for config in space["x"].grid(50):
        tried.add({"x": config})
    assert tried.draw(space, np.random.default_rng(0)) is not None


def test_what_has_been_tried_does_not_depend_on_order_or_spelling() -> None:
    tried = Tried()
    tried.add({"a": 1, "b": [1, 2]})
    assert {"b": (1, 2), "a": 1.0} in tried
    assert {"a": True, "b": [1, 2]} not in tried
    assert {"a": 1} not in tried


@pytest.mark.parametrize("name", ["few points", "one point", "constrained"])
def test_all_configurations_come_once_and_then_none(name: str) -> None:
    space, tried, rng = example_spaces()[name].space, Tried(), np.random.default_rng(0)
    found = []
    while (config := tried.draw(space, rng)) is not None:
        assert space.is_allowed(config)
        assert config not in tried
        tried.add(config)
        found.append(config)
    size = {"few points": 6, "one point": 1, "constrained": 55 + 40}[name]
    assert len(found) == size


def test_conditional_configurations_come_once_and_then_none() -> None:
    space = Space(
        {"leaf": Choice([1, 2, 3]), "top": Choice(["x", "y"]), "deep": Int(0, 1)},
        conditions={"leaf": ("top", "x"), "deep": ("leaf", [2, 3])},
    )
    tried, rng, found = Tried(), np.random.default_rng(0), []
    while (config := tried.draw(space, rng)) is not None:
        assert config == space.validate(config)
        assert list(config) == [each for each in space.names if each in config]
        tried.add(config)
        found.append(config)
    assert len(found) == 1 + 1 + 2 * 2
