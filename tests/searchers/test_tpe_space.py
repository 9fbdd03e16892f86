from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rung.searchers import _tpe_space
from rung.searchers._parzen_axes import Pinned
from rung.searchers._region import Region
from rung.searchers._tpe_space import MOST_LISTED
from rung.space import Choice, Float, Int, Normal, Ordinal, Space
from rung.space.editing import edited

if TYPE_CHECKING:
    from rung.searchers._parzen_axes import Axes


def axes_of(space: Space, now: Space | None = None) -> Axes:
    return _tpe_space.axes_of(space, Region(space, now or space))


def test_axes_by_kind() -> None:
    space = Space(
        {
            "fixed": 3,
            "rate": Float(1e-4, 1.0, log=True),
            "noise": Normal(0.0, 1.0),
            "step": Float(0.0, 1.0, step=0.25),
            "size": Ordinal(["s", "m", "l"]),
            "kind": Choice(["a", "b"]),
            "long": Int(0, 10**6),
            "point": Float(2.0, 2.0),
            "many": Choice(list(range(2 * MOST_LISTED))),
        }
    )
    axes = axes_of(space)
    assert axes.n_columns == 9
    assert axes.continuous.tolist() == [1, 2, 6]
    assert [(axis.column, axis.size, axis.is_ordered) for axis in axes.listed] == [
        (3, 5, True),
        (4, 3, True),
        (5, 2, False),
        (8, 2 * MOST_LISTED, False),
    ]


def test_the_edges_are_those_of_the_bins() -> None:
    for domain in (Int(1, 200, log=True), Int(5, 9), Float(0.1, 3.1, step=0.1, log=True)):
        (axis,) = axes_of(Space({"x": domain})).listed
        assert axis.edges[0] == 0.0
        assert axis.edges[-1] == 1.0
        values = domain.grid(1000)
        for index, (low, high) in enumerate(zip(axis.edges[:-1], axis.edges[1:], strict=True)):
            assert domain.from_unit(low + 1e-9) == domain.from_unit(high - 1e-9) == values[index]


def test_values_of_encoded_configs() -> None:
    space = Space({"units": Int(8, 64, log=True), "kind": Choice(["a", "b", "c"])})
    configs = [{"units": units, "kind": kind} for units in range(8, 65) for kind in "abc"]
    values = axes_of(space).values(space.encode(configs))
    assert values.tolist() == [[c["units"] - 8, "abc".index(c["kind"])] for c in configs]


def test_what_is_narrowed_has_a_shorter_span_and_what_is_pinned_no_axis() -> None:
    space = Space({"x": Float(0, 1), "n": Int(0, 9), "kind": Choice(["a", "b", "c", "d"]), "y": Float(0, 1)})
    now = edited(space, {"x": Float(0.2, 0.3), "n": Int(4, 4), "kind": Choice(["a", "d"])})
    axes = axes_of(space, now)
    assert axes.continuous.tolist() == [0, 3]
    assert [axis.column for axis in axes.listed] == [2]
    np.testing.assert_allclose(axes.spans, [0.1, 1.0, 0.5, 1.0])
    assert axes.pinned == (Pinned(1, 0.45, is_ordered=True),)
    assert axes_of(space, edited(space, {"kind": "b"})).pinned == (Pinned(2, 0.375, is_ordered=False),)
