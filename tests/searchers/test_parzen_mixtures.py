from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad

from rung.searchers import _parzen_mixtures as mixtures
from rung.searchers._parzen_axes import Axes, Listed, Pinned
from rung.searchers._parzen_mixtures import Good, Others

if TYPE_CHECKING:
    from collections.abc import Sequence

SCALE = Listed(1, np.array([0.0, 0.5, 0.8, 1.0]), is_ordered=True)
LABELS = Listed(2, np.array([0.0, 0.5, 1.0]), is_ordered=False)
AXES = Axes(4, np.array([0, 3]), (SCALE, LABELS), np.ones(4))
NAN = math.nan
POINTS = np.array(
    [
        [0.1, 0.25, 0.25, NAN],
        [0.7, 0.9, 0.75, 0.2],
        [0.2, NAN, 0.25, 0.9],
        [NAN, 0.65, NAN, 0.5],
        [0.3, 0.25, 0.75, NAN],
    ]
)
CANDIDATES = np.array([[0.15, 0.25, 0.75, 0.4], [0.99, 0.9, 0.25, NAN], [0.0, NAN, NAN, 1.0], [NAN, 0.65, 0.25, 0.0]])


def cut_normal(centre: float, width: float) -> stats.rv_continuous:
    return stats.truncnorm(-centre / width, (1.0 - centre) / width, loc=centre, scale=width)


def slow_density(
    points: Sequence[Sequence[float]],
    widths: Sequence[Sequence[float]],
    weights: Sequence[float],
    candidate: Sequence[float],
    own: float,
    *,
    spans: Sequence[float] = (1.0, 1.0, 1.0, 1.0),
) -> float:
    """The second writing: kernel by kernel, axis by axis, the prior last."""
    parts = [*points, [NAN] * 4]
    total = 0.0
    for point, width, weight in zip(parts, [*widths, [1.0] * 4], weights, strict=True):
        density = 1.0
        for axis, (centre, x) in enumerate(zip(point, candidate, strict=True)):
            if math.isnan(x):
                continue
            if math.isnan(centre):
                density /= spans[axis]
            if axis in (0, 3):
                density *= 1.0 if math.isnan(centre) else cut_normal(centre, width[axis]).pdf(x)
            elif axis == 1:
                low, high = next((a, b) for a, b in itertools.pairwise(SCALE.edges) if a <= x < b)
                density *= (
                    high - low if math.isnan(centre) else np.diff(cut_normal(centre, width[axis]).cdf([low, high]))[0]
                )
            else:
                density *= 0.5 if math.isnan(centre) else own if (centre < 0.5) == (x < 0.5) else 1.0 - own
        total += weight * density
    return math.log(total / sum(weights))


def test_the_density_of_the_good_is_what_a_slow_second_writing_says() -> None:
    weights = np.array([2.0, 1.0, 0.5, 1.0, 0.5])
    density = Good(AXES, POINTS, weights, prior_weight=0.3).log_density(CANDIDATES)
    least = max(mixtures.LEAST_WIDTH, 7.0**-mixtures.CLIP_EXPONENT)
    assert least < 0.1, "the widths below are not clipped"
    widths = [
        [0.1, max(1 / 6, 0.4), 0, 0],
        [0.4, 0.25, 0, 0.3],
        [0.1, 0, 0, 0.4],
        [0, 0.4, 0, 0.4],
        [0.4, 0.4, 0, 0],
    ]
    widths[0][1] = 1 / 6  # equal places: the first one's only neighbour is at no distance, and the floor is half a bin
    for value, candidate in zip(density, CANDIDATES, strict=True):
        assert value == pytest.approx(slow_density(POINTS, widths, [*weights, 0.3], candidate, own=6 / 7))


def test_the_density_of_the_others_is_what_a_slow_second_writing_says() -> None:
    others = Others(AXES)
    others.extend(POINTS)
    is_counted = np.array([True, False, True, True, True])
    density = others.log_density(CANDIDATES, is_counted, prior_weight=2.0)
    widths = [[mixtures.OTHER_WIDTH, 1 / 6, 0, mixtures.OTHER_WIDTH]] * 5
    for value, candidate in zip(density, CANDIDATES, strict=True):
        expected = slow_density(POINTS, widths, [1.0, 0.0, 1.0, 1.0, 1.0, 2.0], candidate, own=5 / 6)
        assert value == pytest.approx(expected)


NARROW = AXES._replace(spans=np.array([0.2, 0.5, 0.5, 0.4]), pinned=(Pinned(4, 0.3, is_ordered=True),))
PLACED = np.column_stack([POINTS, [0.3, 0.3, 0.4, 0.3, 0.5]])
RELEVANCE = [1.0, 1.0, math.exp(-0.5), 1.0, math.exp(-2.0)]


def test_in_a_part_of_the_cube_kernels_are_narrower_and_the_prior_is_higher() -> None:
    """And trials away from what is pinned weigh less."""
    weights = np.array([2.0, 1.0, 0.5, 1.0, 0.5])
    candidates = np.column_stack([CANDIDATES, np.full(4, 0.3)])
    density = Good(NARROW, PLACED, weights, prior_weight=0.3).log_density(candidates)
    widths = [
        [0.1, max(1 / 6, 0.4), 0, 0],
        [0.2, 0.25, 0, 0.3],
        [0.1, 0, 0, 0.4],
        [0, 0.4, 0, 0.4],
        [0.2, 0.4, 0, 0],
    ]
    widths[0][1] = 1 / 6
    counted = weights * RELEVANCE
    for value, candidate in zip(density, CANDIDATES, strict=True):
        expected = slow_density(POINTS, widths, [*counted, 0.3], candidate, own=6 / 7, spans=NARROW.spans.tolist())
        assert value == pytest.approx(expected)
    others = Others(NARROW)
    others.extend(PLACED)
    density = others.log_density(candidates, np.ones(5, dtype=bool), prior_weight=2.0)
    others_width = mixtures.OTHER_WIDTH
    widths = [[others_width * 0.2, 1 / 6, 0, others_width * 0.4]] * 5
    for value, candidate in zip(density, CANDIDATES, strict=True):
        expected = slow_density(POINTS, widths, [*RELEVANCE, 2.0], candidate, own=6 / 7, spans=NARROW.spans.tolist())
        assert value == pytest.approx(expected)


def test_densities_sum_to_one() -> None:
    """Over one continuous axis, the scale and the labels, the fourth axis being inactive."""
    good = Good(AXES, POINTS, np.ones(5), prior_weight=1.0)
    others = Others(AXES)
    others.extend(POINTS)

    def total(x: float, which: str) -> float:
        cells = itertools.product(SCALE.middles(), LABELS.middles())
        candidates = np.array([[x, scale, label, NAN] for scale, label in cells])
        logs = (
            good.log_density(candidates)
            if which == "good"
            else others.log_density(candidates, np.ones(5, dtype=bool), prior_weight=1.0)
        )
        return float(np.exp(logs).sum())

    for which in ("good", "others"):
        integral, _ = quad(total, 0.0, 1.0, args=(which,), points=[0.1, 0.2, 0.3, 0.7], limit=200)
        assert integral == pytest.approx(1.0, abs=1e-7), which


def test_draws_have_the_density() -> None:
    good = Good(AXES, POINTS[:3], np.array([3.0, 1.0, 1.0]), prior_weight=0.5)
    drawn = good.draw(20_000, np.random.default_rng(0))
    assert np.array_equal(AXES.snapped(drawn), drawn)
    cells = list(itertools.product(SCALE.middles(), LABELS.middles()))
    expected = np.exp(good.log_density(np.array([[NAN, scale, label, NAN] for scale, label in cells])))
    seen = [np.count_nonzero((drawn[:, 1] == scale) & (drawn[:, 2] == label)) for scale, label in cells]
    assert stats.chisquare(seen, 20_000 * expected).pvalue > 0.01

    def cumulated(x: float) -> float:
        density = lambda u: float(np.exp(good.log_density(np.array([[u, NAN, NAN, NAN]])))[0])  # noqa: E731
        return quad(density, 0.0, x, points=[0.1, 0.2], limit=100)[0]

    for x in (0.05, 0.15, 0.3, 0.8):
        assert np.mean(drawn[:, 0] <= x) == pytest.approx(cumulated(x), abs=0.015)


def test_without_good_trials_the_prior_is_drawn() -> None:
    good = Good(AXES, np.empty((0, 4)), np.empty(0), prior_weight=1.0)
    drawn = good.draw(2000, np.random.default_rng(1))
    assert stats.kstest(drawn[:, 0], "uniform").pvalue > 0.01
    assert np.exp(good.log_density(CANDIDATES)) == pytest.approx([0.25, 0.1, 1.0, 0.15])


def test_trial_by_trial_gives_the_same_as_all_at_once() -> None:
    step_by_step, at_once = Others(AXES), Others(AXES)
    for n in range(len(POINTS) + 1):
        step_by_step.extend(POINTS[:n])
    at_once.extend(POINTS)
    counted = np.ones(5, dtype=bool)
    expected = at_once.log_density(CANDIDATES, counted, prior_weight=1.0)
    assert np.array_equal(step_by_step.log_density(CANDIDATES, counted, prior_weight=1.0), expected)


def test_a_forgotten_row_is_reckoned_anew() -> None:
    others, fresh = Others(AXES), Others(AXES)
    others.extend(POINTS)
    moved = POINTS.copy()
    moved[1] = [0.9, 0.25, 0.25, 0.1]
    others.forget(1)
    others.extend(moved)
    fresh.extend(moved)
    counted = np.ones(5, dtype=bool)
    expected = fresh.log_density(CANDIDATES, counted, prior_weight=1.0)
    assert np.array_equal(others.log_density(CANDIDATES, counted, prior_weight=1.0), expected)
