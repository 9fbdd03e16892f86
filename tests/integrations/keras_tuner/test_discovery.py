from __future__ import annotations

from typing import Any

import pytest

from rung.errors import SettingError
from rung.integrations.keras_tuner import HyperParameters
from rung.integrations.keras_tuner._discovery import found_space
from rung.space import Constant


def test_what_hangs_on_choices_and_on_the_ends_of_ranges_is_found():
    def build(hp: Any) -> None:
        if hp.Choice("kind", ["a", "b"]) == "b":
            for layer in range(hp.Int("layers", 1, 3)):
                hp.Int(f"units_{layer}", 1, 8)
                if hp.Boolean("dropout"):
                    hp.Float("rate", 0, 1)

    assert set(found_space(build, None)) == {"kind", "layers", "units_0", "units_1", "units_2", "dropout", "rate"}


def test_conditional_scopes_become_conditions():
    def build(hp: Any) -> None:
        kind = hp.Choice("kind", ["a", "b"])
        with hp.conditional_scope("kind", ["b"]):
            if kind == "b":
                hp.Int("units", 1, 8)

    assert str(found_space(build, None).conditions["units"][0]) == "kind = 'b'"


def test_values_that_can_not_be_built_are_passed_over_but_for_the_first():
    calls = []

    def build(hp: Any) -> None:
        calls.append(hp)
        if hp.Int("x", 1, 3) > 1:
            raise ValueError("too deep")

    assert list(found_space(build, None)) == ["x"]
    assert len(calls) == 2
    with pytest.raises(ZeroDivisionError):
        found_space(lambda _: 1 / 0, None)


def test_at_most_a_hundred_calls():
    calls = []

    def build(hp: Any) -> None:
        calls.append(hp)
        for number in range(200):
            hp.Boolean(f"flag_{number}")

    assert len(found_space(build, None)) == 200
    assert len(calls) == 100


def test_given_domains_come_first():
    given = HyperParameters()
    given.Fixed("x", 3)
    given.Int("more", 1, 2)
    space = found_space(lambda hp: hp.Int("x", 1, 9), given)
    assert (space["x"], list(space)) == (Constant(3), ["x", "more"])


def test_nothing_asked_for():
    with pytest.raises(SettingError, match="asks for nothing"):
        found_space(lambda _: None, None)
