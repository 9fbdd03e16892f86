from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from space_strategies import LEAVES, kind, property_test

from rung.errors import SpaceError
from rung.space.values import distinct, flag, freeze, identity, is_number, listing, plain, real, thaw, tidy, whole


@pytest.mark.parametrize(
    ("given", "value"), [(np.float64(0.5), 0.5), (np.int8(3), 3), (np.bool_(True), True), (np.array(2), 2), ("a", "a")]
)
def test_numpy_scalars_become_plain(given, value):
    assert plain(given) == value
    assert type(plain(given)) is type(value)


def test_arrays_stay_arrays():
    array = np.array([1, 2])
    assert plain(array) is array


def test_numbers_are_not_bools():
    assert is_number(1)
    assert is_number(0.5)
    assert not is_number(True)
    assert not is_number("1")


def test_real_whole_tidy_and_flag():
    assert [type(each) for each in (real(3, "x"), whole(3.0, "x"), tidy(3.0, "x"), tidy(0.5, "x"))] == [
        float,
        int,
        int,
        float,
    ]
    assert math.copysign(1.0, real(-0.0, "x")) == 1.0
    assert tidy(1e300, "x") == 1e300
    assert flag(False, "x") is False
    for read in (real, whole, tidy, flag):
        with pytest.raises(SpaceError, match=r"speed must be .*'fast'"):
            read("fast", "speed")


@property_test
@given(LEAVES)
def test_json_values_can_be_frozen_and_thawed(value):
    frozen = freeze(value)
    hash(frozen)
    assert kind(thaw(frozen)) == kind(value)
    assert type(thaw(frozen)) is type(value)


@property_test
@given(LEAVES, LEAVES)
def test_identity_tells_values_apart_as_json_does(value, other):
    assert (identity(value) == identity(other)) == (kind(value) == kind(other))


def test_identity_of_like_values():
    assert identity(1) == identity(1.0)
    assert identity([1, [True]]) == identity((1, (True,)))
    assert identity(1) != identity(True)
    assert identity([1]) != identity([True])
    with pytest.raises(TypeError, match="unhashable"):
        identity({})


def test_distinct_keeps_the_first_order():
    assert distinct(["b", "a", "b", 1, True]) == ["b", "a", 1, True]


def test_long_listings_are_cut():
    assert listing([1, "a", (1, 2)]) == "1, 'a', [1, 2]"
    assert listing(range(10), most=3) == "0, 1, 2 and 7 more"
