from __future__ import annotations

import math

import pytest
from scipy import stats

from rung.errors import SpaceError
from rung.space import Between, Choice, Constant, Float, In, Int, Ordinal, as_domain, at_least, at_most
from rung.space.sets import as_values


def test_membership():
    assert 2 in In([1, 2.0])
    assert True not in In([1])
    assert [1, 2] in In([(1, 2)])
    assert 3 in Between(3, 5)
    assert 5 in Between(3, 5)
    assert 5.1 not in Between(3, 5)
    assert 3 in at_least(3)
    assert 2.9 not in at_least(3)
    assert 3 in at_most(3)
    assert 3.1 not in at_most(3)


@pytest.mark.parametrize("values", [In(["a", 1, None, True]), Between(1, 2.5), at_least(0.1), at_most(-3)], ids=str)
def test_json_form(values):
    assert as_values(values.to_json()) == values
    assert as_values(values) is values


def test_what_is_meant_by_plain_values():
    assert as_values("sgd") == In(["sgd"])
    assert as_values(["sgd", "adam"]) == In(["adam", "sgd"])
    assert as_values(("sgd", "adam")) == In(["sgd", "adam"])
    assert as_values([[1, 2]]) == In([[1, 2]])
    assert In([True]) != In([1])


def test_they_read_well():
    shown = [str(values) for values in (In(["a"]), In(["a", 2]), at_least(2.0), at_most(0.5), Between(1, 2))]
    assert shown == ["= 'a'", "in ['a', 2]", ">= 2", "<= 0.5", "from 1 to 2"]


def test_values_become_those_of_the_domain_in_its_order():
    fitted = In([3.0, 1, 3]).within(Int(0, 5))
    assert fitted.values == (1, 3)
    assert [type(value) for value in fitted.values] == [int, int]
    assert In(["b", "a"]).within(Choice(["b", "c", "a"])).values == ("b", "a")


def test_values_that_a_domain_does_not_have_are_refused():
    with pytest.raises(SpaceError, match=r"'sdg' is not one of 'sgd', 'adam'. Did you mean 'sgd'"):
        In(["sdg"]).within(Choice(["sgd", "adam"]))


@pytest.mark.parametrize(
    "domain",
    [Int(0, 5), Float(0.0, 2.0), Choice([3, 1, 2]), Ordinal([1, 2]), Constant(2), as_domain(stats.expon())],
    ids=repr,
)
def test_ranges_fit_numeric_domains_that_reach_into_them(domain):
    assert at_least(2).within(domain) == at_least(2)
    assert at_most(2).within(domain) == at_most(2)
    with pytest.raises(SpaceError, match="has no value >= 100"):
        at_least(100).within(domain)
    with pytest.raises(SpaceError, match="has no value <= -1"):
        at_most(-1).within(domain)


@pytest.mark.parametrize("domain", [Choice(["a", 1]), Choice([True]), Ordinal(["a"]), Constant("a")], ids=repr)
def test_ranges_need_numbers(domain):
    with pytest.raises(SpaceError, match=r"values that aren't numbers, so none is >= 0. List values instead"):
        at_least(0).within(domain)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: In([]), "at least one value"),
        (lambda: In([max]), "can't stand in a config"),
        (Between, "needs a bound"),
        (lambda: Between(2, 1), r"low <= high, got 2 and 1. Use Between\(1, 2\)"),
        (lambda: at_least(math.nan), "low must be finite"),
        (lambda: at_most("3"), "high must be a number"),
        (lambda: as_values({"at_least": 1, "in": [1]}), "is not a set of values"),
        (lambda: as_values({"in": "abc"}), "is not a set of values"),
        (lambda: as_values({}), "is not a set of values"),
    ],
)
def test_senseless_sets_are_refused(make, message):
    with pytest.raises(SpaceError, match=message):
        make()
