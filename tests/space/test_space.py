from __future__ import annotations

import copy
import math
import pickle
import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from space_strategies import UNITS, is_close, property_test, spaces

import rung.space
from rung.errors import SpaceError
from rung.space import Choice, Float, Int, Space, as_space, at_least, forbid


@pytest.fixture
def space():
    return Space(
        {"lr": stats.loguniform(1e-2, 1), "units": stats.randint(32, 256), "optimizer": ["sgd", "adam"], "n": 3}
    )


@property_test
@given(spaces(), st.integers(0, 9))
def test_samples_are_valid_and_come_back_from_the_unit_cube(space, seed):
    config = space.sample(np.random.default_rng(seed))
    valid = space.validate(config)
    assert valid == config
    assert list(valid) == list(config) == [name for name in space.names if name in config]
    assert space.is_allowed(config)
    point = space.encode([config])[0]
    assert {name for name, u in zip(space.names, point, strict=True) if not math.isnan(u)} == set(config)
    assert np.all((point >= 0) & (point <= 1) | np.isnan(point))
    back = space.decode(point)
    assert list(back) == list(config)
    assert all(is_close(space[name], value, back[name]) for name, value in config.items())


@property_test
@given(spaces(), st.data())
def test_every_point_of_the_cube_is_a_config(space, data):
    config = space.decode([data.draw(UNITS) for _ in space])
    assert Space(dict(space), conditions=space.conditions).validate(config) == config


def test_a_space_is_a_mapping(space):
    assert list(space) == ["lr", "units", "optimizer", "n"]
    assert space.names == ("lr", "units", "optimizer", "n")
    assert len(space) == 4
    assert space["units"] == Int(32, 255)
    assert "lr" in space
    assert "foo" not in space
    assert dict(space)["optimizer"] == Choice(["sgd", "adam"])


def test_size():
    assert Space({"a": [1, 2], "b": Int(1, 5), "c": 3, "d": Float(0, 1, step=0.5)}).size == 2 * 5 * 1 * 3
    assert Space({"a": [1, 2], "b": Float(0, 1)}).size == math.inf


def test_sampling_takes_one_number_per_dimension_and_is_reproducible(space):
    rng, other = np.random.default_rng(7), np.random.default_rng(7)
    for _ in range(5):
        assert space.sample(rng) == space.decode(other.random(4))
    assert rng.random() == other.random()


def test_numpy_points_give_python_values(space):
    config = space.decode(np.array([0.5, 0.5, 0.5, 0.5]))
    assert [type(value) for value in config.values()] == [float, int, str, int]
    assert config == space.decode([0.5] * 4) == {"lr": pytest.approx(0.1), "units": 144, "optimizer": "adam", "n": 3}


def test_columns_are_in_the_order_of_names(space):
    points = space.encode(
        [{"lr": 0.1, "units": 32, "optimizer": "sgd", "n": 3}, {"n": 3, "lr": 1.0, "units": 255, "optimizer": "adam"}]
    )
    assert points.shape == (2, 4)
    assert points.dtype == np.float64
    assert points == pytest.approx(np.array([[0.5, 0.5 / 224, 0.25, 0.5], [1.0, 223.5 / 224, 0.75, 0.5]]))
    assert space.encode([]).shape == (0, 4)


def test_what_has_no_place_is_nan(space):
    point = space.encode(
        [{"lr": 7.0, "units": "many", "optimizer": "lion"}, {"lr": 0.1, "units": 40, "optimizer": "sgd", "n": 3}]
    )
    assert np.isnan(point).tolist() == [[True] * 4, [False] * 4]


def test_a_point_of_another_length_is_refused(space):
    with pytest.raises(SpaceError, match="has 4 coordinates, got 3"):
        space.decode([0.5] * 3)
    with pytest.raises(SpaceError, match=r"units: 1.5 is not in the unit interval"):
        space.decode([0.5, 1.5, 0.5, 0.5])


def test_validate_gives_canonical_values_in_canonical_order(space):
    config = space.validate({"optimizer": np.str_("sgd"), "units": 64.0, "lr": np.float32(0.5)})
    assert config == {"lr": 0.5, "units": 64, "optimizer": "sgd", "n": 3}
    assert list(config) == list(space)
    assert [type(value) for value in config.values()] == [float, int, str, int]


def test_validate_does_not_touch_the_given_config(space):
    given = {"units": 64.0, "lr": 1, "optimizer": "sgd"}
    space.validate(given)
    assert given == {"units": 64.0, "lr": 1, "optimizer": "sgd"}
    assert list(given) == ["units", "lr", "optimizer"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"lr": 2.0}, "lr: 2.0 is not between 0.01 and 1.0. Give a number in this range."),
        ({"lr": "0.1"}, "lr: '0.1' is not a number"),
        ({"units": 32.5}, "units: 32.5 is not an integer. Give an integer from 32 to 255"),
        ({"optimizer": "adm"}, r"optimizer: 'adm' is not one of 'sgd', 'adam'. Did you mean 'adam'\?"),
        ({"n": 4}, "n: 4 is not 3"),
        ({"learning": 1}, "the space has no dimension 'learning'. There are lr, units, optimizer, n"),
        ({"optimiser": "sgd"}, r"no dimension 'optimiser'. Did you mean 'optimizer'\?"),
        ({3: 1}, "no dimension 3"),
    ],
)
def test_validate_names_key_value_range_and_remedy(space, changes, message):
    config = {"lr": 0.1, "units": 64, "optimizer": "sgd", "n": 3}
    assert space.is_allowed(config)
    with pytest.raises(SpaceError, match=message):
        space.validate({**config, **changes})
    assert not space.is_allowed({**config, **changes})


def test_validate_names_what_is_missing(space):
    with pytest.raises(SpaceError, match=r"units is missing from the config \{'lr': 0.1\}. Add it, such as units=144"):
        space.validate({"lr": 0.1})
    with pytest.raises(SpaceError, match="a config is a mapping"):
        space.validate([0.1, 64])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([1], r"a space is a mapping from names to domains, got \[1\]"),
        (None, "got None"),
        ({3: Float(0, 1)}, "names of dimensions are non-empty strings, got 3"),
        ({"": Float(0, 1)}, "non-empty strings, got ''"),
        ({"lr": max}, "lr: .* can't be used as a domain"),
        ({"lr": []}, "lr: Choice needs at least one value"),
        ({"optimizer": {"lr": 0.1}}, 'optimizer: a dict is not a domain.*names such as "optimizer.lr"'),
        ({"sgd": {"momentum": 0.1}}, 'names such as "sgd.momentum"'),
        ({"lr": stats.uniform}, "lr: .*Give its parameters"),
    ],
)
def test_senseless_spaces_are_refused(given, message):
    with pytest.raises(SpaceError, match=message):
        as_space(given)


def test_an_empty_space_must_be_meant():
    with pytest.raises(SpaceError, match="nothing to search: the space is empty"):
        as_space({})
    empty = as_space(Space({}))
    assert Space.from_json(empty.to_json()) == empty
    assert (empty.sample(np.random.default_rng(0)), empty.validate({}), empty.size) == ({}, {}, 1)
    assert empty.encode([{}, {}]).shape == (2, 0)
    with pytest.raises(SpaceError, match="the space is empty, so it has no dimension 'lr'"):
        empty.validate({"lr": 0.1})


def test_a_space_is_not_copied_without_its_conditions(space):
    assert as_space(space) is space
    with pytest.raises(SpaceError, match="would lose conditions"):
        Space(space)


def test_a_dimension_may_be_called_type():
    assert as_space({"type": "space", "lr": Float(0, 1)}).names == ("type", "lr")


def test_equality_and_hash():
    domains = {"a": Float(0, 1), "b": [1, 2]}
    assert Space(domains) == Space(dict(domains))
    assert len({Space(domains), Space(dict(domains)), Space({"b": [1, 2], "a": Float(0, 1)})}) == 2
    assert Space(domains) != domains
    assert Space({"a": [True]}) != Space({"a": [1]})


def test_frozen_and_picklable(space):
    with pytest.raises(AttributeError, match="cannot assign"):
        space.names = ()
    for again in (pickle.loads(pickle.dumps(space)), copy.deepcopy(space)):
        assert again == space
        assert again.decode([0.3] * 4) == space.decode([0.3] * 4)


def test_repr_reads_well():
    space = Space(
        {"opt": ["sgd", "adam"], "lr": Float(0.1, 1), "momentum": Float(0, 1)},
        conditions={"momentum": [("opt", "sgd"), ("lr", at_least(0.2))]},
        constraints=[forbid({"opt": "adam", "lr": at_least(0.5)})],
    )
    assert repr(space) == (
        "Space({'opt': Choice(['sgd', 'adam']), 'lr': Float(0.1, 1.0), 'momentum': Float(0.0, 1.0)}, "
        "conditions={'momentum': opt = 'sgd' and lr >= 0.2}, constraints=[not (opt = 'adam' and lr >= 0.5)])"
    )
    assert repr(Space({"n": Int(1, 3)})) == "Space({'n': Int(1, 3)})"


def test_numpy_and_scipy_are_not_loaded():
    code = """
import sys
from rung.space import *
space = Space(
    {"lr": loguniform(1e-4, 1), "n": normal(0, 1), "k": quniform(0, 1, 0.1), "o": ["a", "b"], "m": Float(0, 1)},
    conditions={"m": ("o", "a")}, constraints=[linear({"lr": 1, "n": 1}, at_most=3)],
)
space = Space.from_json(space.to_json())
config = space.validate(space.decode([0.5] * 5))
Distribution("gamma", args=(2.0,))
loaded = {"numpy", "scipy", "msgspec", "torch"} & set(sys.modules)
assert not loaded, loaded
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_encoding_ten_thousand_configs_is_fast():
    space = Space(
        {"a": Float(0, 1), "b": Float(1e-5, 1, log=True), "c": Int(1, 1000, log=True), "d": list("xyz"), "e": Int(0, 9)}
    )
    rng = np.random.default_rng(0)
    configs = [space.sample(rng) for _ in range(10_000)]
    start = time.process_time()
    space.encode(configs)
    assert time.process_time() - start < 0.3  # 0.03 s on an idle core


def test_public_names_are_sorted_and_there():
    names = rung.space.__all__
    assert names == sorted(names)
    assert all(getattr(rung.space, name) is not None for name in names)
