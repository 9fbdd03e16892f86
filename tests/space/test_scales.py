from __future__ import annotations

import math
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from space_strategies import property_test

from rung.errors import SpaceError
from rung.space.scales import LinearScale, LogScale, NormalScale

LARGEST = sys.float_info.max
UNIT_GRID = [k / 64 for k in range(65)]


def test_linear_scale_is_linear():
    scale = LinearScale(-1.0, 3.0)
    assert [scale.at(u) for u in (0.0, 0.25, 0.5, 1.0)] == [-1.0, 0.0, 1.0, 3.0]
    assert scale.place(2.0) == 0.75


def test_log_scale_is_linear_in_the_exponent():
    scale = LogScale(1e-4, 1e4)
    for u in UNIT_GRID:
        assert math.log10(scale.at(u)) == pytest.approx(-4 + 8 * u, abs=1e-13)


@pytest.mark.parametrize("scale", [LinearScale, LogScale])
def test_ends_are_exact(scale):
    for low, high in [(0.1, 0.3), (1e-300, 1e300), (0.1, 0.1), (1.0, math.nextafter(1.0, 2.0)), (5e-324, LARGEST)]:
        assert scale(low, high).at(0.0) == low
        assert scale(low, high).at(1.0) == high


@pytest.mark.parametrize(("low", "high"), [(-LARGEST, LARGEST), (-1e308, 1.7e308)])
def test_the_widest_linear_ranges_do_not_overflow(low, high):
    scale = LinearScale(low, high)
    values = [scale.at(u) for u in UNIT_GRID]
    assert values == sorted(values)
    assert values[0] == low
    assert values[-1] == high
    for u, value in zip(UNIT_GRID, values, strict=True):
        assert scale.place(value) == pytest.approx(u, abs=1e-15)


@property_test
@given(st.floats(5e-324, LARGEST), st.floats(5e-324, LARGEST), st.floats(0.0, 1.0))
def test_both_scales_stay_between_their_ends(a, b, u):
    low, high = min(a, b), max(a, b)
    for scale in (LinearScale(low, high), LogScale(low, high)):
        value = scale.at(u)
        assert low <= value <= high
        assert 0.0 <= scale.place(value) <= 1.0


@property_test
@given(st.floats(-290, 290), st.floats(0, 10), st.floats(0.0, 1.0))
def test_neighbours_keep_their_order_on_a_log_scale(exponent, decades, u):
    scale = LogScale(10.0**exponent, 10.0 ** (exponent + decades))
    assert scale.at(math.nextafter(u, 0.0)) <= scale.at(u) <= scale.at(math.nextafter(u, 1.0))


def test_neighbouring_floats_with_one_logarithm_are_a_range_too():
    low = 1e300
    scale = LogScale(low, math.nextafter(low, math.inf))
    assert low <= scale.at(0.5) <= scale.high
    assert scale.place(low) == 0.5


def test_normal_scale_is_scipys():
    scale = NormalScale(3.0, 2.0, None, None)
    for u in [0.001, 0.01, 0.3, 0.5, 0.9, 0.999]:
        assert scale.at(u) == pytest.approx(stats.norm(3.0, 2.0).ppf(u), abs=1e-9)
        assert scale.place(scale.at(u)) == pytest.approx(u, rel=1e-9)


def test_cut_normal_scale_is_scipys():
    scale, oracle = NormalScale(0.0, 1.0, -0.5, 2.0), stats.truncnorm(-0.5, 2.0)
    for u in UNIT_GRID:
        assert scale.at(u) == pytest.approx(oracle.ppf(u), abs=1e-9)


def test_the_ends_of_a_normal_are_where_a_trillionth_is_left():
    scale = NormalScale(10.0, 2.0, None, None)
    assert stats.norm(10.0, 2.0).cdf(scale.at(0.0)) == pytest.approx(1e-12, rel=1e-3)
    assert stats.norm(10.0, 2.0).sf(scale.at(1.0)) == pytest.approx(1e-12, rel=1e-3)
    assert NormalScale(10.0, 2.0, -1e9, None).low == scale.low


def test_a_normal_with_nothing_between_its_bounds_is_refused():
    with pytest.raises(SpaceError, match=r"less than 1e-06 of its values between low=6.0 and high=7.0.*Float"):
        NormalScale(0.0, 1.0, 6.0, 7.0)


def test_a_normal_that_overflows_is_refused():
    with pytest.raises(SpaceError, match="beyond the largest float"):
        NormalScale(0.0, 1e308, None, None)
