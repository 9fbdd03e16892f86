"""The thread between a tuner and a tracking service, with services that can be watched."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

import rung
from rung.errors import RungWarning
from rung.events import Event, Observed, SessionEnded, SessionStarted, Started
from rung.integrations import _tracking
from rung.integrations._tracking import Export, identity
from rung.rows import StudyRow, TrialRow
from rung.schedulers.basic import BasicScheduler
from rung.searchers.random import RandomSearcher
from rung.store import MemoryStore
from rung.tuner import Tuner


class Service:
    """Does with each event what it is told to."""

    name = "Somebody"
    failures = (ConnectionError,)

    def __init__(self, act: Callable[[Event], None] = lambda event: None) -> None:
        self.seen: list[tuple[Event, StudyRow, TrialRow | None, threading.Thread]] = []
        self._act = act

    def write(self, event: Event, study: StudyRow, trial: TrialRow | None) -> None:
        self.seen.append((event, study, trial, threading.current_thread()))
        self._act(event)


def make_tuner(service: Service, store: Any = None, export: Export | None = None, name: str = "s") -> Tuner:
    def train(x: float) -> Any:
        yield from (x, x / 2, x / 3)

    scheduler = BasicScheduler(RandomSearcher({"x": rung.Float(1, 2)}))
    tell = (export or Export(service)).tell
    return Tuner(train, scheduler, store=store or MemoryStore(), study=name, seed=0, observers=[tell])


def at_step(step: int, act: Callable[[], Any]) -> Callable[[Event], None]:
    def when(event: Event) -> None:
        if isinstance(event, Observed) and event.step == step:
            act()

    return when


def fail(error: Exception) -> Callable[[], None]:
    def act() -> None:
        raise error

    return act


def test_everything_is_told_in_order_and_beside_the_tuner() -> None:
    service = Service()
    study = make_tuner(service).run(3)
    told = [event for event, _, _, _ in service.seen]
    assert told == [event for event in study.events() if isinstance(event, _tracking._TOLD)]
    assert threading.current_thread() not in {thread for _, _, _, thread in service.seen}


def test_rows_are_those_of_the_moment() -> None:
    """The tuner's own change on, while the thread may be far behind."""
    is_over = threading.Event()
    service = Service(at_step(1, is_over.wait))
    tuner = Tuner(None, BasicScheduler(RandomSearcher({"x": [1.0]})), study="s", observers=[Export(service).tell])
    trial = tuner.ask()
    assert not isinstance(trial, list)
    for step in range(1, 4):
        tuner.tell(trial, 1.0 / step, step=step)
    is_over.set()
    tuner.close()
    steps = [row.last_step for event, _, row, _ in service.seen if isinstance(event, Observed) and row is not None]
    assert steps == [1, 2, 3]


def test_a_session_ends_when_all_is_written_and_another_may_follow() -> None:
    service = Service()
    tuner = make_tuner(service)
    for sessions in (1, 2):
        tuner.run(1)
        ends = [event for event, _, _, _ in service.seen if isinstance(event, SessionEnded)]
        assert [event.session for event in ends] == list(range(1, sessions + 1))
        assert isinstance(service.seen[-1][0], SessionEnded)
        assert not service.seen[-1][3].is_alive()


def test_nothing_is_written_after_a_failure() -> None:
    service = Service(at_step(2, fail(ConnectionError("gone"))))
    with pytest.warns(RungWarning, match=r"The export to Somebody has ended: gone\. Catch up") as told:
        study = make_tuner(service).run(3)
    assert len(told) == 1
    assert len(study.trials) == 3
    assert [event.step for event, _, _, _ in service.seen if isinstance(event, Observed)] == [1, 2]


def test_a_service_that_never_answers_holds_up_the_end_for_so_long_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_tracking, "LONGEST_WAIT_S", 0.05)
    answer = threading.Event()
    service = Service(at_step(1, answer.wait))
    with pytest.warns(RungWarning, match="nothing was heard of it for"):
        study = make_tuner(service).run(2)
    assert len(study.trials) == 2
    answer.set()
    service.seen[-1][3].join()
    assert [event.step for event, _, _, _ in service.seen if isinstance(event, Observed)] == [1]


def test_the_failure_of_one_study_is_not_that_of_another() -> None:
    service = Service(at_step(1, fail(ConnectionError("gone"))))
    export = Export(service)
    for name in ("one", "two"):
        with pytest.warns(RungWarning, match=rf"has ended: gone\..*open_study\('{name}'"):
            make_tuner(service, export=export, name=name).run(1)
    assert [row.name for event, row, _, _ in service.seen if isinstance(event, Observed)] == ["one", "two"]


def test_a_study_is_written_beside_one_whose_service_never_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_tracking, "LONGEST_WAIT_S", 0.05)
    answer, calls = threading.Event(), iter((True, False))
    service = Service(at_step(3, lambda: next(calls) and answer.wait()))
    export = Export(service)
    with pytest.warns(RungWarning, match=r"open_study\('one'"):
        make_tuner(service, export=export, name="one").run(1)
    stuck = service.seen[-1][3]
    monkeypatch.setattr(_tracking, "LONGEST_WAIT_S", 60.0)
    study = make_tuner(service, export=export, name="two").run(1)
    told = [event for event, row, _, _ in service.seen if row.name == "two"]
    assert told == [event for event in study.events() if isinstance(event, _tracking._TOLD)]
    answer.set()
    stuck.join()
    assert {type(event) for event, row, _, _ in service.seen if row.name == "one"} == {
        SessionStarted,
        Started,
        Observed,
    }


def test_a_mistake_is_no_failure_of_the_service() -> None:
    with pytest.raises(ZeroDivisionError):
        make_tuner(Service(at_step(2, fail(ZeroDivisionError())))).run(1)


def test_an_identity_lasts() -> None:
    store, services = MemoryStore(), (Service(), Service())
    for service in services:
        study = make_tuner(service, store).run(1)
    elsewhere = Service()
    make_tuner(elsewhere).run(1)
    own, later, other = ({identity(row) for _, row, _, _ in each.seen} for each in (*services, elsewhere))
    assert own == later == {identity(study.row)}
    assert not own & other
