from __future__ import annotations

import copy
import dataclasses
import json
import math
import pickle
from functools import partial

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from space_strategies import DOMAINS, UNITS, is_close, kind, property_test

from rung.errors import SpaceError
from rung.space import Choice, Constant, Distribution, Domain, Float, Int, Normal, Ordinal, as_domain

ONE_OF_EACH = [
    Float(0.0, 1.0),
    Float(1e-5, 1.0, log=True),
    Float(0.0, 1.0, step=0.1),
    Int(1, 10),
    Int(2, 1024, log=True, step=3),
    Normal(0.0, 1.0, low=-1.0),
    Choice(["a", 1, None, [1, 2]]),
    Ordinal([16, 32, 64]),
    Constant("x"),
    Distribution("gamma", args=(2.0,), kwds={"scale": 3.0}),
]


@property_test
@given(DOMAINS, UNITS)
def test_whatever_the_unit_interval_gives_is_valid_and_canonical(domain, u):
    value = domain.from_unit(u)
    assert type(domain.validate(value)) is type(value)
    assert domain.validate(value) == value
    assert 0.0 <= domain.to_unit(value) <= 1.0


@property_test
@given(DOMAINS, UNITS)
def test_to_unit_is_undone_by_from_unit(domain, u):
    value = domain.from_unit(u)
    assert is_close(domain, value, domain.from_unit(domain.to_unit(value)))


@property_test
@given(DOMAINS, UNITS, UNITS)
def test_from_unit_never_decreases(domain, u, v):
    u, v = min(u, v), max(u, v)
    if isinstance(domain, (Choice, Ordinal)):
        places = [list(domain.grid(len(domain.values))).index(domain.from_unit(each)) for each in (u, v)]
        assert places[0] <= places[1]
    elif not isinstance(domain, Constant):
        assert domain.from_unit(u) <= domain.from_unit(v)


@property_test
@given(DOMAINS, UNITS, UNITS)
def test_to_unit_never_decreases(domain, u, v):
    if isinstance(domain, (Choice, Ordinal, Constant)):
        return
    low, high = sorted([domain.from_unit(u), domain.from_unit(v)])
    assert domain.to_unit(low) <= domain.to_unit(high)


@property_test
@given(DOMAINS)
def test_json_is_exact(domain):
    form = domain.to_json()
    assert json.loads(json.dumps(form)) == form
    again = as_domain(json.loads(json.dumps(form)))
    assert again == domain
    assert hash(again) == hash(domain)
    assert again.to_json() == form
    assert type(again) is type(domain)
    assert again.from_unit(0.3) == domain.from_unit(0.3)


@property_test
@given(DOMAINS)
def test_to_units_agrees_with_to_unit(domain):
    values = [domain.from_unit(u) for u in (0.0, 0.3, 0.7, 1.0)]
    assert list(domain.to_units(values)) == pytest.approx([domain.to_unit(value) for value in values], abs=1e-14)


@property_test
@given(DOMAINS)
@example(Int(0, 10**9))
@example(Float(0, 1))
def test_a_grid_is_valid_without_repetitions_and_no_longer_than_asked(domain):
    values = domain.grid(7)
    assert values == [domain.validate(value) for value in values]
    assert len({json.dumps(value) for value in values}) == len(values)
    assert len(values) <= (domain.size if isinstance(domain, Choice) else 7)
    if domain.size <= 7:
        assert len(values) == domain.size


@pytest.mark.parametrize("domain", ONE_OF_EACH, ids=repr)
def test_domains_are_frozen_and_can_be_copied_and_pickled(domain):
    with pytest.raises(AttributeError, match="cannot assign"):
        setattr(domain, dataclasses.fields(domain)[0].name, 3)
    assert copy.deepcopy(domain) == domain
    assert pickle.loads(pickle.dumps(domain)) == domain


@pytest.mark.parametrize("domain", ONE_OF_EACH, ids=repr)
def test_repr_can_be_read_back(domain):
    names = {each.__name__: each for each in (Float, Int, Normal, Choice, Ordinal, Constant, Distribution)}
    assert eval(repr(domain), names) == domain


def test_repr_leaves_out_what_is_default():
    assert repr(Float(1e-4, 1, log=True)) == "Float(0.0001, 1.0, log=True)"
    assert repr(Int(1, 9)) == "Int(1, 9)"
    assert repr(Choice([(1, 2), "a"])) == "Choice([[1, 2], 'a'])"


@pytest.mark.parametrize("domain", ONE_OF_EACH, ids=repr)
@pytest.mark.parametrize("u", [-1e-9, 1.0 + 1e-9, math.nan, math.inf])
def test_outside_the_unit_interval_there_is_nothing(domain, u):
    with pytest.raises(SpaceError, match="unit interval"):
        domain.from_unit(u)


@pytest.mark.parametrize("domain", ONE_OF_EACH, ids=repr)
def test_numpy_coordinates_give_python_values(domain):
    value = domain.from_unit(np.float64(0.4))
    assert type(value) in {float, int, str, list, type(None)}
    assert value == domain.from_unit(0.4)


def test_domains_of_different_kinds_are_different():
    assert len(set(ONE_OF_EACH)) == len(ONE_OF_EACH)
    assert Int(1, 2) != Float(1, 2)
    assert Choice([1]) != Ordinal([1])
    assert Float(0, 1) != "Float(0, 1)"


def test_true_one_and_one_point_nought_are_different_values():
    assert len({Constant(True), Constant(1), Constant(1.0)}) == 3
    assert Choice([True]) != Choice([1])


@pytest.mark.parametrize(
    "form",
    [
        {"type": "float", "low": 0.0},
        {"type": "float", "low": 0.0, "high": 1.0, "colour": "red"},
        {"type": "int", "low": 0.0, "high": 1.0},
        {"low": 0.0},
    ],
)
def test_a_form_of_another_shape_is_refused(form):
    with pytest.raises(SpaceError, match=r'is not the JSON form of Float.*"type": "float".* low, high, log, step'):
        Float.from_json(form)


def test_a_grid_needs_a_point():
    for domain in (Float(0, 1), Normal(0, 1)):
        with pytest.raises(SpaceError, match="at least one point, got 0"):
            domain.grid(0)


def test_a_grid_of_one_point_is_the_middle():
    assert Float(0, 1).grid(1) == [0.5]
    assert Float(1e-2, 1, log=True).grid(1) == [pytest.approx(0.1)]


def test_domain_itself_is_abstract():
    with pytest.raises(TypeError, match="abstract"):
        Domain()


# ---- what edits and zooming need


@property_test
@given(DOMAINS, UNITS)
def test_a_value_of_the_domain_is_nearest_to_itself(domain, u):
    value = domain.from_unit(u)
    assert domain.nearest(value) == domain.validate(value)
    assert type(domain.nearest(value)) is type(value)


@property_test
@given(DOMAINS, st.floats(-1e12, 1e12))
def test_the_nearest_number_is_inside_and_its_own_nearest(domain, number):
    try:
        near = domain.nearest(number)
    except SpaceError:
        assert isinstance(domain, (Choice, Ordinal))
        return
    assert domain.validate(near) == near
    assert domain.nearest(near) == near


@property_test
@given(DOMAINS, DOMAINS)
def test_a_union_has_all_values_of_both(first, second):
    both = first.union(second)
    if both is None:
        assert first != second
        return
    for domain in (first, second):
        for value in domain.grid(9):
            assert kind(both.validate(value)) == kind(value)
    assert both.union(first) == both.union(second) == both
    assert both.size >= max(first.size, second.size)


@property_test
@given(DOMAINS)
def test_a_domain_with_itself_or_one_of_its_values_is_itself(domain):
    assert domain.union(domain) == domain
    value = Constant(domain.from_unit(0.3))
    for both in (domain.union(value), value.union(domain)):
        assert both == domain or (isinstance(domain, Constant) and both == value)


@property_test
@given(DOMAINS, UNITS, UNITS)
def test_a_part_goes_from_end_to_end_and_lies_inside(domain, u, v):
    low, high = min(u, v), max(u, v)
    part = domain.part(low, high)
    assert type(part) is type(domain)
    ends = domain.from_unit(low), domain.from_unit(high)
    assert [part.validate(end) for end in ends] == list(ends)
    if part != domain:  # else it has no parts, or none so small
        places = [domain.to_unit(value) for value in (*ends, *part.grid(9))]
        assert min(places[0], places[1]) - 1e-9 <= min(places[2:])
        assert max(places[2:]) <= max(places[0], places[1]) + 1e-9


@property_test
@given(DOMAINS)
def test_the_part_from_end_to_end_is_all(domain):
    whole = domain.part(0.0, 1.0)
    assert whole.size == domain.size
    assert all(map(partial(is_close, domain), domain.grid(9), whole.grid(9)))


@property_test
@given(DOMAINS, st.lists(UNITS, min_size=4, max_size=4))
def test_parts_have_a_union_within_the_whole(domain, places):
    first, second = (domain.part(*sorted(pair)) for pair in (places[:2], places[2:]))
    both = first.union(second)
    if both is None:
        assert isinstance(domain, Ordinal)  # no list has the values of both in order
        return
    for part in (first, second):
        for value in part.grid(5):
            assert kind(both.validate(value)) == kind(value)
    for value in both.grid(5):
        domain.validate(value)
    assert domain.union(both) == domain


@pytest.mark.parametrize("domain", ONE_OF_EACH, ids=repr)
def test_domains_of_different_kinds_have_no_union(domain):
    for other in ONE_OF_EACH:
        if type(other) is not type(domain) and not isinstance(domain, Constant) and not isinstance(other, Constant):
            assert domain.union(other) is None


@pytest.mark.parametrize(
    ("domain", "inside", "outside"),
    [
        (Float(0.0, 1.0), 0.5, 1.5),
        (Int(1, 10), 10, 0.5),
        (Choice(["a", None]), None, "b"),
        (Constant("x"), "x", "y"),
    ],
)
def test_a_domain_contains_what_it_accepts(domain, inside, outside):
    assert domain.contains(inside)
    assert not domain.contains(outside)
