from __future__ import annotations

import numpy as np
import pytest

from rung.searchers._evolution_axes import axes_of
from rung.space import Choice, Constant, Float, Int, Ordinal, Space


def test_each_kind_of_dimension_has_its_place() -> None:
    axes = axes_of(
        Space(
            {
                "fixed": Constant(3),
                "kind": Choice(["a", "b", "c"]),
                "rate": Float(1e-4, 1.0, log=True),
                "only": Choice(["x"]),
                "size": Ordinal([16, 32, 64]),
                "many": Int(1, 257),
                "few": Int(1, 256),
                "two": Int(5, 6),
            }
        )
    )
    assert axes.size == 8
    assert axes.continuous == (2, 5)
    assert [each.column for each in axes.numbers] == [4, 6]
    assert [each.column for each in axes.categories] == [1, 7]
    assert axes.moving == 6


def test_values_stand_where_the_space_has_them() -> None:
    space = Space({"n": Int(1, 6, log=True), "kind": Choice(["a", "b", "c"])})
    axes = axes_of(space)
    numbers, kinds = axes.numbers[0], axes.categories[0]
    assert numbers.middles == pytest.approx(space.encode([{"n": n, "kind": "a"} for n in range(1, 7)])[:, 0])
    assert kinds.middles == pytest.approx([1 / 6, 3 / 6, 5 / 6])
    for each in (numbers, kinds):
        assert [each.nearest(place) for place in each.middles] == list(range(len(each.middles)))
    assert kinds.nearest(0.3) == 0
    assert kinds.nearest(0.35) == 1


def test_nothing_moves() -> None:
    assert axes_of(Space({"fixed": 3})).moving == 0
    assert axes_of(Space({})).size == 0
    assert np.size(axes_of(Space({})).continuous) == 0
