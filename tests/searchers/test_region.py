from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from rung.searchers._region import Region
from rung.space import Choice, Constant, Float, Int, Normal, Ordinal, Space, at_least, linear
from rung.space.editing import edited, hull
from rung.testing.spaces import example_spaces

NARROWED = {
    "float": (Float(0, 1), Float(0.2, 0.4)),
    "log": (Float(1e-6, 1, log=True), Float(1e-4, 1e-3, log=True)),
    "int": (Int(0, 100), Int(7, 9)),
    "log int": (Int(1, 1000, log=True), Int(3, 17, log=True)),
    "steps": (Float(0, 1, step=0.1), Float(0.2, 0.5, step=0.1)),
    "log steps": (Float(0.01, 1, log=True, step=0.01), Float(0.05, 0.2, log=True, step=0.01)),
    "normal": (Normal(0, 1), Normal(0, 1, low=0.5, high=2.0)),
    "choice": (Choice(["a", "b", "c", "d"]), Choice(["d", "b"])),
    "ordinal": (Ordinal([1, 2, 4, 8]), Ordinal([2, 8])),
    "longer": (Float(0, 1), Float(0.5, 3)),
    "moved": (Ordinal([1, 4]), Ordinal([2, 4, 8])),
}
PINNED = {
    "float": (Float(0, 1), Constant(0.1)),
    "log": (Float(1e-6, 1, log=True), Constant(0.001)),
    "range": (Float(0, 1), Float(0.1, 0.1)),
    "int": (Int(1, 8), Int(4, 4)),
    "choice": (Choice(["a", "b"]), Constant("b")),
    "one choice": (Choice(["a", "b", "c"]), Choice(["c"])),
    "constants": (Constant(7), Constant(8)),
}


def spaces(pair: tuple[Any, Any]) -> tuple[Space, Space]:
    space = Space({"x": pair[1]})
    return hull(Space({"x": pair[0]}), space), space


def same(first: Any, second: Any) -> bool:
    return first == second or (isinstance(first, float) and first == pytest.approx(second, rel=1e-9, abs=1e-12))


@pytest.mark.parametrize("name", NARROWED)
def test_both_cubes_mean_the_same_values(name: str) -> None:
    whole, space = spaces(NARROWED[name])
    region = Region(whole, space)
    inner = np.linspace(0.0, 1.0, 38)[1:-1, None]  # off the borders between bins, where the last bit decides
    outer = region.outward(inner)
    assert not region.is_whole
    assert region.contains(outer).all()
    np.testing.assert_array_equal(region.kept(outer, inner), outer)
    for u, place in zip(inner, outer, strict=True):
        assert same(whole.decode(place)["x"], space.decode(u)["x"])
        assert same(region.config(place)["x"], space.decode(u)["x"])
    np.testing.assert_allclose(region.inward(outer)[:, 0], space.encode(map(space.decode, inner))[:, 0], atol=0.5)
    span = float(np.mean(region.contains(np.linspace(0.0, 1.0, 20_001)[:, None])))
    assert region.spans[0] == pytest.approx(span, abs=2e-3)


@pytest.mark.parametrize("name", NARROWED)
def test_the_ends_are_the_first_and_the_last_value(name: str) -> None:
    whole, space = spaces(NARROWED[name])
    region = Region(whole, space)
    if isinstance(space["x"], Choice | Ordinal):
        assert (region.low[0], region.high[0]) == (0.0, 1.0)
    else:
        assert whole.decode(region.low)["x"] == pytest.approx(space["x"].from_unit(0.0))
        assert whole.decode(region.high)["x"] == pytest.approx(space["x"].from_unit(1.0))


@pytest.mark.parametrize("name", NARROWED)
def test_what_lies_outside_is_moved_into_the_region(name: str) -> None:
    whole, space = spaces(NARROWED[name])
    region = Region(whole, space)
    rng = np.random.default_rng(0)
    points = rng.random((200, 1))
    is_inside = region.contains(points)
    assert 0 < is_inside.sum() < 200
    kept = region.kept(points, rng.random((200, 1)))
    assert region.contains(kept).all()
    np.testing.assert_array_equal(kept[is_inside], points[is_inside])
    assert len({json.dumps(region.config(point)) for point in kept[~is_inside]}) > 1
    assert all(space.is_allowed(region.config(point)) for point in points), "even without being moved"


@pytest.mark.parametrize("name", PINNED)
def test_a_pin_holds_exactly(name: str) -> None:
    whole, space = spaces(PINNED[name])
    region = Region(whole, space)
    points = np.random.default_rng(0).random((20, 1))
    value = space.decode([0.3])["x"]
    assert region.is_pinned.tolist() == [True]
    assert region.spans.tolist() == [1.0]
    for point in (*points, *region.kept(points, points)):
        config = region.config(point)
        assert (config["x"], type(config["x"])) == (value, type(value))
    np.testing.assert_allclose(region.kept(points, points), whole.encode([{"x": value}] * 20))


def test_without_an_edit_nothing_is_touched() -> None:
    for name, (space, _) in example_spaces().items():
        region = Region(space, space)
        points = np.random.default_rng(0).random((50, len(space)))
        assert region.is_whole, name
        assert region.contains(points).all(), name
        for moved in (region.outward(points), region.inward(points), region.kept(points, 1.0 - points)):
            np.testing.assert_array_equal(moved, points)
        assert [region.config(point) for point in points] == [space.decode(point) for point in points]


def test_inactive_coordinates_are_never_outside_and_stay_open() -> None:
    whole, space = spaces(NARROWED["float"])
    region = Region(whole, space)
    nothing = np.full((1, 1), np.nan)
    assert region.contains(nothing).all()
    for moved in (region.kept(nothing, np.zeros((1, 1))), region.inward(nothing), region.outward(nothing)):
        assert np.isnan(moved).all()


def test_conditions_are_those_of_the_value_that_is_pinned() -> None:
    """0.3 in [0, 1] comes back from the unit interval of the wider range a bit off, and may not be 0.3 or above."""
    former = Space({"x": Float(0.1, 3.7), "y": Float(0, 1)}, conditions={"y": ("x", at_least(0.3))})
    space = edited(former, {"x": Constant(0.3)})
    region = Region(hull(former, space), space)
    for point in np.random.default_rng(0).random((20, 2)):
        assert space.is_allowed(region.config(point))
        assert set(region.config(point)) == {"x", "y"}


def test_constraints_are_those_of_the_space_in_force() -> None:
    former = Space({"x": Float(0, 1), "y": Float(0, 1)})
    space = Space({"x": Float(0, 0.5), "y": Float(0, 1)}, constraints=[linear({"x": 1, "y": 1}, at_most=0.7)])
    region = Region(hull(former, space), space)
    points = np.array([[0.1, 0.5], [0.4, 0.5], [0.9, 0.1], [0.9, 0.3]])
    assert region.are_met(points).tolist() == [True, False, True, False]
    assert Region(former, former).are_met(points).all()
