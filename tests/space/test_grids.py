from __future__ import annotations

import itertools
import math
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from space_strategies import property_test

from rung.errors import SpaceError
from rung.space.grids import MOST_BINS, EvenBins, LogBins, StepScale, bins_for


@property_test
@given(st.integers(1, MOST_BINS), st.floats(0.0, 1.0))
def test_every_even_bin_has_its_number_back(count, share):
    bins = EvenBins(count)
    for index in {0, count - 1, min(int(share * count), count - 1)}:
        assert bins.index(bins.middle(index)) == index


@property_test
@given(st.integers(1, 2**39), st.integers(1, 2**39), st.floats(0.0, 1.0))
def test_every_log_bin_has_its_number_back(first, count, share):
    bins = LogBins(first, count)
    for index in {0, count - 1, min(int(share * count), count - 1), min(int(count**share), count - 1)}:
        assert bins.index(bins.middle(index)) == index


def test_even_bins_have_even_edges():
    bins = EvenBins(4)
    assert [bins.index(u) for u in (0.0, 0.2499, 0.25, 0.4999, 0.5, 0.75, 1.0)] == [0, 0, 1, 1, 2, 3, 3]
    assert [bins.middle(k) for k in range(4)] == [0.125, 0.375, 0.625, 0.875]


@pytest.mark.parametrize(("first", "count"), [(1, 10), (5, 100), (0.75, 4), (1000, 3)])
def test_log_bins_have_edges_at_half_steps(first, count):
    bins = LogBins(first, count)
    total = math.log((first + count - 0.5) / (first - 0.5))
    for index in range(count - 1):
        edge = math.log((first + index + 0.5) / (first - 0.5)) / total
        assert bins.index(edge - 1e-12) == index
        assert bins.index(edge + 1e-12) == index + 1
        assert bins.middle(index) < edge < bins.middle(index + 1)


def test_the_middle_of_a_log_bin_is_halfway_between_its_edges():
    bins = LogBins(1, 3)  # edges at the logarithms of 0.5, 1.5, 2.5, 3.5
    edges = [math.log(2 * k + 1) / math.log(7) for k in range(4)]
    assert [bins.middle(k) for k in range(3)] == pytest.approx([(a + b) / 2 for a, b in itertools.pairwise(edges)])


@property_test
@given(st.integers(-9999, 9999), st.integers(1, 999), st.integers(0, 300), st.integers(0, 3))
def test_steps_are_those_of_decimal_arithmetic(low, step, steps, digits):
    low, step = (Decimal(number) / 10**digits for number in (low, step))
    high = low + steps * step
    scale = StepScale(float(low), float(high), float(step), log=False)
    assert scale.bins.count == steps + 1
    for index in {0, steps // 2, steps}:
        assert scale.number(index) == float(low + index * step)
        assert scale.at(scale.place(scale.number(index))) == scale.number(index)


@pytest.mark.parametrize(
    ("low", "high", "step", "numbers"),
    [
        (0.1, 0.3, 0.1, [0.1, 0.2, 0.3]),
        (0.0, 1.0, 0.3, [0.0, 0.3, 0.6, 0.9]),
        (-1.0, 1.0, 0.75, [-1.0, -0.25, 0.5]),
        (2.0, 2.5, 1.0, [2.0]),
        (1e-300, 3e-300, 1e-300, [1e-300, 2e-300, 3e-300]),
        (0.0, 1e300, 4e299, [0.0, 4e299, 8e299]),
    ],
)
def test_steps_need_not_divide_the_range(low, high, step, numbers):
    scale = StepScale(low, high, step, log=False)
    assert [scale.number(k) for k in range(scale.bins.count)] == numbers
    assert [scale.at(u) for u in (0.0, 1.0)] == [numbers[0], numbers[-1]]
    assert [scale.at(scale.place(number)) for number in numbers] == numbers


def test_a_number_is_on_the_grid_up_to_rounding():
    scale = StepScale(0.0, 1.0, 0.1, log=False)
    assert scale.contains(0.1 + 0.2)
    assert scale.nearest(0.1 + 0.2) == 0.3
    assert not scale.contains(0.3001)


def test_what_floats_cannot_tell_apart_is_refused():
    with pytest.raises(SpaceError, match=r"step=0.001 is finer than floats near -1000000000000.0 are"):
        StepScale(-1e12, 1.0, 0.001, log=False)
    with pytest.raises(SpaceError, match=r"2\*\*50"):
        bins_for(0, 1, MOST_BINS + 1, log=False)
    with pytest.raises(SpaceError, match=r"2\*\*40 steps from zero"):
        bins_for(1, 1, 2**40, log=True)


def test_a_log_bin_must_not_reach_zero():
    with pytest.raises(SpaceError, match=r"low - step/2 = 0.0, which has no logarithm. Use low=2, a step below 2"):
        bins_for(1, 2, 5, log=True)
    assert bins_for(1, 1.99, 5, log=True).count == 5


def test_fractions_are_of_the_written_decimals():
    assert Fraction(repr(0.1)) == Fraction(1, 10)  # what StepScale relies on
