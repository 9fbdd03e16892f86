from __future__ import annotations

import pytest
from msgspec.structs import replace
from store_clocks import FakeClock

from rung.errors import FencedError, StudyLockedError
from rung.store import MemoryStore, SqliteStore, current_owner
from rung.store.lease import DOUBT, Holding, fenced, is_held, locked
from rung.store.owner import Stamp
from rung.testing._store_samples import created, dead, foreign
from rung.types import Lease

TTL = 60.0
HOUR = 3600.0


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.db"


@pytest.fixture
def on_machine(path):
    """Opens the same file, each time as on a machine with the clock that is given."""
    stores = []

    def open_with(clock):
        stores.append(SqliteStore(path, clock=clock))
        return stores[-1]

    yield open_with
    for store in stores:
        store.close()


@pytest.fixture(params=["memory", "sqlite"])
def opened(request, on_machine):
    """Opens a store with a clock."""
    return (lambda clock: MemoryStore(clock=clock)) if request.param == "memory" else on_machine


def held_elsewhere(opened, clock):
    store = opened(clock)
    store.create(created())
    return store, store.acquire("lenet", foreign(1), ttl=TTL)


def test_within_one_boot_the_uptime_decides_whatever_the_wall_clock_does(opened):
    clock = FakeClock()
    store = opened(clock)
    for jump in (0.0, HOUR, -HOUR, 1e6 * HOUR):
        study = f"jump {jump}"
        store.create(created(study))
        store.acquire(study, foreign(1), ttl=TTL)
        clock.unix += jump
        clock.advance(TTL - 1)
        with pytest.raises(StudyLockedError, match="process 1"):
            store.acquire(study, foreign(2), ttl=TTL)
        clock.advance(2)
        assert store.acquire(study, foreign(2), ttl=TTL).owner == foreign(2)
        assert clock.slept == 0


def test_every_append_and_renewal_counts_anew(opened):
    clock = FakeClock()
    store, lease = held_elsewhere(opened, clock)
    for sign_of_life in (lambda: store.append([], lease=lease), lambda: store.renew(lease)):
        clock.advance(TTL - 1)
        sign_of_life()
        clock.advance(TTL - 1)
        with pytest.raises(StudyLockedError, match="it last gave a sign of life 59 s ago"):
            store.acquire("lenet", foreign(2), ttl=TTL)


def test_a_living_process_of_this_host_needs_no_sign_of_life(opened):
    clock = FakeClock()
    store = opened(clock)
    store.create(created())
    us = current_owner()
    store.acquire("lenet", us, ttl=TTL)
    clock.advance(1000 * HOUR)
    with pytest.raises(StudyLockedError, match=r"for 1000 h.*kill -INT"):
        store.acquire("lenet", foreign(2), ttl=TTL)
    assert store.tables.study("lenet").owner == us


def test_within_one_process_a_sign_of_life_is_needed(opened):
    clock = FakeClock()
    store = opened(clock)
    store.create(created())
    first = store.acquire("lenet", current_owner(), ttl=TTL)
    for _ in range(3):
        clock.unix += HOUR  # a wall clock counts for nothing here
        clock.advance(TTL)
        with pytest.raises(StudyLockedError, match=r"already has the study 'lenet' in hand.*sign of life 60 s ago"):
            store.acquire("lenet", current_owner(), ttl=TTL)
        store.renew(first)
    clock.advance(TTL + 1)
    second = store.acquire("lenet", current_owner(), ttl=TTL)
    assert clock.slept == 0
    with pytest.raises(FencedError, match="has passed to another tuner in this process"):
        store.append([], lease=first)
    assert store.tables.study("lenet").owner == second.owner


def test_two_stores_on_one_file_in_one_process(on_machine):
    clock = FakeClock()
    first, second = on_machine(clock), on_machine(clock)
    first.create(created())
    lease = first.acquire("lenet", current_owner(), ttl=TTL)
    with pytest.raises(StudyLockedError, match="This process already has"):
        second.acquire("lenet", current_owner(), ttl=TTL)
    assert first.append([], lease=lease) == 1
    first.release(lease)
    second.acquire("lenet", current_owner(), ttl=TTL)


def test_a_lease_that_an_older_rung_gave_has_no_session(on_machine):
    store = on_machine(FakeClock())
    store.create(created())
    us = current_owner()
    store.acquire("lenet", us, ttl=TTL)
    with store.database.write() as connection:
        connection.execute("UPDATE head SET holder = json_remove(holder, '$.owner.session')")
    assert store.tables.study("lenet").owner == replace(us, session="")


def test_a_dead_process_of_this_host_loses_it_at_once_whatever_the_clocks_say(opened):
    clock = FakeClock()
    store = opened(clock)
    store.create(created())
    for _ in range(2):
        store.acquire("lenet", dead(), ttl=TTL)
        clock.unix -= HOUR
    us = current_owner()
    assert store.acquire("lenet", us, ttl=TTL).owner == us
    assert clock.slept == 0


def test_another_machine_loses_it_after_its_time_only_if_watching_shows_no_life(on_machine):
    clock = FakeClock()
    held_elsewhere(on_machine, clock)
    clock.advance(TTL + 1)
    here = FakeClock(boot="boot-b", uptime=5.0, unix=clock.unix)
    store = on_machine(here)
    assert store.tables.study("lenet").owner == foreign(1)
    assert store.acquire("lenet", foreign(2), ttl=TTL).owner == foreign(2)
    assert TTL <= here.slept < 1.1 * TTL


@pytest.mark.parametrize("jump", [HOUR, -HOUR, -1e9])
def test_a_wall_clock_that_jumps_costs_no_living_machine_its_lease(on_machine, jump):
    clock = FakeClock()
    holder, lease = held_elsewhere(on_machine, clock)
    here = FakeClock(boot="boot-b", uptime=5.0, unix=clock.unix + jump)

    def the_holder_goes_on():
        clock.advance(1.0)
        if clock.uptime % (TTL // 3) == 0:
            holder.renew(lease)

    clock.uptime = TTL // 3 - 9.0
    here.while_asleep = the_holder_goes_on
    with pytest.raises(StudyLockedError, match="process 1"):
        on_machine(here).acquire("lenet", foreign(2), ttl=TTL)
    assert 0 < here.slept < TTL
    assert holder.append([], lease=lease) == 1


def test_a_machine_silent_for_longer_than_any_jump_is_replaced_at_once(on_machine):
    clock = FakeClock()
    held_elsewhere(on_machine, clock)
    here = FakeClock(boot="boot-b", uptime=5.0, unix=clock.unix + TTL + DOUBT + 1)
    store = on_machine(here)
    assert store.tables.study("lenet").owner is None
    store.acquire("lenet", foreign(2), ttl=TTL)
    assert here.slept == 0


def test_what_one_look_can_tell():
    now = Stamp("b", 100.0, 1e6)
    cases = {0.0: True, TTL: True, TTL + 1: None, TTL + DOUBT: None, TTL + DOUBT + 1: False, -1.0: None}
    for age, expected in cases.items():
        renewed = Stamp("a", 0.0, now.unix - age)
        assert is_held(Holding(foreign(), 1, TTL, renewed, renewed), now) is expected, age
    for age, expected in {0.0: True, TTL: True, TTL + 1: False}.items():
        renewed = Stamp("b", now.uptime - age, 0.0)
        assert is_held(Holding(foreign(), 1, TTL, renewed, renewed), now) is expected, age


AGES = {-5: "under 1 s", 0.4: "under 1 s", 59: "59 s", 119: "119 s", 150: "2 min", 7e3: "117 min", 9e3: "2 h"}


@pytest.mark.parametrize(("age", "text"), AGES.items())
def test_who_has_it_and_for_how_long(age, text):
    now = Stamp("b", 1e5, 1e6)
    since = replace(now, uptime=now.uptime - age)
    error = locked("lenet", Holding(foreign(), 1, TTL, since, now), now, asking=current_owner())
    assert error.sentence == (
        f"Study 'lenet' is held by process 7 on host 'elsewhere.example', for {text}; "
        "it last gave a sign of life under 1 s ago."
    )
    assert error.hint == "Try again later: it is free 60 s after the holder's last sign."


def test_when_it_is_this_process_that_has_it():
    now = Stamp("b", 1e5, 1e6)
    us = current_owner()
    error = locked("lenet", Holding(us, 1, TTL, now, now), now, asking=current_owner())
    assert error.sentence == (
        "This process already has the study 'lenet' in hand, for under 1 s; it last gave a sign of life under 1 s ago."
    )
    assert error.hint == "Close the other tuner; one that was forgotten loses the study 60 s after its last sign."


def test_why_a_lease_is_void():
    lease = Lease("lenet", foreign(1), 3, TTL)
    for holder, why in (
        (None, "was released"),
        (foreign(1), "was acquired again by the same owner"),
        (replace(foreign(1), session="other"), "has passed to another tuner in this process"),
        (foreign(2), "has passed to process 2 on host 'elsewhere.example'"),
    ):
        error = fenced(lease, holder)
        assert isinstance(error, FencedError)
        assert error.sentence == f"The lease on study 'lenet' {why}; nothing was written."
