from __future__ import annotations

import copy
import json

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from space_strategies import LEAVES, property_test, spaces

from rung.errors import SpaceError
from rung.space import Float, Int, Space, as_space

PLAIN = Space({"lr": Float(0.1, 1.0), "units": Int(1, 9)})


@property_test
@given(spaces())
def test_spaces_come_back_exactly(space):
    for again in (
        Space.from_json(space.to_json()),
        Space.from_json(json.loads(json.dumps(space.to_json()))),
        Space.from_json(msgspec.json.decode(msgspec.json.encode(space.to_json()))),
        as_space(space.to_json()),
    ):
        assert again == space
        assert hash(again) == hash(space)
        assert again.to_json() == space.to_json()
        assert list(again) == list(space)
        assert again.sample(np.random.default_rng(1)) == space.sample(np.random.default_rng(1))


def test_the_form_is_plain():
    assert PLAIN.to_json() == {
        "type": "space",
        "dimensions": [
            {"name": "lr", "type": "float", "low": 0.1, "high": 1.0},
            {"name": "units", "type": "int", "low": 1, "high": 9},
        ],
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda form: [], "not the JSON form of a space"),
        (lambda form: {**form, "type": "float"}, "not the JSON form of a space"),
        (lambda form: {"type": "space"}, "not the JSON form of a space"),
        (lambda form: {**form, "colour": 1}, "has no colour. A newer rung wrote it"),
        (lambda form: {**form, "dimensions": [{"type": "float", "low": 0, "high": 1}]}, "needs a name of its own"),
        (lambda form: {**form, "dimensions": form["dimensions"] * 2}, "needs a name of its own"),
        (lambda form: {**form, "dimensions": [3]}, "needs a name of its own"),
        (
            lambda form: {**form, "dimensions": [{"name": "lr", "type": "flot"}]},
            "lr: there is no type of domain 'flot'",
        ),
        (lambda form: {**form, "constraints": [{"type": "forbid"}]}, "is not a constraint"),
    ],
)
def test_other_forms_are_refused(change, message):
    with pytest.raises(SpaceError, match=message):
        Space.from_json(change(PLAIN.to_json()))


def spots(form, path=()):
    """The paths to all parts of a JSON value."""
    yield path
    parts = form.items() if isinstance(form, dict) else enumerate(form) if isinstance(form, list) else ()
    for key, part in parts:
        yield from spots(part, (*path, key))


@property_test
@given(spaces(), st.data())
def test_broken_forms_give_a_space_or_a_space_error(space, data):
    form = copy.deepcopy(space.to_json())
    *path, last = data.draw(st.sampled_from([path for path in spots(form) if path]))
    part = form
    for key in path:
        part = part[key]
    part[last] = data.draw(st.one_of(LEAVES, st.dictionaries(st.text(max_size=3), LEAVES, max_size=2)))
    try:
        changed = Space.from_json(form)
    except SpaceError:
        return
    assert Space.from_json(changed.to_json()) == changed


def test_priors_stand_with_their_dimensions():
    space = Space(dict(PLAIN), priors={"units": "~4:high"})
    form = space.to_json()
    assert form["dimensions"][1]["prior"] == {"centre": 4, "confidence": "high"}
    assert "prior" not in form["dimensions"][0]
    assert Space.from_json(json.loads(json.dumps(form))).priors == space.priors
    for broken in ({"centre": 4, "confidence": "very"}, {"centre": 99}, {"center": 4}, [4]):
        form["dimensions"][1]["prior"] = broken
        with pytest.raises(SpaceError, match=r"the prior of 'units'|is not the prior of 'units'"):
            Space.from_json(form)
