import math

import numpy as np
import pytest
from peer_suite import CONDITIONAL, CONSTRAINED, MIXED

from rung.benchmarks.peers import _flat
from rung.benchmarks.peers._flat import Flat, Kind
from rung.benchmarks.peers.peer import Asked
from rung.errors import SettingError
from rung.space import Choice, Float, Int, Normal, Ordinal, Space

FEWEST = {Kind.REAL, Kind.WHOLE}


def axes(space, kinds=frozenset(Kind)):
    return {axis.name: (axis.kind, axis.low, axis.high) for axis in Flat(space, kinds).axes}


def test_each_domain_has_its_kind():
    assert axes(MIXED) == {
        "rate": (Kind.LOG_REAL, 1e-5, 1.0),
        "share": (Kind.WHOLE, 0, 4),
        "layers": (Kind.WHOLE, -2, 5),
        "units": (Kind.LOG_WHOLE, 8, 512),
        "batch": (Kind.WHOLE, 0, 3),
        "width": (Kind.REAL, 0.0, 1.0),
        "size": (Kind.LEVELS, 0, 2),
        "kind": (Kind.LABELS, 0, 4),
        "shift": (Kind.NORMAL, pytest.approx(1 - 70.34, abs=0.01), pytest.approx(1 + 70.34, abs=0.01)),
        "spread": (Kind.REAL, 0.0, 1.0),
    }


def test_what_a_peer_has_no_word_for_becomes_a_place_or_goes_through_the_unit_interval():
    assert axes(MIXED, FEWEST) == {
        "rate": (Kind.REAL, 0.0, 1.0),
        "share": (Kind.WHOLE, 0, 4),
        "layers": (Kind.WHOLE, -2, 5),
        "units": (Kind.REAL, 0.0, 1.0),
        "batch": (Kind.WHOLE, 0, 3),
        "width": (Kind.REAL, 0.0, 1.0),
        "size": (Kind.WHOLE, 0, 2),
        "kind": (Kind.WHOLE, 0, 4),
        "shift": (Kind.REAL, 0.0, 1.0),
        "spread": (Kind.REAL, 0.0, 1.0),
    }


@pytest.mark.parametrize("kinds", [frozenset(Kind), FEWEST], ids=["all", "fewest"])
@pytest.mark.parametrize("space", [MIXED, CONDITIONAL], ids=["mixed", "conditional"])
def test_configs_come_back_from_their_coordinates(space, kinds):
    flat = Flat(space, kinds)
    rng = np.random.default_rng(0)
    for config in (space.sample(rng) for _ in range(200)):
        coordinates = flat.coordinates(config)
        assert list(coordinates) == [axis.name for axis in flat.axes]
        back = flat.config(coordinates)
        assert list(back) == list(config)
        for name, value in config.items():
            if isinstance(value, float):  # through the unit interval it is rounded
                assert math.isclose(back[name], value, rel_tol=1e-9), name
            else:
                assert (type(back[name]), back[name]) == (type(value), value), name


@pytest.mark.parametrize("kinds", [frozenset(Kind), FEWEST], ids=["all", "fewest"])
def test_every_coordinate_gives_a_config_of_the_space(kinds):
    flat = Flat(MIXED, kinds)
    for share in np.linspace(0, 1, 101).tolist():
        config = flat.config({axis.name: axis.low + share * (axis.high - axis.low) for axis in flat.axes})
        assert MIXED.validate(config) == config


def test_coordinates_outside_are_moved_inside():
    flat = Flat(Space({"x": Float(1, 2, log=True), "n": Int(3, 9), "size": Ordinal([4, 5])}))
    assert flat.config({"x": 2.0000001, "n": 2, "size": 7}) == {"x": 2.0, "n": 3, "size": 5}
    assert flat.config({"x": 0.9999999, "n": 9.6, "size": -1}) == {"x": 1.0, "n": 9, "size": 4}


def test_a_peers_own_numbers_become_pythons():
    config = Flat(Space({"x": Float(0, 1), "n": Int(0, 9), "on": Choice([True, 1])})).config(
        {"x": np.float32(0.5), "n": np.int64(4), "on": np.int64(0)}
    )
    assert [type(value) for value in config.values()] == [float, int, bool]


def test_only_active_axes_are_asked_for_and_parents_first():
    asked = []

    def coordinate(axis):
        asked.append(axis.name)
        return {"optimizer": 0, "momentum": 0.75, "nesterov": 1, "rounds": 1, "both": 2}[axis.name]

    config = Flat(CONDITIONAL).build(coordinate)
    assert config == {"nesterov": True, "optimizer": "sgd", "momentum": 0.75, "rounds": 1, "both": 3}
    assert sorted(asked) == ["both", "momentum", "nesterov", "optimizer", "rounds"]
    assert asked.index("optimizer") < asked.index("momentum") < asked.index("nesterov")
    assert max(asked.index("optimizer"), asked.index("rounds")) < asked.index("both")


def test_what_is_inactive_stands_in_the_middle():
    flat = Flat(CONDITIONAL)
    coordinates = flat.coordinates({"optimizer": "adam", "beta": 0.9, "rounds": 2, "constant": "only with adam"})
    assert coordinates == {
        "nesterov": 1,
        "optimizer": 1,
        "momentum": 0.5,
        "beta": 0.9,
        "rounds": 2,
        "decay": pytest.approx(1e-4),
        "both": 1,
    }


def test_what_has_one_value_has_no_axis():
    space = Space({"n": Int(2, 2), "x": Float(1, 1), "one": Choice(["a"]), "fixed": 7, "shift": Normal(0, 1)})
    assert [axis.name for axis in Flat(space).axes] == ["shift"]
    assert Flat(space).config({"shift": 0.0}) == {"n": 2, "x": 1.0, "one": "a", "fixed": 7, "shift": 0.0}


def test_what_breaks_a_constraint_is_refused_and_asked_again():
    flat = Flat(CONSTRAINED)
    configs = [{"a": 9, "b": 9, "kind": "y"}, {"a": 6, "b": 1, "kind": "x"}, {"a": 6, "b": 1, "kind": "y"}]
    answers = iter([Asked(key, config) for key, config in enumerate(configs)])
    refused = []
    assert flat.ask_allowed(lambda: next(answers, None), refused.append) == Asked(2, configs[2])
    assert refused == [0, 1]
    assert flat.ask_allowed(lambda: next(answers, None), refused.append) is None


def test_a_peer_that_keeps_to_no_constraint_is_not_asked_for_ever(monkeypatch):
    monkeypatch.setattr(_flat, "MOST_ASKS", 7)
    refused = []
    with pytest.raises(SettingError, match="suggested 7 configurations, and none of them keeps to the constraints"):
        Flat(CONSTRAINED).ask_allowed(lambda: Asked("key", {"a": 9, "b": 9, "kind": "y"}), refused.append)
    assert refused == ["key"] * 7
