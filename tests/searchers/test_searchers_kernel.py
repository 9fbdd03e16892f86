from __future__ import annotations

import math

import numpy as np

from rung.searchers._kernel import matern52, matern52_with_slope, squared_distances


def test_squared_distances_are_those_of_a_double_loop() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(7, 3)), rng.normal(size=(5, 3))
    expected = [[sum((x - y) ** 2 for x, y in zip(p, q, strict=True)) for q in b] for p in a]
    np.testing.assert_allclose(squared_distances(a, b), expected, rtol=1e-12)


def test_no_distance_is_negative_where_digits_cancel() -> None:
    a = 1e3 + np.random.default_rng(0).normal(size=(50, 4)) * 1e-7
    assert squared_distances(a, a).min() >= 0.0


def test_matern_is_its_formula() -> None:
    for r in (0.0, 1e-9, 0.3, 1.0, 7.0):
        s = math.sqrt(5.0) * r
        expected = (1.0 + s + 5.0 * r * r / 3.0) * math.exp(-s)
        np.testing.assert_allclose(matern52(np.array([r * r])), expected, rtol=1e-14)


def test_the_slope_is_minus_twice_the_derivative_by_the_squared_distance() -> None:
    squares = np.array([1e-3, 0.1, 1.0, 4.0])
    step = 1e-6
    value, slope = matern52_with_slope(squares)
    difference = (matern52(squares + step * squares) - matern52(squares - step * squares)) / (2.0 * step * squares)
    np.testing.assert_allclose(value, matern52(squares), rtol=1e-14)
    np.testing.assert_allclose(slope, -2.0 * difference, rtol=1e-7)
    np.testing.assert_allclose(matern52_with_slope(np.zeros(1))[1], 5.0 / 3.0)
