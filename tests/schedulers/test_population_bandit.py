from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from rung.schedulers._population_bandit import (
    Belief,
    Gains,
    fitted,
    kernel,
    log_evidence,
    most_promising,
    standardised,
    upper_bounds,
)

NONE = (np.empty(0), np.empty((0, 2)))


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def seen(n: int = 12, *, seed: int = 1) -> Gains:
    random = rng(seed)
    return Gains(np.floor(random.random(n) * 5), random.random((n, 2)), random.standard_normal(n))


def best_place(gains: Gains, pending: Any, t: float, held: Any, random: np.random.Generator) -> Any:
    known = standardised(gains)
    return most_promising(fitted(known), known, pending, t, held=held, rng=random)


def slow_kernel(belief: Belief, one: tuple[float, list[float]], other: tuple[float, list[float]]) -> float:
    squared = sum((a - b) ** 2 for a, b in zip(one[1], other[1], strict=True))
    forgotten = math.sqrt(1.0 - belief.forgetting) ** abs(one[0] - other[0])
    return float(math.exp(-squared / (2 * belief.length**2)) * forgotten)


def test_the_kernel_written_once_more() -> None:
    belief, one, other = Belief(0.3, 0.2, 0.1), seen(4), seen(3, seed=2)
    fast = kernel(belief, one.t, one.x, other.t, other.x)
    for i in range(4):
        for j in range(3):
            pair = (one.t[i], one.x[i].tolist()), (other.t[j], other.x[j].tolist())
            assert fast[i, j] == pytest.approx(slow_kernel(belief, *pair), rel=1e-13)


def covariance(belief: Belief, t: np.ndarray, x: np.ndarray) -> np.ndarray:
    points = list(zip(t, x.tolist(), strict=True))
    return np.array([[slow_kernel(belief, one, other) for other in points] for one in points])


def test_the_evidence_is_the_density_of_a_normal() -> None:
    belief, gains = Belief(0.4, 0.1, 0.05), seen()
    sigma = covariance(belief, gains.t, gains.x) + 0.05 * np.eye(12)
    expected = stats.multivariate_normal(np.zeros(12), sigma).logpdf(gains.y)
    assert log_evidence(belief, gains) == pytest.approx(expected, abs=1e-6)


def test_the_bound_is_mean_and_spread_of_the_conditional_normal() -> None:
    """By the inverse of the joint covariance; pending ones narrow the spread and leave the mean."""
    belief, gains, x = Belief(0.4, 0.1, 0.05), seen(), rng(3).random((5, 2))
    pending = (np.array([4.0, 4.0]), rng(4).random((2, 2)))
    bounds = upper_bounds(belief, gains, pending, 5.0, x)

    def conditional(t: np.ndarray, at: np.ndarray, place: np.ndarray) -> tuple[np.ndarray, float]:
        joint = covariance(belief, np.append(t, 5.0), np.vstack([at, place]))
        inverse = np.linalg.inv(joint[:-1, :-1] + 0.05 * np.eye(len(t)))
        return joint[-1, :-1] @ inverse, joint[-1, -1] - joint[-1, :-1] @ inverse @ joint[:-1, -1]

    beta = 0.2 + math.log(0.4 * 12)
    for number, place in enumerate(x):
        weights, _ = conditional(gains.t, gains.x, place)
        _, variance = conditional(np.append(gains.t, pending[0]), np.vstack([gains.x, pending[1]]), place)
        expected = weights @ gains.y + math.sqrt(beta * variance)
        assert bounds[number] == pytest.approx(expected, abs=1e-6)


def test_the_likeliest_belief_is_the_one_that_the_gains_were_drawn_from() -> None:
    truth = Belief(0.2 * math.sqrt(2), 0.1, 0.01)
    random, found = rng(5), []
    for _ in range(10):
        t, x = np.repeat(np.arange(10.0), 8), random.random((80, 2))
        y = random.multivariate_normal(np.zeros(80), covariance(truth, t, x) + 0.01 * np.eye(80))
        found.append(fitted(Gains(t, x, y)))
    assert np.median([belief.length for belief in found]) == pytest.approx(truth.length)
    assert np.median([belief.forgetting for belief in found]) == pytest.approx(truth.forgetting, abs=0.09)


def test_it_goes_where_the_gains_are() -> None:
    random = rng(6)
    x = random.random((60, 2))
    gains = Gains(np.repeat(np.arange(10.0), 6), x, -np.sum((x - [0.7, 0.2]) ** 2, axis=1))
    best = best_place(gains, NONE, 10.0, np.array([math.nan, math.nan]), rng())
    assert np.abs(best - [0.7, 0.2]).max() < 0.15


def test_it_follows_an_optimum_that_moves() -> None:
    """What paid in the beginning and no longer does is forgotten."""
    random = rng(7)
    t, x = np.repeat(np.arange(20.0), 6), random.random((120, 2))
    gains = Gains(t, x, -np.abs(x[:, 0] - (0.1 + 0.8 * t / 20)))
    best = best_place(gains, NONE, 20.0, np.array([math.nan, 0.5]), rng())
    assert abs(best[0] - 0.9) < 0.2
    assert best[1] == 0.5, "what is held stays"


def test_without_gains_it_keeps_away_from_what_is_pending() -> None:
    pending = (np.zeros(4), np.array([[0.1, 0.1], [0.2, 0.2], [0.1, 0.2], [0.2, 0.1]]))
    empty = Gains(np.empty(0), np.empty((0, 2)), np.empty(0))
    best = best_place(empty, pending, 0.0, np.array([math.nan, math.nan]), rng())
    assert np.linalg.norm(best - 0.15) > 0.5
    assert ((best >= 0.0) & (best <= 1.0)).all()


def test_equal_gains_and_their_scale_do_not_matter() -> None:
    gains, held = seen(), np.array([math.nan, math.nan])
    flat = gains._replace(y=np.full(12, 3.0))
    assert (standardised(flat).y == 0.0).all()
    scaled = gains._replace(y=5.0 + 1e-6 * gains.y)
    one, other = (best_place(each, NONE, 5.0, held, rng()) for each in (gains, scaled))
    assert one == pytest.approx(other, abs=1e-9)
