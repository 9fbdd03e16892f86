from __future__ import annotations

import numpy as np
import pytest

from rung.searchers._tpe_space import MOST_LISTED, Tried, axes_of
from rung.space import Choice, Float, Int, Normal, Ordinal, Space, at_most, forbid
from rung.testing.spaces import example_spaces


def test_axes_by_kind() -> None:
    space = Space(
        {
            "fixed": 3,
            "rate": Float(1e-4, 1.0, log=True),
            "noise": Normal(0.0, 1.0),
            "step": Float(0.0, 1.0, step=0.25),
            "size": Ordinal(["s", "m", "l"]),
            "kind": Choice(["a", "b"]),
            "long": Int(0, 10**6),
            "point": Float(2.0, 2.0),
            "many": Choice(list(range(2 * MOST_LISTED))),
        }
    )
    axes = axes_of(space)
    assert axes.n_columns == 9
    assert axes.continuous.tolist() == [1, 2, 6]
    assert [(axis.column, axis.size, axis.is_ordered) for axis in axes.listed] == [
        (3, 5, True),
        (4, 3, True),
        (5, 2, False),
        (8, 2 * MOST_LISTED, False),
    ]


def test_the_edges_are_those_of_the_bins() -> None:
    for domain in (Int(1, 200, log=True), Int(5, 9), Float(0.1, 3.1, step=0.1, log=True)):
        (axis,) = axes_of(Space({"x": domain})).listed
        assert axis.edges[0] == 0.0
        assert axis.edges[-1] == 1.0
        values = domain.grid(1000)
        for index, (low, high) in enumerate(zip(axis.edges[:-1], axis.edges[1:], strict=True)):
            assert domain.from_unit(low + 1e-9) == domain.from_unit(high - 1e-9) == values[index]


def test_values_of_encoded_configs() -> None:
    space = Space({"units": Int(8, 64, log=True), "kind": Choice(["a", "b", "c"])})
    configs = [{"units": units, "kind": kind} for units in range(8, 65) for kind in "abc"]
    values = axes_of(space).values(space.encode(configs))
    assert values.tolist() == [[c["units"] - 8, "abc".index(c["kind"])] for c in configs]


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
    while (config := tried.draw_other(space, rng)) is not None:
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
    while (config := tried.draw_other(space, rng)) is not None:
        assert config == space.validate(config)
        assert list(config) == [each for each in space.names if each in config]
        tried.add(config)
        found.append(config)
    assert len(found) == 1 + 1 + 2 * 2


def test_in_a_space_too_large_to_go_through_a_configuration_may_come_twice() -> None:
    space = Space({"a": Int(0, 399), "b": Int(0, 399)}, constraints=[forbid({"a": at_most(396)})])
    tried, rng = Tried(), np.random.default_rng(0)
    for a in range(397, 400):
        for b in range(400):
            tried.add({"a": a, "b": b})
    again = tried.draw_other(space, rng)
    assert again is not None
    assert again in tried
