from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from scipy import stats

from rung.errors import SpaceError
from rung.space import Constant, Float, Int


def test_both_ends_are_included():
    domain = Int(3, 6)
    assert domain.size == 4
    assert [domain.from_unit(u) for u in (0.0, 0.25, 0.5, 0.75, 1.0)] == [3, 4, 5, 6, 6]
    assert domain.to_unit(3) == 0.125


@pytest.mark.parametrize("domain", [Int(-5, 5), Int(1, 20, log=True), Int(3, 17, step=4), Int(4, 50, step=7, log=True)])
def test_each_value_has_its_share(domain):
    rng = np.random.default_rng(1)
    n, half = 50_000, (domain.step or 1) / 2
    counts = Counter(domain.from_unit(u) for u in rng.random(n))
    values = list(range(domain.low, domain.high + 1, domain.step or 1))
    shares = np.array([math.log((v + half) / (v - half)) if domain.log else 1.0 for v in values])
    assert set(counts) == set(values)
    expected = n * shares / shares.sum()
    assert stats.chisquare([counts[v] for v in values], expected).pvalue > 0.01


@pytest.mark.parametrize("log", [False, True])
def test_a_range_of_millions(log):
    domain = Int(1, 50_000_000, log=log)
    for value in (1, 2, 3, 1023, 1024, 49_999_999, 50_000_000):
        assert domain.from_unit(domain.to_unit(value)) == value
    assert domain.from_unit(0.5) == pytest.approx(math.sqrt(0.5 * 50_000_000.5) if log else 25_000_000, rel=1e-3)


@pytest.mark.parametrize("log", [False, True])
def test_powers_of_two(log):
    domain = Int(1, 2**39, log=log)
    for k in range(40):
        assert domain.from_unit(domain.to_unit(2**k)) == 2**k
    assert domain.from_unit(1.0) == 2**39


@pytest.mark.parametrize("log", [False, True])
def test_a_single_value(log):
    domain = Int(7, 7, log=log)
    assert domain.size == 1
    assert domain.to_unit(7) == pytest.approx(0.5)
    assert {domain.from_unit(u) for u in (0.0, 0.4, 1.0)} == {7}


def test_the_largest_integers_are_exact():
    domain = Int(2**53 - 100, 2**53)
    for value in (2**53 - 100, 2**53 - 1, 2**53):
        assert domain.from_unit(domain.to_unit(value)) == value


def test_steps_need_not_divide_the_range():
    domain = Int(1, 10, step=4)
    assert domain.grid(10) == [1, 5, 9]
    assert domain.from_unit(1.0) == 9
    with pytest.raises(SpaceError, match=r"10 is not 1 plus a multiple of 4. Give 9, for example"):
        domain.validate(10)


@pytest.mark.parametrize("value", [3, 3.0, np.int32(3), np.float64(3.0), np.array(3)])
def test_numbers_of_all_types_become_ints(value):
    valid = Int(0, 5).validate(value)
    assert type(valid) is int
    assert valid == 3


@pytest.mark.parametrize("value", [3.5, True, "3", None, math.nan, math.inf, np.bool_(True), [3]])
def test_what_is_no_integer_is_refused(value):
    with pytest.raises(SpaceError, match=r"is not an integer. Give an integer from 0 to 5"):
        Int(0, 5).validate(value)


def test_what_is_outside_is_refused():
    with pytest.raises(SpaceError, match=r"6 is not between 0 and 5. Give an integer in this range."):
        Int(0, 5).validate(6)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Int(5, 3), r"low <= high, got low=5 and high=3. Use Int\(3, 5\)"),
        (lambda: Int(0, 3, log=True), r"low > 0, got low=0. Use Int\(1, 3, log=True\) or drop log"),
        (lambda: Int(-3, -1, log=True), "low > 0, got low=-3. Drop log"),
        (lambda: Int(0.5, 3), "low must be an integer, got 0.5. .*Float"),
        (lambda: Int(0, math.inf), "high must be an integer, got inf"),
        (lambda: Int(math.nan, 1), "low must be an integer, got nan"),
        (lambda: Int(0, True), "high must be an integer, got True"),
        (lambda: Int(0, 2**53 + 1), r"high must lie within ±2\*\*53"),
        (lambda: Int(-(2**60), 0), r"low must lie within ±2\*\*53"),
        (lambda: Int(0, 2**52), r"2\*\*50"),
        (lambda: Int(1, 2**45, log=True), r"2\*\*40 steps"),
        (lambda: Int(0, 5, step=0), "step > 0"),
        (lambda: Int(0, 5, step=1.5), "step must be an integer"),
        (lambda: Int(1, 100, step=10, log=True), "Use low=10, a step below 2"),
    ],
)
def test_senseless_domains_are_refused_with_a_remedy(make, message):
    with pytest.raises(SpaceError, match=message):
        make()


def test_integral_floats_are_fine_as_bounds():
    assert Int(1.0, 1e6) == Int(1, 10**6)


def test_grids():
    assert Int(0, 4).grid(5) == [0, 1, 2, 3, 4]
    assert Int(0, 100).grid(3) == [0, 50, 100]
    assert Int(1, 1000, log=True).grid(3)[::2] == [1, 1000]


@pytest.mark.parametrize(
    ("domain", "number", "near"),
    [
        (Int(1, 9), 4.4, 4),
        (Int(1, 9), 4.6, 5),
        (Int(1, 9), 100, 9),
        (Int(1, 9), -1e300, 1),
        (Int(1, 10, step=4), 7.5, 9),
        (Int(1, 10, step=4), 10, 9),
        (Int(2, 1024, log=True), 30.2, 30),
    ],
)
def test_the_nearest_integer(domain, number, near):
    assert domain.nearest(number) == near
    assert type(domain.nearest(number)) is int


@pytest.mark.parametrize(
    ("first", "second", "both"),
    [
        (Int(1, 4), Int(3, 9), Int(1, 9)),
        (Int(1, 4), Int(8, 9), Int(1, 9)),
        (Int(1, 4), Int(1, 4, log=True), None),
        (Int(1, 9, step=2), Int(5, 13, step=2), Int(1, 13, step=2)),
        (Int(1, 9, step=2), Int(4, 12, step=2), None),
        (Int(1, 9, step=2), Int(1, 9), None),
        (Int(1, 4), Float(1, 4), None),
        (Int(1, 4), Constant(7), Int(1, 7)),
        (Int(1, 4), Constant(7.0), Int(1, 7)),
        (Int(1, 4), Constant(2.5), None),
        (Int(1, 4), Constant("a"), None),
        (Int(1, 4), Constant(1e300), None),
        (Int(1, 4, log=True), Constant(0), None),
        (Int(10, 100, log=True, step=10), Constant(0), None),
        (Int(0, 5), Int(2**52, 2**52 + 5), None),
    ],
)
def test_unions(first, second, both):
    assert first.union(second) == both
    assert second.union(first) == both


def test_parts():
    assert Int(1, 4).part(0.3, 0.6) == Int(2, 3)
    assert Int(1, 9, step=2).part(0.3, 0.6) == Int(3, 7, step=2)
    assert Int(1, 4).part(0.0, 1.0) == Int(1, 4)
    assert Int(1, 4).part(0.5, 0.5) == Int(3, 3)
    assert Int(1, 1024, log=True).part(0.5, 1.0).high == 1024
