from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from rung.searchers._acquisition import expected_improvement, log_expected_improvement
from rung.searchers._ascent import Box
from rung.searchers._embedding import Embedding
from rung.searchers._gp_belief import belief_given, factorised, scaled
from rung.searchers._gp_fit import prior
from rung.searchers._priors import Leaning, Opinion
from rung.searchers._promising import Aim, Effort, Landscape, candidates, promising
from rung.searchers._region import Region
from rung.space import Choice, Float, Int, Space, linear
from rung.space.editing import edited

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


def aim(space: Space, best: np.ndarray | None = None, now: Space | None = None) -> Aim:
    """At all of the space, or of what it is now."""
    region = Region(space, now or space)
    return Aim(region, Box(region.low, region.high), np.empty((0, len(space))) if best is None else best)


def found(space: Space, at: Aim | None = None, seed: int = 0, **effort: int) -> tuple[np.ndarray, Landscape]:
    land = landscape(space, 15)
    options = {"scales": np.full(len(space), 0.3), "effort": Effort(**effort), "rng": np.random.default_rng(seed)}
    return promising(land, at or aim(space), **options), land


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
    for most, some in ((0.4, True), (-1.0, False)):
        now = Space({"x": Float(0, 1), "y": Float(0, 1)}, constraints=[linear({"x": 1, "y": 1}, at_most=most)])
        points, _ = found(SQUARE, aim(SQUARE, now=now))
        assert bool(len(points)) is some
        assert points.shape[1] == 2
        assert (points.sum(axis=1) <= most).all()


def test_the_box_is_kept() -> None:
    box = Box(np.array([0.1, 0.6]), np.array([0.2, 0.9]))
    points, _ = found(SQUARE, aim(SQUARE, np.array([[0.15, 0.7]]))._replace(box=box))
    assert (points >= box.low).all()
    assert (points <= box.high).all()


def test_a_narrowed_space_is_kept_and_its_highest_point_found() -> None:
    now = edited(MIXED, {"x": Float(0.6, 0.7), "kind": "b", "n": Int(3, 9), "few": Int(2, 3)})
    at = aim(MIXED, np.array([[0.1, 0.25, 0.9, 0.1, 0.5]]), now)
    points, land = found(MIXED, at)
    assert len(points) > 64
    assert at.region.contains(points).all()
    np.testing.assert_array_equal(land.embedding.snapped(points), points)
    assert all(now.is_allowed(at.region.config(point)) for point in points)
    many = land.embedding.snapped(at.region.outward(np.random.default_rng(1).random((20_000, 5))))
    assert land.heights(points[:1])[0] >= land.heights(many[at.region.contains(many)]).max()


def test_listed_values_are_exchanged_for_those_that_there_are() -> None:
    space = Space({"kind": Choice(list("abcdefgh")), "x": Float(0, 1)})
    at = aim(space, now=edited(space, {"kind": Choice(["g", "b"])}))
    points, land = found(space, at, spread=4, near=0)
    grid = np.array([[kind, x] for kind in (1.5 / 8, 6.5 / 8) for x in np.linspace(0, 1, 501)])
    assert land.heights(points[:1])[0] >= land.heights(grid).max() - 1e-3
    assert {at.region.config(point)["kind"] for point in points} <= {"b", "g"}


def test_what_is_believed_bears_on_all_heights() -> None:
    space = Space({"x": Float(0, 1), "y": Float(0, 1)}, priors={"x": ("~0.9", "high")})
    leaning = Leaning(Opinion(space), Region(space, space), 10.0)
    land = landscape(SQUARE, 15)
    believed = land._replace(leaning=leaning)
    points = np.random.default_rng(0).random((40, 2))
    is_active = np.ones(points.shape, dtype=bool)
    raised = 10.0 * leaning.opinion.log_weight(points, is_active)
    np.testing.assert_allclose(believed.heights(points), land.heights(points) + raised)
    np.testing.assert_allclose(believed.heights_and_slopes(points, is_active)[0], believed.heights(points))
    drawn, plain = (each.sampled(points, np.random.default_rng(2)) for each in (believed, land))
    np.testing.assert_allclose(drawn, plain + raised)
    slopes = [each.heights_and_slopes(points, is_active)[1] for each in (believed, land)]
    by_place = leaning.opinion.log_weight_and_slopes(points, is_active)[1]
    np.testing.assert_allclose(slopes[0] - slopes[1], 10.0 * by_place, atol=1e-6 * np.abs(slopes[1]).max())
    best = promising(believed, aim(SQUARE), scales=np.full(2, 0.3), effort=Effort(), rng=np.random.default_rng(0))[0]
    assert best[0] == pytest.approx(0.9, abs=0.1)


def test_candidates_gather_around_the_best_points() -> None:
    best = np.array([[0.5, 0.25], [0.9, 0.9]])
    embedding, effort = Embedding(SQUARE), Effort(spread=0, near=1_000)
    points = candidates(embedding, aim(SQUARE, best), np.full(2, 0.2), effort, np.random.default_rng(0))
    gaps = np.abs(points[:, None] - best).max(axis=2).min(axis=1)
    assert np.quantile(gaps, 0.1) < 1e-3
    assert np.median(gaps) < 0.05
    assert gaps.max() > 0.3


def test_equal_heights_are_no_hindrance() -> None:
    land = landscape(SQUARE, 15)._replace(acquisition=partial(expected_improvement, best=-1e9))
    points = promising(land, aim(SQUARE), scales=np.ones(2), effort=Effort(), rng=np.random.default_rng(0))
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
