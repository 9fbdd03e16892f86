from __future__ import annotations

import math

import numpy as np
import pytest

from rung.searchers._parzen_axes import Axes, Listed, Pinned

SCALE = Listed(1, np.array([0.0, 0.5, 0.8, 1.0]), is_ordered=True)
LABELS = Listed(3, np.array([0.0, 0.5, 1.0]), is_ordered=False)
AXES = Axes(4, np.array([0]), (SCALE, LABELS), np.ones(4))
POINTS = np.array([[0.3, 0.5, 0.9, 0.49], [0.4, 1.0, 0.9, math.nan], [math.nan, math.nan, 0.9, 0.5]])


def test_values_are_told_by_their_bins() -> None:
    assert AXES.values(POINTS).tolist() == [[1, 0], [2, 2], [3, 1]]
    assert Axes(1, np.array([0]), (), np.ones(1)).values(POINTS).shape == (3, 0)


def test_snapped_points_stand_in_the_middle() -> None:
    expected = [[0.3, 0.65, 0.9, 0.25], [0.4, 0.9, 0.9, math.nan], [math.nan, math.nan, 0.9, 0.75]]
    given = POINTS.copy()
    assert AXES.snapped(POINTS) == pytest.approx(np.array(expected), nan_ok=True)
    assert np.array_equal(given, POINTS, equal_nan=True)


def test_the_prior_has_the_mass_of_the_bins() -> None:
    assert np.exp(AXES.log_prior(POINTS, AXES.values(POINTS))) == pytest.approx([0.3 * 0.5, 0.2, 0.5])


def test_the_prior_is_even_over_the_spans() -> None:
    axes = AXES._replace(spans=np.array([0.25, 0.5, 1.0, 0.5]))
    assert np.exp(axes.log_prior(POINTS, axes.values(POINTS))) == pytest.approx(
        [0.3 / 0.5 / 0.25, 0.2 / 0.5 / 0.25, 1.0]
    )


def test_what_is_away_from_the_pins_counts_less() -> None:
    axes = AXES._replace(pinned=(Pinned(0, 0.3, is_ordered=True), Pinned(3, 0.75, is_ordered=False)))
    points = np.array([[0.3, 0.1, 0.2, 0.75], [0.4, 0.1, 0.2, 0.75], [0.3, 0.9, 0.9, 0.25], [math.nan] * 4])
    assert np.exp(axes.log_relevance(points)) == pytest.approx([1.0, math.exp(-0.5), 0.25, 1.0])
    assert AXES.log_relevance(points).tolist() == [0.0] * 4
