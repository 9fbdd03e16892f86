from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from rung.errors import SpaceError
from rung.integrations.hyperopt import hp
from rung.integrations.hyperopt._spaces import Tree

RNG = np.random.default_rng(0)


def drawn(parameter: Any, count: int = 400) -> list[Any]:
    tree = Tree(parameter)
    return [tree.values(tree.space.sample(RNG))[parameter.label] for _ in range(count)]


@pytest.mark.parametrize(
    ("parameter", "values"),
    [
        (hp.quniform("x", 1, 10, 3), [0, 3, 6, 9]),
        (hp.quniform("x", 0.05, 0.3, 0.1), [0.1, 0.2, 0.3]),  # 0.05 / 0.1 is halfway, so that 0 has no share
        (hp.quniform("x", 1, 9, 2), [2, 4, 6, 8]),
        (hp.quniform("x", -1, 1, 0.5), [-1, -0.5, 0, 0.5, 1]),
        (hp.uniformint("x", 1, 4), [1, 2, 3, 4]),
        (hp.randint("x", 3), [0, 1, 2]),
        (hp.randint("x", 2, 4), [2, 3]),
        (hp.choice("x", "abc"), [0, 1, 2]),
        (hp.qloguniform("x", math.log(0.1), math.log(3), 1), [0, 1, 2, 3]),
    ],
)
def test_all_values_of_a_grid(parameter, values):
    assert sorted(set(drawn(parameter))) == values


@pytest.mark.parametrize(
    ("parameter", "quantile"),
    [
        (hp.uniform("x", -1, 3), lambda u: -1 + 4 * u),
        (hp.loguniform("x", -2, 1), lambda u: math.exp(-2 + 3 * u)),
        (hp.qloguniform("x", 0, 3, 1), lambda u: round(math.exp(3 * u))),
        (hp.normal("x", 2, 0.5), lambda u: 2 + 0.5 * _normal(u)),
        (hp.lognormal("x", 2, 0.5), lambda u: math.exp(2 + 0.5 * _normal(u))),
        (hp.qnormal("x", 2, 5, 2), lambda u: 2 * round((2 + 5 * _normal(u)) / 2)),
        (hp.qlognormal("x", 1, 1, 0.5), lambda u: round(2 * math.exp(1 + _normal(u))) / 2),
        (hp.pchoice("x", [(0.2, "a"), (0.3, "b"), (0.5, "c")]), lambda u: 0 if u < 0.2 else 1 if u < 0.5 else 2),
    ],
)
def test_quantiles(parameter, quantile):
    tree = Tree(parameter)
    for u in (0.011, 0.25, 0.45, 0.7, 0.983):
        assert tree.values(tree.space.decode([u]))["x"] == pytest.approx(quantile(u), rel=1e-9)


def _normal(u: float) -> float:
    from scipy import stats

    return float(stats.norm.ppf(u))


@pytest.mark.parametrize(
    "parameter",
    [
        hp.uniform("x", -1, 3),
        hp.quniform("x", 1, 10, 3),
        hp.qloguniform("x", math.log(0.1), math.log(30), 1),
        hp.lognormal("x", 0, 1),
        hp.qnormal("x", 0, 3, 2),
        hp.qlognormal("x", 0, 1, 0.1),
        hp.pchoice("x", [(0.2, "a"), (0.8, "b")]),
    ],
)
def test_values_come_back_from_what_the_study_has(parameter):
    tree = Tree(parameter)
    for value in drawn(parameter, 30):
        assert tree.values(tree.config({"x": value}))["x"] == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    ("parameter", "value"),
    [(hp.qlognormal("x", 0, 1, 2), 3), (hp.qloguniform("x", 0, 2, 1), 9), (hp.quniform("x", 0, 9, 3), 4)],
)
def test_values_that_are_never_drawn(parameter, value):
    with pytest.raises(SpaceError, match=f"{value}"):
        Tree(parameter).config({"x": value})


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: hp.uniform(0, 1, 2), "first argument is a label, got 0"),
        (lambda: hp.choice("x", []), "'x' has no options"),
        (lambda: hp.quniform("x", 0, 1, 0), "needs q > 0"),
        (lambda: hp.loguniform("x", 0, 1000), r"Write np.log\(1000\)"),
        (lambda: hp.pchoice("x", ["a", "b"]), "pairs of a probability and an option"),
        (lambda: hp.pchoice("x", [(0.5, "a"), (0.4, "b")]), "add up to 1"),
    ],
)
def test_what_can_not_be_meant(call, words):
    with pytest.raises(SpaceError, match=words):
        call()
