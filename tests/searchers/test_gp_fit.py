from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from rung.searchers._gp_belief import JITTER, MEAN_VARIANCE, Columns
from rung.searchers._gp_fit import fit, negative_log_posterior, prior
from rung.searchers._kernel import matern52

COLUMNS = Columns(np.array([0, 1, 1, 2]), np.array([], dtype=np.intp), 3.0)
WARPED = COLUMNS._replace(warped=np.array([0, 3]))


def some(n: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.random((n, 4))
    y = np.sin(5.0 * x[:, 0]) + x[:, 1] ** 2 + 0.1 * rng.normal(size=n)
    return x, (y - y.mean()) / y.std()


def test_the_prior_is_that_of_log_normals_with_their_jacobian() -> None:
    given = prior(COLUMNS)
    theta = np.array([-0.3, 0.5, 1.4, -0.2, -7.0])
    length = stats.lognorm(math.sqrt(3.0), scale=math.exp(math.sqrt(2.0) + 0.5 * math.log(3.0)))
    variance, noise = stats.lognorm(1.0), stats.lognorm(3.0, scale=math.exp(-6.0))

    def log_density(theta: np.ndarray) -> float:
        values = np.exp(theta)
        return float(length.logpdf(values[:3]).sum() + variance.logpdf(values[3]) + noise.logpdf(values[4]))

    other = np.zeros(5)
    assert given.penalty(theta)[0] - given.penalty(other)[0] == pytest.approx(log_density(other) - log_density(theta))
    assert np.exp(given.mode[:3]) == pytest.approx(math.exp(math.sqrt(2.0) - 3.0) * math.sqrt(3.0))  # about 0.2·√d


def test_the_mode_of_a_warp_changes_nothing() -> None:
    np.testing.assert_array_equal(prior(WARPED).mode[5:], 0.0)


@pytest.mark.parametrize("columns", [COLUMNS, WARPED], ids=["", "warped"])
def test_the_gradient_is_that_of_differences(columns: Columns) -> None:
    x, y = some(25)
    given = prior(columns)
    for seed in range(3):
        theta = given.mode + 0.3 * np.random.default_rng(seed).normal(size=columns.n_hyperparameters)
        _, gradient = negative_log_posterior(theta, x, y, columns, given)
        step = 1e-5
        for k, found in enumerate(gradient):
            move = step * np.eye(len(theta))[k]
            above, below = (
                negative_log_posterior(theta + sign * move, x, y, columns, given)[0] for sign in (1.0, -1.0)
            )
            assert found == pytest.approx((above - below) / (2.0 * step), rel=1e-6, abs=1e-6)


def test_the_value_is_the_density_of_a_multivariate_normal() -> None:
    x, y = some(15)
    given = prior(COLUMNS)
    theta = np.array([-0.7, 0.4, 0.1, 0.3, -3.0])
    lengths, variance, noise = np.exp(theta[:3])[COLUMNS.groups], math.exp(0.3), math.exp(-3.0)
    squares = np.array([[(((p - q) / lengths) ** 2).sum() for q in x] for p in x])
    kernel = variance * matern52(squares) + MEAN_VARIANCE
    kernel += (noise + JITTER * (variance + MEAN_VARIANCE)) * np.eye(15)
    expected = -stats.multivariate_normal(np.zeros(15), kernel).logpdf(y) - 7.5 * math.log(2.0 * math.pi)
    value = negative_log_posterior(theta, x, y, COLUMNS, given)[0] - given.penalty(theta)[0]
    assert value == pytest.approx(expected, rel=1e-10)


def test_a_fit_finds_what_matters() -> None:
    x, y = some(60)
    given = prior(COLUMNS)
    theta = fit(x, y, COLUMNS, starts=[given.mode], iterations=50)
    gradient = negative_log_posterior(theta, x, y, COLUMNS, given)[1]
    assert np.abs(gradient).max() < 0.3
    assert theta[0] < theta[2] - 1.0  # the first column matters, the last one does not
    assert math.exp(theta[4]) == pytest.approx(0.02, rel=1.0)
    np.testing.assert_array_equal(theta, np.round(theta, 4))
    assert (given.low <= theta).all()
    assert (theta <= given.high).all()


def test_noise_is_found_where_there_is_noise_and_only_there() -> None:
    rng = np.random.default_rng(0)
    x = rng.random((60, 4))
    smooth = np.sin(4.0 * x[:, 0]) + x[:, 3]
    for y, low, high in ((smooth, 0.0, 1e-5), (smooth + 0.5 * rng.normal(size=60), 0.1, 0.6)):
        theta = fit(x, (y - y.mean()) / y.std(), COLUMNS, starts=[prior(COLUMNS).start], iterations=50)
        assert low <= math.exp(theta[4]) <= high


def test_the_best_of_all_starts_wins() -> None:
    x, y = some(30)
    given = prior(COLUMNS)
    good, bad = given.mode, given.high
    alone = fit(x, y, COLUMNS, starts=[good], iterations=50)
    np.testing.assert_array_equal(fit(x, y, COLUMNS, starts=[bad, good], iterations=50), alone)


def test_with_one_or_constant_targets_the_fit_stays_near_the_prior() -> None:
    given = prior(COLUMNS)
    for n in (1, 10):
        theta = fit(some(10)[0][:n], np.zeros(n), COLUMNS, starts=[given.mode], iterations=30)
        assert np.isfinite(theta).all()
