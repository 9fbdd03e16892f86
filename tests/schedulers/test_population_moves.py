from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats

from rung.schedulers._population_moves import Steps, explored, stepped, steps_move
from rung.space import Choice, Constant, Float, Int, Ordinal, Space, forbid, normal
from rung.space.convert import as_domain
from rung.space.domain import Domain
from rung.types import Config

UP, DOWN, BOTH = Steps(0.0, (1.2,)), Steps(0.0, (0.8,)), Steps(0.0, (0.8, 1.2))
ANEW = Steps(1.0, (1.2,))


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize(
    ("domain", "value", "up", "down"),
    [
        (Float(1e-4, 1.0, log=True), 0.1, 0.1 * 1.2, 0.1 * 0.8),
        (Float(1e-4, 1.0, log=True), 0.9, 1.0, 0.9 * 0.8),
        (Float(1e-4, 1.0, log=True), 1.1e-4, 1.1e-4 * 1.2, 1e-4),
        (Float(-2.0, 2.0), -1.0, -1.2, -0.8),
        (Float(0.0, 1.0), 0.0, 0.2, 0.0),
        (Float(0.0, 1.0, step=0.25), 0.25, 0.5, 0.0),
        (Float(0.0, 1.0, step=0.25), 1.0, 1.0, 0.75),
        (Int(1, 100), 50, 60, 40),
        (Int(1, 100), 2, 3, 1),
        (Int(1, 100), 1, 2, 1),
        (Int(1, 100), 100, 100, 80),
        (Int(8, 256, log=True), 250, 256, 200),
        (Int(0, 12, step=4), 4, 8, 0),
        (Int(-5, 5), -2, -3, -1),
        (Ordinal([16, 32, 64, 512]), 32, 64, 16),
        (Ordinal(["s", "m", "l"]), "l", "l", "m"),
        (Choice(["a", "b", "c"]), "b", "b", "b"),
        (Constant(3), 3, 3, 3),
        (normal(0.0, 1.0), 0.5, 0.6, 0.4),
        (as_domain(stats.randint(1, 11)), 2, 3, 1),
        (as_domain(stats.loguniform(1e-3, 1.0)), 0.5, 0.6, 0.4),
    ],
    ids=repr,
)
def test_a_step_up_and_a_step_down(domain: Domain, value: Any, up: Any, down: Any) -> None:
    for steps, expected in ((UP, up), (DOWN, down)):
        moved = stepped(domain, value, steps, rng())
        assert type(moved) is type(value)
        assert moved == (pytest.approx(expected, rel=1e-12, abs=1e-12) if isinstance(value, float) else expected)


@pytest.mark.parametrize("factor", [1e-300, 0.5, 1.0, 3.0, 1e300])
def test_no_factor_leads_out_of_the_domain(factor: float) -> None:
    for domain in (Float(1e-4, 1.0, log=True), Float(-2.0, 3.0), Int(-4, 9), Ordinal([1, 2, 4]), normal(0.0, 1.0)):
        random = rng(1)
        for _ in range(50):
            value = domain.from_unit(random.random())
            assert domain.contains(stepped(domain, value, Steps(0.25, (factor,)), random))


def test_a_value_is_drawn_anew_with_the_chance_given() -> None:
    domain, random = Float(1e-4, 1.0, log=True), rng(2)
    moved = [stepped(domain, 0.1, Steps(0.25, (0.8, 1.2)), random) for _ in range(4000)]
    factors = np.array(moved) / 0.1
    up, down = (np.mean(np.isclose(factors, factor)) for factor in (1.2, 0.8))
    assert abs(up - 0.375) < 4 * math.sqrt(0.375 * 0.625 / 4000)
    assert abs(down - 0.375) < 4 * math.sqrt(0.375 * 0.625 / 4000)
    others = [value for value, factor in zip(moved, factors, strict=True) if not np.isclose(factor, [0.8, 1.2]).any()]
    assert stats.kstest([domain.to_unit(value) for value in others], "uniform").pvalue > 1e-3


def move(steps: Steps, seed: int = 0) -> tuple[Callable[..., Any], np.random.Generator]:
    random = rng(seed)
    return steps_move(steps, random), random


def child_of(config: Config, space: Space, steps: Steps, *, fixed: tuple[str, ...] = (), seed: int = 0) -> Config:
    moves, random = move(steps, seed)
    return explored(config, space, fixed, moves, random)


def test_what_is_fixed_stays_to_the_last_digit() -> None:
    space = Space({"rate": Float(1e-4, 1.0, log=True), "width": Float(0.0, 1.0), "depth": Int(1, 9)})
    config = {"rate": 0.5, "width": 1 / 3, "depth": 4}
    assert child_of(config, space, ANEW, fixed=("rate", "width", "depth")) == config
    assert child_of(config, space, UP, fixed=("width",)) == {"rate": 0.6, "width": 1 / 3, "depth": 5}


def test_conditions_hold_in_a_copy() -> None:
    space = Space(
        {"kind": Choice(["sgd", "adam"]), "momentum": Float(0.0, 1.0), "beta": Float(0.5, 1.0)},
        conditions={"momentum": ("kind", "sgd"), "beta": ("kind", "adam")},
    )
    children = [child_of({"kind": "sgd", "momentum": 0.5}, space, ANEW, seed=seed) for seed in range(20)]
    assert all(space.is_allowed(child) for child in children)
    assert {child["kind"] for child in children} == {"sgd", "adam"}
    assert child_of({"kind": "sgd", "momentum": 0.5}, space, UP) == {"kind": "sgd", "momentum": 0.6}


def test_constraints_hold_in_a_copy() -> None:
    space = Space({"a": Choice([1, 2, 3]), "b": Choice([1, 2, 3])}, constraints=[forbid({"a": 2, "b": 2})])
    for seed in range(30):
        assert space.is_allowed(child_of({"a": 2, "b": 1}, space, ANEW, seed=seed))


def test_where_no_step_is_allowed_the_copy_is_like_its_parent() -> None:
    space = Space({"a": Int(1, 2), "b": Int(1, 2)}, constraints=[forbid({"a": 2})])
    assert child_of({"a": 1, "b": 1}, space, UP, seed=3) == {"a": 1, "b": 1}


def test_after_an_edit_of_the_space_a_copy_has_its_names() -> None:
    space = Space({"rate": Float(1e-3, 0.1, log=True), "depth": Int(1, 3)})
    child = child_of({"rate": 0.5, "units": 100}, space, BOTH)
    assert space.is_allowed(child)
