from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rung.searchers._gp_belief import (
    JITTER,
    MEAN_VARIANCE,
    Columns,
    appended,
    belief_given,
    factorised,
    scaled,
    surprises,
)

COLUMNS = Columns(np.array([0, 1, 1, 2]), np.array([], dtype=np.intp), 3.0)
WARPED = COLUMNS._replace(warped=np.array([0, 3]))
THETA = np.array([-0.7, 0.4, 0.1, 0.3, -5.0])
WARPED_THETA = np.append(THETA, [0.4, -0.3, -0.2, 0.6])
CASES = pytest.mark.parametrize(("columns", "theta"), [(COLUMNS, THETA), (WARPED, WARPED_THETA)], ids=["", "warped"])


def some(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.random((n, 4))
    y = np.sin(5.0 * x[:, 0]) + x[:, 1] ** 2 + 0.1 * rng.normal(size=n)
    return x, (y - y.mean()) / y.std()


def believed(columns: Columns, theta: np.ndarray, x: np.ndarray, y: np.ndarray) -> Any:
    return belief_given(theta, columns, factorised(scaled(x, theta, columns), theta, columns), y)


def test_the_posterior_is_scikit_learns() -> None:
    pytest.importorskip("sklearn")
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern

    x, y = some(30)
    at = np.random.default_rng(1).random((20, 4))
    variance, noise = np.exp(THETA[3:5])
    lengths = np.exp(THETA[:3])[COLUMNS.groups]
    kernel = ConstantKernel(variance) * Matern(lengths, nu=2.5) + ConstantKernel(MEAN_VARIANCE)
    alpha = noise + JITTER * (variance + MEAN_VARIANCE)
    reference = GaussianProcessRegressor(kernel, alpha=alpha, optimizer=None).fit(x, y)
    mean, covariance = reference.predict(at, return_cov=True)
    belief = believed(COLUMNS, THETA, x, y)
    found_mean, found_std = belief.predict(at)
    np.testing.assert_allclose(found_mean, mean, atol=1e-11)
    np.testing.assert_allclose(found_std, np.sqrt(np.diag(covariance)), atol=1e-9)
    np.testing.assert_allclose(belief.covariance(at), covariance, atol=1e-11)


@CASES
def test_the_slopes_are_those_of_differences(columns: Columns, theta: np.ndarray) -> None:
    x, y = some(25)
    belief = believed(columns, theta, x, y)
    at = np.random.default_rng(1).uniform(0.05, 0.95, (6, 4))
    mean, std, mean_slope, std_slope = belief.predict_with_slopes(at)
    np.testing.assert_allclose((mean, std), belief.predict(at), rtol=1e-12)
    step = 1e-5
    for column in range(4):
        move = step * np.eye(4)[column]
        above, below = belief.predict(at + move), belief.predict(at - move)
        np.testing.assert_allclose(mean_slope[:, column], (above[0] - below[0]) / (2.0 * step), atol=1e-7)
        np.testing.assert_allclose(std_slope[:, column], (above[1] - below[1]) / (2.0 * step), atol=1e-7)


@CASES
def test_rows_that_are_appended_give_the_same_factor(columns: Columns, theta: np.ndarray) -> None:
    x, _ = some(30)
    z = scaled(x, theta, columns)
    grown = factorised(z[:0], theta, columns)
    for row in z:
        grown = appended(grown, row, theta, columns)
    np.testing.assert_allclose(grown.lower, factorised(z, theta, columns).lower, atol=1e-12)
    np.testing.assert_array_equal(grown.z, z)


def test_a_point_that_is_repeated_many_times_does_no_harm() -> None:
    theta = THETA.copy()
    theta[-1] = np.log(1e-6)
    z = np.zeros((40, 4))
    factor = factorised(z[:1], theta, COLUMNS)
    for row in z[1:]:
        factor = appended(factor, row, theta, COLUMNS)
    mean, std = belief_given(theta, COLUMNS, factor, np.ones(40)).predict(np.zeros((1, 4)))
    assert mean == pytest.approx(1.0, abs=1e-4)
    assert 0.0 < std < 1e-3


def test_pending_inputs_take_uncertainty_away_and_leave_the_mean() -> None:
    x, y = some(25)
    z = scaled(x, THETA, COLUMNS)
    factor = factorised(z, THETA, COLUMNS)
    alone = belief_given(THETA, COLUMNS, factorised(z[:20], THETA, COLUMNS), y[:20])
    hoping = belief_given(THETA, COLUMNS, factor, y[:20])
    at = np.vstack([x[20:], np.random.default_rng(2).random((10, 4))])
    np.testing.assert_allclose(hoping.predict(at)[0], alone.predict(at)[0], atol=1e-12)
    imagined = np.concatenate([y[:20], alone.predict(x[20:])[0]])  # as if just the mean had been observed
    told = belief_given(THETA, COLUMNS, factor, imagined)
    np.testing.assert_allclose(hoping.predict(at), told.predict(at), atol=1e-8)
    assert (hoping.predict(at)[1] < alone.predict(at)[1]).all()


def test_means_are_what_predict_says() -> None:
    x, y = some(25)
    for known in (25, 20):
        belief = belief_given(THETA, COLUMNS, factorised(scaled(x, THETA, COLUMNS), THETA, COLUMNS), y[:known])
        np.testing.assert_allclose(belief.means(y[:known]), belief.predict(x[:known])[0], atol=1e-12)


def test_surprises_are_errors_of_prediction_in_deviations() -> None:
    x, y = some(12)
    z = scaled(x, THETA, COLUMNS)
    found = surprises(factorised(z, THETA, COLUMNS), y)
    noise = np.exp(THETA[-1]) + JITTER * (np.exp(THETA[3]) + MEAN_VARIANCE)
    for n in (3, 11):
        mean, std = belief_given(THETA, COLUMNS, factorised(z[:n], THETA, COLUMNS), y[:n]).predict(x[n : n + 1])
        assert found[n] == pytest.approx((y[n] - mean[0]) / np.sqrt(std[0] ** 2 + noise), abs=1e-10)


def test_the_shape_of_theta() -> None:
    assert WARPED.n_hyperparameters == len(WARPED_THETA)
    assert WARPED.variances(WARPED_THETA) == pytest.approx((np.exp(0.3), np.exp(-5.0)))
    np.testing.assert_allclose(WARPED.warp(WARPED_THETA), np.exp([[0.4, -0.3], [-0.2, 0.6]]))
    np.testing.assert_allclose(WARPED.lengths(WARPED_THETA), np.exp([-0.7, 0.4, 0.4, 0.1]))
