"""Promises about the inbox."""

from __future__ import annotations

import pytest

from rung.commands import (
    ChangeTrial,
    Command,
    ContinueTrial,
    EditSpace,
    Enqueue,
    Note,
    PauseTrial,
    Record,
    RetryTrial,
    StopStudy,
    StopTrial,
    Tag,
)
from rung.errors import StudyNotFoundError
from rung.events import Changed, CommandHandled, Enqueued, Event, Noted, SpaceEdited, Started, Tagged
from rung.testing._store_samples import Promise, StorePlace
from rung.types import Remark

_COMMANDS: tuple[Command, ...] = (
    Enqueue({"rate": 0.1, "size": 128, "names": ["a", None]}),
    EditSpace({"rate": {"low": 1e-300}}),
    StopTrial(3),
    PauseTrial(4),
    ContinueTrial(5),
    ChangeTrial(6, {"rate": 0.5}),
    RetryTrial(7),
    Record(config={"rate": 0.1}, reports=((1, {"error": float("inf")}),), notes=(Remark("by hand", 1.7e9),)),
    Note("looks 'good' ä", 8),
    Tag(("vision",), ("todo",)),
    StopStudy(how="now"),
)


def commands_come_in_order_and_stay_until_they_are_answered(place: StorePlace) -> None:
    lease = place.begin()
    assert list(place.store.take(lease)) == []
    numbers = [place.reopened().post("lenet", command) for command in _COMMANDS]
    assert numbers == sorted(set(numbers))
    expected = list(zip(numbers, _COMMANDS, strict=True))
    assert list(place.store.take(lease)) == expected
    assert list(place.store.take(lease)) == expected
    place.store.append([CommandHandled(at=0.0, command=numbers[2], what="stop_trial")], lease=lease)
    assert list(place.store.take(lease)) == expected[:2] + expected[3:]


def anybody_can_see_what_is_pending(place: StorePlace) -> None:
    lease = place.begin()
    assert list(place.store.tables.pending("lenet")) == []
    numbers = [place.reopened().post("lenet", command) for command in _COMMANDS]
    expected = list(zip(numbers, _COMMANDS, strict=True))
    assert list(place.reopened().tables.pending("lenet")) == expected
    place.store.append([CommandHandled(at=0.0, command=numbers[0], what="enqueue")], lease=lease)
    assert list(place.reopened().tables.pending("lenet")) == expected[1:]


def every_event_with_a_command_number_answers_it(place: StorePlace) -> None:
    lease = place.begin()
    numbers = [place.store.post("lenet", StopTrial(trial)) for trial in range(7)]
    answers: list[Event] = [
        Changed(at=0.0, trial=0, attempt=1, step=0, changes={}, command=numbers[0]),
        Enqueued(at=0.0, config={}, command=numbers[1]),
        SpaceEdited(at=0.0, space={}, command=numbers[2]),
        CommandHandled(at=0.0, command=numbers[3], what="stop_trial"),
        Enqueued(at=0.0, config={}),
        Noted(at=0.0, text="good", trial=0, command=numbers[4]),
        Tagged(at=0.0, added=("good",), command=numbers[5]),
    ]
    place.store.append([Started(at=0.0, trial=0, attempt=1, config={}), *answers], lease=lease)
    assert list(place.store.take(lease)) == [(numbers[6], StopTrial(6))]


def the_same_key_gives_the_same_number_even_when_answered(place: StorePlace) -> None:
    lease = place.begin()
    number = place.store.post("lenet", StopTrial(1), key="a")
    assert place.reopened().post("lenet", StopTrial(1), key="a") == number
    other = place.store.post("lenet", StopTrial(2), key="b")
    place.store.append([CommandHandled(at=0.0, command=number, what="stop_trial")], lease=lease)
    assert place.reopened().post("lenet", StopTrial(1), key="a") == number
    assert list(place.store.take(lease)) == [(other, StopTrial(2))]


def a_number_is_never_given_twice(place: StorePlace) -> None:
    lease = place.begin()
    numbers = []
    for _ in range(3):
        number = place.reopened().post("lenet", StopStudy())
        place.store.append([CommandHandled(at=0.0, command=number, what="stop_study")], lease=lease)
        numbers.append(number)
    assert len(set(numbers)) == 3


def a_command_that_comes_after_an_empty_look_is_seen(place: StorePlace) -> None:
    lease = place.begin()
    for trial in range(3):
        assert list(place.store.take(lease)) == []
        assert list(place.store.take(lease)) == []
        poster = place.store if trial == 1 else place.reopened()
        number = poster.post("lenet", StopTrial(trial))
        assert list(place.store.take(lease)) == [(number, StopTrial(trial))]
        place.store.append([CommandHandled(at=0.0, command=number, what="stop_trial")], lease=lease)


def inboxes_of_two_studies_do_not_mix(place: StorePlace) -> None:
    first, second = place.begin("first"), place.begin("second")
    place.store.post("first", StopTrial(1), key="a")
    number = place.store.post("second", StopTrial(2), key="a")
    assert [command for _, command in place.store.take(first)] == [StopTrial(1)]
    assert list(place.store.take(second)) == [(number, StopTrial(2))]


def an_unknown_study_has_no_inbox(place: StorePlace) -> None:
    place.begin()
    with pytest.raises(StudyNotFoundError, match="no study 'lente'"):
        place.store.post("lente", StopStudy())


PROMISES: tuple[Promise, ...] = (
    commands_come_in_order_and_stay_until_they_are_answered,
    anybody_can_see_what_is_pending,
    every_event_with_a_command_number_answers_it,
    the_same_key_gives_the_same_number_even_when_answered,
    a_number_is_never_given_twice,
    a_command_that_comes_after_an_empty_look_is_seen,
    inboxes_of_two_studies_do_not_mix,
    an_unknown_study_has_no_inbox,
)
