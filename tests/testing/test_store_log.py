from __future__ import annotations

import contextlib

from faulty_store import caught_by
from msgspec.structs import replace

from rung.errors import FencedError, StudyExistsError
from rung.testing._store_log import PROMISES


def test_a_store_without_faults_keeps_every_promise():
    assert caught_by(PROMISES) == set()


def test_a_store_that_counts_from_zero_is_caught():
    caught = caught_by(PROMISES, append=lambda good, events, lease: good.append(events, lease=lease) - 1)
    assert "numbers_count_without_gaps_over_many_appends" in caught


def test_a_store_that_keeps_no_order_is_caught():
    def read(good, study, after=0):
        return iter(list(good.read(study, after))[::-1])

    assert "every_kind_of_event_comes_back_exactly" in caught_by(PROMISES, read=read)


def test_a_store_that_reads_one_too_many_is_caught():
    caught = caught_by(PROMISES, read=lambda good, study, after=0: good.read(study, max(0, after - 1)))
    assert caught == {"reading_begins_after_a_number"}


def test_a_store_that_stores_what_it_can_of_a_refused_append_is_caught():
    def append(good, events, lease):
        for event in events:
            good.append([event], lease=lease)
        return good.append([], lease=lease)

    assert "a_late_attempt_is_refused_and_nothing_of_its_append_is_stored" in caught_by(PROMISES, append=append)


def test_a_store_that_swallows_late_attempts_is_caught():
    def append(good, events, lease):
        with contextlib.suppress(FencedError):
            return good.append(events, lease=lease)
        return good.append([], lease=lease)

    caught = caught_by(PROMISES, append=append)
    assert {"a_run_must_begin_with_the_next_attempt", "a_run_that_never_began_has_no_events"} <= caught


def test_a_store_that_stores_twice_is_caught():
    def append(good, events, lease):
        log = good._logs[lease.study]
        log._keys.clear()
        return good.append(events, lease=lease)

    caught = caught_by(PROMISES, append=append)
    assert {"an_append_repeated_changes_nothing", "the_first_of_two_events_with_one_key_stays"} <= caught


def test_a_store_that_rounds_is_caught():
    def append(good, events, lease):
        return good.append([replace(event, at=round(event.at)) for event in events], lease=lease)

    assert "every_kind_of_event_comes_back_exactly" in caught_by(PROMISES, append=append)


def test_a_store_that_lets_names_be_taken_twice_is_caught():
    def create(good, created):
        with contextlib.suppress(StudyExistsError):
            good.create(created)

    assert caught_by(PROMISES, create=create) == {"a_name_is_taken_once"}
