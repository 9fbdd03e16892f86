import json
import warnings

import pytest

from rung import Choice, Float, Int, Space
from rung.benchmarks.fitting import fitted, grid_within
from rung.errors import SettingError
from rung.registry import build_searcher, method_spec
from rung.space.constraints import linear

TWO = Space({"lr": Float(1e-4, 1.0, log=True), "momentum": Float(0.0, 1.0)})


def size(space, points):
    return len(build_searcher({"name": "grid", "points": points}, space))


@pytest.mark.parametrize(
    ("budget", "expected"),
    [(25, (5, 5)), (24, (6, 4)), (23, (5, 4)), (30, (6, 5)), (3, (3, 1)), (1, (1, 1)), (0, (1, 1))],
)
def test_two_numbers_share_the_budget(budget, expected):
    assert tuple(grid_within(TWO, budget).values()) == expected


@pytest.mark.parametrize("budget", [12, 25, 60, 200])
@pytest.mark.parametrize(
    "space",
    [
        TWO,
        Space({"a": Float(0, 1), "kind": Choice(["x", "y", "z"]), "n": Int(1, 3)}),
        Space({"a": Float(0, 1), "use": Choice([True, False]), "b": Float(0, 1)}, conditions={"b": ("use", True)}),
        Space({"a": Float(0, 1), "b": Float(0, 1)}, constraints=[linear({"a": 1, "b": 1}, at_most=1)]),
    ],
)
def test_it_fits_and_no_finer_one_does(space, budget):
    points = grid_within(space, budget)
    assert size(space, points) <= budget
    for name, domain in space.items():
        finer = {**points, name: points[name] + 1}
        if len(domain.grid(finer[name])) > len(domain.grid(points[name])) and finer[name] <= budget:
            assert size(space, finer) > budget


def test_a_space_that_allows_nothing_still_ends():
    space = Space({"a": Float(0, 1), "b": Float(0, 1)}, constraints=[linear({"a": 1, "b": 1}, at_most=-1)])
    assert set(grid_within(space, 9).values()) == {9}


def test_the_grid_gets_as_many_points_as_fit():
    found = fitted("grid", TWO, 25, max_t=1)
    assert (found.name, found.method, found.searcher, found.scheduler) == ("grid", "grid(points=5)", "grid", "basic")
    assert found.remark == "Its values: 5 of lr × 5 of momentum, in the order of nested loops."


def test_an_uneven_grid_says_what_each_gets_and_what_is_left_over():
    found = fitted("asha+grid()", TWO, 23, max_t=9)
    assert found.method == 'asha+grid(points={"lr":5,"momentum":4})'
    assert found.scheduler == "asha"
    assert found.remark.endswith("; 3 of the 23 trials were left over.")
    assert method_spec(found.method, max_t=9)["searcher"]["points"] == {"lr": 5, "momentum": 4}


def test_few_values_make_no_grid_uneven():
    space = Space({"a": Float(0, 1), "n": Int(1, 2), "kind": Choice(["x", "y"])})
    found = fitted("grid", space, 20, max_t=1)
    assert found.method == "grid(points=5)"
    assert "5 of a × 2 of n × 2 of kind" in found.remark


def test_a_grid_that_is_too_large_anyhow():
    space = Space({"a": Choice(list("abcd")), "b": Choice(list("abcd"))})
    found = fitted("grid", space, 10, max_t=1)
    assert found.remark == "Even its coarsest grid has more than 10 combinations, of which it tried the first ones."
    assert fitted("grid", TWO, 1, max_t=1).remark == "Its grid is a single point."


@pytest.mark.parametrize("name", ["random", "grid(points=3)", "asha(reduction_factor=2)+random"])
def test_all_else_stays_as_it_was_named(name):
    found = fitted(name, TWO, 25, max_t=9)
    assert (found.name, found.method, found.remark) == (name, name, "")


def test_an_unknown_name_is_refused():
    with pytest.raises(SettingError, match="no method named 'gird'"):
        fitted("gird", TWO, 25, max_t=1)


def test_points_by_name_can_be_read_back():
    space = Space({"a b": Float(0, 1), "ü": Float(0, 1)})
    method = fitted("grid", space, 6, max_t=1).method
    assert json.loads(method.removeprefix("grid(points=").removesuffix(")")) == {"a b": 3, "ü": 2}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(build_searcher(method_spec(method)["searcher"], space)) == 6
