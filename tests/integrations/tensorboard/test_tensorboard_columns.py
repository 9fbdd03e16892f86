from __future__ import annotations

import math

import pytest

import rung
from rung.integrations.tensorboard._columns import Column, as_text, columns_of, joined, widened


@pytest.mark.parametrize(
    ("domain", "column"),
    [
        (rung.Float(0.1, 0.2), Column("number", 0.1, 0.2)),
        (rung.Int(1, 5), Column("number", 1.0, 5.0)),
        (rung.randint(1, 5), Column("number", 1.0, 4.0)),
        ([16, 32], Column("number", values=(16.0, 32.0))),
        (rung.ordinal(["s", "m"]), Column("text", values=("s", "m"))),
        ([True, False], Column("bool", values=(True, False))),
        ([True, 1], Column("text", values=("true", "1"))),
        ([None, 0.5], Column("text", values=("none", "0.5"))),
        ([[8, 8], [16]], Column("text", values=("[8, 8]", "[16]"))),
        ([1, 2.5], Column("number", values=(1.0, 2.5))),
        (5, Column("number", values=(5.0,), differs=False)),
        (None, Column("text", values=("none",), differs=False)),
    ],
)
def test_domains(domain: object, column: Column) -> None:
    assert columns_of(rung.Space({"x": domain})) == {"x": column}


def test_a_distribution_without_ends_has_finite_ones_here() -> None:
    column = columns_of(rung.Space({"x": rung.normal(0.0, 1.0)}))["x"]
    assert column.low is not None
    assert -math.inf < column.low < -3


def test_a_value_from_outside_finds_room() -> None:
    columns = columns_of(rung.Space({"lr": rung.Float(0.1, 0.2), "opt": ["a", "b"], "on": [True, False]}))
    assert widened(columns, {"lr": 0.15, "opt": "a", "on": True}) == columns
    wider = widened(columns, {"lr": 0.4, "opt": "c", "new": 3})
    assert wider["lr"] == Column("number", 0.1, 0.4)
    assert wider["opt"].values == ("a", "b", "c")
    assert wider["new"] == Column("number", values=(3.0,), differs=False)
    assert widened(columns, {"on": "maybe"})["on"] == Column("text", values=("true", "false", "maybe"))


def test_columns_of_two_spaces() -> None:
    former = columns_of(rung.Space({"a": rung.Float(0, 1), "b": 3, "gone": 1}))
    now = columns_of(rung.Space({"b": 4, "a": rung.Float(0.5, 2)}))
    both = joined(former, now)
    assert list(both) == ["b", "a", "gone"]
    assert both["a"] == Column("number", 0.0, 2.0)
    assert both["b"] == Column("number", values=(4.0, 3.0))
    assert joined(both, both) == both


def test_a_list_and_a_range_make_a_range() -> None:
    listed, ranged = Column("number", values=(3.0, 9.0)), Column("number", 1.0, 5.0)
    assert listed.union(ranged) == ranged.union(listed) == Column("number", 1.0, 9.0)


def test_text() -> None:
    assert [as_text(value) for value in (None, "a", True, 1.5, ["ü", 1])] == ["none", "a", "true", "1.5", '["ü", 1]']
