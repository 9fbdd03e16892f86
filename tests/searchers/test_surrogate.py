from __future__ import annotations

import numpy as np
import pytest

from rung.searchers import _surrogate
from rung.searchers._embedding import Embedding
from rung.searchers._region import Region
from rung.searchers._surrogate import Evidence, Fit, Surrogate, fitting_rows, local_rows
from rung.space import Choice, Constant, Float, Space
from rung.space.editing import edited

SPACE = Space({"x": Float(0, 1), "y": Float(0, 1), "kind": Choice(["a", "b"])})


def evidence(n: int, n_pending: int = 0, seed: int = 0) -> Evidence:
    points = Embedding(SPACE).snapped(np.random.default_rng(seed).random((n + n_pending, 3)))
    losses = np.sin(6.0 * points[:, 0]) + points[:, 1] ** 2 + points[:, 2]
    is_active = np.ones(points.shape, dtype=bool)
    return Evidence(points[:n], is_active[:n], losses[:n], points[n:], is_active[n:])


def surrogate(*, warps: bool = False) -> Surrogate:
    return Surrogate(Embedding(SPACE), Region(SPACE, SPACE), warps=warps)


def first(of: Evidence, n: int) -> Evidence:
    return Evidence(of.points[:n], of.is_active[:n], of.losses[:n], of.pending, of.pending_is_active)


def test_up_to_twenty_trials_each_brings_a_fit_later_a_tenth_more() -> None:
    known = evidence(60)
    makes, noted, sizes = surrogate(), None, []
    for n in range(5, 60):
        noted = makes.model(first(known, n), noted).fit
        sizes.append(noted.n_trials)
    fits = sorted(set(sizes))
    assert fits == [*range(5, 21), 22, 25, 28, 31, 35, 39, 43, 48, 53, 59]


def test_a_surprise_brings_a_fit_at_once() -> None:
    known = evidence(43)
    makes = surrogate()
    noted = makes.model(first(known, 41), None).fit
    assert makes.model(first(known, 42), noted).fit == noted
    surprising = known.losses.copy()
    surprising[41] -= 40.0
    assert makes.model(first(known._replace(losses=surprising), 42), noted).fit.n_trials == 42


def test_a_model_does_not_depend_on_those_made_before() -> None:
    known = evidence(60, n_pending=3)
    busy, noted = surrogate(), None
    for n in range(5, 60):
        model = busy.model(first(known, n), noted)
        fresh = surrogate().model(first(known, n), noted)
        np.testing.assert_array_equal(model.belief.factor.lower, fresh.belief.factor.lower)
        np.testing.assert_array_equal(model.belief.weights, fresh.belief.weights)
        assert model.best == fresh.best
        noted = model.fit if n % 3 else noted  # now and then a suggestion is not taken up


def test_a_kept_factor_is_dropped_when_points_change() -> None:
    known = evidence(40)
    makes = surrogate()
    noted = makes.model(first(known, 38), None).fit
    makes.model(first(known, 39), noted)
    changed = known.points.copy()
    changed[3] = 0.1
    changed = Embedding(SPACE).snapped(changed)
    other = known._replace(points=changed)
    fresh = surrogate().model(other, noted)
    np.testing.assert_array_equal(makes.model(other, noted).belief.factor.lower, fresh.belief.factor.lower)


@pytest.mark.parametrize("noted", [Fit(90, (0.0,) * 5), Fit(40, (0.0,) * 4)])
def test_a_fit_that_does_not_belong_here_is_ignored(noted: Fit) -> None:
    known = evidence(40)
    assert surrogate().model(known, noted).fit == surrogate().model(known, None).fit


def test_it_predicts() -> None:
    known, test = evidence(60), evidence(200, seed=1)
    for warps in (False, True):
        model = surrogate(warps=warps).model(known, None)
        embedding = Embedding(SPACE)
        mean, std = model.belief.predict(embedding.embedded(test.points, test.is_active))
        error = np.abs(model.scale.target(test.losses) - mean)
        assert error.mean() < 0.1
        assert (error < 2.0 * std + 0.02).mean() > 0.8


def test_what_is_to_be_beaten() -> None:
    known = evidence(40)
    model = surrogate().model(known, None)
    assert model.belief.noise < 1e-3
    assert model.best == pytest.approx(float(model.scale.target(known.losses).min()))
    known = evidence(150)
    noisy = known._replace(losses=known.losses + np.random.default_rng(0).normal(size=150))
    model = surrogate().model(noisy, None)
    assert model.belief.noise > 1e-2
    assert model.best > float(model.scale.target(noisy.losses).min()) + 0.1  # the lowest mean, not the luckiest draw


def test_the_top_are_the_points_with_the_lowest_means() -> None:
    known = evidence(40)
    model = surrogate().model(known, None)
    order = np.argsort(known.losses)[:5]
    np.testing.assert_array_equal(model.top, known.points[order])


def test_beyond_a_thousand_trials_the_model_is_local() -> None:
    known = evidence(1_001)
    exact, local = surrogate().model(first(known, 1_000), None), surrogate().model(known, None)
    assert len(exact.belief.factor.z) == 1_000
    assert (exact.box.high - exact.box.low == 1.0).all()
    assert len(local.belief.factor.z) == 500
    best = known.points[np.argmin(known.losses)]
    assert ((local.box.low <= best) & (best <= local.box.high)).all()
    assert (local.box.high - local.box.low).min() < 1.0
    assert local.best == pytest.approx(float(local.scale.target(known.losses).min()))


def test_of_many_trials_the_best_third_and_others_in_time_are_fitted() -> None:
    y = np.random.default_rng(0).normal(size=900)
    rows = fitting_rows(y)
    assert len(rows) == _surrogate.MOST_FITTED == len(set(rows.tolist()))
    assert set(np.argsort(y)[:83].tolist()) <= set(rows.tolist())
    assert np.diff(rows).max() < 20
    np.testing.assert_array_equal(fitting_rows(y[:300]), np.arange(300))


def test_a_local_model_knows_the_nearest_and_some_others() -> None:
    x = np.random.default_rng(0).random((2_000, 3))
    y = np.abs(x - 0.3).sum(axis=1)
    everywhere = np.ones(2_000, dtype=bool)
    rows = local_rows(x, y, everywhere)
    assert len(rows) == 500 == len(set(rows.tolist()))
    gaps = np.linalg.norm(x - x[np.argmin(y)], axis=1)
    assert set(np.argsort(gaps)[:400].tolist()) <= set(rows.tolist())
    assert np.argmin(y) in rows
    is_inside = x[:, 0] > 0.6
    nearest = np.argmin(np.where(is_inside, y, np.inf))
    gaps = np.linalg.norm(x - x[nearest], axis=1)
    assert set(np.argsort(gaps)[:400].tolist()) <= set(local_rows(x, y, is_inside).tolist())


def in_part(**domains: object) -> tuple[Surrogate, Region]:
    region = Region(SPACE, edited(SPACE, domains))
    return Surrogate(Embedding(SPACE), region, warps=False), region


def test_in_a_part_of_the_hull_the_best_there_is_to_be_beaten() -> None:
    known = evidence(40)
    surrogate, region = in_part(y=Float(0.6, 1))
    model = surrogate.model(known, None)
    is_inside = region.contains(known.points)
    assert model.belief.noise < 1e-3
    assert model.best == pytest.approx(float(model.scale.target(known.losses[is_inside]).min()))
    inside = known.points[is_inside][np.argsort(known.losses[is_inside])[:5]]
    np.testing.assert_array_equal(model.top, inside)
    np.testing.assert_array_equal(model.box.low, [0.0, 0.6, 0.0])
    assert model.scales[1] <= 0.4


def test_what_is_outside_still_shapes_what_is_believed_inside() -> None:
    known, test = evidence(40), evidence(200, seed=1)
    surrogate, region = in_part(x=Float(0.8, 1))
    rows = region.contains(known.points)
    assert 5 < rows.sum() < 20
    inside = Evidence(
        known.points[rows], known.is_active[rows], known.losses[rows], known.pending, known.pending_is_active
    )
    errors = []
    for each in (known, inside):
        model = surrogate.model(each, None)
        there = test.points[region.contains(test.points)]
        x = Embedding(SPACE).embedded(there, np.ones(there.shape, dtype=bool))
        losses = test.losses[region.contains(test.points)]
        errors.append(np.abs(model.scale.loss(model.belief.predict(x)[0]) - losses).mean())
    assert errors[0] < errors[1] / 2.0


def test_where_nothing_is_known_inside_the_lowest_expectation_is_to_be_beaten() -> None:
    known = evidence(40)
    surrogate, region = in_part(x=Constant(0.5), kind=Constant("b"))
    model = surrogate.model(known, None)
    assert not region.contains(known.points).any()
    moved = known.points.copy()
    moved[:, 0], moved[:, 2] = 0.5, 0.75
    expected = model.belief.predict(Embedding(SPACE).embedded(moved, known.is_active))[0].min()
    assert model.best == pytest.approx(expected)
    assert model.best > float(model.scale.target(known.losses).min()) + 0.5
    failed = known._replace(losses=np.where(region.contains(known.points), np.nan, known.losses))
    assert surrogate.model(failed, None).best == pytest.approx(model.best)


def test_beyond_a_thousand_trials_the_box_lies_in_the_region() -> None:
    known = evidence(1_001)
    surrogate, region = in_part(x=Float(0.9, 1), y=Constant(0.7))
    model = surrogate.model(known, None)
    assert (model.box.low >= region.low).all()
    assert (model.box.high <= region.high).all()
    assert (model.box.low <= model.box.high).all()
    assert (model.top[:, 0] >= 0.9).sum() >= 1 or not region.contains(known.points).any()
