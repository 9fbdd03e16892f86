from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tuning_fakes import OWNER, FakeBackend, ScriptedScheduler, Stage, WatchedStore, first_event

from rung.commands import StopStudy
from rung.errors import FencedError, StoreFullError
from rung.events import Enqueued, SessionEnded, SessionStarted
from rung.store import MemoryStore
from rung.tuning.opening import OpenStudy
from rung.tuning.session import Session
from rung.types import Decision

Begin = Callable[..., Stage]


def enqueued(at: float, x: float = 0.5) -> Enqueued:
    return Enqueued(at=at, config={"x": x, "n": 1})


def test_the_clock_begins_at_nought_and_goes_with_the_backend(stage: Begin) -> None:
    backend = FakeBackend()
    backend.clock = 1000.0
    session = stage(backend=backend).session
    assert session.at() == 0.0
    backend.clock += 12.5
    assert session.at() == 12.5


def test_the_clock_stands_still_between_sessions(stage: Begin) -> None:
    first = FakeBackend()
    place = stage(backend=first)
    first.clock = 30.0
    place.open.leave(place.session, "done")
    second = FakeBackend()
    second.clock = -5.0
    session = stage(backend=second, store=place.store).session
    second.clock = -3.0
    assert session.at() == 32.0
    assert [event.at for event in place.logged(SessionStarted)] == [0.0, 30.0]


def test_staged_events_are_folded_at_once_and_stored_by_flush_together(stage: Begin) -> None:
    store = WatchedStore(MemoryStore())
    place = stage(store=store)
    session = place.session
    session.stage(enqueued(1.0, 0.1))
    session.stage(enqueued(2.0, 0.2))
    assert [event.config["x"] for event in place.scheduler.seen] == [0.1, 0.2]
    assert place.logged() == []
    before = session.sequence
    session.flush()
    assert store.calls[-1] == ("append", ["Enqueued", "Enqueued"])
    assert [event.at for event in place.logged()] == [1.0, 2.0]
    assert session.sequence == before + 2


def test_a_flush_of_nothing_appends_nothing(stage: Begin) -> None:
    store = WatchedStore(MemoryStore())
    session = stage(store=store).session
    n_appends = store.n_appends
    session.flush()
    assert store.n_appends == n_appends


def test_stage_returns_the_decisions(stage: Begin) -> None:
    decision = Decision(3, "stop", "why")  # type: ignore[arg-type]
    session = stage(scheduler=ScriptedScheduler(decide=lambda event: [decision])).session
    assert list(session.stage(enqueued(1.0))) == [decision]


def test_observers_see_committed_events_in_order(stage: Begin) -> None:
    place = stage()
    place.open.leave(place.session, "done")
    seen: list[tuple[str, float, int]] = []

    def observe(event: Any, ledger: Any) -> None:
        seen.append((type(event).__name__, ledger.study.at, len(place.logged())))

    session = place.open.begin(slots=1, now=place.backend.now, observers=[observe])
    session.stage(enqueued(1.0))
    session.stage(enqueued(2.0))
    assert seen == [("SessionStarted", 0.0, 1)]
    session.flush()
    assert seen[1:] == [("Enqueued", 2.0, 3), ("Enqueued", 2.0, 3)]


def test_observers_see_nothing_of_a_failed_flush(stage: Begin) -> None:
    store = WatchedStore(MemoryStore())
    place = stage(store=store)
    place.open.leave(place.session, "done")
    seen: list[Any] = []
    session = place.open.begin(slots=1, now=place.backend.now, observers=[lambda event, ledger: seen.append(event)])
    store.fails_at = 0
    session.stage(enqueued(1.0))
    with pytest.raises(StoreFullError, match="disk is full"):
        session.flush()
    assert [type(event) for event in seen] == [SessionStarted]


def test_a_session_says_who_works_and_how_it_ended(stage: Begin) -> None:
    place = stage(backend=FakeBackend(slots=3))
    place.open.leave(place.session, "stopped", "somebody said so")
    again = stage(store=place.store)
    assert [(event.session, event.slots) for event in place.logged(SessionStarted)] == [(1, 3), (2, 1)]
    assert place.logged(SessionStarted)[0].owner == OWNER
    assert place.logged(SessionStarted)[0].unix > 1.6e9
    (ended,) = place.logged(SessionEnded)
    assert (ended.session, ended.why, ended.message) == (1, "stopped", "somebody said so")
    assert again.session.study.ended_why is None


def test_the_end_of_a_session_gives_the_lease_back(stage: Begin) -> None:
    place = stage()
    assert place.store.tables.study("s").owner == OWNER
    place.session.end("done")
    assert place.store.tables.study("s").owner is None


def test_who_lost_the_lease_writes_nothing(stage: Begin) -> None:
    place = stage()
    OpenStudy(place.store, ScriptedScheduler(), first_event(place.store), is_new=False).begin(
        slots=1, now=place.backend.now
    )
    place.session.stage(enqueued(1.0))
    with pytest.raises(FencedError, match="acquired again"):
        place.session.flush()
    assert place.logged() == []


def test_commands_are_those_in_the_inbox(stage: Begin) -> None:
    place = stage()
    assert list(place.session.commands()) == []
    number = place.store.post("s", StopStudy())
    assert list(place.session.commands()) == [(number, StopStudy())]


def test_study_is_the_ledgers_row(stage: Begin) -> None:
    session: Session = stage().session
    assert session.study is session.ledger.study
    assert session.study.name == "s"
