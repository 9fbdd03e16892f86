from __future__ import annotations

import pytest
from hypothesis import given
from space_strategies import property_test, spaces

from rung.space import Choice, Float, Int, Normal, Space, forbid, linear

STUDY = Space({"learning_rate": Float(0.01, 1.0, log=True), "optimizer": ["sgd", "adam"], "units": Int(1, 9)})


def changed(**domains):
    return Space({**STUDY, **domains})


@pytest.mark.parametrize(
    ("here", "sentences"),
    [
        (STUDY, []),
        (changed(learning_rate=Float(0.01, 0.5, log=True)), ["learning_rate: high 1.0 in the study, 0.5 here"]),
        (
            changed(learning_rate=Float(0.1, 1.0)),
            ["learning_rate: low 0.01 in the study, 0.1 here", "learning_rate: log True in the study, False here"],
        ),
        (changed(units=Normal(1, 9)), ["units: Int(1, 9) in the study, Normal(1.0, 9.0) here"]),
        (changed(optimizer=["adam"]), ["optimizer: values ['sgd', 'adam'] in the study, ['adam'] here"]),
        (changed(momentum=0.9), ["momentum: here, but not in the study"]),
        (Space({"optimizer": ["sgd", "adam"], "units": Int(1, 9)}), ["learning_rate: in the study, but not here"]),
        (
            Space({name: STUDY[name] for name in reversed(STUDY.names)}),
            ["order: learning_rate, optimizer, units in the study, units, optimizer, learning_rate here"],
        ),
        (
            Space(dict(STUDY), conditions={"units": ("optimizer", "sgd")}),
            ["units: always active in the study, active when optimizer = 'sgd' here"],
        ),
        (
            Space(dict(STUDY), constraints=[forbid({"units": 3}), linear({"units": 1}, at_most=8)]),
            ["constraints: none in the study, not (units = 3); units <= 8 here"],
        ),
        (
            Space(dict(STUDY), priors={"units": "~4", "optimizer": ("sgd", "low")}),
            [
                "optimizer: prior none in the study, ~sgd (low confidence) here",
                "units: prior none in the study, ~4 here",
            ],
        ),
    ],
)
def test_every_difference_has_its_sentence(here, sentences):
    assert STUDY.difference(here) == sentences


def test_both_sides_are_told_apart():
    here = changed(units=Int(2, 9))
    assert STUDY.difference(here) == ["units: low 1 in the study, 2 here"]
    assert here.difference(STUDY) == ["units: low 2 in the study, 1 here"]


def test_one_and_true_differ():
    study, here = Space({"a": Choice([1])}), Space({"a": Choice([True])})
    assert study.difference(here) == ["a: values [1] in the study, [True] here"]
    conditions = [{"b": ("a", 1)}, {"b": ("a", True)}]
    study, here = (Space({"a": [1, True], "b": 0}, conditions=each) for each in conditions)
    assert study.difference(here) == ["b: active when a = 1 in the study, active when a = True here"]


@property_test
@given(spaces(), spaces())
def test_no_sentence_means_equal(study, here):
    assert study.difference(study) == []
    assert (study.difference(here) == []) == (study == here)


def test_a_prior_that_is_another_one():
    study, here = (Space(dict(STUDY), priors={"units": prior}) for prior in ("~4", "~4:high"))
    assert study.difference(here) == ["units: prior ~4 in the study, ~4 (high confidence) here"]
    assert here.difference(STUDY) == ["units: prior ~4 (high confidence) in the study, none here"]
