from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from space_strategies import EXACT, property_test, spaces

from rung.errors import SpaceError
from rung.space import Choice, Constant, Float, Int, Normal, Ordinal, Space, at_least, forbid, linear
from rung.space.editing import edited, hull

few_examples = settings(property_test, max_examples=60)

STUDY = Space(
    {"lr": Float(1e-4, 1.0, log=True), "opt": ["sgd", "adam"], "momentum": Float(0.0, 0.99), "units": Int(8, 64)},
    conditions={"momentum": ("opt", "sgd")},
    constraints=[forbid({"opt": "adam", "lr": at_least(0.1)})],
    priors={"lr": ("~1e-2", "high"), "opt": "sgd"},
)


# ---- edited


def test_other_domains_and_further_ones():
    now = edited(STUDY, {"lr": Float(1e-3, 10.0, log=True), "depth": Int(1, 4), "opt": "sgd"})
    assert now.names == ("lr", "opt", "momentum", "units", "depth")
    assert now["lr"] == Float(1e-3, 10.0, log=True)
    assert now["opt"] == Constant("sgd")
    assert now["depth"] == Int(1, 4)
    assert (now.conditions, now.constraints, now.priors) == (STUDY.conditions, STUDY.constraints, STUDY.priors)


def test_nothing_given_is_an_equal_space():
    assert edited(STUDY, {}) == STUDY


def test_a_condition_on_a_value_that_is_gone_is_never_met():
    now = edited(STUDY, {"opt": ["adam", "lion"]})
    assert now.conditions == STUDY.conditions
    rng = np.random.default_rng(0)
    assert all("momentum" not in now.sample(rng) for _ in range(50))
    assert Space.from_json(now.to_json()) == now
    assert edited(now, {"opt": ["sgd", "adam"]}).sample(np.random.default_rng(3)).keys() >= {"lr", "opt", "units"}


def test_a_constraint_on_a_value_that_is_gone_says_nothing():
    now = edited(STUDY, {"opt": ["sgd", "lion"], "lr": Float(0.5, 1.0, log=True)})
    rng = np.random.default_rng(0)
    assert {now.sample(rng)["opt"] for _ in range(50)} == {"sgd", "lion"}


def test_a_prior_whose_centre_is_gone_is_dropped():
    assert list(edited(STUDY, {"lr": Float(0.1, 1.0, log=True)}).priors) == ["opt"]
    assert list(edited(STUDY, {"opt": ["adam", "lion"]}).priors) == ["lr"]
    assert edited(STUDY, {"units": Int(1, 2)}).priors == STUDY.priors


def test_priors_instead_of_those_there_are():
    now = edited(STUDY, {}, priors={"units": 16})
    assert {name: str(prior) for name, prior in now.priors.items()} == {"units": "~16"}
    assert edited(STUDY, {}, priors={}).priors == {}


def test_what_is_no_space_is_refused():
    with pytest.raises(SpaceError, match=r"can't be used as a domain"):
        edited(STUDY, {"lr": object()})
    with pytest.raises(SpaceError, match=r"the prior of 'lr': 7 is not between"):
        edited(STUDY, {}, priors={"lr": 7})


# ---- hull


@pytest.mark.parametrize(
    ("former", "now", "both"),
    [
        (Float(0.0, 1.0), Float(0.5, 2.0), Float(0.0, 2.0)),
        (Float(0.0, 1.0), Float(2.0, 3.0), Float(0.0, 3.0)),
        (Float(0.0, 1.0), Float(0.5, 2.0, log=True), Float(0.5, 2.0, log=True)),
        (Float(0.0, 1.0), Constant(0.5), Float(0.0, 1.0)),
        (Float(0.0, 1.0), Constant(3), Float(0.0, 3.0)),
        (Float(1.0, 2.0, log=True), Constant(-1), Constant(-1)),
        (Float(0.0, 1.0), Constant("a"), Constant("a")),
        (Constant(0.5), Float(1.0, 2.0), Float(0.5, 2.0)),
        (Int(1, 4), Int(8, 16), Int(1, 16)),
        (Int(1, 4), Float(1, 4), Float(1, 4)),
        (Choice(["a", "b"]), Choice(["c", "b"]), Choice(["a", "b", "c"])),
        (Choice(["a", "b"]), Constant("b"), Choice(["a", "b"])),
        (Constant("a"), Constant("b"), Choice(["a", "b"])),
        (Ordinal([16, 64]), Ordinal([32]), Ordinal([16, 32, 64])),
        (Ordinal(["s", "m"]), Ordinal(["m", "s"]), Ordinal(["m", "s"])),
        (Normal(0, 1), Normal(0, 2), Normal(0, 2)),
        (stats.gamma(2.0), stats.gamma(3.0), stats.gamma(3.0)),
    ],
)
def test_a_dimension_has_what_it_has_and_had_where_that_is_of_one_kind(former, now, both):
    assert hull(Space({"x": former}), Space({"x": now})) == Space({"x": both})


def test_a_hull_has_the_dimensions_and_conditions_of_now_and_nothing_else():
    now = Space(
        {"opt": ["sgd"], "units": Int(32, 128), "new": Float(0, 1)},
        conditions={"new": ("opt", "sgd")},
        constraints=[linear({"units": 1}, at_most=100)],
        priors={"units": 64},
    )
    found = hull(STUDY, now)
    assert found == Space(
        {"opt": ["sgd", "adam"], "units": Int(8, 128), "new": Float(0, 1)}, conditions={"new": ("opt", "sgd")}
    )


@few_examples
@given(spaces(), st.integers(0, 2**32 - 1))
def test_a_hull_encodes_the_configs_of_both(space, seed):
    rng = np.random.default_rng(seed)
    low, high = np.sort(rng.random(2))
    now = edited(space, {name: domain.part(low, high) for name, domain in space.items()})
    found = hull(space, now)
    for each in (space, now):
        config = each.decode(rng.random(len(each)).tolist())
        for name, value in config.items():
            assert found[name].validate(value) == value
    assert hull(now, now).names == now.names


@few_examples
@given(st.lists(EXACT, min_size=2, max_size=4))
def test_a_hull_never_fails_and_has_all_of_now(domains):
    widest = Space({"x": domains[0]})
    for domain in domains[1:]:
        now = Space({"x": domain})
        widest = hull(widest, now)
        for value in domain.grid(5):
            widest["x"].validate(value)
