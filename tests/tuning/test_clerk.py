from __future__ import annotations

import os
import socket
from collections.abc import Callable
from typing import Any

import pytest
from msgspec import structs
from tuning_fakes import SPACE, ScriptedScheduler, Stage, WatchedStore, finish, new_trial

from rung.commands import Enqueue, Note, Record, StopTrial, Tag
from rung.errors import StoreFullError, StudyLockedError
from rung.events import CommandHandled, Noted, Tagged
from rung.schedulers.basic import BasicScheduler
from rung.searchers.random import RandomSearcher
from rung.store import MemoryStore, current_owner
from rung.store.owner import Stamp, boot_id, start_time
from rung.tuner import Tuner
from rung.tuning.clerk import acquire_for_tuner, is_clerk, write_down
from rung.tuning.verify import verify_decisions
from rung.types import Owner, Remark, TrialState

Begin = Callable[..., Stage]


class TurnedClock:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def stamp(self) -> Stamp:
        return Stamp(boot_id(), self.seconds, 1.7e9 + self.seconds)

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


class CutIn:
    """A store in which something happens right before the first call of one of its methods."""

    def __init__(self, store: Any, method: str, happens: Callable[[], None]) -> None:
        self._store = store
        self._method = method
        self._happens: Callable[[], None] | None = happens

    def __getattr__(self, name: str) -> Any:
        happens = self._happens
        if name == self._method and happens is not None:
            self._happens = None
            happens()
        return getattr(self._store, name)


def neighbour() -> Owner:
    """Another process, which is alive for sure."""
    pid = os.getppid()
    started = start_time(pid)
    assert started is not None
    return Owner(host=socket.gethostname(), boot=boot_id(), pid=pid, started=started)


@pytest.fixture
def left(stage: Begin) -> Stage:
    """A study with one completed trial that nobody runs any more; its clock stands at 3 s."""
    place = stage()
    place.backend.script.append([finish(0)])
    place.loop(new_trials=1).run()
    place.backend.clock = 3.0
    place.open.leave(place.session, "done")
    return place


def answers(store: Any) -> list[Any]:
    return [event for _, event in store.read("s") if isinstance(event, Noted | Tagged | CommandHandled)]


def test_notes_and_tags_are_written_down_at_once(left: Stage) -> None:
    left.store.post("s", Note("looks good"))
    left.store.post("s", Tag(("vision",)))
    left.store.post("s", Note("and this one best", trial=0))
    assert write_down(left.store, "s")
    study, trial = left.store.tables.study("s"), left.store.tables.trial("s", 0)
    assert [note.text for note in study.notes] == ["looks good"]
    assert study.tags == ("vision",)
    assert [note.text for note in trial.notes] == ["and this one best"]
    assert [(event.at, event.command) for event in answers(left.store)] == [(3.0, 1), (3.0, 2), (3.0, 3)]
    assert answers(left.store)[0].unix == pytest.approx(study.notes[0].unix)
    assert left.store.tables.pending("s") == []
    assert study.owner is None


def test_what_it_wrote_is_no_part_of_what_is_decided(left: Stage, stage: Begin) -> None:
    left.store.post("s", Note("looks good"))
    write_down(left.store, "s")
    assert verify_decisions(left.store.read("s"), ScriptedScheduler()).differences == []
    again = stage(store=left.store)
    again.backend.script.append([finish(1)])
    again.loop(new_trials=1).run()
    assert [job.config["x"] for job in again.backend.jobs] == [new_trial(1).config["x"]]


def test_an_open_study_goes_on_behind_what_a_clerk_wrote(left: Stage) -> None:
    left.store.post("s", Note("looks good"))
    write_down(left.store, "s")
    session = left.open.begin(slots=1, now=left.backend.now)
    assert [note.text for note in session.study.notes] == ["looks good"]


def test_other_commands_stay_for_the_tuner(left: Stage) -> None:
    left.store.post("s", StopTrial(0))
    left.store.post("s", Note("looks good"))
    assert write_down(left.store, "s")
    assert left.store.tables.pending("s") == [(1, StopTrial(0))]


# Results


BROUGHT = Record(config={"x": 0.75, "n": 2}, reports=((1, {"error": 0.125}),), seconds=2.0, notes=(Remark("?", 1.0),))


@pytest.fixture
def searched() -> MemoryStore:
    """A study with one trial whose scheduler can be made from its name; nobody runs it."""
    store = MemoryStore()
    with Tuner(None, fresh(), store=store, study="s", seed=1) as tuner:
        tuner.tell(tuner.ask(), 0.5)
    return store


def fresh() -> BasicScheduler:
    return BasicScheduler(RandomSearcher(SPACE))


def test_a_result_is_written_down_at_once(searched: MemoryStore) -> None:
    before = searched.tables.study("s")
    searched.post("s", Note("by hand", trial=1))
    searched.post("s", BROUGHT)
    searched.post("s", Note("looks good", trial=1))
    assert write_down(searched, "s")
    row, study = searched.tables.trial("s", 1), searched.tables.study("s")
    assert (row.is_given, row.state, row.config) == (True, TrialState.COMPLETED, BROUGHT.config)
    assert [note.text for note in row.notes] == ["?", "looks good"]
    assert (study.best_trial, study.owner, study.sessions) == (1, None, before.sessions)
    assert [event.refused for event in answers(searched) if isinstance(event, CommandHandled)] == [
        "there is no trial 1.", "",
    ]  # fmt: skip
    assert searched.tables.pending("s") == []
    assert verify_decisions(list(searched.read("s")), fresh()).differences == []


def test_the_study_s_clock_goes_on_by_what_the_run_took(searched: MemoryStore) -> None:
    before = searched.tables.study("s")
    searched.post("s", BROUGHT)
    assert write_down(searched, "s")
    row = searched.tables.trial("s", 1)
    assert row.runtime == pytest.approx(2.0)
    assert searched.tables.study("s").at == pytest.approx(before.at + 2.0)


def test_a_tuner_learns_of_it_in_its_next_session(searched: MemoryStore) -> None:
    searched.post("s", BROUGHT)
    searched.post("s", Enqueue({"x": 0.5, "n": 1}))
    assert write_down(searched, "s")
    assert [command for _, command in searched.tables.pending("s")] == [Enqueue({"x": 0.5, "n": 1})]
    with Tuner(None, fresh(), store=searched, study="s") as tuner:
        assert tuner.ask().number == 2  # type: ignore[union-attr]
        assert tuner.incumbent_error == 0.125
    assert verify_decisions(list(searched.read("s")), fresh()).differences == []


def test_a_result_waits_where_the_scheduler_has_no_name(left: Stage) -> None:
    left.store.post("s", BROUGHT)
    left.store.post("s", Note("looks good"))
    assert write_down(left.store, "s")
    assert [note.text for note in left.store.tables.study("s").notes] == ["looks good"]
    assert left.store.tables.pending("s") == [(1, BROUGHT)]


def test_a_result_that_is_none_is_refused(searched: MemoryStore) -> None:
    searched.post("s", structs.replace(BROUGHT, reports=()))
    assert write_down(searched, "s")
    assert "a run without a report" in answers(searched)[-1].refused
    assert len(searched.tables.trials("s")) == 1


def test_nothing_to_write_down(left: Stage) -> None:
    store = WatchedStore(left.store)
    assert write_down(store, "s")
    assert store.n_appends == 0


@pytest.mark.parametrize("remark", [Note("?", trial=1), Tag(("x",), trial=1)])
def test_a_remark_on_a_trial_that_is_not_there_is_refused_and_the_others_are_not(left: Stage, remark: Any) -> None:
    left.store.post("s", remark)
    left.store.post("s", Note("looks good"))
    assert write_down(left.store, "s")
    refused, noted = answers(left.store)
    assert (refused.command, refused.what, refused.refused) == (1, type(remark).__name__, "there is no trial 1.")
    assert noted.text == "looks good"


@pytest.mark.parametrize("owner", [current_owner(), neighbour()], ids=["in this process", "in another"])
def test_a_study_that_is_run_is_left_to_its_tuner(left: Stage, owner: Owner) -> None:
    lease = left.store.acquire("s", owner, ttl=60)
    left.store.post("s", Note("looks good"))
    assert not write_down(left.store, "s")
    assert len(left.store.tables.pending("s")) == 1
    left.store.renew(lease)  # it still has it


def test_a_tuner_is_faster(left: Stage) -> None:
    """It takes the study after the clerk has looked who has it."""
    left.store.post("s", Note("looks good"))
    store: Any = CutIn(left.store, "acquire", lambda: left.store.acquire("s", neighbour(), ttl=60) and None)
    assert not write_down(store, "s")
    assert answers(left.store) == []
    assert left.store.tables.study("s").owner == neighbour()


@pytest.mark.parametrize("method", ["take", "append"])
def test_a_clerk_that_was_held_up_for_too_long_writes_nothing(stage: Begin, method: str) -> None:
    clock = TurnedClock()
    place = stage(store=MemoryStore(clock=clock))
    place.open.leave(place.session, "done")
    place.store.post("s", Note("looks good"))
    taken = []

    def take_over() -> None:
        clock.sleep(60)
        taken.append(place.open.begin(slots=1, now=place.backend.now))

    store: Any = CutIn(place.store, method, take_over)
    assert not write_down(store, "s")
    assert answers(place.store) == []
    taken[0]._renew()
    assert [number for number, _ in taken[0].commands()] == [1]


def test_a_failing_append_gives_the_lease_back(left: Stage) -> None:
    left.store.post("s", Note("looks good"))
    store = WatchedStore(left.store, fails_at=1)
    with pytest.raises(StoreFullError, match="disk is full"):
        write_down(store, "s")
    assert left.store.tables.study("s").owner is None
    assert len(left.store.tables.pending("s")) == 1


def test_a_clerk_does_not_keep_a_tuner_out(left: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A session that begins while a clerk writes waits for it."""
    began = []
    slept: list[float] = []
    held = []

    def begin() -> None:
        held.append(left.store.tables.study("s").owner)
        monkeypatch.setattr("rung.tuning.clerk.time.sleep", lambda seconds: slept.append(seconds) or release())
        began.append(left.open.begin(slots=1, now=left.backend.now))

    def release() -> None:
        (owner,) = held
        assert is_clerk(owner)
        left.store.release(left.store.acquire("s", owner, ttl=1.0))

    left.store.post("s", Note("looks good"))
    store: Any = CutIn(left.store, "append", begin)
    assert not write_down(store, "s")
    assert slept
    assert [number for number, _ in began[0].commands()] == [1]


def test_another_tuner_does_keep_it_out_at_once(left: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rung.tuning.clerk.time.sleep", lambda _seconds: pytest.fail("it waits"))
    left.store.acquire("s", neighbour(), ttl=60)
    with pytest.raises(StudyLockedError, match=f"process {os.getppid()}"):
        left.open.begin(slots=1, now=left.backend.now)


def test_who_lets_go_just_then_is_no_obstacle(left: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    lease = left.store.acquire("s", neighbour(), ttl=60)
    monkeypatch.setattr("rung.tuning.clerk.time.sleep", lambda _seconds: None)
    store: Any = CutIn(left.store, "tables", lambda: left.store.release(lease))
    assert acquire_for_tuner(store, "s", current_owner(), ttl=60).epoch > lease.epoch


def test_a_clerk_that_never_leaves_is_an_error_in_the_end(left: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    clerk = structs.replace(neighbour(), session="clerk-1")
    left.store.acquire("s", clerk, ttl=60)
    times = iter(range(0, 1000, 5))
    monkeypatch.setattr("rung.tuning.clerk.time.sleep", lambda _seconds: None)
    monkeypatch.setattr("rung.tuning.clerk.time.monotonic", lambda: float(next(times)))
    with pytest.raises(StudyLockedError, match="is held by process"):
        left.open.begin(slots=1, now=left.backend.now)


def test_no_tuner_is_taken_for_a_clerk() -> None:
    assert not is_clerk(current_owner())
