from __future__ import annotations

import os
import signal
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from rung.backends.inline import Inline
from rung.backends.processes import Processes
from rung.backends.simulated import Simulated
from rung.bookkeeping import Record
from rung.commands import Enqueue
from rung.errors import (
    ExhaustedError,
    ReportError,
    RungError,
    SettingError,
    StoreFullError,
    StudyExistsError,
    StudyLockedError,
    StudyMismatchError,
    StudyNotFoundError,
    StudyPausedError,
)
from rung.events import Event, Interrupted, SessionEnded, SessionStarted, Started
from rung.runtime.objective import as_objective
from rung.schedulers.asha import ASHA
from rung.schedulers.basic import BasicScheduler
from rung.searchers.grid import GridSearcher
from rung.searchers.random import RandomSearcher
from rung.space import Float, Space
from rung.store import MemoryStore, SqliteStore, current_owner
from rung.store.owner import boot_id, start_time
from rung.tuner import Tuner
from rung.tuning.setup import default_backend, free_name
from rung.tuning.starter import Limits
from rung.types import Action, Config, Decision, Owner, TrialState

SPACE = Space({"x": Float(-1.0, 1.0)})


def square(x: float) -> float:
    return x**2


def curve(x: float, max_epochs: int = 4) -> Any:
    for epoch in range(1, max_epochs + 1):
        yield x**2 + 1 / epoch


def basic(*, first: Config | None = None) -> BasicScheduler:
    return BasicScheduler(RandomSearcher(SPACE, initial_config=first))


def tuner_of(objective: Any = square, scheduler: Any = None, **options: Any) -> Tuner:
    return Tuner(objective, scheduler or basic(), **{"seed": 5, "study": "s", **options})


def events(tuner: Tuner, *kinds: type) -> list[Any]:
    return [event for _, event in tuner._store.read("s") if not kinds or type(event) in kinds]


class FullStore:
    """A store that is full from an append number on."""

    def __init__(self, store: Any, after: int) -> None:
        self._store = store
        self.left = after

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def append(self, events: Sequence[Event], *, lease: Any) -> int:
        if self.left == 0:
            raise StoreFullError("the disk is full.")
        self.left -= 1
        return self._store.append(events, lease=lease)


# What is given


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"metric": ""}, "metric='' is not a name"),
        ({"metric": 3}, "metric=3 is not a name"),
        ({"mode": "best"}, "mode='best' is not known"),
        ({"workers": 0}, "workers must be a whole number, at least 1, not 0"),
        ({"workers": 1.5}, "workers must be a whole number"),
        ({"workers": 2, "backend": Inline()}, "both workers and backend were given"),
        ({"resume": "always"}, "resume='always' is not known"),
        ({"store": "rung.txt"}, "'rung.txt' is not the address of a store"),
    ],
)
def test_settings_that_are_not_usable(options: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingError, match=words):
        tuner_of(**options)


def test_a_study_is_named_after_its_objective() -> None:
    store = MemoryStore()
    names = []
    for _ in range(3):
        tuner = tuner_of(store=store, study=None)
        names.append(tuner.run(1).name)
    assert names == ["square", "square-2", "square-3"]
    assert free_name(store, "square") == "square-4"
    hand = Tuner(None, basic(), store=store)
    hand.ask()
    assert free_name(store, "study") == "study-2"


def test_where_trials_run_unless_told_otherwise() -> None:
    function, script = as_objective(square), as_objective(["python", "train.py"])
    assert isinstance(default_backend(function, None), Inline)
    assert isinstance(default_backend(function, 3), Processes)
    assert [default_backend(each, n).slots for each, n in ((function, 3), (script, None), (script, 2))] == [3, 1, 2]


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> list[SqliteStore]:
    """The SQLite stores that have been closed."""
    closed: list[SqliteStore] = []
    close = SqliteStore.close

    def note(store: SqliteStore) -> None:
        closed.append(store)
        close(store)

    monkeypatch.setattr(SqliteStore, "close", note)
    return closed


def test_a_store_at_an_address_is_made_and_closed_with_the_tuner(tmp_path: Path, closed: list[SqliteStore]) -> None:
    path = tmp_path / "rung.db"
    with tuner_of(store=path) as tuner:
        tuner.run(1)
        assert path.exists()
        assert not closed
    assert closed == [tuner._store]


def test_a_store_that_was_given_stays_open(monkeypatch: pytest.MonkeyPatch) -> None:
    store = MemoryStore()
    closed: list[bool] = []
    monkeypatch.setattr(store, "close", lambda: closed.append(True))
    with tuner_of(store=store) as tuner:
        tuner.run(1)
    assert not closed


def test_a_refused_tuner_closes_the_store_that_it_opened(tmp_path: Path, closed: list[SqliteStore]) -> None:
    path = tmp_path / "rung.db"
    with tuner_of(store=path) as tuner:
        tuner.run(1)
    with pytest.raises(StudyMismatchError, match="seed: 5 in the study, 6 here"):
        tuner_of(store=path, seed=6)
    assert len(closed) == 2


# Running


def test_run_some_trials() -> None:
    tuner = tuner_of()
    study = tuner.run(5)
    assert len(study.trials) == 5
    assert {row.state for row in study.trials} == {TrialState.COMPLETED}
    best = min(row.config["x"] ** 2 for row in study.trials)
    assert tuner.incumbent_error == study.incumbent_error == best
    assert tuner.incumbent == study.incumbent
    assert tuner.incumbent["x"] ** 2 == best


def test_run_again_runs_more_and_a_total_is_a_total() -> None:
    tuner = tuner_of()
    tuner.run(3)
    tuner.run(2)
    assert len(tuner.records) == 5
    tuner.run(max_trials=7)
    assert len(tuner.records) == 7
    tuner.run(max_trials=7)
    assert len(tuner.records) == 7
    tuner.run(5, max_trials=8)
    assert [record.trial for record in tuner.records] == list(range(8))
    assert [event.why for event in events(tuner, SessionEnded)] == ["done"] * 5


def test_runs_cut_in_pieces_give_the_same_configurations() -> None:
    whole, pieces = tuner_of(), tuner_of()
    whole.run(6)
    for _ in range(3):
        pieces.run(2)
    assert [record.config for record in whole.records] == [record.config for record in pieces.records]


def test_run_until_nothing_is_left() -> None:
    tuner = tuner_of(scheduler=BasicScheduler(GridSearcher(SPACE, points=3)))
    tuner.run()
    assert sorted(record.config["x"] for record in tuner.records) == [-1.0, 0.0, 1.0]
    assert events(tuner, SessionEnded)[0].why == "exhausted"


def test_limits_given_to_the_tuner_hold_unless_run_says_otherwise() -> None:
    tuner = tuner_of(limits=Limits(max_trials=2, new_trials=9))
    tuner.run()
    assert len(tuner.records) == 2
    tuner.run(max_trials=4)
    assert len(tuner.records) == 4
    with pytest.raises(SettingError, match="new_trials must be a whole number, at least 0, not -1"):
        tuner.run(-1)


def test_seconds_on_a_virtual_clock() -> None:
    tuner = tuner_of(curve, backend=Simulated(1, runtime=10.0))
    tuner.run(seconds=100.0)
    assert events(tuner, SessionEnded)[0].why == "seconds"
    assert [row.state for row in tuner.study.trials] == [TrialState.COMPLETED] * 2 + [TrialState.WAITING]
    tuner.run(0)
    assert tuner.records[-1].trial == 2
    assert tuner.study.trials[2].attempt == 2


def test_without_an_objective_there_is_nothing_to_run() -> None:
    with pytest.raises(SettingError, match=r"no objective to run\. Use ask\(\) and tell\(\)"):
        tuner_of(None).run(1)


def test_the_bookkeeping() -> None:
    tuner = tuner_of(curve, ASHA(RandomSearcher(SPACE), max_t=4, reduction_factor=2), backend=Simulated(2))
    assert (tuner.records, tuner.incumbent, tuner.incumbent_error) == ([], None, None)
    assert (tuner.incumbent_trajectory, tuner.cumulative_runtime) == ([], [])
    tuner.run(8)
    losses = {row.number: row.best_loss for row in tuner.study.trials}
    rows = tuner.records
    assert [type(row) for row in rows] == [Record] * 8
    assert {row.trial: row.error for row in rows} == losses
    assert tuner.incumbent_trajectory == [min(r.error for r in rows[: n + 1] if r.error is not None) for n in range(8)]
    assert tuner.cumulative_runtime == sorted(tuner.cumulative_runtime)
    assert tuner.cumulative_runtime[0] == rows[0].runtime
    assert {row.state for row in rows} == {TrialState.COMPLETED, TrialState.STOPPED}


def test_by_final_values_only_completed_trials_compete() -> None:
    scheduler = ASHA(RandomSearcher(SPACE), max_t=4, reduction_factor=2)
    tuner = tuner_of(curve, scheduler, backend=Simulated(2), incumbent_from="final", mode="max")
    tuner.run(8)
    completed = [record for record in tuner.records if record.state is TrialState.COMPLETED]
    assert tuner.incumbent_error == max(record.error for record in completed if record.error is not None)
    assert {record.error for record in tuner.records if record.state is TrialState.STOPPED} == {None}
    assert tuner.study.incumbent_error == tuner.incumbent_error


def test_the_bookkeeping_is_there_right_after_a_resume(tmp_path: Path) -> None:
    path = tmp_path / "rung.db"
    with tuner_of(store=path) as tuner:
        tuner.run(4)
        seen = (tuner.records, tuner.incumbent, tuner.incumbent_trajectory, tuner.cumulative_runtime)
    with tuner_of(store=path, seed=None) as again:
        assert (again.records, again.incumbent, again.incumbent_trajectory, again.cumulative_runtime) == seen
        again.run(1)
        assert len(again.records) == 5
        assert again.cumulative_runtime[4] > again.cumulative_runtime[3], "the clock goes on"


def test_observers_get_every_event() -> None:
    seen: list[Any] = []
    tuner = tuner_of(observers=[lambda event, ledger: seen.append(event)])
    tuner.run(2)
    assert seen == events(tuner)[1:]  # all but the first, which is the study itself


def test_the_backend_gets_a_folder_and_is_closed_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = Simulated(1)
    calls: list[Any] = []
    opened, closed = backend.open, backend.close

    def note_open(study: str, objective: Any, folder: Path) -> None:
        calls.append((study, folder.is_dir()))
        opened(study, objective, folder)

    def note_close() -> None:
        calls.append("close")
        closed()

    tuner = tuner_of(curve, backend=backend)
    monkeypatch.setattr(backend, "open", note_open)
    tuner.run(1)
    monkeypatch.setattr(backend, "close", note_close)
    tuner.run(1)
    assert calls[:2] == [("s", True), ("s", True)]
    assert calls[-1] == "close"
    assert len(tuner.records) == 2


def test_the_settings_of_a_run_stand_in_the_log() -> None:
    tuner = tuner_of(limits=Limits(trial_seconds=60.0), incumbent_from="final")
    tuner.run(3, seconds=1000.0)
    tuner.run(2)
    tuner.run(9, max_trials=6)
    sessions = events(tuner, SessionStarted)
    first = sessions[0]
    assert first.settings["max_trials"] == 3
    assert first.settings["seconds"] == 1000.0
    assert first.settings["incumbent_from"] == "final"
    assert first.settings["limits"]["trial_seconds"] == 60.0
    assert "workers" not in first.settings
    assert [event.settings["max_trials"] for event in sessions] == [3, 5, 6]


# One store, several tuners


def test_resume_or_not() -> None:
    store = MemoryStore()
    with pytest.raises(StudyNotFoundError, match="'s'"):
        tuner_of(store=store, resume="must")
    tuner_of(store=store).run(1)
    assert len(tuner_of(store=store, resume="must").records) == 1
    with pytest.raises(StudyExistsError, match="'s'"):
        tuner_of(store=store, resume="never")


def test_what_differs_is_named_and_nothing_runs() -> None:
    store = MemoryStore()
    tuner_of(store=store).run(1)
    other = BasicScheduler(RandomSearcher({"x": Float(-1.0, 2.0)}))
    with pytest.raises(
        StudyMismatchError, match=r"x: high 1.0 in the study, 2.0 here; goal: min error .* max accuracy"
    ):
        tuner_of(scheduler=other, store=store, metric="accuracy", mode="max")
    assert store.tables.study("s").sessions == 1


def neighbour() -> Owner:
    started = start_time(os.getppid())
    assert started is not None
    return Owner(host=socket.gethostname(), boot=boot_id(), pid=os.getppid(), started=started)


def test_a_second_tuner_is_told_who_holds_the_study() -> None:
    store = MemoryStore()
    tuner_of(store=store).run(1)
    lease = store.acquire("s", neighbour(), ttl=60.0)
    tuner = tuner_of(store=store)
    with pytest.raises(StudyLockedError, match=f"held by process {os.getppid()}"):
        tuner.run(1)
    store.release(lease)
    tuner.run(1)
    assert len(tuner.records) == 2


def test_a_tuner_catches_up_with_what_another_one_wrote() -> None:
    store = MemoryStore()
    first, second = tuner_of(store=store), None
    first.run(2)
    second = tuner_of(store=store)
    second.run(2)
    first.run(1)
    assert [record.trial for record in first.records] == [0, 1, 2, 3, 4]
    whole = tuner_of()
    whole.run(5)
    assert [record.config for record in first.records] == [record.config for record in whole.records]


# What goes wrong


def test_a_study_whose_trials_all_fail_is_paused() -> None:
    def broken(x: float) -> float:
        raise RuntimeError("no such data set")

    tuner = tuner_of(broken)
    with pytest.raises(
        StudyPausedError, match=r"'s' is paused: every worker had 3 failures in a row.*no such data set"
    ):
        tuner.run(10)
    assert len(tuner.records) == 3
    assert tuner.study.row.ended_why == "failures"
    assert tuner._store.tables.study("s").owner is None


def test_ctrl_c_once_waits_and_says_how_to_go_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(x: float) -> float:
        signal.raise_signal(signal.SIGINT)
        return x

    store = f"sqlite:///{tmp_path}/my studies.db"
    with tuner_of(interrupted, store=store) as tuner:
        study = tuner.run(3)
        assert [row.state for row in study.trials] == [TrialState.COMPLETED]
        assert study.row.ended_why == "interrupted"
    told = capsys.readouterr().err.splitlines()
    assert told[0] == "Waiting for the running trials; press Ctrl-C again to stop them now."
    assert told[1] == f"Interrupted. Go on with: rung resume s --store 'sqlite:///{tmp_path}/my studies.db'"


def test_ctrl_c_twice_ends_the_trial_and_the_study_is_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    calm = False

    def interrupted(x: float) -> float:
        if not calm:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
        return x

    tuner = tuner_of(interrupted)
    with pytest.raises(KeyboardInterrupt):
        tuner.run(3)
    assert [event.reason for event in events(tuner, Interrupted)] == ["interrupted"]
    assert tuner.study.row.ended_why == "interrupted"
    assert "Go on with: the same script (the store is in memory" in capsys.readouterr().err
    calm = True
    tuner.run(2)
    assert [(event.trial, event.attempt) for event in events(tuner, Started)] == [(0, 1), (0, 2), (1, 1), (2, 1)]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize("after", range(8))
def test_a_full_disk_refuses_loudly_and_the_study_goes_on_later(after: int) -> None:
    store = MemoryStore()
    full = FullStore(store, after)
    tuner = tuner_of(curve, store=full, backend=Simulated(1))
    with pytest.raises(StoreFullError, match="disk is full"):
        tuner.run(3)
    assert store.tables.study("s").owner is None, "the lease is given back"
    n_stored = sum(1 for _ in store.read("s"))
    with pytest.raises(RungError, match=r"was cut off.*Make a new Tuner"):
        tuner.run(3)
    assert sum(1 for _ in store.read("s")) == n_stored
    again = tuner_of(curve, store=store, backend=Simulated(1))
    again.run(max_trials=3)
    whole = tuner_of(curve, backend=Simulated(1))
    whole.run(3)
    assert [record.config for record in again.records] == [record.config for record in whole.records]
    assert [record.error for record in again.records] == [record.error for record in whole.records]


def test_a_backend_that_breaks_leaves_a_study_that_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    store = MemoryStore()
    backend = Simulated(1)
    tuner = tuner_of(curve, store=store, backend=backend)
    closed: list[bool] = []

    def poll(timeout: float, deliver: Any) -> None:
        monkeypatch.setattr(backend, "close", lambda: closed.append(True))
        raise OSError("the network is down")

    monkeypatch.setattr(backend, "poll", poll)
    with pytest.raises(OSError, match="network is down"):
        tuner.run(3)
    assert closed
    assert store.tables.study("s").owner is None
    again = tuner_of(curve, store=store, backend=Simulated(1))
    again.run(max_trials=1)
    assert [(row.state, row.attempt) for row in again.study.trials] == [(TrialState.COMPLETED, 2)]


# By hand


def test_ask_and_tell() -> None:
    tuner = tuner_of(None, basic(first={"x": 0.5}))
    trial = tuner.ask()
    assert (trial.number, trial.config) == (0, {"x": 0.5})
    assert tuner.tell(trial, 0.25) == Decision(0, Action.STOP, "its result was told")
    assert tuner.incumbent_error == 0.25
    second, third = tuner.ask(2)
    tuner.tell(third.number, {"error": 0.1, "loss": 3.0})
    tuner.tell(second, 0.7)
    assert tuner.incumbent == third.config
    assert [record.trial for record in tuner.records] == [0, 2, 1]
    tuner.close()
    assert tuner.study.row.ended_why == "done"


def test_told_step_by_step() -> None:
    tuner = tuner_of(None, ASHA(RandomSearcher(SPACE), max_t=4, reduction_factor=2))
    good, bad = tuner.ask(2)
    assert good.until == 4
    assert tuner.tell(good, 0.1, step=1).action is Action.CONTINUE
    assert tuner.tell(bad, 0.9, step=1) == Decision(1, Action.STOP, "rung 1: rank 2 of 2")
    with pytest.raises(ReportError, match="trial 1 is stopped"):
        tuner.tell(bad, 0.8, step=2)
    tuner.tell(good, 0.05, step=4)
    assert [record.state for record in tuner.records] == [TrialState.STOPPED, TrialState.COMPLETED]


def test_enqueue_by_hand_and_by_the_inbox() -> None:
    tuner = tuner_of(None)
    tuner.enqueue({"x": 0.125})
    tuner._store.post("s", Enqueue({"x": 0.25}))
    assert [trial.config["x"] for trial in tuner.ask(2)] == [0.125, 0.25]


def test_by_hand_and_by_the_loop_in_turns() -> None:
    tuner = tuner_of()
    tuner.enqueue({"x": 0.5})
    tuner.run(1)
    trial = tuner.ask()
    tuner.tell(trial, 0.0)
    left = tuner.ask()
    tuner.run(1)  # takes the one that was left, and begins another
    assert tuner.records[0].config == {"x": 0.5}
    assert left.number in [record.trial for record in tuner.records]
    assert len(tuner.records) == 4
    assert [event.why for event in events(tuner, SessionEnded)] == ["done"] * 4


def test_what_is_told_wrongly_does_no_harm() -> None:
    tuner = tuner_of(None)
    trial = tuner.ask()
    with pytest.raises(ReportError, match="'error' is missing"):
        tuner.tell(trial, {"loss": 1.0})
    with pytest.raises(ReportError, match="no trial 7"):
        tuner.tell(7, 1.0)
    tuner.tell(trial, 1.0)
    assert len(tuner.records) == 1


def test_nothing_to_ask_for() -> None:
    tuner = tuner_of(None, BasicScheduler(GridSearcher(SPACE, points=2)))
    tuner.ask(5)
    with pytest.raises(ExhaustedError, match="exhausted"):
        tuner.ask()


def test_a_full_disk_by_hand() -> None:
    store = MemoryStore()
    tuner = tuner_of(None, store=FullStore(store, 2))
    trial = tuner.ask()
    with pytest.raises(StoreFullError, match="disk is full"):
        tuner.tell(trial, 0.5)
    assert store.tables.study("s").owner is None
    with pytest.raises(RungError, match="was cut off"):
        tuner.tell(trial, 0.5)
    tuner.close()
    again = tuner_of(None, store=store)
    again.tell(trial, 0.5)
    assert again.incumbent_error == 0.5


def test_an_interrupt_by_hand_cuts_the_session_off(monkeypatch: pytest.MonkeyPatch) -> None:
    scheduler = basic()
    tuner = tuner_of(None, scheduler)

    def suggest(rng: Any, *, new_trials: bool) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(scheduler, "suggest", suggest)
    with pytest.raises(KeyboardInterrupt):
        tuner.ask()
    assert tuner._store.tables.study("s").owner is None


def test_close_closes_the_store_even_when_the_study_can_not_be_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, closed: list[SqliteStore]
) -> None:
    def append(store: SqliteStore, events: Sequence[Event], *, lease: Any) -> int:
        raise StoreFullError("the disk is full.")

    tuner = tuner_of(None, store=tmp_path / "rung.db")
    tuner.ask()
    monkeypatch.setattr(SqliteStore, "append", append)
    with pytest.raises(StoreFullError, match="disk is full"):
        tuner.close()
    assert closed == [tuner._store]
    tuner.close()


def test_a_second_tuner_in_the_same_process_is_told(tmp_path: Path) -> None:
    with tuner_of(None, store=tmp_path / "rung.db") as first:
        first.ask()
        first.tell(0, 0.5, step=1)
        second = tuner_of(None, store=tmp_path / "rung.db")
        with second, pytest.raises(StudyLockedError, match=r"already has the study 's' in hand.*Close the other tuner"):
            second.ask()
        first.tell(0, 0.25)
        first.close()
        with tuner_of(None, store=tmp_path / "rung.db") as third:
            assert third.ask().number == 1


def test_the_owner_while_at_work() -> None:
    store = MemoryStore()
    tuner = tuner_of(None, store=store)
    tuner.ask()
    owner = store.tables.study("s").owner
    assert owner is not None
    assert owner == structs.replace(current_owner(), session=owner.session)
    tuner.close()
    assert store.tables.study("s").owner is None
