from __future__ import annotations

from typing import final

import pytest

from rung.space import Float, Space
from rung.space.named import NamedDomains


@final
class Plain(NamedDomains):
    def __init__(self, domains, form):
        object.__setattr__(self, "_domains", dict(domains))
        object.__setattr__(self, "form", form)

    def to_json(self):
        return self.form


def test_it_is_a_mapping_in_order():
    named = Plain({"b": Float(0, 1), "a": Float(0, 2)}, {})
    assert list(named) == ["b", "a"]
    assert len(named) == 2
    assert named["a"] == Float(0, 2)
    assert list(named.items()) == [("b", Float(0, 1)), ("a", Float(0, 2))]
    with pytest.raises(KeyError, match="c"):
        named["c"]


def test_the_json_form_decides_about_equality():
    assert Plain({}, {"a": 1, "b": 2}) == Plain({}, {"b": 2, "a": 1})
    assert hash(Plain({}, {"a": 1, "b": 2})) == hash(Plain({}, {"b": 2, "a": 1}))
    assert Plain({}, {"a": 1}) != Plain({}, {"a": True})
    assert Plain({}, {"a": 1}) != Plain({}, {"a": 1.0})


def test_other_classes_are_never_equal():
    space = Space({"a": Float(0, 1)})
    assert Plain(dict(space), space.to_json()) != space
    assert space != dict(space)
