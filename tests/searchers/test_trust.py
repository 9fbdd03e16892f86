from __future__ import annotations

import math

import numpy as np
import pytest

from rung.searchers._trust import trust_box, trust_length

FAIL = [1.0]


@pytest.mark.parametrize(
    ("losses", "length"),
    [
        ([], 0.8),
        ([0.9, 0.8], 0.8),
        ([0.9, 0.8, 0.7], 1.6),
        ([0.9, 0.8, 1.0, 0.7], 0.8),  # not in a row
        ([0.9, 0.8, 0.7, 0.6, 0.5, 0.4], 1.6),  # the longest
        (FAIL * 5, 0.8),
        (FAIL * 6, 0.4),
        ([math.nan] * 6, 0.4),
        (FAIL * 5 + [0.9] + FAIL * 5, 0.8),
        (FAIL * 6 * 6, 0.0125),
        (FAIL * 6 * 7, 0.8),  # 0.00625 is below 1/128
    ],
)
def test_it_grows_with_success_and_shrinks_with_failure(losses: list[float], length: float) -> None:
    assert trust_length(losses, 1.0, 6) == pytest.approx(length)


def test_in_few_dimensions_four_failures_are_enough() -> None:
    assert trust_length(FAIL * 4, 1.0, 2) == pytest.approx(0.4)


def test_the_box_has_the_volume_of_its_length_and_the_shape_of_the_scales() -> None:
    box = trust_box(np.array([0.5, 0.5, 0.5]), 0.2, np.array([0.1, 0.2, 0.4]))
    sides = box.high - box.low
    assert np.prod(sides) == pytest.approx(0.2**3)
    np.testing.assert_allclose(sides / sides[0], [1.0, 2.0, 4.0])
    np.testing.assert_allclose((box.low + box.high) / 2.0, 0.5)


def test_the_box_stays_in_the_cube() -> None:
    box = trust_box(np.array([0.0, 0.95]), 0.4, np.ones(2))
    np.testing.assert_allclose(box.low, [0.0, 0.75])
    np.testing.assert_allclose(box.high, [0.2, 1.0])
