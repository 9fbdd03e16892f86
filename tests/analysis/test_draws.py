import numpy as np
import pytest

from rung.analysis import _draws
from rung.analysis._draws import Draws
from rung.searchers._gp_belief import Columns, belief_given, factorised, scaled

COLUMNS = Columns(np.array([0, 1]), np.array([], dtype=np.intp), 2.0)
X = np.random.default_rng(0).random((6, 2))
Y = np.array([0.3, -1.2, 0.8, 1.1, -0.4, -0.6])
AT = np.array([[0.1, 0.9], [0.12, 0.88], [0.5, 0.5], [0.9, 0.2]])


def draws_of(belief, count, seed=0):
    return Draws(belief, Y, np.ones((len(Y), count), dtype=np.int64), np.random.default_rng(seed))


def belief_of(noise=1e-2):
    theta = np.log([0.4, 0.7, 1.3, noise])
    return belief_given(theta, COLUMNS, factorised(scaled(X, theta, COLUMNS), theta, COLUMNS), Y)


def test_the_draws_have_the_mean_and_the_covariance_of_the_belief():
    belief = belief_of()
    values = np.concatenate([draws_of(belief, 1_000, seed).at(AT) for seed in range(8)], axis=1)
    mean, std = belief.predict(AT)
    np.testing.assert_allclose(values.mean(axis=1), mean, atol=0.05)
    np.testing.assert_allclose(values.std(axis=1), std, rtol=0.06)
    np.testing.assert_allclose(np.cov(values), belief.covariance(AT), atol=0.06)


def test_without_noise_they_go_through_the_targets():
    values = draws_of(belief_of(noise=1e-6), 20).at(X)
    np.testing.assert_allclose(values, np.tile(Y[:, None], 20), atol=0.02)


def test_many_inputs_are_asked_in_blocks(monkeypatch):
    whole = draws_of(belief_of(), 3, 5).at(AT)
    monkeypatch.setattr(_draws, "BLOCK", 3)
    np.testing.assert_allclose(draws_of(belief_of(), 3, 5).at(AT), whole, rtol=1e-12)
    assert whole.shape == (4, 3)
    assert not np.allclose(draws_of(belief_of(), 3, 6).at(AT), whole)


def test_far_away_they_are_those_of_the_prior():
    far = np.array([[100.0, -100.0]])
    values = draws_of(belief_of(), 2_000, 1).at(far)
    assert values.std() == pytest.approx(float(belief_of().predict(far)[1][0]), rel=0.1)


def test_an_input_counts_as_often_as_is_said():
    twice, belief = np.array([2, 0, 1, 1, 0, 3]), belief_of(noise=0.3)
    rows = np.repeat(np.arange(6), twice)
    theta = belief.theta
    repeated = belief_given(theta, COLUMNS, factorised(scaled(X[rows], theta, COLUMNS), theta, COLUMNS), Y[rows])
    counts = np.tile(twice[:, None], 1_000)
    values = np.concatenate([Draws(belief, Y, counts, np.random.default_rng(seed)).at(AT) for seed in range(8)], axis=1)
    mean, std = repeated.predict(AT)
    np.testing.assert_allclose(values.mean(axis=1), mean, atol=0.05)
    np.testing.assert_allclose(values.std(axis=1), std, rtol=0.06)
