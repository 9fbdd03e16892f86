from __future__ import annotations

import json

import pytest
from hypothesis import given
from scipy import stats
from space_strategies import DOMAINS, UNITS, is_close, property_test

from rung.errors import SpaceError
from rung.space import Choice, Constant, Float, Int, Normal, Ordinal, Space, as_domain
from rung.space.priors import Prior, as_priors

LR = Float(1e-4, 1.0, log=True)


def prior_of(domain, given):
    return as_priors({"x": given}, {"x": as_domain(domain)})["x"]


@pytest.mark.parametrize(
    ("given", "prior"),
    [
        ("~1e-3", Prior(1e-3)),
        ("~ 1e-3 ", Prior(1e-3)),
        ("1e-3", Prior(1e-3)),
        ("~1e-3:high", Prior(1e-3, "high")),
        ("~ 1e-3 : low ", Prior(1e-3, "low")),
        (("~1e-3", "high"), Prior(1e-3, "high")),
        ([1e-3, "low"], Prior(1e-3, "low")),
        (("~1e-3:low", "high"), Prior(1e-3, "high")),
        (1e-3, Prior(1e-3)),
        (1, Prior(1.0)),
        ({"centre": 1e-3}, Prior(1e-3)),
        ({"centre": 1e-3, "confidence": "high"}, Prior(1e-3, "high")),
        (Prior(1e-3, "low"), Prior(1e-3, "low")),
    ],
)
def test_the_ways_to_write_a_belief(given, prior):
    found = prior_of(LR, given)
    assert found == prior
    assert type(found.centre) is float


@pytest.mark.parametrize(
    ("domain", "given", "centre"),
    [
        (Int(1, 9), "~4", 4),
        (Int(1, 9), 4.4, 4),
        (Int(1, 9, step=4), "~6", 5),
        (Float(0.0, 1.0, step=0.25), 0.3, 0.25),
        (Choice(["adam", "sgd"]), "~sgd", "sgd"),
        (Choice(["adam", "sgd"]), "SGD", "sgd"),
        (Choice(["~x", "y"]), Prior("~x"), "~x"),
        (Choice([True, False]), "~true", True),
        (Choice([None, 1]), "~none", None),
        (Choice([0.001, 0.01]), "~1e-3", 0.001),
        (Choice([[64, 64], [8]]), {"centre": [64, 64]}, [64, 64]),
        (Ordinal([16, 32]), "~32", 32),
        (Ordinal(["s", "m"]), "~m", "m"),
        (Normal(0.0, 1.0), "~0.5", 0.5),
        (stats.gamma(2.0), "~1.5", 1.5),
        (stats.poisson(4.5), 3.2, 3),
        (Constant(3), 3, 3),
    ],
)
def test_centres_stand_as_in_configs(domain, given, centre):
    found = prior_of(domain, given).centre
    assert found == centre
    assert type(found) is type(centre)


def test_how_wide_a_belief_is():
    assert [Prior(0, confidence).width for confidence in ("low", "medium", "high")] == [0.3, 0.15, 0.05]
    assert [Prior(0, confidence).weight for confidence in ("low", "medium", "high")] == [2, 4, 16]
    assert Prior(0) == Prior(0, "medium")


def test_beliefs_in_words():
    assert str(Prior(0.001)) == "~0.001"
    assert str(Prior("sgd", "high")) == "~sgd (high confidence)"


def test_they_stand_in_the_order_of_the_space():
    space = Space({"a": Int(1, 3), "b": LR}, priors={"b": "~1e-2", "a": 2})
    assert list(space.priors) == ["a", "b"]
    assert repr(space).endswith("priors={'a': '~2', 'b': '~0.01'})")
    assert "priors" not in repr(Space({"a": Int(1, 3)}))


@property_test
@given(DOMAINS, UNITS)
def test_any_value_of_a_domain_is_a_centre_and_comes_back_from_json(domain, u):
    value = domain.from_unit(u)
    prior = prior_of(domain, Prior(value, "low"))
    assert is_close(domain, value, prior.centre)
    space = Space({"x": domain}, priors={"x": prior})
    again = Space.from_json(json.loads(json.dumps(space.to_json())))
    assert again == space
    assert again.priors == {"x": prior}
    assert space != Space({"x": domain})


@pytest.mark.parametrize(
    ("domain", "given", "message"),
    [
        (LR, "~7", r"the prior of 'x': 7.0 is not between 0.0001 and 1.0\. Give a number in this range"),
        (LR, "~x", r"the prior of 'x': 'x' is not a number"),
        (LR, float("nan"), r"the prior of 'x': nan is not between"),
        (LR, True, r"the prior of 'x': True is not a number"),
        (LR, None, r"the prior of 'x': None is not a number"),
        (LR, "~0.1:sure", r"the prior of 'x' has the confidence 'sure'\. Use low, medium or high"),
        (LR, (0.1, 0.2), r"has the confidence 0.2"),
        (LR, (0.1,), r"\(0.1,\) is not the prior of 'x'\. Use {\"learning_rate\": \"~1e-3\"}"),
        (LR, {"center": 0.1}, r"{'center': 0.1} is not the prior of 'x'"),
        (LR, {"centre": 0.1, "sure": True}, r"is not the prior of 'x'"),
        (Choice(["adam", "sgd"]), "~adm", r"the prior of 'x': 'adm' is not one of .* Did you mean 'adam'"),
        (Int(1, 9), "~12", r"12\.?0? is not between 1 and 9"),
        (Ordinal([16, 32]), 20, r"20 is not one of 16, 32"),
        (Constant(3), 4, r"4 is not 3"),
    ],
)
def test_a_centre_that_there_is_not(domain, given, message):
    with pytest.raises(SpaceError, match=message):
        prior_of(domain, given)


def test_beliefs_about_nothing():
    with pytest.raises(SpaceError, match=r"priors: there is no dimension 'y'\. There are x"):
        Space({"x": LR}, priors={"y": 1})
    with pytest.raises(SpaceError, match=r"priors must be a mapping from names, got \['~1e-3'\]"):
        Space({"x": LR}, priors=["~1e-3"])
