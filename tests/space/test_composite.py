from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from rung.errors import SpaceError
from rung.space import Space, uniform
from rung.space.composite import Composite, flattened


class Pair(Composite):
    def domains(self, name: str) -> Mapping[str, Any]:
        return {f"{name}.kind": ["a", "b"], f"{name}.size": uniform(0, 1)}

    def conditions(self, name: str) -> Mapping[str, Any]:
        return {f"{name}.size": (f"{name}.kind", "b")}


def test_its_dimensions_take_its_place() -> None:
    space = Space({"x": 1, "pair": Pair(), "y": 2}, conditions={"y": ("pair.kind", "a")})
    plain = Space(
        {"x": 1, "pair.kind": ["a", "b"], "pair.size": uniform(0, 1), "y": 2},
        conditions={"pair.size": ("pair.kind", "b"), "y": ("pair.kind", "a")},
    )
    assert space == plain
    assert space.names == plain.names


def test_two_of_them() -> None:
    assert Space({"one": Pair(), "two": Pair()}).names == ("one.kind", "one.size", "two.kind", "two.size")


def test_without_one_nothing_changes() -> None:
    given, conditions = {"x": 1}, {"x": ("y", 1)}
    assert flattened(given, conditions) == (given, conditions)


def test_a_name_that_is_taken() -> None:
    with pytest.raises(SpaceError, match=r"two dimensions 'pair\.size'"):
        Space({"pair.size": 1, "pair": Pair()})


def test_conditions_that_are_none() -> None:
    with pytest.raises(SpaceError, match="conditions must be a mapping"):
        Space({"pair": Pair()}, conditions=[("y", 1)])  # type: ignore[arg-type]
