from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from rung.searchers._targets import scale_of, targets

SKEWED = np.exp(np.random.default_rng(0).normal(size=60))


def test_targets_are_standardised_and_keep_the_order() -> None:
    scale, y = targets(SKEWED)
    assert y.mean() == pytest.approx(0.0, abs=1e-12)
    assert y.std() == pytest.approx(1.0)
    np.testing.assert_array_equal(np.argsort(y), np.argsort(SKEWED))
    np.testing.assert_allclose(scale.loss(y), SKEWED, rtol=1e-9)


def test_a_long_tail_is_drawn_in() -> None:
    _, y = targets(SKEWED)
    assert stats.skew(SKEWED) > 1.5
    assert abs(stats.skew(y)) < 0.5


def test_the_power_is_that_of_the_highest_likelihood() -> None:
    losses = np.random.default_rng(1).gamma(3.0, size=400)
    z = (losses - losses.mean()) / losses.std()
    assert scale_of(losses).power == pytest.approx(stats.yeojohnson_normmax(z), abs=0.06)


def test_bad_losses_are_never_drawn_apart() -> None:
    assert scale_of(-SKEWED).power == 1.0


@pytest.mark.parametrize(("factor", "shift"), [(3.0, -7.0), (1e-8, 0.0), (1e9, 1e9)])
def test_the_unit_and_the_zero_of_losses_do_not_matter(factor: float, shift: float) -> None:
    np.testing.assert_allclose(targets(factor * SKEWED + shift)[1], targets(SKEWED)[1], atol=1e-6)


def test_one_that_diverged_does_not_make_the_others_alike() -> None:
    losses = np.append(SKEWED, [1e12, 1e300])
    y = targets(losses)[1]
    assert y[:-2].std() > 0.5
    assert y[-1] == y[-2] == y.max()


def test_also_where_more_than_half_are_equally_good() -> None:
    y = targets(np.array([0.0] * 6 + [1.0, 2.0, 3.0, 1e20]))[1]
    assert np.diff(np.unique(y)[:4]).min() > 0.05


def test_failures_are_worse_than_anything() -> None:
    losses = np.append(SKEWED, [np.nan, np.nan])
    _, y = targets(losses)
    worst = y[:-2].max()
    assert y[-1] == y[-2] == pytest.approx(worst + 0.5 * (worst - np.median(y[:-2])))
    np.testing.assert_array_equal(targets(np.array([2.0, np.nan]))[1], [0.0, 0.5])


@pytest.mark.parametrize(
    "losses",
    [[0.0], [3.0] * 5, [0.0] * 5, [1.0, 1.0 + 1e-15], [-1e300, 1e300, 0.0], [1e-310, 2e-310, 0.0], [5.0, 7.0]],
)
def test_whatever_the_losses_targets_are_finite_and_in_order(losses: list[float]) -> None:
    _, y = targets(np.array(losses))
    assert np.isfinite(y).all()
    order = np.argsort(losses, kind="stable")
    assert (np.diff(y[order]) >= 0.0).all()


def test_equal_losses_are_zero() -> None:
    np.testing.assert_array_equal(targets(np.full(4, 0.1))[1], 0.0)
