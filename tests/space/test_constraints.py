from __future__ import annotations

import json
import math

import numpy as np
import pytest
from scipy import stats

from rung.errors import SpaceError
from rung.space import Float, Int, Normal, Space, at_least, forbid, linear

DOMAINS = {"optimizer": ["sgd", "adam"], "lr": Float(1e-4, 1.0, log=True), "a": Int(0, 10), "b": Int(0, 10)}


def test_forbidden_combinations_do_not_come_up():
    space = Space(DOMAINS, constraints=[forbid({"optimizer": "adam", "lr": at_least(0.1)})])
    rng = np.random.default_rng(0)
    configs = [space.sample(rng) for _ in range(1000)]
    assert not any(config["optimizer"] == "adam" and config["lr"] >= 0.1 for config in configs)
    assert any(config["optimizer"] == "sgd" and config["lr"] >= 0.1 for config in configs)
    assert any(config["optimizer"] == "adam" for config in configs)


def test_linear_constraints_hold_and_samples_are_uniform_within():
    space = Space(DOMAINS, constraints=[linear({"a": 1, "b": 2}, at_most=10), linear({"a": 1, "b": -1}, at_least=-2)])
    allowed = [(a, b) for a in range(11) for b in range(11) if a + 2 * b <= 10 and a - b >= -2]
    rng = np.random.default_rng(0)
    drawn = [(config["a"], config["b"]) for config in (space.sample(rng) for _ in range(6000))]
    assert set(drawn) == set(allowed)
    assert stats.chisquare([drawn.count(pair) for pair in allowed]).pvalue > 0.01


def test_each_try_takes_one_number_per_dimension():
    space = Space({"a": Int(0, 9), "b": Int(0, 9)}, constraints=[linear({"a": 1, "b": 1}, at_most=3)])
    rng, other = np.random.default_rng(3), np.random.default_rng(3)
    for _ in range(20):
        config = space.sample(rng)
        while not space.is_allowed(tried := space.decode(other.random(2))):
            assert tried["a"] + tried["b"] > 3
        assert tried == config
    assert rng.random() == other.random()


def test_too_small_a_part_is_an_error_that_says_how_often_it_tried():
    space = Space({"a": Float(0, 1), "b": Float(0, 1)}, constraints=[linear({"a": 1, "b": 1}, at_most=1e-9)])
    with pytest.raises(SpaceError, match=r"10,000 tries: a \+ b <= 1e-09. Narrow the domains"):
        space.sample(np.random.default_rng(0))


def test_decode_does_not_look_at_constraints_but_is_allowed_does():
    space = Space(DOMAINS, constraints=[forbid({"optimizer": "sgd"})])
    config = space.decode([0.1, 0.5, 0.5, 0.5])
    assert config["optimizer"] == "sgd"
    assert not space.is_allowed(config)
    assert space.is_allowed({**config, "optimizer": "adam"})


def test_validate_names_the_broken_constraint():
    constraints = [linear({"a": 1, "b": 2.5}, at_most=10), forbid({"optimizer": "adam", "b": [1, 2]})]
    space = Space(DOMAINS, constraints=constraints)
    with pytest.raises(SpaceError, match=r"breaks the constraint a \+ 2.5\*b <= 10. Change one"):
        space.validate({"optimizer": "sgd", "lr": 0.1, "a": 10, "b": 1})
    with pytest.raises(SpaceError, match=r"breaks the constraint not \(optimizer = 'adam' and b in \[1, 2\]\)"):
        space.validate({"optimizer": "adam", "lr": 0.1, "a": 0, "b": 1})


def test_bounds_hold_up_to_rounding():
    space = Space({"x": Float(0, 1), "y": Float(0, 1)}, constraints=[linear({"x": 1, "y": 1}, at_most=0.3)])
    assert 0.1 + 0.2 > 0.3
    assert space.is_allowed({"x": 0.1, "y": 0.2})
    assert not space.is_allowed({"x": 0.1, "y": 0.2 + 1e-9})
    assert Space(dict(space), constraints=[linear({"x": -1, "y": -1}, at_least=-0.3)]).is_allowed({"x": 0.1, "y": 0.2})


def test_inactive_dimensions_count_as_zero_and_make_no_combination():
    space = Space(
        {"layers": Int(1, 2), "units_1": Int(1, 100), "units_2": Int(1, 100), "drop": Float(0.0, 1.0)},
        conditions={"units_2": ("layers", 2), "drop": ("units_2", at_least(50))},
        constraints=[
            linear({"units_1": 1, "units_2": 1}, at_most=100),
            forbid({"units_1": 50, "units_2": at_least(1)}),
            linear({"drop": 1}, at_least=0.5),
        ],
    )
    assert space.is_allowed({"layers": 1, "units_1": 100})
    assert not space.is_allowed({"layers": 2, "units_1": 100, "units_2": 1})
    assert space.is_allowed({"layers": 1, "units_1": 50})
    assert not space.is_allowed({"layers": 2, "units_1": 50, "units_2": 1})
    assert not space.is_allowed({"layers": 2, "units_1": 9, "units_2": 60, "drop": 0.4})
    assert space.is_allowed({"layers": 2, "units_1": 9, "units_2": 60, "drop": 0.5})


def test_json_is_exact():
    space = Space(
        {**DOMAINS, "n": Normal(0, 1)},
        constraints=[
            forbid({"optimizer": "adam", "lr": at_least(0.1)}),
            linear({"a": 0.1, "n": -3}, at_most=1 / 3, at_least=-2),
        ],
    )
    form = json.loads(json.dumps(space.to_json()))
    assert form["constraints"] == [
        {"type": "forbid", "combination": {"optimizer": {"in": ["adam"]}, "lr": {"at_least": 0.1}}},
        {"type": "linear", "coefficients": {"a": 0.1, "n": -3}, "at_least": -2, "at_most": 1 / 3},
    ]
    assert Space.from_json(form) == space
    assert Space(dict(space)) != space


def test_the_order_of_keys_does_not_matter():
    one, other = forbid({"a": 1, "b": 2}), forbid({"b": 2, "a": 1})
    assert Space(DOMAINS, constraints=[one]) == Space(DOMAINS, constraints=[other])
    assert Space(DOMAINS, constraints=[one]).difference(Space(DOMAINS, constraints=[other])) == []


def test_values_become_those_of_the_domain():
    assert Space(DOMAINS, constraints=[forbid({"a": [2.0, 1]})]) == Space(DOMAINS, constraints=[forbid({"a": [1, 2]})])


def test_they_read_well():
    assert str(linear({"a": -1, "b": 2, "c": -0.5, "d": 1}, at_least=0)) == "- a + 2*b - 0.5*c + d >= 0"
    assert str(linear({"a": 1}, at_least=0, at_most=1)) == "a from 0 to 1"


def test_constraints_are_a_list():
    with pytest.raises(SpaceError, match="constraints must be a list, got Linear"):
        Space(DOMAINS, constraints=linear({"a": 1}, at_most=2))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: forbid({}), "takes a mapping from names to values"),
        (lambda: forbid([("a", 1)]), "takes a mapping from names to values"),
        (lambda: forbid({"z": 1}), r"constraint not \(z = 1\): there is no dimension 'z'. There are optimizer, lr"),
        (lambda: forbid({"optimizer": "adm"}), r"optimizer: 'adm' is not one of .* Did you mean 'adam'"),
        (lambda: forbid({"optimizer": at_least(1)}), "optimizer: .* aren't numbers"),
        (lambda: linear({}, at_most=1), "takes a mapping from names to coefficients"),
        (lambda: linear({"a": 1}), "needs a bound"),
        (lambda: linear({"a": 1}, at_least=2, at_most=1), "low <= high, got 2 and 1"),
        (lambda: linear({"a": math.nan}, at_most=1), "coefficient of a must be finite"),
        (lambda: linear({"a": "1"}, at_most=1), "coefficient of a must be a number"),
        (lambda: linear({"z": 1}, at_most=1), "constraint z <= 1: there is no dimension 'z'"),
        (lambda: linear({"optimizer": 1}, at_most=1), "optimizer has values that aren't numbers"),
        (lambda: "a + b <= 3", r"'a \+ b <= 3' is not a constraint. Use forbid"),
        (lambda: {"type": "linear", "coefficients": {"a": 1}, "most": 3}, "is not a constraint"),
        (lambda: {"type": "forbid"}, "is not a constraint"),
    ],
)
def test_senseless_constraints_are_refused(make, message):
    with pytest.raises(SpaceError, match=message):
        Space(DOMAINS, constraints=[make()])


def test_a_form_may_name_values_that_an_edit_has_taken_away():
    forms = [
        {"type": "forbid", "combination": {"optimizer": {"in": ["lion"]}, "lr": {"at_least": 5}}},
        {"type": "linear", "coefficients": {"a": 1, "b": 2}, "at_most": 10},
    ]
    space = Space(DOMAINS, constraints=forms)
    assert space.is_allowed({"optimizer": "adam", "lr": 1.0, "a": 0, "b": 5})
    assert not space.is_allowed({"optimizer": "adam", "lr": 1.0, "a": 0, "b": 6})
    assert Space.from_json(space.to_json()) == space
    with pytest.raises(SpaceError, match="'lion' is not one of 'sgd', 'adam'"):
        Space(DOMAINS, constraints=[forbid({"optimizer": "lion"})])
    with pytest.raises(SpaceError, match="there is no dimension 'z'"):
        Space(DOMAINS, constraints=[{"type": "forbid", "combination": {"z": {"in": [1]}}}])
