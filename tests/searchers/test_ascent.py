from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize, rosen, rosen_der

from rung.searchers._ascent import Box, climb

UNIT = Box(np.zeros(3), np.ones(3))


def bowls(centres: np.ndarray, steepness: np.ndarray) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """For each point a bowl of its own, upside down."""
    return lambda at: (-(steepness * (at - centres) ** 2).sum(axis=1), -2.0 * steepness * (at - centres))


def climbed(function: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]], starts: np.ndarray, **options: object):
    given = {"box": UNIT, "scales": np.ones(3), "is_free": np.ones(starts.shape, dtype=bool), "iterations": 60}
    return climb(function, starts, **{**given, **options})  # type: ignore[arg-type]


def test_each_point_finds_its_own_peak_in_the_box() -> None:
    rng = np.random.default_rng(0)
    centres = rng.uniform(-0.5, 1.5, (6, 3))
    function = bowls(centres, rng.uniform(0.1, 100.0, (6, 3)))
    ends, values = climbed(function, rng.random((6, 3)))
    np.testing.assert_allclose(ends, np.clip(centres, 0.0, 1.0), atol=1e-3)
    np.testing.assert_array_equal(values, function(ends)[0])


def test_a_point_goes_the_same_way_whoever_goes_beside_it() -> None:
    rng = np.random.default_rng(1)
    centres, steepness, starts = rng.random((4, 3)), rng.uniform(1.0, 50.0, (4, 3)), rng.random((4, 3))
    together, _ = climbed(bowls(centres, steepness), starts, iterations=6)
    alone, _ = climbed(bowls(centres[1:2], steepness[1:2]), starts[1:2], iterations=6)
    np.testing.assert_allclose(together[1:2], alone, rtol=1e-10)


def test_a_curved_valley_is_followed_to_its_end() -> None:
    def function(at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        x = 3.0 * at - 1.0
        return -np.array([rosen(row) for row in x]), -3.0 * np.array([rosen_der(row) for row in x])

    starts = np.random.default_rng(2).random((5, 3))
    ends, values = climbed(function, starts, iterations=200)
    assert values.max() > -1e-3
    reference = minimize(lambda u: -function(u[None])[0][0], starts[0], bounds=[(0, 1)] * 3, method="L-BFGS-B")
    assert values.max() >= -reference.fun - 1e-3
    np.testing.assert_allclose(ends[values.argmax()], 2.0 / 3.0, atol=0.03)


def test_no_value_falls_and_what_is_not_free_stays() -> None:
    rng = np.random.default_rng(3)

    def function(at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.sin(40.0 * at).sum(axis=1), 40.0 * np.cos(40.0 * at)

    starts = rng.random((20, 3))
    is_free = rng.random(starts.shape) < 0.5
    ends, values = climbed(function, starts, is_free=is_free, scales=np.full(3, 0.05))
    assert (values >= function(starts)[0]).all()
    np.testing.assert_array_equal(ends[~is_free], starts[~is_free])
    assert (values[is_free.any(axis=1)] > function(starts)[0][is_free.any(axis=1)]).all()


def test_the_box_is_kept() -> None:
    box = Box(np.array([0.2, 0.0, 0.4]), np.array([0.3, 1.0, 0.4]))
    starts = np.array([[0.25, 0.5, 0.4]])
    ends, _ = climbed(bowls(np.full((1, 3), 0.9), np.ones((1, 3))), starts, box=box)
    np.testing.assert_allclose(ends, [[0.3, 0.9, 0.4]], atol=1e-3)


def test_a_plain_is_left_at_once() -> None:
    calls = []

    def function(at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        calls.append(at)
        return np.zeros(len(at)), np.zeros(at.shape)

    starts = np.full((2, 3), 0.5)
    np.testing.assert_array_equal(climbed(function, starts)[0], starts)
    assert len(calls) == 1
