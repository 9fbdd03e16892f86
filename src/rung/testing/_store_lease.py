"""Promises about leases."""

from __future__ import annotations

import time

import pytest

from rung.commands import StopTrial
from rung.contracts import Store
from rung.errors import FencedError, StudyLockedError
from rung.events import Started
from rung.store.owner import current_owner
from rung.testing._store_samples import TTL_S, Promise, StorePlace, created, dead, foreign
from rung.types import Lease, Owner

_PATIENCE_S = 30.0


def a_living_process_keeps_its_study(place: StorePlace) -> None:
    owner = place.begin().owner
    with pytest.raises(StudyLockedError, match=rf"'lenet' is held by process {owner.pid} on host '{owner.host}'"):
        place.store.acquire("lenet", foreign(), ttl=TTL_S)
    assert place.reopened().tables.study("lenet").owner == owner


def a_dead_process_of_this_host_is_replaced_at_once(place: StorePlace) -> None:
    place.store.create(created())
    old = place.store.acquire("lenet", dead(), ttl=TTL_S)
    assert place.store.tables.study("lenet").owner is None
    new = place.store.acquire("lenet", current_owner(), ttl=TTL_S)
    assert new.epoch > old.epoch
    _assert_fenced(place.store, old)


def a_process_of_another_host_is_replaced_when_its_time_is_up(place: StorePlace) -> None:
    place.store.create(created())
    old = place.store.acquire("lenet", foreign(1), ttl=TTL_S)
    with pytest.raises(StudyLockedError, match=r"process 1 on host 'elsewhere.example'.*10 min after"):
        place.store.acquire("lenet", foreign(2), ttl=TTL_S)
    place.store.release(old)
    old = place.store.acquire("lenet", foreign(1), ttl=0.05)
    new = _acquire_in_time(place.store, foreign(2))
    assert new.epoch > old.epoch
    _assert_fenced(place.store, old)
    place.store.append([Started(at=0.0, trial=0, attempt=1, config={})], lease=new)


def the_holder_may_write_past_its_time_while_nobody_else_came(place: StorePlace) -> None:
    place.store.create(created())
    lease = place.store.acquire("lenet", foreign(), ttl=0.0)
    assert place.store.append([Started(at=0.0, trial=0, attempt=1, config={})], lease=lease) == 2
    place.store.renew(lease)
    assert list(place.store.take(lease)) == []


def the_same_owner_gets_its_lease_anew_and_the_old_one_is_void(place: StorePlace) -> None:
    old = place.begin()
    for store in (place.store, place.reopened()):
        new = store.acquire("lenet", old.owner, ttl=TTL_S)
        assert new.epoch > old.epoch
        _assert_fenced(place.store, old)
        store.append([], lease=new)
        old = new


def a_second_owner_in_the_same_process_is_told(place: StorePlace) -> None:
    old = place.begin()
    for store in (place.store, place.reopened()):
        with pytest.raises(StudyLockedError, match=r"already has the study 'lenet' in hand.*Close the"):
            store.acquire("lenet", current_owner(), ttl=TTL_S)
    place.store.append([], lease=old)
    place.store.release(old)
    new = place.reopened().acquire("lenet", current_owner(), ttl=TTL_S)
    assert new.epoch > old.epoch
    _assert_fenced(place.store, old)


def what_a_process_forgot_is_free_for_it_when_the_time_is_up(place: StorePlace) -> None:
    place.store.create(created())
    old = place.store.acquire("lenet", current_owner(), ttl=0.05)
    new = _acquire_in_time(place.reopened(), current_owner())
    assert new.epoch > old.epoch
    _assert_fenced(place.store, old)


def a_released_lease_is_free_and_void(place: StorePlace) -> None:
    old = place.begin()
    place.store.release(old)
    assert place.store.tables.study("lenet").owner is None
    _assert_fenced(place.store, old)
    new = place.reopened().acquire("lenet", foreign(), ttl=TTL_S)
    assert new.epoch > old.epoch


def a_lease_that_has_passed_on_cannot_be_released(place: StorePlace) -> None:
    old = place.begin()
    new = place.store.acquire("lenet", old.owner, ttl=TTL_S)
    place.store.release(old)
    assert place.store.append([Started(at=0.0, trial=0, attempt=1, config={})], lease=new) == 2


def leases_of_two_studies_are_independent(place: StorePlace) -> None:
    first, second = place.begin("first"), place.begin("second")
    place.store.release(first)
    assert place.store.append([Started(at=0.0, trial=0, attempt=1, config={})], lease=second) == 2


def _assert_fenced(store: Store, lease: Lease) -> None:
    """Nothing can be done under this lease any more, and trying changes nothing."""
    before = list(store.read(lease.study))
    store.post(lease.study, StopTrial(0))
    for attempt in (
        lambda: store.append([Started(at=0.0, trial=99, attempt=1, config={})], lease=lease),
        lambda: store.renew(lease),
        lambda: store.take(lease),
    ):
        with pytest.raises(FencedError, match=f"The lease on study '{lease.study}'"):
            attempt()
    assert list(store.read(lease.study)) == before


def _acquire_in_time(store: Store, owner: Owner) -> Lease:
    end = time.monotonic() + _PATIENCE_S
    while True:
        try:
            return store.acquire("lenet", owner, ttl=TTL_S)
        except StudyLockedError:
            assert time.monotonic() < end, "the lease never became free"


PROMISES: tuple[Promise, ...] = (
    a_living_process_keeps_its_study,
    a_dead_process_of_this_host_is_replaced_at_once,
    a_process_of_another_host_is_replaced_when_its_time_is_up,
    the_holder_may_write_past_its_time_while_nobody_else_came,
    the_same_owner_gets_its_lease_anew_and_the_old_one_is_void,
    a_second_owner_in_the_same_process_is_told,
    what_a_process_forgot_is_free_for_it_when_the_time_is_up,
    a_released_lease_is_free_and_void,
    a_lease_that_has_passed_on_cannot_be_released,
    leases_of_two_studies_are_independent,
)
