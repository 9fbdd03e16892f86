from __future__ import annotations

import itertools
import warnings
from typing import Any

import numpy as np
import pytest

from rung.commands import EditSpace, Enqueue
from rung.errors import RungWarning, SettingError
from rung.schedulers.basic import BasicScheduler
from rung.searchers import grid
from rung.searchers.grid import GridSearcher
from rung.space import Choice, Constant, Float, Int, Ordinal, Space, at_least, forbid, linear
from rung.testing.play import play
from rung.testing.searcher_suite import SearcherSuite
from rung.types import Exhausted


class TestGrid(SearcherSuite):
    is_random = False

    def make(self, space: Space) -> GridSearcher:
        return GridSearcher(space, points=3)


def all_of(searcher: GridSearcher, **options: Any) -> list[Any]:
    return [dict(config) for config in play(BasicScheduler(searcher), new_trials=10_000, **options).configs()]


@pytest.mark.parametrize("workers", [1, 3])
def test_the_order_is_that_of_nested_loops(workers: int) -> None:
    space = Space({"x": Float(0, 1), "kind": Choice(["b", "a"]), "size": Ordinal([8, 16]), "seed": Constant(7)})
    searcher = GridSearcher(space, points=3)
    expected = [
        {"x": x, "kind": kind, "size": size, "seed": 7} for x in (0.0, 0.5, 1.0) for kind in "ba" for size in (8, 16)
    ]
    assert len(searcher) == 12
    assert all_of(searcher, workers=workers) == expected
    assert searcher.suggest(np.random.default_rng(0)) == Exhausted("all 12 combinations of the grid have been tried")


def test_points_per_dimension() -> None:
    space = Space({"x": Float(0, 1), "n": Int(1, 100), "few": Int(1, 3), "kind": Choice(list("abcdefgh"))})
    searcher = GridSearcher(space, points={"x": 2, "kind": 1})
    configs = all_of(searcher)
    values: dict[str, list[Any]] = {name: sorted({config[name] for config in configs}) for name in space}
    assert values == {"x": [0.0, 1.0], "n": space["n"].grid(5), "few": [1, 2, 3], "kind": list("abcdefgh")}
    assert len(values["n"]) == 5
    assert searcher.spec() == {"name": "grid", "points": {"x": 2, "kind": 1}}


def test_only_distinct_active_configs() -> None:
    space = Space(
        {"momentum": Float(0, 1), "kind": Choice(["sgd", "adam", "lion"]), "nesterov": Choice([True, False])},
        conditions={"momentum": ("kind", "sgd"), "nesterov": ("momentum", at_least(0.5))},
    )
    configs = all_of(GridSearcher(space, points=3))
    assert configs == [
        {"momentum": 0.0, "kind": "sgd"},
        {"momentum": 0.5, "kind": "sgd", "nesterov": True},
        {"momentum": 0.5, "kind": "sgd", "nesterov": False},
        {"momentum": 1.0, "kind": "sgd", "nesterov": True},
        {"momentum": 1.0, "kind": "sgd", "nesterov": False},
        {"kind": "adam"},
        {"kind": "lion"},
    ]
    assert list(configs[1]) == ["momentum", "kind", "nesterov"]


def test_forbidden_combinations_are_left_out() -> None:
    space = Space(
        {"a": Int(0, 4), "b": Int(0, 4)},
        constraints=[linear({"a": 1, "b": 1}, at_most=5), forbid({"a": 0, "b": [1, 2]})],
    )
    expected = [
        {"a": a, "b": b}
        for a, b in itertools.product(range(5), repeat=2)
        if a + b <= 5 and not (a == 0 and b in {1, 2})
    ]
    searcher = GridSearcher(space)
    assert all_of(searcher) == expected
    assert len(searcher) == len(expected)


def test_values_that_python_finds_equal_are_told_apart() -> None:
    assert all_of(GridSearcher({"x": Choice([1, True, [1, 2], None])})) == [{"x": x} for x in (1, True, [1, 2], None)]


def test_what_has_been_tried_is_not_tried_again() -> None:
    searcher = GridSearcher({"x": Int(0, 5)}, points=6, points_to_evaluate=[{"x": 4}, {"x": 0}])
    configs = all_of(searcher, workers=1, commands={8: [Enqueue({"x": 3})]})
    assert [config["x"] for config in configs] == [4, 0, 1, 3, 2, 5]


def test_an_edit_makes_a_new_grid_without_what_was_tried() -> None:
    searcher = GridSearcher({"x": Int(0, 3)})
    edited = Space({"x": Int(2, 6), "kind": Choice(["a", "b"])})
    configs = all_of(searcher, workers=1, commands={9: [EditSpace(edited.to_json())]})
    assert configs[:3] == [{"x": 0}, {"x": 1}, {"x": 2}]
    assert configs[3:] == [{"x": x, "kind": kind} for x in range(2, 7) for kind in "ab"]
    narrowed = all_of(
        GridSearcher({"x": Int(0, 3)}), workers=1, commands={6: [EditSpace(Space({"x": Int(1, 2)}).to_json())]}
    )
    assert narrowed == [{"x": 0}, {"x": 1}, {"x": 2}]


def test_an_edit_may_drop_a_dimension_that_has_points() -> None:
    searcher = GridSearcher({"x": Float(0, 1), "y": Float(0, 1)}, points={"x": 2, "y": 2})
    edited = Space({"x": Float(0, 1)})
    assert all_of(searcher, workers=1, commands={3: [EditSpace(edited.to_json())]})[1:] == [{"x": 0.0}, {"x": 1.0}]


def test_big_grids_warn() -> None:
    with pytest.warns(
        RungWarning, match=r"1,331 combinations over 3 dimensions\. RandomSearcher.*SobolSearcher"
    ) as caught:
        GridSearcher({name: Float(0, 1) for name in "abc"}, points=11)
    assert caught[0].filename == __file__
    with pytest.warns(RungWarning, match="32 combinations over 5 dimensions"):
        GridSearcher({name: Float(0, 1) for name in "abcde"}, points=2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        GridSearcher({name: Float(0, 1) for name in "abc"} | {"d": 1, "e": 2}, points=10)


def test_endless_grids_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grid, "_MOST_POINTS", 1_000)
    with pytest.raises(SettingError, match=r"more than 1,000 combinations\. Use fewer points per dimension, or Random"):
        GridSearcher({name: Float(0, 1) for name in "abcdefgh"}, points=10)


@pytest.mark.parametrize(
    ("points", "message"),
    [
        (0, "at least 1, not 0"),
        (2.5, r"at least 1, not 2\.5"),
        (True, "at least 1, not True"),
        ({"x": "3"}, r"points\['x'\] must be a whole number, at least 1, not '3'"),
        ({"z": 3}, r"the space has no dimension 'z'\. It has x, y"),
    ],
)
def test_unusable_points(points: Any, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        GridSearcher({"x": Float(0, 1), "y": Float(0, 1)}, points=points)
