from __future__ import annotations

import gc
import os
import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from tuning_fakes import OWNER, ScriptedScheduler, Stage, WatchedStore, first_event, report

from rung.errors import FencedError, StoreFullError
from rung.store import MemoryStore, open_store
from rung.tuning.heartbeat import Heartbeat
from rung.tuning.opening import OpenStudy

Begin = Callable[..., Stage]


class Ticks:
    """Stands in for the event that ends a heartbeat: so many waits are over at once, and the next one never."""

    def __init__(self, count: int) -> None:
        self.left = count
        self.waits: list[float] = []
        self.over = threading.Event()
        self._stopped = threading.Event()

    def set(self) -> None:
        self._stopped.set()

    def wait(self, timeout: float) -> bool:
        self.waits.append(timeout)
        if self.left == 0:
            self.over.set()
            return self._stopped.wait(30)
        self.left -= 1
        return False


class Lease:
    """Something to renew; raises what stands in ``errors`` first."""

    def __init__(self, errors: Sequence[BaseException] = ()) -> None:
        self.n = 0
        self.errors = list(errors)
        self.threads: set[str] = set()

    def renew(self) -> None:
        self.n += 1
        self.threads.add(threading.current_thread().name)
        if self.errors:
            raise self.errors.pop(0)


def beat(lease: Lease, count: int) -> tuple[Heartbeat, Ticks]:
    ticks = Ticks(count)
    heartbeat = Heartbeat(lease.renew, period_s=20.0, stopped=ticks)
    heartbeat.start()
    return heartbeat, ticks


def test_it_renews_in_every_period_until_it_is_stopped() -> None:
    lease = Lease()
    heartbeat, ticks = beat(lease, 3)
    assert ticks.over.wait(30)
    heartbeat.stop()
    heartbeat.stop()
    heartbeat.check()
    assert lease.n == 3
    assert ticks.waits == [20.0] * 4
    assert lease.threads == {"rung-heartbeat"}
    assert "rung-heartbeat" not in {thread.name for thread in threading.enumerate() if thread is heartbeat._thread}


def test_it_may_be_stopped_before_it_began() -> None:
    lease = Lease()
    heartbeat = Heartbeat(lease.renew, period_s=1.0)
    heartbeat.stop()
    heartbeat.check()


def test_it_keeps_no_process_alive() -> None:
    lease = Lease()
    heartbeat = Heartbeat(lease.renew, period_s=1.0)
    assert heartbeat._thread.daemon


def test_a_lost_lease_is_told_at_the_next_look() -> None:
    lease = Lease([FencedError("the lease has passed on.")])
    heartbeat, _ = beat(lease, 5)
    heartbeat._thread.join(30)
    assert lease.n == 1, "there is nothing left to renew"
    for _ in range(2):
        with pytest.raises(FencedError, match="passed on"):
            heartbeat.check()


def test_a_store_that_refuses_for_a_while_is_asked_again() -> None:
    lease = Lease([StoreFullError("the disk is full.")])
    heartbeat, ticks = beat(lease, 2)
    assert ticks.over.wait(30)
    heartbeat.stop()
    heartbeat.check()
    assert lease.n == 2


def test_what_nobody_has_in_hand_any_more_gives_no_sign_of_life() -> None:
    lease = Lease()
    ticks = Ticks(1)
    heartbeat = Heartbeat(lease.renew, period_s=20.0, stopped=ticks)
    del lease
    gc.collect()
    heartbeat.start()
    heartbeat._thread.join(30)
    assert not heartbeat._thread.is_alive()
    heartbeat.check()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_has_none_and_can_stop_it() -> None:
    lease = Lease()
    heartbeat, ticks = beat(lease, 1)
    assert ticks.over.wait(30)
    child = os.fork()
    if child == 0:
        heartbeat.stop()
        os._exit(0 if threading.active_count() == 1 else 1)
    assert os.waitpid(child, 0)[1] == 0
    heartbeat.stop()


# In a session


def fast(monkeypatch: pytest.MonkeyPatch, count: int) -> Ticks:
    """The next session's heartbeat has that many beats at once."""
    ticks = Ticks(count)

    def make(renew: Any, *, period_s: float) -> Heartbeat:
        return Heartbeat(renew, period_s=period_s, stopped=ticks)

    monkeypatch.setattr("rung.tuning.session.Heartbeat", make)
    return ticks


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_a_session_with_nothing_to_write_keeps_its_lease(
    stage: Begin, monkeypatch: pytest.MonkeyPatch, tmp_path: Any, kind: str
) -> None:
    ticks = fast(monkeypatch, 2)
    inner = MemoryStore() if kind == "memory" else open_store(tmp_path / "a.db", create=True)
    store = WatchedStore(inner)
    place = stage(store=store)
    assert ticks.over.wait(30)
    assert store.calls.count(("renew",)) == 2
    assert ticks.waits[0] == 20.0, "a third of the lease's time"
    place.session.check_lease()
    place.open.leave(place.session, "done")
    assert not place.session._heartbeat._thread.is_alive()
    assert store.calls[-1] == ("release",)
    inner.close()


def test_a_session_that_is_abandoned_gives_no_sign_of_life(stage: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = fast(monkeypatch, 0)
    place = stage()
    assert ticks.over.wait(30)
    place.open.abandon()
    assert not place.session._heartbeat._thread.is_alive()


def test_the_loop_ends_when_the_lease_has_passed_on(stage: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = fast(monkeypatch, 0)
    place = stage()
    assert ticks.over.wait(30)

    def lose_it(backend: Any, deliver: Any) -> None:
        lease = place.store.acquire("s", OWNER, ttl=60.0)
        assert lease.epoch == 2
        place.session._heartbeat.stop()
        place.session._heartbeat._stopped = Ticks(1)
        place.session._heartbeat._beat()
        deliver([])

    place.backend.script.extend([lose_it, [report(0, 1, 0.5)]])
    with pytest.raises(FencedError, match="acquired again by the same owner"):
        place.loop(new_trials=1).run()
    assert place.backend.script, "the next facts were not waited for"
    again = OpenStudy(place.store, ScriptedScheduler(), first_event(place.store), is_new=False)
    assert again.engine.ledger.trials[0].last_step == 0
