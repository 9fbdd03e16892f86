from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec import structs
from tuning_fakes import ScriptedScheduler, Stage, first_event

from rung.errors import SettingError
from rung.events import Noted, Tagged
from rung.store import MemoryStore
from rung.tuning.labels import Labels, checked_labels
from rung.tuning.opening import OpenStudy, new_study
from rung.types import Goal

Begin = Callable[..., Stage]


def begin(store: Any, labels: Labels) -> OpenStudy:
    """Another session on the study ``s``, or the first one."""
    wanted = new_study("s", ScriptedScheduler(), Goal("error"), seed=1, objective=None, labels=labels)
    is_new = not store.tables.studies()
    study = OpenStudy(store, ScriptedScheduler(), wanted if is_new else first_event(store), is_new=is_new)
    study.leave(study.begin(slots=1, now=lambda: 0.0, labels=labels), "done")
    return study


def test_a_new_study_has_them_from_its_first_event() -> None:
    store = MemoryStore()
    begin(store, Labels(project="vision", message="first try", tags=("a", "b")))
    row = store.tables.study("s")
    assert (row.project, row.message, row.tags, row.notes) == ("vision", "first try", ("a", "b"), ())
    assert not [event for _, event in store.read("s") if isinstance(event, Noted | Tagged)]


def test_on_a_study_that_exists_a_message_is_a_note_and_tags_are_added_once() -> None:
    store = MemoryStore()
    begin(store, Labels(message="first try", tags=("a",)))
    for _ in range(2):
        begin(store, Labels(message="once more", tags=("b", "a")))
    begin(store, Labels(message="first try"))
    row = store.tables.study("s")
    assert row.message == "first try"
    assert [note.text for note in row.notes] == ["once more"]
    assert row.notes[0].unix > 1.6e9
    assert row.tags == ("a", "b")
    assert sum(isinstance(event, Tagged) for _, event in store.read("s")) == 1


def test_a_study_stays_in_its_project(stage: Begin) -> None:
    stored = structs.replace(first_event(stage().store), project="vision")
    Labels(project="vision").check_project(stored)
    Labels().check_project(stored)
    with pytest.raises(SettingError, match=r"'s' belongs to the project 'vision', not to 'text'\..*Nothing was run"):
        Labels(project="text").check_project(stored)
    with pytest.raises(SettingError, match="'s' belongs to no project, not to 'text'"):
        Labels(project="text").check_project(structs.replace(stored, project=""))


def test_what_is_given_becomes_labels() -> None:
    assert checked_labels(None, "", ()) == Labels()
    assert checked_labels("p", "m", ["a", "b", "a"]) == Labels(project="p", message="m", tags=("a", "b"))


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (("", "", ()), "project='' is not a name"),
        ((" ", "", ()), "project=' ' is not a name"),
        ((3, "", ()), "project=3 is not a name"),
        ((None, 3, ()), "message=3 is not a text"),
        ((None, "", "vision"), "tags='vision' are not tags"),
        ((None, "", ["a", ""]), "'' can't be a tag"),
        ((None, "", ["two words"]), "'two words' can't be a tag. A tag is one word"),
        ((None, "", ["a,b"]), "'a,b' can't be a tag"),
        ((None, "", [3]), "3 can't be a tag"),
    ],
)
def test_what_is_no_label(given: Any, sentence: str) -> None:
    with pytest.raises(SettingError, match=sentence):
        checked_labels(*given)
