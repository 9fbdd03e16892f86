from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from rung.errors import SpaceError
from rung.space import Constant, Float, Int, Normal


def test_float_gives_both_ends():
    domain = Float(0.1, 0.3)
    assert domain.from_unit(0.0) == 0.1
    assert domain.from_unit(1.0) == 0.3
    assert domain.size == math.inf


@pytest.mark.parametrize(("low", "high"), [(-4.7, 0.6), (-2.0, 2.1), (-2.7, -0.9)])
def test_the_upper_end_is_exact_where_adding_the_width_is_not(low, high):
    assert low + (high - low) != high
    assert Float(low, high).from_unit(1.0) == high


@pytest.mark.parametrize("log", [False, True])
def test_uniformity_by_the_kolmogorov_smirnov_test(log):
    rng = np.random.default_rng(0)
    domain = Float(1e-6, 10.0, log=log)
    sample = [domain.from_unit(u) for u in rng.random(20_000)]
    oracle, other = stats.uniform(1e-6, 10.0 - 1e-6), stats.loguniform(1e-6, 10.0)
    if log:
        oracle, other = other, oracle
    assert stats.kstest(sample, oracle.cdf).pvalue > 0.01
    assert stats.kstest(sample, other.cdf).pvalue < 1e-9


def test_normality_by_the_kolmogorov_smirnov_test():
    rng = np.random.default_rng(0)
    domain = Normal(-3.0, 0.5)
    sample = [domain.from_unit(u) for u in rng.random(20_000)]
    assert stats.kstest(sample, stats.norm(-3.0, 0.5).cdf).pvalue > 0.01


@pytest.mark.parametrize("log", [False, True])
def test_the_widest_range(log):
    domain = Float(1e-300, 1e300, log=log)
    for u in (0.0, 1e-9, 0.25, 0.5, 0.75, 1.0):
        value = domain.from_unit(u)
        assert 1e-300 <= value <= 1e300
        assert domain.to_unit(value) == pytest.approx(u, abs=1e-12)
    assert domain.from_unit(0.5) == pytest.approx(1.0 if log else 5e299, rel=1e-12)


def test_powers_of_two_stand_at_even_places_on_a_log_scale():
    domain = Float(2.0**-20, 2.0**20, log=True)
    for k in range(41):
        assert domain.to_unit(2.0 ** (k - 20)) == pytest.approx(k / 40, abs=1e-15)
        assert domain.from_unit(k / 40) == pytest.approx(2.0 ** (k - 20), rel=1e-13)


@pytest.mark.parametrize("log", [False, True])
def test_a_single_value(log):
    domain = Float(0.7, 0.7, log=log)
    assert domain.size == 1
    assert domain.to_unit(0.7) == 0.5
    assert {domain.from_unit(u) for u in (0.0, 0.3, 1.0)} == {0.7}
    assert domain.grid(5) == [0.7]


def test_steps():
    domain = Float(0.0, 1.0, step=0.25)
    assert domain.size == 5
    assert domain.grid(5) == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert domain.grid(3) == [0.0, 0.5, 1.0]
    assert domain.to_unit(0.25) == pytest.approx(0.3)
    assert domain.validate(0.7500000001) == 0.75
    with pytest.raises(SpaceError, match=r"0.7 is not 0.0 plus a multiple of 0.25. Give 0.75, for example"):
        domain.validate(0.7)


def test_steps_on_a_log_scale_have_their_share_of_the_axis():
    domain = Float(0.5, 2.0, step=0.5, log=True)
    draws = [domain.from_unit((k + 0.5) / 10_000) for k in range(10_000)]
    for value in (0.5, 1.0, 1.5, 2.0):
        share = math.log((value + 0.25) / (value - 0.25)) / math.log(2.25 / 0.25)
        assert draws.count(value) / 10_000 == pytest.approx(share, abs=2e-4)


@pytest.mark.parametrize("value", [2, 2.0, np.float64(2), np.int64(2), np.array(2.0), np.float32(2)])
def test_numbers_of_all_types_become_floats(value):
    valid = Float(0, 3).validate(value)
    assert type(valid) is float
    assert valid == 2.0


def test_negative_zero_is_zero():
    assert str(Float(-1, 1).validate(-0.0)) == "0.0"
    assert Float(-0.0, 1) == Float(0.0, 1)


@pytest.mark.parametrize("value", [True, "0.1", None, [0.1], 1j, np.bool_(True)])
def test_what_is_no_number_is_refused(value):
    for domain in (Float(0, 1), Normal(0, 1)):
        with pytest.raises(SpaceError, match=r"is not a number. Give a number from .* to "):
            domain.validate(value)


@pytest.mark.parametrize("value", [1.0000001, -0.1, math.nan, math.inf, -math.inf, 10**400])
def test_what_is_outside_is_refused(value):
    with pytest.raises(SpaceError, match=r"is not between 0.0 and 1.0. Give a number in this range."):
        Float(0, 1).validate(value)
    with pytest.raises(SpaceError, match="is not between"):
        Float(0, 1).to_unit(value)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Float(1.0, 0.0), r"low <= high, got low=1.0 and high=0.0. Use Float\(0.0, 1.0\)"),
        (lambda: Float(math.nan, 1.0), "low must be finite, got nan"),
        (lambda: Float(0.0, math.inf), r"high must be finite, got inf. .*normal\(mean, std\)"),
        (lambda: Float(0.0, 10**400), "high must be finite"),
        (lambda: Float("0", 1.0), "low must be a number, got '0'"),
        (lambda: Float(False, 1.0), "low must be a number, got False"),
        (lambda: Float(0.0, 1.0, log=True), r"low > 0, got low=0.0. Use Float\(1e-06, 1.0, log=True\) or drop log"),
        (lambda: Float(-2.0, -1.0, log=True), "low > 0, got low=-2.0. Drop log"),
        (lambda: Float(0.0, 1.0, log=1), "log must be True or False, got 1"),
        (lambda: Float(0.0, 1.0, step=0.0), "step > 0, got step=0.0"),
        (lambda: Float(0.0, 1.0, step=-1.0), "step > 0, got step=-1.0"),
        (lambda: Float(0.0, 1.0, step=math.nan), "step must be finite"),
        (lambda: Float(0.1, 1.0, step=0.5, log=True), "a step below 0.2"),
        (lambda: Normal(0.0, 0.0), r"std > 0, got std=0.0. .*Constant\(mean\)"),
        (lambda: Normal(0.0, 1.0, low=1.0, high=1.0), "low < high, got low=1.0 and high=1.0"),
        (lambda: Normal(math.nan, 1.0), "mean must be finite"),
    ],
)
def test_senseless_domains_are_refused_with_a_remedy(make, message):
    with pytest.raises(SpaceError, match=message):
        make()


def test_a_cut_normal_keeps_to_its_bounds():
    domain = Normal(0.0, 1.0, low=-1.0, high=0.5)
    assert domain.from_unit(0.0) == -1.0
    assert domain.from_unit(1.0) == 0.5
    with pytest.raises(SpaceError, match=r"0.6 is not between -1.0 and 0.5"):
        domain.validate(0.6)


def test_normal_round_trips_as_promised():
    domain = Normal(2.0, 3.0)
    for z in np.linspace(-4, 4, 81):
        value = 2.0 + 3.0 * z
        assert abs(domain.from_unit(domain.to_unit(value)) - value) <= 1e-11 * 3.0
    for z in np.linspace(-7, 7, 141):
        value = 2.0 + 3.0 * z
        assert abs(domain.from_unit(domain.to_unit(value)) - value) <= 1e-3 * 3.0


def test_a_normal_is_represented_by_parts_of_equal_probability():
    assert Normal(0, 1).grid(3) == pytest.approx([-0.967422, 0.0, 0.967422], abs=1e-6)
    assert Normal(0, 1).size == math.inf


@pytest.mark.parametrize(
    ("domain", "number", "near"),
    [
        (Float(0.0, 1.0), 7, 1.0),
        (Float(0.0, 1.0), -7.5, 0.0),
        (Float(0.0, 1.0), 0.3, 0.3),
        (Float(0.0, 1.0, step=0.25), 0.6, 0.5),
        (Float(0.0, 0.9, step=0.25), 5, 0.75),
        (Float(0.5, 2.0, step=0.5, log=True), 1.2, 1.0),
        (Normal(0.0, 1.0, low=-1.0, high=2.0), 5, 2.0),
        (Normal(0.0, 1.0), -100, pytest.approx(-7.034484)),
    ],
)
def test_the_nearest_number(domain, number, near):
    assert domain.nearest(number) == near
    assert type(domain.nearest(number)) is float


@pytest.mark.parametrize("domain", [Float(0.0, 1.0), Normal(0.0, 1.0)])
@pytest.mark.parametrize("value", ["0.1", True, None, math.nan, [1]])
def test_nothing_is_near_to_what_is_no_number(domain, value):
    with pytest.raises(SpaceError, match="the value must be"):
        domain.nearest(value)


@pytest.mark.parametrize(
    ("first", "second", "both"),
    [
        (Float(0.0, 1.0), Float(0.5, 2.0), Float(0.0, 2.0)),
        (Float(0.0, 1.0), Float(3.0, 4.0), Float(0.0, 4.0)),
        (Float(0.1, 1.0, log=True), Float(0.1, 1.0), None),
        (Float(0.1, 1.0), Int(1, 2), None),
        (Float(0.0, 1.0, step=0.25), Float(0.5, 2.0, step=0.25), Float(0.0, 2.0, step=0.25)),
        (Float(0.0, 1.0, step=0.1), Float(0.3, 2.0, step=0.1), Float(0.0, 2.0, step=0.1)),
        (Float(0.0, 1.0, step=0.25), Float(0.1, 2.0, step=0.25), None),
        (Float(0.0, 1.0, step=0.25), Float(0.0, 1.0, step=0.5), None),
        (Float(0.0, 1.0, step=0.25), Float(0.0, 1.0), None),
        (Float(0.0, 1.0, step=1e-9), Constant(1e9), None),
        (Float(0.0, 1.0), Constant(2), Float(0.0, 2.0)),
        (Float(0.0, 1.0, step=0.25), Constant(2), Float(0.0, 2.0, step=0.25)),
        (Float(0.0, 1.0, step=0.25), Constant(0.3), None),
        (Float(0.1, 1.0, log=True), Constant(0.01), Float(0.01, 1.0, log=True)),
        (Float(0.1, 1.0, log=True), Constant(0), None),
        (Float(1.0, 2.0, log=True, step=1.0), Constant(0.0), None),
        (Float(0.0, 1.0), Constant(True), None),
        (
            Normal(0.0, 1.0, low=-1.0, high=0.5),
            Normal(0.0, 1.0, low=0.0, high=2.0),
            Normal(0.0, 1.0, low=-1.0, high=2.0),
        ),
        (Normal(0.0, 1.0, low=-1.0), Normal(0.0, 1.0, high=2.0), Normal(0.0, 1.0)),
        (Normal(0.0, 1.0), Normal(0.1, 1.0), None),
        (Normal(0.0, 1.0), Constant(2), Normal(0.0, 1.0)),
        (Normal(0.0, 1.0), Constant(9), None),
        (Normal(0.0, 1.0), Constant("a"), None),
    ],
)
def test_unions(first, second, both):
    assert first.union(second) == both
    assert second.union(first) == both


def test_parts():
    assert Float(0.0, 4.0).part(0.25, 0.5) == Float(1.0, 2.0)
    assert Float(0.0, 4.0, step=1.0).part(0.25, 0.5) == Float(1.0, 2.0, step=1.0)
    log = Float(1e-4, 1.0, log=True).part(0.25, 0.5)
    assert (log.low, log.high) == pytest.approx((1e-3, 1e-2))
    assert log.log
    assert Float(0.0, 4.0).part(0.5, 0.5) == Float(2.0, 2.0)


def test_a_part_of_a_normal_keeps_its_shape():
    part = Normal(2.0, 3.0).part(0.25, 0.75)
    assert (part.mean, part.std) == (2.0, 3.0)
    assert (part.low, part.high) == pytest.approx(tuple(stats.norm(2.0, 3.0).ppf([0.25, 0.75])))
    for thin in (Normal(0.0, 1.0).part(0.5, 0.5), Normal(0.0, 1.0).part(0.5, 0.5 + 1e-7)):
        assert thin == Normal(0.0, 1.0)
