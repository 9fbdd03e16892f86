from __future__ import annotations

import contextlib

from faulty_store import caught_by
from msgspec.structs import replace

from rung.errors import FencedError, StudyLockedError
from rung.store.lease import Holding
from rung.testing._store_lease import PROMISES


def test_a_store_without_faults_keeps_every_promise():
    assert caught_by(PROMISES) == set()


def test_a_store_that_gives_a_held_study_away_is_caught():
    def acquire(good, study, owner, ttl):
        with contextlib.suppress(StudyLockedError):
            return good.acquire(study, owner, ttl=ttl)
        good._logs[study].granted = None
        return good.acquire(study, owner, ttl=ttl)

    caught = caught_by(PROMISES, acquire=acquire)
    assert {
        "a_living_process_keeps_its_study",
        "a_process_of_another_host_is_replaced_when_its_time_is_up",
        "a_second_owner_in_the_same_process_is_told",
    } <= caught


def test_a_store_that_never_replaces_the_dead_is_caught(monkeypatch):
    monkeypatch.setattr("rung.store.lease.is_alive", lambda owner: True)
    assert "a_dead_process_of_this_host_is_replaced_at_once" in caught_by(PROMISES)


def test_a_store_that_never_lets_time_run_out_is_caught(monkeypatch):
    monkeypatch.setattr("rung.testing._store_lease._PATIENCE_S", 0.2)
    monkeypatch.setattr("rung.store.lease.age_of", lambda moment, now: 0.0)
    assert caught_by(PROMISES) == {
        "a_process_of_another_host_is_replaced_when_its_time_is_up",
        "what_a_process_forgot_is_free_for_it_when_the_time_is_up",
    }


def test_a_store_that_forgets_to_release_is_caught():
    assert "a_released_lease_is_free_and_void" in caught_by(PROMISES, release=lambda good, lease: None)


def test_a_store_that_releases_what_has_passed_on_is_caught():
    def release(good, lease):
        good._logs[lease.study].granted = None

    assert caught_by(PROMISES, release=release) == {"a_lease_that_has_passed_on_cannot_be_released"}


def test_a_store_that_does_not_fence_is_caught():
    def newest(good, lease):
        log = good._logs[lease.study]
        log.granted = log.granted or Holding(lease.owner, log.epoch, lease.ttl, log.renewed, log.renewed)
        return replace(lease, epoch=log.epoch)

    def append(good, events, lease):
        return good.append(events, lease=newest(good, lease))

    def renew(good, lease):
        with contextlib.suppress(FencedError):
            good.renew(lease)

    def take(good, lease):
        return good.take(newest(good, lease))

    for faults in ({"append": append}, {"renew": renew}, {"take": take}):
        assert {
            "a_dead_process_of_this_host_is_replaced_at_once",
            "the_same_owner_gets_its_lease_anew_and_the_old_one_is_void",
            "a_released_lease_is_free_and_void",
        } <= caught_by(PROMISES, **faults)
