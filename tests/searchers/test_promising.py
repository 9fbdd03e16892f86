from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from rung.searchers._acquisition import expected_improvement, log_expected_improvement
from rung.searchers._ascent import Box
from rung.searchers._embedding import Embedding
from rung.searchers._gp_belief import belief_given, factorised, scaled
from rung.searchers._gp_fit import prior
from rung.searchers._promising import Effort, Landscape, Region, candidates, promising
from rung.space import Choice, Float, Int, Space

MIXED = Space(
    {"x": Float(0, 1), "kind": Choice(["a", "b"]), "n": Int(0, 40), "few": Int(0, 5), "z": Float(0, 1)},
    conditions={"z": ("kind", "a")},
)
SQUARE = Space({"x": Float(0, 1), "y": Float(0, 1)})


def landscape(space: Space, n: int, seed: int = 0) -> Landscape:
    embedding = Embedding(space)
    rng = np.random.default_rng(seed)
    points = embedding.snapped(rng.random((n, len(space))))
    x = embedding.embedded(points, embedding.is_active(points))
    y = np.sin(7.0 * x).sum(axis=1)
    y = (y - y.mean()) / y.std()
    columns = embedding.columns._replace(warped=embedding.columns.warped[:0])
    theta = prior(columns).mode
    belief = belief_given(theta, columns, factorised(scaled(x, theta, columns), theta, columns), y)
    return Landscape(embedding, belief, partial(log_expected_improvement, best=float(y.min())))


def everywhere(d: int, best: np.ndarray | None = None) -> Region:
    box = Box(np.zeros(d), np.ones(d))
    return Region(box, np.empty((0, d)) if best is None else best, lambda at: np.ones(len(at), dtype=bool))


def found(space: Space, region: Region | None = None, seed: int = 0, **effort: int) -> tuple[np.ndarray, Landscape]:
    land = landscape(space, 15)
    d = len(space)
    options = {"scales": np.full(d, 0.3), "effort": Effort(**effort), "rng": np.random.default_rng(seed)}
    return promising(land, region or everywhere(d), **options), land


def test_the_first_is_the_highest_of_a_fine_grid() -> None:
    points, land = found(SQUARE)
    ticks = np.linspace(0.0, 1.0, 201)
    grid = np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)
    assert land.heights(points[:1])[0] >= land.heights(grid).max() - 1e-3


def test_the_first_is_the_highest_in_a_mixed_and_conditional_space() -> None:
    points, land = found(MIXED)
    rng = np.random.default_rng(1)
    many = land.embedding.snapped(rng.random((20_000, 5)))
    assert land.heights(points[:1])[0] >= land.heights(many).max()


@pytest.mark.parametrize("space", [SQUARE, MIXED])
def test_points_come_in_the_order_of_their_heights_and_on_listed_values(space: Space) -> None:
    points, land = found(space)
    heights = land.heights(points)
    assert (np.diff(heights) <= 1e-9).all()
    np.testing.assert_array_equal(land.embedding.snapped(points), points)


def test_climbing_and_exchanging_pay() -> None:
    points, land = found(MIXED, spread=64, near=0)
    alone, _ = found(MIXED, spread=64, near=0, rounds=0)
    assert land.heights(points[:1])[0] > land.heights(alone[:1])[0] + 0.01


def test_only_what_is_allowed_is_found() -> None:
    region = everywhere(2)._replace(is_allowed=lambda at: at[:, 0] + at[:, 1] < 0.4)
    points, _ = found(SQUARE, region)
    assert len(points)
    assert (points.sum(axis=1) < 0.4).all()
    nothing, _ = found(SQUARE, region._replace(is_allowed=lambda at: np.zeros(len(at), dtype=bool)))
    assert nothing.shape == (0, 2)


def test_the_box_is_kept() -> None:
    box = Box(np.array([0.1, 0.6]), np.array([0.2, 0.9]))
    points, _ = found(SQUARE, everywhere(2, np.array([[0.15, 0.7]]))._replace(box=box))
    assert (points >= box.low).all()
    assert (points <= box.high).all()


def test_candidates_gather_around_the_best_points() -> None:
    best = np.array([[0.5, 0.25], [0.9, 0.9]])
    embedding, effort = Embedding(SQUARE), Effort(spread=0, near=1_000)
    points = candidates(embedding, everywhere(2, best), np.full(2, 0.2), effort, np.random.default_rng(0))
    gaps = np.abs(points[:, None] - best).max(axis=2).min(axis=1)
    assert np.quantile(gaps, 0.1) < 1e-3
    assert np.median(gaps) < 0.05
    assert gaps.max() > 0.3


def test_equal_heights_are_no_hindrance() -> None:
    land = landscape(SQUARE, 15)._replace(acquisition=partial(expected_improvement, best=-1e9))
    region = everywhere(2)
    points = promising(land, region, scales=np.ones(2), effort=Effort(), rng=np.random.default_rng(0))
    assert len(points)
    assert (land.heights(points) == 0.0).all()


def test_the_slope_of_heights_is_that_of_differences() -> None:
    land = landscape(MIXED, 15)
    points = land.embedding.snapped(np.random.default_rng(3).uniform(0.1, 0.9, (10, 5)))
    is_active = land.embedding.is_active(points)
    heights, slopes = land.heights_and_slopes(points, is_active)
    np.testing.assert_allclose(heights, land.heights(points), rtol=1e-10)
    step = 1e-6
    for j in (0, 4):
        move = step * np.eye(5)[j]
        ends = [land.heights(points + sign * move) for sign in (1.0, -1.0)]
        np.testing.assert_allclose(slopes[:, j], (ends[0] - ends[1]) / (2.0 * step), rtol=1e-4, atol=1e-6)


def test_sampled_functions_have_the_moments_of_the_belief() -> None:
    land = landscape(SQUARE, 15)
    points = np.random.default_rng(4).random((5, 2))
    rng = np.random.default_rng(5)
    drawn = -np.array([land.sampled(points, rng) for _ in range(4_000)])
    mean, std = land.belief.predict(points)
    np.testing.assert_allclose(drawn.mean(axis=0), mean, atol=0.06)
    np.testing.assert_allclose(drawn.std(axis=0), std, rtol=0.05)
    np.testing.assert_allclose(np.cov(drawn.T), land.belief.covariance(points), atol=0.06)
