"""Promises about the log."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from rung.errors import FencedError, StudyExistsError, StudyNotFoundError
from rung.events import Collected, Ended, Event, Observed, Placed, Started
from rung.testing._store_samples import Promise, StorePlace, created, every_kind, sample_log
from rung.types import TrialState


def every_kind_of_event_comes_back_exactly(place: StorePlace) -> None:
    lease = place.begin()
    events = every_kind()
    assert place.store.append(events, lease=lease) == len(events) + 1
    for store in (place.store, place.reopened()):
        # The texts tell 1 from 1.0 and -0.0 from 0.0, and NaN equals NaN.
        assert [repr(event) for _, event in store.read("lenet")] == [repr(event) for event in [created(), *events]]


def numbers_count_without_gaps_over_many_appends(place: StorePlace) -> None:
    lease = place.begin()
    events = list(sample_log(1, 60))
    assert [place.store.append([event], lease=lease) for event in events[:20]] == list(range(2, 22))
    assert place.store.append(events[20:], lease=lease) == 61
    assert place.store.append([], lease=lease) == 61
    assert place.log() == [created(), *events]


def reading_begins_after_a_number(place: StorePlace) -> None:
    events = list(sample_log(2, 30))
    place.store.append(events, lease=place.begin())
    assert list(place.store.read("lenet", 11)) == list(enumerate([created(), *events], 1))[11:]
    assert list(place.store.read("lenet", 31)) == []
    assert list(place.store.read("lenet", 1000)) == []


def an_append_repeated_changes_nothing(place: StorePlace) -> None:
    lease = place.begin()
    events = [event for event in every_kind() if event.key is not None]
    place.store.append(events, lease=lease)
    before = place.log()
    assert place.store.append(events, lease=lease) == len(before)
    for event in events:
        assert place.store.append([event, event], lease=lease) == len(before)
    assert list(map(repr, place.log())) == list(map(repr, before))


def the_first_of_two_events_with_one_key_stays(place: StorePlace) -> None:
    lease = place.begin()
    first = _observed(step=1, loss=0.5)
    place.store.append([_started(), first, _observed(step=1, loss=0.25)], lease=lease)
    place.store.append([_observed(step=1, loss=0.125), _observed(step=2, loss=0.75)], lease=lease)
    assert place.log()[2:] == [first, _observed(step=2, loss=0.75)]
    place.store.append(
        [_started(attempt=2), _observed(attempt=1, step=1, loss=0.1)], lease=lease
    )  # a late, known report
    assert place.log()[4:] == [_started(attempt=2)]


def a_late_attempt_is_refused_and_nothing_of_its_append_is_stored(place: StorePlace) -> None:
    lease = place.begin()
    place.store.append([_started(), _observed(step=1), _started(trial=1), _started(attempt=2)], lease=lease)
    before = place.log()
    late = [event for event in every_kind() if getattr(event, "attempt", None) == 1 and event.trial == 0]  # type: ignore[union-attr]  # those with an attempt have a trial
    late = [replace(event, step=2) if isinstance(event, Observed) else event for event in late[1:]]
    assert len({type(event) for event in late}) == 7
    for event in late:
        with pytest.raises(FencedError, match="attempt 2 is the newest"):
            place.store.append([_observed(trial=1, step=1), event], lease=lease)
    assert place.log() == before
    place.store.append([_observed(trial=1, step=1), _observed(attempt=2, step=2)], lease=lease)
    assert len(place.log()) == len(before) + 2


def a_run_must_begin_with_the_next_attempt(place: StorePlace) -> None:
    lease = place.begin()
    for event in (_started(attempt=2), _started(attempt=0)):
        with pytest.raises(FencedError, match="the trial has not started"):
            place.store.append([event], lease=lease)
    place.store.append([_started()], lease=lease)
    with pytest.raises(FencedError, match="attempt 1 is the newest"):
        place.store.append([_started(attempt=3)], lease=lease)
    place.store.append([_started(attempt=2), _started(attempt=3)], lease=lease)
    assert place.store.tables.trials("lenet")[0].attempt == 3


def a_run_that_never_began_has_no_events(place: StorePlace) -> None:
    lease = place.begin()
    strays: list[Event] = [
        _observed(step=1),
        Placed(at=0.0, trial=0, attempt=0, host="vm", pid=1),
        Collected(at=0.0, trial=0, paths=()),
        Ended(at=0.0, trial=0, attempt=1, state=TrialState.FAILED),
    ]
    for event in strays:
        with pytest.raises(FencedError, match="the trial has not started"):
            place.store.append([event], lease=lease)
    assert place.log() == [created()]


def two_studies_do_not_mix(place: StorePlace) -> None:
    first, second = place.begin("first"), place.begin("second")
    place.store.append([_started(), _observed(step=1, loss=0.5)], lease=first)
    place.store.append([_started()], lease=second)
    assert place.log("second") == [created("second"), _started()]
    assert [row.best_loss for row in place.store.tables.studies()] == [0.5, None]


def a_name_is_taken_once(place: StorePlace) -> None:
    place.store.create(created())
    for store in (place.store, place.reopened()):
        with pytest.raises(StudyExistsError, match="'lenet'"):
            store.create(created())
    assert place.log() == [created()]


def an_unknown_name_is_answered_with_the_nearest(place: StorePlace) -> None:
    lease = place.begin()
    asked: list[Callable[[], object]] = [
        lambda: place.store.read("lente"),
        lambda: place.store.tables.study("lente"),
        lambda: place.store.tables.trials("lente"),
        lambda: place.store.tables.reports("lente"),
        lambda: place.store.acquire("lente", lease.owner, ttl=1.0),
        lambda: place.store.append([], lease=replace(lease, study="lente")),
    ]
    for ask in asked:
        with pytest.raises(StudyNotFoundError, match=r"'lente'.*Did you mean 'lenet'"):
            ask()


def what_was_appended_is_there_after_a_crash(place: StorePlace) -> None:
    lease = place.begin()
    events = list(sample_log(3, 40))
    for event in events:
        place.store.append([event], lease=lease)
    store = place.reopened()
    assert [event for _, event in store.read("lenet")] == [created(), *events]
    lease = store.acquire("lenet", lease.owner, ttl=1.0)
    assert store.append(events, lease=lease) == 41


def _started(trial: int = 0, attempt: int = 1) -> Started:
    return Started(at=0.0, trial=trial, attempt=attempt, config={"rate": 0.5})


def _observed(trial: int = 0, attempt: int = 1, *, step: int, loss: float = 1.0) -> Observed:
    return Observed(at=1.0, trial=trial, attempt=attempt, step=step, metrics={"error": loss}, loss=loss)


PROMISES: tuple[Promise, ...] = (
    every_kind_of_event_comes_back_exactly,
    numbers_count_without_gaps_over_many_appends,
    reading_begins_after_a_number,
    an_append_repeated_changes_nothing,
    the_first_of_two_events_with_one_key_stays,
    a_late_attempt_is_refused_and_nothing_of_its_append_is_stored,
    a_run_must_begin_with_the_next_attempt,
    a_run_that_never_began_has_no_events,
    two_studies_do_not_mix,
    a_name_is_taken_once,
    an_unknown_name_is_answered_with_the_nearest,
    what_was_appended_is_there_after_a_crash,
)
