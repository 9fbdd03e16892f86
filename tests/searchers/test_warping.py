from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from rung.searchers._warping import inverse_yeo_johnson, kumaraswamy, log_slope_of_yeo_johnson, yeo_johnson

VALUES = np.array([-3.0, -0.7, -1e-9, 0.0, 1e-9, 0.4, 2.5])
POWERS = [-2.0, -0.3, 0.0, 1e-9, 0.5, 1.0, 1.7, 2.0, 3.0]


@pytest.mark.parametrize("power", POWERS)
def test_yeo_johnson_is_scipys(power: float) -> None:
    np.testing.assert_allclose(yeo_johnson(VALUES, power), stats.yeojohnson(VALUES, lmbda=power), rtol=1e-6, atol=1e-15)


@pytest.mark.parametrize("power", POWERS)
def test_yeo_johnson_can_be_inverted(power: float) -> None:
    back = inverse_yeo_johnson(yeo_johnson(VALUES, power), power)
    np.testing.assert_allclose(back, VALUES, rtol=1e-12, atol=1e-15)


def test_beyond_the_range_of_the_warp_the_inverse_is_infinite() -> None:
    assert inverse_yeo_johnson(np.array([0.6]), -2.0) == np.inf  # it ends at 1/2
    assert inverse_yeo_johnson(np.array([-0.6]), 4.0) == -np.inf


@pytest.mark.parametrize("power", POWERS)
def test_the_slope_of_yeo_johnson_is_that_of_differences(power: float) -> None:
    at, step = np.array([-2.0, -0.5, 0.5, 2.0]), 1e-6
    difference = (yeo_johnson(at + step, power) - yeo_johnson(at - step, power)) / (2.0 * step)
    np.testing.assert_allclose(np.exp(log_slope_of_yeo_johnson(at, power)), difference, rtol=1e-8)


def test_kumaraswamy_is_its_formula_with_its_derivatives() -> None:
    u = np.random.default_rng(0).uniform(0.01, 0.99, size=(20, 3))
    log_a, log_b, step = np.array([-0.7, 0.0, 0.9]), np.array([0.4, 0.0, -0.8]), 1e-6

    def warped(u: np.ndarray, log_a: np.ndarray, log_b: np.ndarray) -> np.ndarray:
        return 1.0 - (1.0 - u ** np.exp(log_a)) ** np.exp(log_b)

    value, by_u, by_a, by_b = kumaraswamy(u, np.exp(log_a), np.exp(log_b))
    np.testing.assert_allclose(value, warped(u, log_a, log_b), rtol=1e-12)
    np.testing.assert_allclose(value[:, 1], u[:, 1], rtol=1e-12)
    for found, ends in (
        (by_u, (warped(u + step, log_a, log_b), warped(u - step, log_a, log_b))),
        (by_a, (warped(u, log_a + step, log_b), warped(u, log_a - step, log_b))),
        (by_b, (warped(u, log_a, log_b + step), warped(u, log_a, log_b - step))),
    ):
        np.testing.assert_allclose(found, (ends[0] - ends[1]) / (2.0 * step), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("log_of_both", [-1.6, 0.0, 1.6])
def test_kumaraswamy_is_finite_and_rising_up_to_the_ends(log_of_both: float) -> None:
    shape = np.exp(np.array([log_of_both]))
    u = np.array([[0.0], [1e-12], [0.5], [1.0 - 1e-12], [1.0]])
    found = kumaraswamy(u, shape, shape)
    assert all(np.isfinite(each).all() for each in found)
    assert (np.diff(found[0][:, 0]) >= 0.0).all()
