from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rung.store._names import folder_name, study_exists, study_not_found


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Z", "C"])), st.text())
def test_names_of_folders_are_safe_and_differ(one, other):
    name = folder_name(one)
    assert 0 < len(name.encode()) <= 255
    assert name.isascii()
    assert not set(name) & set('/\\:*?"<>|\0')
    assert name.strip(".")
    if one != other:
        assert name != folder_name(other)


def test_plain_names_stay_readable():
    assert [folder_name(name) for name in ("lenet-5", "a b", "v1.2", "x/y", "..", "")] == [
        "lenet-5", "a b", "v1.2", "x%2Fy", "%2E%2E", "%",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("known", "hint"),
    [
        (["alexnet", "lenet"], "Did you mean 'lenet'?"),
        (["a", "b"], "It has 'a', 'b'."),
        (list("abcdefg"), "It has 'a', 'b', 'c', 'd', 'e', …."),
        ([], "It has no studies yet."),
    ],
)
def test_what_to_do_about_an_unknown_name(known, hint):
    error = study_not_found("lennet", known)
    assert error.sentence == "There is no study 'lennet' in this store."
    assert error.hint == hint


def test_what_to_do_about_a_taken_name():
    assert str(study_exists("lenet")) == "There is a study 'lenet' already. Resume it, or choose another name."
