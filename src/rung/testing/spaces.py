"""Small spaces of all kinds, on which the suites try searchers and schedulers."""

from __future__ import annotations

from typing import NamedTuple

from rung.space import Choice, Constant, Float, Int, Ordinal, Space, at_least, forbid, linear


class ExampleSpace(NamedTuple):
    """A space, and what a person makes of it in the middle of a study."""

    space: Space
    edited: Space


def example_spaces() -> dict[str, ExampleSpace]:
    """By name; at most four dimensions each. The edits narrow, extend, drop and add dimensions."""
    return {
        "numeric": ExampleSpace(
            Space({"rate": Float(1e-4, 1.0, log=True), "units": Int(8, 256, log=True), "momentum": Float(0.0, 0.99)}),
            Space({"rate": Float(1e-3, 0.1, log=True), "units": Int(8, 512, log=True), "dropout": Float(0.0, 0.5)}),
        ),
        "mixed": ExampleSpace(
            Space({"kind": Choice(["a", None, 3]), "size": Ordinal([16, 32, 64]), "seed": 7, "share": Float(0, 1)}),
            Space({"kind": Choice(["a", None, 3, "b"]), "size": Ordinal([32, 64]), "seed": 8, "share": Float(0, 1)}),
        ),
        "conditional": ExampleSpace(
            Space(
                {"kind": Choice(["sgd", "adam"]), "momentum": Float(0, 1), "nesterov": Choice([False, True])},
                conditions={"momentum": ("kind", "sgd"), "nesterov": ("momentum", at_least(0.5))},
            ),
            Space(
                {"momentum": Float(0, 1), "kind": Choice(["sgd", "adam", "lion"]), "beta": Float(0.8, 0.999)},
                conditions={"momentum": ("kind", "sgd"), "beta": ("kind", ["adam", "lion"])},
            ),
        ),
        "constrained": ExampleSpace(
            Space(
                {"a": Int(0, 9), "b": Int(0, 9), "kind": Choice(["x", "y"])},
                constraints=[linear({"a": 1, "b": 1}, at_most=9), forbid({"kind": "x", "a": at_least(5)})],
            ),
            Space({"a": Int(0, 9), "b": Int(0, 9)}, constraints=[linear({"a": 1, "b": 1}, at_least=9)]),
        ),
        "few points": ExampleSpace(
            Space({"kind": Choice(["x", "y", "z"]), "deep": Choice([False, True])}),
            Space({"kind": Choice(["x", "y"]), "deep": Choice([False, True])}),
        ),
        "one point": ExampleSpace(
            Space({"only": Int(3, 3), "fixed": Constant("c")}),
            Space({"only": Int(4, 4), "fixed": Constant("c")}),
        ),
        "extreme": ExampleSpace(
            Space({"tiny": Float(1e-300, 1e300, log=True), "huge": Float(-1e300, 1e300), "long": Int(0, 2**50 - 1)}),
            Space({"tiny": Float(1e-300, 1e-299, log=True), "huge": Float(-1e300, 1e300), "long": Int(0, 2**50 - 1)}),
        ),
    }
