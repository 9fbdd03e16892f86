from __future__ import annotations

import itertools
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from space_strategies import property_test

from rung.errors import SpaceError
from rung.space import Between, Choice, Float, Int, Space, When, at_least, at_most


@pytest.fixture
def nested():
    return Space(
        {
            "momentum": Float(0.0, 1.0),
            "optimizer": ["sgd", "adam"],
            "nesterov": [True, False],
            "damping": Float(0.0, 0.5),
            "layers": Int(1, 3),
            "units_2": Int(8, 64),
            "units_3": Int(8, 64),
        },
        conditions={
            "nesterov": ("momentum", at_least(0.5)),
            "damping": ("nesterov", True),
            "momentum": ("optimizer", "sgd"),
            "units_2": ("layers", at_least(2)),
            "units_3": ("layers", [3]),
        },
    )


def expected_names(config):
    """A second writing of the conditions above."""
    names = {"optimizer", "layers"}
    if config["optimizer"] == "sgd":
        names.add("momentum")
        if config["momentum"] >= 0.5:
            names.add("nesterov")
            if config["nesterov"] is True:
                names.add("damping")
    names.update({1: (), 2: ("units_2",), 3: ("units_2", "units_3")}[config["layers"]])
    return names


def test_samples_have_the_active_names_only_in_the_order_of_the_space(nested):
    rng = np.random.default_rng(0)
    seen = set()
    for _ in range(500):
        config = nested.sample(rng)
        assert set(config) == expected_names(config)
        assert list(config) == [name for name in nested if name in config]
        assert nested.validate(config) == config
        seen.add(frozenset(config))
    assert len(seen) == 4 * 3


def test_inactive_dimensions_are_nan_in_the_unit_cube(nested):
    rng = np.random.default_rng(0)
    configs = [nested.sample(rng) for _ in range(100)]
    points = nested.encode(configs)
    for config, point in zip(configs, points, strict=True):
        assert {name for name, u in zip(nested, point, strict=True) if not math.isnan(u)} == set(config)
        back = nested.decode(point)
        assert set(back) == set(config)
        assert back == pytest.approx(config, abs=1e-15)


def test_a_missing_coordinate_of_an_active_dimension_is_an_error(nested):
    with pytest.raises(SpaceError, match="momentum: nan is not in the unit interval"):
        nested.decode([math.nan, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1])


def test_inactive_keys_are_refused_with_the_reason(nested):
    with pytest.raises(
        SpaceError,
        match=r"momentum is given but inactive: it needs optimizer = 'sgd', and optimizer is 'adam'\. Leave out mom",
    ):
        nested.validate({"optimizer": "adam", "momentum": 0.5, "layers": 1})
    with pytest.raises(
        SpaceError, match=r"nesterov is given but inactive: it needs momentum >= 0.5, and momentum is inact"
    ):
        nested.validate({"optimizer": "adam", "nesterov": True, "layers": 1})
    with pytest.raises(SpaceError, match="units_3 is given but inactive: it needs layers = 3, and layers is 2"):
        nested.validate({"optimizer": "adam", "layers": 2, "units_2": 8, "units_3": 8})


def test_active_keys_must_be_there(nested):
    with pytest.raises(SpaceError, match=r"damping is missing .*Add it, such as damping=0.25"):
        nested.validate({"optimizer": "sgd", "momentum": 0.9, "nesterov": True, "layers": 1})


def test_ways_to_write_a_condition():
    domains = {"a": ["x", "y"], "b": Int(1, 9)}
    ways = ["x", ["x"], ("x",), When("a", "x").values]
    spaces = {Space(domains, conditions={"b": ("a", way)}) for way in ways}
    spaces |= {Space(domains, conditions={"b": way}) for way in (When("a", "x"), [When("a", "x")], [("a", "x")])}
    assert len(spaces) == 1


def test_of_several_conditions_all_must_hold():
    space = Space(
        {"a": [True, False], "b": Int(1, 4), "c": Float(0, 1)}, conditions={"c": [("a", True), ("b", Between(2, 3))]}
    )
    for a, b in itertools.product([True, False], range(1, 5)):
        config = {"a": a, "b": b} | ({"c": 0.5} if a and b in (2, 3) else {})
        assert space.validate(config) == config
    with pytest.raises(SpaceError, match="c is given but inactive: it needs b from 2 to 3, and b is 4"):
        space.validate({"a": True, "b": 4, "c": 0.5})


def test_true_is_not_one():
    space = Space({"a": [True, 1], "b": [0]}, conditions={"b": ("a", True)})
    assert space.validate({"a": True, "b": 0})
    assert space.validate({"a": 1}) == {"a": 1}


def test_chains_of_any_length():
    n = 3000
    names = [f"x{k}" for k in range(n)]
    conditions = {names[k]: (names[k - 1], "on") for k in range(1, n)}
    space = Space({name: ["on", "off"] for name in reversed(names)}, conditions=conditions)
    assert len(space.decode([0.1] * n)) == n
    assert space.decode([0.1] * (n - 1) + [0.9]) == {"x0": "off"}
    assert space.size == n + 1


@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        ({"a": ("a", "on")}, "cycle: a -> a"),
        ({"a": ("b", "on"), "b": ("c", "on"), "c": ("a", "on")}, "cycle: .* -> .* -> .* -> .*Drop one"),
        ({"a": ("z", "on")}, "'a' depends on 'z', which is no dimension. There are a, b, c"),
        ({"z": ("a", "on")}, "there is no dimension 'z'"),
        ({"a": ("b", "onn")}, r"'a' depends on b = 'onn': 'onn' is not one of 'on', 'off'. Did you mean 'on'\?"),
        ({"a": ("b", at_most(3))}, "'a' depends on b <= 3: .* aren't numbers"),
        ({"a": ("b", [])}, "at least one value"),
        ({"a": []}, "the list is empty"),
        ({"a": "b"}, "'b' is not a condition of 'a'. Use a pair"),
        ({"a": ("b", "on", "off")}, "'b' is not a condition of 'a'"),
        ({"a": {"parent": "b", "is": 3}}, "is not a set of values"),
        ([("a", "b")], "conditions must be a mapping, got list"),
    ],
)
def test_senseless_conditions_are_refused(conditions, message):
    with pytest.raises(SpaceError, match=message):
        Space({name: ["on", "off"] for name in "abc"}, conditions=conditions)


def test_conditions_are_in_the_json_form(nested):
    form = nested.to_json()
    assert form["dimensions"][0]["when"] == [{"parent": "optimizer", "in": ["sgd"]}]
    assert form["dimensions"][5]["when"] == [{"parent": "layers", "at_least": 2}]
    again = Space.from_json(json.loads(json.dumps(form)))
    assert again == nested
    assert again.sample(np.random.default_rng(5)) == nested.sample(np.random.default_rng(5))
    assert Space(dict(nested)) != nested


@property_test
@given(st.data())
def test_size_counts_the_configs(data):
    names = [f"x{k}" for k in range(data.draw(st.integers(1, 5)))]
    conditions = {}
    for place, name in enumerate(names[1:], start=1):
        if data.draw(st.booleans()):
            parent = data.draw(st.sampled_from(names[:place]))
            conditions[name] = (parent, data.draw(st.lists(st.integers(0, 2), min_size=1, unique=True)))
    space = Space(dict.fromkeys(names, Choice([0, 1, 2])), conditions=conditions)
    middles = [1 / 6, 3 / 6, 5 / 6]
    configs = {json.dumps(space.decode(point)) for point in itertools.product(middles, repeat=len(names))}
    assert space.size == len(configs)


def test_size_is_a_bound_where_counting_is_too_hard():
    domains = {"a": [0, 1], "b": [0, 1], "c": [0, 1]}
    assert Space(domains, conditions={"c": [("a", 1), ("b", 1)]}).size == 8
    assert Space({"a": Int(1, 10**6), "b": [0, 1]}, conditions={"b": ("a", 5)}).size == 2 * 10**6
    assert Space({"a": [0, 1], "b": Float(0, 1)}, conditions={"b": ("a", 1)}).size == math.inf


def test_a_form_may_name_values_that_an_edit_has_taken_away():
    conditions = {"momentum": {"parent": "opt", "in": ["sgd"]}, "depth": [{"parent": "units", "at_least": 100}]}
    space = Space(
        {"opt": ["adam"], "momentum": Float(0, 1), "units": Int(1, 9), "depth": Int(1, 3)}, conditions=conditions
    )
    assert space.validate({"opt": "adam", "units": 9}) == {"opt": "adam", "units": 9}
    with pytest.raises(SpaceError, match="momentum is given but inactive: it needs opt = 'sgd'"):
        space.validate({"opt": "adam", "momentum": 0.5, "units": 9})
    assert Space.from_json(space.to_json()) == space
    with pytest.raises(SpaceError, match="'sgd' is not one of 'adam'"):
        Space({"opt": ["adam", "b"], "momentum": Float(0, 1)}, conditions={"momentum": ("opt", "sgd")})
    with pytest.raises(SpaceError, match="'momentum' depends on 'z', which is no dimension"):
        Space({"momentum": Float(0, 1)}, conditions={"momentum": {"parent": "z", "in": ["sgd"]}})
