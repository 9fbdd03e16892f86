from __future__ import annotations

import pytest

from rung.errors import SettingError, SpaceError
from rung.integrations.keras_tuner import HyperParameters
from rung.space import Choice, Constant, Float, Int, Ordinal


@pytest.mark.parametrize(
    ("ask", "domain", "first"),
    [
        (lambda hp: hp.Int("x", 1, 9), Int(1, 9), 1),
        (lambda hp: hp.Int("x", 1, 9, step=4), Int(1, 9, step=4), 1),
        (lambda hp: hp.Int("x", 1, 64, sampling="log"), Int(1, 64, log=True), 1),
        (lambda hp: hp.Int("x", 1, 8, step=2, sampling="log"), Ordinal([1, 2, 4, 8]), 1),
        (lambda hp: hp.Int("x", 1, 9, default=5), Int(1, 9), 5),
        (lambda hp: hp.Float("x", 0, 1), Float(0, 1), 0.0),
        (lambda hp: hp.Float("x", 0, 1, step=0.25), Float(0, 1, step=0.25), 0.0),
        (lambda hp: hp.Float("x", 1e-3, 1, sampling="log"), Float(1e-3, 1, log=True), 1e-3),
        (lambda hp: hp.Float("x", 0.5, 8, step=4, sampling="log"), Ordinal([0.5, 2.0, 8.0]), 0.5),
        (lambda hp: hp.Choice("x", [1, 2]), Ordinal([1, 2]), 1),
        (lambda hp: hp.Choice("x", [1, 2], ordered=False), Choice([1, 2]), 1),
        (lambda hp: hp.Choice("x", ["a", "b"], default="b"), Choice(["a", "b"]), "b"),
        (lambda hp: hp.Boolean("x"), Choice([False, True]), False),
        (lambda hp: hp.Boolean("x", default=True), Choice([False, True]), True),
        (lambda hp: hp.Fixed("x", 3), Constant(3), 3),
    ],
)
def test_domains_and_defaults(ask, domain, first):
    hp = HyperParameters()
    assert ask(hp) == first
    assert (hp.domains, hp.values) == ({"x": domain}, {"x": first})


def test_values_are_given():
    hp = HyperParameters({"x": 7})
    assert hp.Int("x", 1, 9) == 7
    assert hp.get("x") == 7
    with pytest.raises(SpaceError, match="'y' has no value"):
        hp.get("y")


def test_what_is_asked_for_in_a_scope_depends_on_its_parent():
    for kind, units in (("a", 4), ("b", None)):
        hp = HyperParameters({"kind": kind, "units": 4})
        hp.Choice("kind", ["a", "b", "c"])
        with hp.conditional_scope("kind", ["a", "c"]):
            assert hp.Int("units", 2, 8) == units
        assert hp.conditions["units"] == [("kind", ["a", "c"])]


def test_parents_can_be_named_where_it_is_asked_for():
    hp = HyperParameters()
    hp.Boolean("dropout")
    assert hp.Float("rate", 0, 1, parent_name="dropout", parent_values=True) is None
    assert hp.conditions == {"dropout": [], "rate": [("dropout", [True])]}
    with pytest.raises(SpaceError, match="no parent 'other' yet"):
        hp.Int("y", 0, 1, parent_name="other", parent_values=1)


def test_names_in_a_scope():
    hp = HyperParameters()
    with hp.name_scope("cell"):
        hp.Choice("kind", ["a", "b"])
        with hp.conditional_scope("kind", "a"):
            hp.Int("units", 2, 8)
        assert hp.get("units") == 2
    assert hp.values == {"cell/kind": "a", "cell/units": 2}
    assert hp.conditions["cell/units"] == [("cell/kind", ["a"])]


@pytest.mark.parametrize(
    ("ask", "error", "words"),
    [
        (lambda hp: hp.Int("x", 1, 9, sampling="reverse_log"), SettingError, "distance from the upper end"),
        (lambda hp: hp.Float("x", 0, 9, step=2, sampling="log"), SpaceError, "lower end above 0"),
        (lambda hp: hp.Int("x", 1, 9, step=1, sampling="log"), SpaceError, "must be above 1"),
    ],
)
def test_what_can_not_be_meant(ask, error, words):
    with pytest.raises(error, match=words):
        ask(HyperParameters())
