from __future__ import annotations

from rung.integrations.define_by_run._presence import Seen, concluded, presumably_asked
from rung.space import Choice, Float, Int, Space

SPACE = Space({"kind": Choice(["a", "b", "c"]), "x": Float(0, 1), "depth": Int(1, 3), "y": Float(0, 1)})


def seen(*trials: tuple[str, int, bool]) -> list[Seen]:
    """(kind, depth, whether it asked for y) of trials that asked for all else."""
    return [
        Seen({"kind": kind, "x": 0.5, "depth": depth, "y": 0.5}, frozenset({"kind", "x", "depth", *"y" * asked}))
        for kind, depth, asked in trials
    ]  # fmt: skip


def test_a_value_at_which_it_was_left_out_is_excluded():
    trials = seen(*[("a", 1, True)] * 2, ("a", 2, True), *[("b", 1, False)] * 2, ("b", 2, False))
    assert concluded(SPACE, trials) == {"y": ("kind", ["a", "c"])}


def test_numbers_can_be_parents():
    trials = seen(("a", 1, False), ("b", 1, False), ("a", 1, False), ("a", 2, True), ("b", 3, True), ("a", 2, True))
    assert concluded(SPACE, trials) == {"y": ("depth", [2, 3])}


def test_few_trials_tell_nothing():
    assert concluded(SPACE, seen(("a", 1, True), ("b", 1, False))) == {}
    assert concluded(SPACE, seen(*[("a", 1, True)] * 9)) == {}


def test_what_overlaps_is_no_condition():
    assert concluded(SPACE, seen(*[("a", 1, True)] * 3, *[("a", 1, False)] * 3)) == {}


def test_a_known_condition_stays_until_it_is_contradicted():
    known = Space(dict(SPACE), conditions={"y": ("kind", ["a"])})
    assert list(concluded(known, [])) == ["y"]
    contradicting = [Seen({"kind": "b", "x": 0.5, "depth": 1, "y": 0.5}, frozenset({"kind", "x", "depth", "y"}))]
    assert concluded(known, contradicting) == {}


def test_chains_of_conditions():
    space = Space({"a": Choice([0, 1]), "b": Choice([0, 1]), "c": Float(0, 1)})
    trials = [
        Seen({"a": a, "b": b, "c": 0.5}, frozenset({"a", *("b" * a), *("c" * (a and b))}))
        for a in (0, 1) for b in (0, 1) for _ in range(3)
    ]  # fmt: skip
    assert concluded(space, trials) == {"b": ("a", [1]), "c": ("b", [1])}
    Space(dict(space), conditions=concluded(space, trials))  # and they are no cycle


def test_what_presumably_was_asked_for():
    domains = {"z": Float(0, 1), "y": [1, 2], "m": ["a", "b"]}
    space = Space(domains, conditions={"y": ("m", ["a"]), "z": ("y", [1])})
    whole = {"z": 0.5, "y": 1, "m": "a"}
    assert presumably_asked(whole, space) == {"z", "y", "m"}
    assert presumably_asked({**whole, "y": 2}, space) == {"y", "m"}
    assert presumably_asked({**whole, "m": "b"}, space) == {"m"}
    assert presumably_asked({"m": "a"}, space) == {"m"}
