from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from rung.stopping import _extrapolation
from rung.stopping._extrapolation import chance_below, predict

Shape = Callable[[float, float, float, float, float], float]
"""φ of a step, the first step, the end, and two parameters."""

SHAPES: list[tuple[float, Shape, list[tuple[float, float]]]] = [
    (1 / 16, lambda t, _first, _end, c, _: t**-c, [(c, 0) for c in (0.25, 0.5, 1, 2)]),
    (
        1 / 24,
        lambda t, _first, end, tau, _: math.exp(-t / (tau * end)),
        [(tau, 0) for tau in (0.06, 0.12, 0.25, 0.5, 1, 2)],
    ),
    (1 / 8, lambda t, _first, _end, _, __: -math.log(t), [(0, 0)]),
    (1 / 8, lambda t, first, _end, _, __: 1 / math.log(t / first + 1), [(0, 0)]),
    (
        1 / 48,
        lambda t, _first, end, half, c: 1 / (1 + (t / (half * end)) ** c),
        [(half, c) for half in (0.06, 0.12, 0.25, 0.5) for c in (1, 2, 4)],
    ),
]
"""A family's share of a shape, φ, and the parameters."""


def slow_chance_below(steps: list[int], losses: list[float], *, level: float, at: int) -> float:
    """The same belief from the joint normal distribution of all reports and the value at the end, shape by shape."""
    y = np.array(losses)
    scale = np.ptp(y)
    z, wanted = (y - y[-1]) / scale, (level - y[-1]) / scale
    times = np.array([*steps, at], dtype=float)
    spread = 1 + math.log(at / steps[-1]) / math.log(steps[-1] / steps[0])
    drift = np.array([[math.exp(-abs(math.log(a / b)) / 2) for b in times] for a in times])
    chances, weights = [], []

    def psi(phi: Shape, first: float, second: float) -> Any:
        values = np.array([phi(t, steps[0], at, first, second) for t in times])
        return (values - values[-1]) / (values[0] - values[-1])

    for sigma, kappa in itertools.product((0.01, 0.03, 0.1, 0.3, 1.0), (0.1, 0.3)):
        for share, phi, settings in SHAPES:
            for first, second in settings:
                root = math.sqrt(2)
                columns = [
                    np.ones_like(times),
                    psi(phi, first, second),
                    psi(phi, first * root, second) - psi(phi, first / root, second),
                    psi(phi, first, second * root) - psi(phi, first, second / root),
                ]
                design = np.column_stack(columns)
                mean = z[0] * columns[1]
                prior = np.diag([spread**2, spread**2, 0.3**2, 0.3**2])
                cov = design @ prior @ design.T + sigma**2 * np.eye(len(times)) + kappa**2 * drift
                seen, cross = cov[:-1, :-1], cov[-1, :-1]
                weights.append(math.log(share) + multivariate_normal(mean[:-1], seen).logpdf(z))
                gain = np.linalg.solve(seen, cross)
                centre = mean[-1] + gain @ (z - mean[:-1])
                chances.append(norm.cdf(wanted, centre, math.sqrt(cov[-1, -1] - gain @ cross)))
    share_of = np.exp(np.array(weights) - max(weights))
    return float(share_of @ np.array(chances) / share_of.sum())


@pytest.mark.parametrize("seed", range(3))
def test_against_a_slow_second_writing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    steps = sorted(rng.choice(np.arange(1, 40), size=4 + 3 * seed, replace=False).tolist())
    losses = [0.3 + 0.6 * step**-0.6 + 0.02 * rng.normal() for step in steps]
    for level in (0.2, 0.36):
        slow = slow_chance_below(steps, losses, level=level, at=50)
        assert chance_below(steps, losses, level=level, at=50) == pytest.approx(slow, abs=1e-8)


ENDS: dict[str, Callable[[float], float]] = {
    "power": lambda t: 0.2 + 0.7 * t**-0.8,
    "exponential": lambda t: 0.1 + 0.5 * math.exp(-t / 15),
    "logarithm": lambda t: 0.9 - 0.1 * math.log(t),
    "inverse logarithm": lambda t: 0.05 + 0.3 / math.log(t + 1),
    "Hill": lambda t: 0.15 + 0.6 / (1 + (t / 12) ** 2),
    "two exponentials": lambda t: 0.1 + 0.4 * math.exp(-t / 5) + 0.3 * math.exp(-t / 30),
}


@pytest.mark.parametrize("curve", ENDS.values(), ids=ENDS)
def test_curves_with_a_known_end(curve: Callable[[float], float]) -> None:
    rng = np.random.default_rng(7)
    steps = list(range(1, 41))
    inside = 0
    for _ in range(20):
        losses = [curve(step) + 0.005 * rng.normal() for step in steps]
        belief = predict(steps, losses, at=100)
        end = curve(100) + 0.005 * rng.normal()
        inside += 0.05 <= belief.chance_below(end) <= 0.95
        mean = float(belief.weights @ belief.means)
        still_to_come = abs(curve(40) - curve(100))
        assert abs(mean - end) < 0.5 * still_to_come + 0.05
    assert inside >= 14, "the interval of 90 % has too few of the ends"


def test_it_is_surer_the_more_it_has_seen() -> None:
    losses = [0.2 + 0.7 * step**-0.8 for step in range(1, 100)]
    widths = []
    for n in (4, 8, 16, 32, 64):
        belief = predict(range(1, n + 1), losses[:n], at=100)
        mean = belief.weights @ belief.means
        widths.append(float(np.sqrt(belief.weights @ (belief.stds**2 + belief.means**2) - mean**2)))
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] < 0.05
    assert widths[0] > 0.1


def test_units_do_not_matter() -> None:
    losses = [0.9, 0.7, 0.62, 0.55, 0.56, 0.5]
    plain = chance_below(range(1, 7), losses, level=0.45, at=27)
    other = chance_below(range(100, 700, 100), [1e6 * loss - 3e6 for loss in losses], level=0.45e6 - 3e6, at=2700)
    assert 0.1 < plain < 0.9
    assert other == pytest.approx(plain, rel=1e-6)


@pytest.mark.parametrize(
    ("losses", "level", "low", "high"),
    [
        ([0.9] * 10, 0.5, 0.0, 1e-6),  # stands still, far from good
        ([0.9] * 10, 0.95, 1 - 1e-6, 1.0),
        ([0.0] * 5, 1.0, 1.0, 1.0),
        ([1e300, 1e300, 1e299, 1.0], 0.5, 0.0, 1.0),
        ([1.7e308, -1.7e308, 1.7e308, -1.7e308], 0.5, 0.0, 1.0),
        ([5e-324, 0.0, 0.0, 0.0], 1.7e308, 1.0, 1.0),
        ([1.0, 1e-12, 1e12, 1.0, 0.5], -1e308, 0.0, 1e-6),
    ],
)
def test_strange_curves_have_an_answer(losses: list[float], level: float, low: float, high: float) -> None:
    assert low <= chance_below(range(1, len(losses) + 1), losses, level=level, at=52) <= high


def test_of_long_curves_some_reports_are_looked_at() -> None:
    steps = list(range(1, 3001))
    losses = [0.2 + step**-0.5 for step in steps]
    chosen = _extrapolation._thinned(3000)
    assert chosen[0] == 0
    assert chosen[-1] == 2999
    assert 40 <= len(chosen) <= 50
    assert list(chosen) == sorted(set(chosen))
    belief = predict(steps, losses, at=6000)
    assert float(belief.weights @ belief.means) == pytest.approx(0.2 + 6000**-0.5, abs=0.003)
