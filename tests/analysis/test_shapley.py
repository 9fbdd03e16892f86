import math
from itertools import combinations

import numpy as np
import pytest

from rung.analysis._shapley import random_walks, variance_shares


def shares_of(function, d, n=2**13):
    walks = random_walks(d, n, np.random.default_rng(0))
    outcomes = function(walks.points.reshape(-1, d)).reshape(d + 1, n, -1)
    return variance_shares(outcomes, walks.turns)


def shapley_effects(table):
    """Of a function with equally likely levels, as the definition has it: by all sets of inputs."""
    d = table.ndim

    def explained(inputs):
        others = tuple(j for j in range(d) if j not in inputs)
        return float(np.var(table.mean(axis=others))) if inputs else 0.0

    effects = np.zeros(d)
    for j in range(d):
        rest = [i for i in range(d) if i != j]
        for size in range(d):
            weight = math.factorial(size) * math.factorial(d - size - 1) / math.factorial(d)
            effects[j] += weight * sum(explained({*s, j}) - explained(set(s)) for s in combinations(rest, size))
    return effects / table.var()


def test_a_walk_exchanges_one_coordinate_after_the_other():
    walks = random_walks(3, 8, np.random.default_rng(1))
    assert walks.points.shape == (4, 8, 3)
    changed = np.diff(walks.points, axis=0) != 0.0
    for row in range(8):
        for j in range(3):
            assert changed[:, row, j].tolist() == [k == walks.turns[row, j] for k in range(3)]
    assert ((walks.points >= 0.0) & (walks.points < 1.0)).all()
    assert len({tuple(turns) for turns in walks.turns.tolist()}) > 2


def test_points_are_uniform_at_every_step():
    for points in random_walks(2, 2**10, np.random.default_rng(2)).points:
        counts = np.histogramdd(points, bins=4, range=[(0, 1), (0, 1)])[0]
        assert np.abs(counts - 64).max() < 25


def test_ishigami_has_its_closed_form():
    """Ishigami & Homma 1990: f = sin x + a·sin² y + b·z⁴·sin x over [-π, π]³; x and z share what they do together."""
    a, b = 7.0, 0.1
    x_alone = 0.5 * (1.0 + b * math.pi**4 / 5.0) ** 2
    y_alone = a**2 / 8.0
    together = b**2 * math.pi**8 * (1.0 / 18.0 - 1.0 / 50.0)
    expected = np.array([x_alone + together / 2.0, y_alone, together / 2.0])

    def ishigami(u):
        x, y, z = (math.pi * (2.0 * u - 1.0)).T
        return np.sin(x) + a * np.sin(y) ** 2 + b * z**4 * np.sin(x)

    np.testing.assert_allclose(shares_of(ishigami, 3)[:, 0], expected / expected.sum(), atol=0.015)


def test_of_a_sum_each_has_its_own_variance():
    weights = np.array([1.0, 0.5, 0.25, 0.0])
    shares = shares_of(lambda u: u @ weights, 4)[:, 0]
    np.testing.assert_allclose(shares, weights**2 / (weights**2).sum(), atol=0.01)
    assert shares[3] == 0.0


@pytest.mark.parametrize("seed", [0, 1])
def test_any_table_agrees_with_the_definition(seed):
    table = np.random.default_rng(seed).normal(size=(4, 4, 4))
    found = shares_of(lambda u: table[tuple((4 * u).astype(int).T)], 3, n=2**15)[:, 0]
    np.testing.assert_allclose(found, shapley_effects(table), atol=0.02)


def test_several_functions_at_once_and_one_without_any_difference():
    shares = shares_of(lambda u: np.stack([u[:, 0], u[:, 1], np.ones(len(u)), u.sum(axis=1)], axis=1), 2)
    np.testing.assert_allclose(shares[:, [0, 1]], np.eye(2))
    assert np.isnan(shares[:, 2]).all()
    assert shares[:, 3] == pytest.approx([0.5, 0.5], abs=0.02)
    np.testing.assert_allclose(shares[:, [0, 1, 3]].sum(axis=0), 1.0)
