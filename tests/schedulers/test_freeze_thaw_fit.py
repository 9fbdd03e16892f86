"""The density of hyperparameters against SciPy's normal, its gradient against differences, and what a fit finds."""

from __future__ import annotations

from typing import Any

import numpy as np
from freeze_thaw_toy import COLUMNS, GROUPS, THETA, covariance, curves
from scipy.stats import multivariate_normal

from rung.schedulers._freeze_thaw_belief import Readings, variances
from rung.schedulers._freeze_thaw_fit import fit, negative_log_posterior, prior


def value(theta: Any, readings: Readings, y: Any) -> float:
    return negative_log_posterior(theta, readings, y, GROUPS, prior(COLUMNS))[0]


def test_the_value_is_that_of_a_normal_and_the_prior() -> None:
    readings, y = curves()
    constant = 0.5 * len(y) * np.log(2.0 * np.pi)
    normal = multivariate_normal(np.zeros(len(y)), covariance(readings))
    expected = -normal.logpdf(y) - constant + prior(COLUMNS).penalty(THETA)[0]
    np.testing.assert_allclose(value(THETA, readings, y), expected, rtol=1e-10)


def test_the_gradient() -> None:
    readings, y = curves()
    gradient = negative_log_posterior(THETA, readings, y, GROUPS, prior(COLUMNS))[1]
    for place in range(len(THETA)):
        step = np.zeros(len(THETA))
        step[place] = 1e-5
        slope = (value(THETA + step, readings, y) - value(THETA - step, readings, y)) / 2e-5
        np.testing.assert_allclose(gradient[place], slope, rtol=1e-6, atol=1e-7)


def test_only_length_scales_have_the_density_of_the_hyperparameter_itself() -> None:
    assert prior(COLUMNS).has_jacobian.tolist() == [1.0] * 2 + [0.0] * 6


def test_a_fit_finds_a_better_theta_within_the_bounds() -> None:
    readings, y = curves()
    given = prior(COLUMNS)
    theta = np.array(fit(readings, y, COLUMNS, starts=[given.start, THETA], iterations=30))
    assert value(theta, readings, y) < min(value(given.start, readings, y), value(THETA, readings, y))
    assert np.all((theta >= given.low - 1e-4) & (theta <= given.high + 1e-4))
    assert theta.tolist() == np.round(theta, 4).tolist(), "it may go into a log and come back"


def test_a_fit_learns_how_much_a_trial_has_to_itself() -> None:
    """Each configuration is tried twice: with the same outcome, or each trial with its own."""
    rng = np.random.default_rng(5)
    configs, owners = np.repeat(rng.random((8, 3)), 2, axis=0), np.repeat(np.arange(16), 3)
    readings = Readings(configs, owners, np.tile(np.log([1.0, 5.0, 27.0]), 16))
    alike, apart = np.sin(3.0 * configs[:, 0]), rng.standard_normal(16)
    start = prior(COLUMNS).start
    same, own = (
        variances(np.array(fit(readings, (y / y.std())[owners], COLUMNS, starts=[start], iterations=60)))
        for y in (alike, apart)
    )
    assert same.own * (same.lasting + same.fading) < 0.01
    assert own.own * (own.lasting + own.fading) > 0.3
