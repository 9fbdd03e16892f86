from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate, stats

from rung.searchers._acquisition import confidence_bound, expected_improvement, log_expected_improvement, log_h

# from mpmath with 60 digits
TABLE = {
    3.0: 1.09873966533,
    0.0: -0.918938533205,
    -1.0: -2.48512102571,
    -5.0: -16.7443011627,
    -40.0: -808.298568357,
    -1000.0: -500014.734452,
}
MEAN = np.array([-0.5, 0.1, 0.8, 3.0])
STD = np.array([0.4, 1.5, 0.2, 0.6])
BEST = 0.3


def test_log_h_has_all_its_digits() -> None:
    np.testing.assert_allclose(log_h(np.array(list(TABLE))), list(TABLE.values()), rtol=1e-11)


def test_log_h_rises_and_is_finite_everywhere() -> None:
    z = -np.logspace(9, -3, 4_000)
    z = np.concatenate([z, [0.0], -z[::-1]])
    values = log_h(z)
    assert np.isfinite(values).all()
    assert (np.diff(values) > 0.0).all()


def test_log_h_has_no_step_where_its_formulas_meet() -> None:
    for z in (-1.0, -1e6):
        ends = z * np.array([1.0 + 1e-6, 1.0 - 1e-6])
        below, above = log_h(ends)
        slope = np.exp(stats.norm.logcdf(z) - log_h(np.array([z])))[0]
        assert above - below == pytest.approx(slope * (ends[1] - ends[0]), rel=1e-3)


def test_expected_improvement_is_the_integral() -> None:
    values = expected_improvement(MEAN, STD, BEST)[0]
    for mean, std, value in zip(MEAN, STD, values, strict=True):
        normal = stats.norm(mean, std)
        expected = integrate.quad(lambda y, n=normal: (BEST - y) * n.pdf(y), mean - 12 * std, BEST)[0]
        assert value == pytest.approx(expected, rel=1e-8, abs=1e-14)


def test_its_logarithm_is_the_logarithm() -> None:
    values = log_expected_improvement(MEAN, STD, BEST)[0]
    np.testing.assert_allclose(values, np.log(expected_improvement(MEAN, STD, BEST)[0]), rtol=1e-9)


@pytest.mark.parametrize("function", [expected_improvement, log_expected_improvement, confidence_bound])
def test_the_derivatives_are_those_of_differences(function: object) -> None:
    assert callable(function)
    mean = np.append(MEAN, [40.0, 0.0])  # far into the tail, too
    std = np.append(STD, [0.5, 1e-3])
    step = 1e-6
    _, by_mean, by_std = function(mean, std, BEST)
    mean_difference = (function(mean + step * std, std, BEST)[0] - function(mean - step * std, std, BEST)[0]) / step
    std_difference = (function(mean, std * (1 + step), BEST)[0] - function(mean, std * (1 - step), BEST)[0]) / step
    np.testing.assert_allclose(by_mean, mean_difference / (2.0 * std), rtol=1e-6, atol=1e-12)
    np.testing.assert_allclose(by_std, std_difference / (2.0 * std), rtol=1e-6, atol=1e-7)


def test_the_confidence_bound_is_minus_the_lower_end_of_the_band() -> None:
    np.testing.assert_allclose(confidence_bound(MEAN, STD, 1.8)[0], -(MEAN - 1.8 * STD))


def test_far_away_the_expected_improvement_is_nothing_and_its_logarithm_still_tells() -> None:
    mean, std = np.array([50.0, 60.0]), np.ones(2)
    assert (expected_improvement(mean, std, 0.0)[0] == 0.0).all()
    near, far = log_expected_improvement(mean, std, 0.0)[0]
    assert math.isfinite(far)
    assert near > far
