from __future__ import annotations

import math

import numpy as np
import pytest

from rung.searchers._parzen_axes import Axes, Listed

SCALE = Listed(1, np.array([0.0, 0.5, 0.8, 1.0]), is_ordered=True)
LABELS = Listed(3, np.array([0.0, 0.5, 1.0]), is_ordered=False)
AXES = Axes(4, np.array([0]), (SCALE, LABELS))
POINTS = np.array([[0.3, 0.5, 0.9, 0.49], [0.4, 1.0, 0.9, math.nan], [math.nan, math.nan, 0.9, 0.5]])


def test_values_are_told_by_their_bins() -> None:
    assert AXES.values(POINTS).tolist() == [[1, 0], [2, 2], [3, 1]]
    assert Axes(1, np.array([0]), ()).values(POINTS).shape == (3, 0)


def test_snapped_points_stand_in_the_middle() -> None:
    expected = [[0.3, 0.65, 0.9, 0.25], [0.4, 0.9, 0.9, math.nan], [math.nan, math.nan, 0.9, 0.75]]
    given = POINTS.copy()
    assert AXES.snapped(POINTS) == pytest.approx(np.array(expected), nan_ok=True)
    assert np.array_equal(given, POINTS, equal_nan=True)


def test_the_prior_has_the_mass_of_the_bins() -> None:
    assert np.exp(AXES.log_prior(AXES.values(POINTS))) == pytest.approx([0.3 * 0.5, 0.2, 0.5])
