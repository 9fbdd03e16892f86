from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from rung.searchers._forest_proposals import ForestProposals, Options
from rung.searchers._surrogate import Evidence
from rung.searchers._unseen import Tried
from rung.space import Choice, Constant, Float, Int, Space, linear
from rung.space.editing import edited
from rung.types import Config

pytest.importorskip("sklearn")

SQUARE = Space({"x": Float(0, 1), "y": Float(0, 1)})
TREE = Space(
    {"kind": Choice(["a", "b", "c"]), "x": Float(0, 1), "n": Int(1, 64, log=True), "fixed": 7},
    conditions={"x": ("kind", "a"), "n": ("kind", ["b", "c"])},
)


def evidence(space: Space, configs: Sequence[Config], loss: Callable[[Any], float]) -> Evidence:
    encoded = space.encode(configs)
    points, is_active = np.nan_to_num(encoded, nan=0.5), ~np.isnan(encoded)
    return Evidence(points, is_active, np.array([loss(config) for config in configs]), points[:0], is_active[:0])


def sampled(space: Space, n: int) -> list[Config]:
    rng = np.random.default_rng(0)
    return [space.sample(rng) for _ in range(n)]


def proposals(hull: Space, space: Space | None = None, *, candidates: int = 50) -> ForestProposals:
    return ForestProposals(hull, space or hull, Options(5, 1, candidates, initial_points=5))


def ranked(
    given: ForestProposals, known: Evidence, tried: Tried | None = None, n_since: int = 100, seed: int = 1
) -> list[Config]:
    stream = np.random.default_rng(seed)
    return list(given.ranked(known, Tried() if tried is None else tried, n_since, stream))


def test_the_first_lie_where_losses_are_low() -> None:
    known = evidence(SQUARE, sampled(SQUARE, 40), lambda config: (config["x"] - 0.3) ** 2 + (config["y"] - 0.8) ** 2)
    first = SQUARE.encode([ranked(proposals(SQUARE), known, seed=seed)[0] for seed in range(20)])
    assert np.median(np.abs(first - [0.3, 0.8]), axis=0).max() < 0.15


def test_they_are_all_candidates_in_the_order_of_what_trees_say() -> None:
    known = evidence(SQUARE, sampled(SQUARE, 40), lambda config: config["x"])
    configs = ranked(proposals(SQUARE), known)
    assert len(configs) == 50 + 10 * 8 + 10  # spread, neighbours in two dimensions, and the best
    places = [config["x"] for config in configs]
    assert np.mean(places[:20]) < 0.1
    assert np.mean(places[-20:]) > 0.6
    assert configs == ranked(proposals(SQUARE), known)
    assert configs != ranked(proposals(SQUARE), known, seed=2)


def test_neighbours_of_the_best_are_among_them() -> None:
    known = evidence(SQUARE, sampled(SQUARE, 40), lambda config: config["x"])
    best = min(config["x"] for config in sampled(SQUARE, 40))
    alike = [config for config in ranked(proposals(SQUARE, candidates=1), known) if config["x"] == best]
    assert len(alike) > 1


def test_a_small_space_is_compared_as_a_whole() -> None:
    space = Space({"kind": Choice(["a", "b", "c"]), "n": Int(1, 20)})
    configs = sampled(space, 15)
    tried = Tried(configs)
    found = ranked(proposals(space), evidence(space, configs, lambda config: config["n"]), tried)
    assert len(Tried(found)) == len(found) == 60 - len(tried)
    assert all(config not in tried for config in found)


def test_what_becomes_active_has_any_value() -> None:
    known = evidence(TREE, [{"kind": "a", "x": 0.1 * k, "fixed": 7} for k in range(10)], lambda config: config["x"])
    found = [config for config in ranked(proposals(TREE, candidates=1), known) if config["kind"] != "a"]
    assert len({config["n"] for config in found}) > 5
    assert all(TREE.is_allowed(config) for config in found)


def test_constraints_hold() -> None:
    space = Space(dict(SQUARE), constraints=[linear({"x": 1, "y": 1}, at_most=0.8)])
    found = ranked(proposals(space), evidence(space, sampled(space, 20), lambda config: -config["x"]))
    assert found
    assert all(space.is_allowed(config) for config in found)


def test_a_narrowed_space_is_kept_to_and_what_was_seen_outside_is_heard() -> None:
    narrowed = edited(TREE, {"x": Float(0.6, 0.8), "kind": Choice(["c", "a"]), "n": Int(4, 8, log=True)})
    known = evidence(TREE, sampled(TREE, 60), lambda config: config.get("x", 9.0))
    found = ranked(proposals(TREE, narrowed), known)
    assert all(narrowed.is_allowed(config) for config in found)
    assert {config["kind"] for config in found} == {"a", "c"}
    assert all(config["kind"] == "a" and config["x"] < 0.72 for config in found[:5])


def test_a_pinned_dimension_stays_where_it_is() -> None:
    pinned = edited(SQUARE, {"x": Constant(0.25)})
    found = ranked(proposals(SQUARE, pinned), evidence(SQUARE, sampled(SQUARE, 30), lambda config: config["y"]))
    assert {config["x"] for config in found} == {0.25}
    assert found[0]["y"] < 0.3


def test_nothing_can_be_said_of_a_space_with_one_configuration() -> None:
    space = Space({"fixed": 7})
    assert ranked(proposals(space), evidence(space, [{"fixed": 7}], lambda config: 1.0)) == []


def test_failed_trials_are_bad() -> None:
    known = evidence(SQUARE, sampled(SQUARE, 40), lambda config: np.nan if config["x"] < 0.5 else config["y"])
    first = [ranked(proposals(SQUARE), known, seed=seed)[0]["x"] for seed in range(20)]
    assert np.mean(np.array(first) > 0.45) >= 0.9


@pytest.mark.parametrize("losses", [[0.5] * 12, [(-1.0) ** k * 1e300 for k in range(12)], [1.0]])
def test_ties_extremes_and_a_single_trial(losses: list[float]) -> None:
    for space in (SQUARE, TREE):
        configs = sampled(space, len(losses))
        told = iter(losses)
        assert ranked(proposals(space), evidence(space, configs, lambda _, told=told: next(told)))


def test_beliefs_are_heeded_and_fade() -> None:
    believing = Space(dict(SQUARE), priors={"x": ("~0.9", "high")})
    known = evidence(SQUARE, sampled(SQUARE, 30), lambda config: config["x"])

    def median(n_since: int) -> float:
        given = proposals(SQUARE, believing)
        return float(np.median([ranked(given, known, n_since=n_since, seed=seed)[0]["x"] for seed in range(15)]))

    assert proposals(SQUARE).believed() is None
    assert proposals(SQUARE, believing).believed() == {"x": pytest.approx(0.9), "y": 0.5}
    assert 0.85 < median(2) < 0.95
    assert median(10_000) < 0.1


def test_many_dimensions() -> None:
    wide = Space({f"x{k}": Float(0, 1) for k in range(200)})
    found = ranked(proposals(wide), evidence(wide, sampled(wide, 12), lambda config: config["x3"]))
    assert len(found) == 50 + 10 * 100 + 10
