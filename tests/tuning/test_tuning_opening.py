from __future__ import annotations

import os
import re
import socket
from collections.abc import Callable
from typing import Any

import pytest
from msgspec import structs
from tuning_fakes import OWNER, SPACE, FakeBackend, ScriptedScheduler, Stage, WatchedStore, finish, first_event

from rung.errors import (
    FencedError,
    RungError,
    SettingError,
    StoreFullError,
    StudyExistsError,
    StudyLockedError,
    StudyMismatchError,
    StudyNotFoundError,
)
from rung.events import Enqueued, SessionStarted, SpaceEdited, Started, StudyCreated
from rung.schedulers.basic import BasicScheduler
from rung.searchers.random import RandomSearcher
from rung.searchers.tpe import TPESearcher
from rung.space import Float, Int, Space
from rung.store import MemoryStore, open_store
from rung.store.owner import boot_id, start_time
from rung.tuning.opening import OpenStudy, compare, find_study, new_study
from rung.types import Goal, Owner

Begin = Callable[..., Stage]


def neighbour() -> Owner:
    """Another process that is alive for sure."""
    pid = os.getppid()
    started = start_time(pid)
    assert started is not None
    return Owner(host=socket.gethostname(), boot=boot_id(), pid=pid, started=started)


def created(scheduler: Any = None, *, name: str = "s", seed: int | None = 7, goal: Goal | None = None) -> StudyCreated:
    return new_study(name, scheduler or ScriptedScheduler(), goal or Goal("error"), seed=seed, objective="m:f")


# Finding


def test_a_new_study_says_what_it_is() -> None:
    event = created()
    assert event.study == "s"
    assert event.space == SPACE.to_json()
    assert (event.seed, event.goal, event.objective) == (7, Goal("error"), "m:f")
    assert event.scheduler == ScriptedScheduler().spec()
    assert event.searcher == {"class": "none"}


def test_an_unset_seed_is_drawn() -> None:
    seeds = {created(seed=None).seed for _ in range(20)}
    assert len(seeds) == 20
    assert all(0 <= seed < 2**32 for seed in seeds)


@pytest.mark.parametrize("resume", ["auto", "never"])
def test_there_is_no_study_of_that_name(resume: Any) -> None:
    assert find_study(MemoryStore(), "s", resume=resume) is None


def test_there_must_be_a_study_of_that_name() -> None:
    store = MemoryStore()
    store.create(created(name="lenet"))
    with pytest.raises(StudyNotFoundError, match="lenet"):
        find_study(store, "lente", resume="must")


@pytest.mark.parametrize("resume", ["auto", "must"])
def test_there_is_a_study_of_that_name(resume: Any) -> None:
    store = MemoryStore()
    event = created()
    store.create(event)
    assert find_study(store, "s", resume=resume) == event


def test_there_must_not_be_a_study_of_that_name() -> None:
    store = MemoryStore()
    store.create(created())
    with pytest.raises(StudyExistsError, match="the store memory has a study 's' already"):
        find_study(store, "s", resume="never")


def test_an_unknown_way_to_resume() -> None:
    with pytest.raises(SettingError, match="resume='always' is not known"):
        find_study(MemoryStore(), "s", resume="always")  # type: ignore[arg-type]


# Comparing


def test_the_same_study_is_fine() -> None:
    compare(created(), created(), seed=7)
    compare(created(), created(seed=8), seed=None)  # a drawn seed is no demand


@pytest.mark.parametrize(
    ("other", "seed", "words"),
    [
        (created(ScriptedScheduler(space=Space({"x": Float(0, 2), "n": Int(1, 8)}))), 7, "x: high 1.0 in the study"),
        (created(ScriptedScheduler(space=Space({"x": Float(0, 1)}))), 7, "n: in the study, but not here"),
        (created(goal=Goal("accuracy", "max")), 7, "goal: min error in the study, max accuracy here"),
        (created(ScriptedScheduler(name="other")), 7, "scheduler: scripted in the study, other here"),
        (created(), 8, "seed: 7 in the study, 8 here"),
    ],
)
def test_each_difference_is_named(other: StudyCreated, seed: int, words: str) -> None:
    with pytest.raises(StudyMismatchError, match=words):
        compare(created(), other, seed=seed)


SCRIPT = ["python", "my train.py"]


@pytest.mark.parametrize(
    ("there", "here", "words"),
    [
        ("m:f", "m:g", "objective: m:f in the study, m:g here"),
        ("m:f", "n:f", "objective: m:f in the study, n:f here"),
        ("/a/m.py:f", "/b/m.py:f", "objective: /a/m.py:f in the study, /b/m.py:f here"),
        ("/a/m.py:f", "n:f", "objective: /a/m.py:f in the study, n:f here"),
        ("m:f", SCRIPT, "objective: m:f in the study, python 'my train.py' here"),
        (SCRIPT, ["python", "train.py"], "objective: python 'my train.py' in the study, python train.py here"),
    ],
)
def test_another_objective_is_another_study(there: Any, here: Any, words: str) -> None:
    stored, wanted = (structs.replace(created(), objective=objective) for objective in (there, here))
    with pytest.raises(StudyMismatchError, match=re.escape(words)) as caught:
        compare(stored, wanted, seed=None)
    assert "another name to begin a new one" in caught.value.hint


@pytest.mark.parametrize(
    ("there", "here"),
    [
        (None, "m:f"),
        ("m:f", None),
        (SCRIPT, tuple(SCRIPT)),
        ("/a/m.py:f", "m:f"),  # run as a script, and then imported
        ("package.m:f", "/a/package/m.py:f"),
    ],
)
def test_what_may_be_the_same_objective_is_taken_for_it(there: Any, here: Any) -> None:
    stored, wanted = (structs.replace(created(), objective=objective) for objective in (there, here))
    compare(stored, wanted, seed=None)


def test_where_nothing_is_searched_each_run_may_have_a_program_of_its_own() -> None:
    by_hand = created(ScriptedScheduler(space=Space({})))
    stored, wanted = (structs.replace(by_hand, objective=objective) for objective in (SCRIPT, ["sh", "train.sh"]))
    compare(stored, wanted, seed=None)


def test_another_searcher_is_named_with_the_command_that_brings_it() -> None:
    space = Space({"x": Float(0.0, 1.0)})
    there = created(BasicScheduler(RandomSearcher(space)))
    with pytest.raises(StudyMismatchError, match=r": searcher: random in the study, tpe\(gamma=0\.2\) here\.") as one:
        compare(there, created(BasicScheduler(TPESearcher(space, gamma=0.2))), seed=7)
    assert "Another searcher takes over by `rung edit s --searcher 'tpe(gamma=0.2)'`." in one.value.hint
    with pytest.raises(StudyMismatchError, match="searcher: random in the study, tpe here; seed: 7") as two:
        compare(there, created(BasicScheduler(TPESearcher(space))), seed=8)
    assert "rung edit" not in two.value.hint, "that would not be enough"
    first = created(BasicScheduler(RandomSearcher(space, points_to_evaluate=[{"x": 0.5}])))
    with pytest.raises(StudyMismatchError, match=r'searcher: \{"name":"random"\} in the study, .*0\.5.* here') as three:
        compare(there, first, seed=7)
    assert "rung edit" not in three.value.hint, "points are enqueued instead"


def test_all_differences_are_named_together() -> None:
    other = created(ScriptedScheduler(space=Space({"y": Float(0, 1)}), name="other"), goal=Goal("error", "max"))
    with pytest.raises(StudyMismatchError) as caught:
        compare(created(), other, seed=9)
    for word in ("x: ", "n: ", "y: ", "goal: ", "scheduler: ", "seed: "):
        assert word in caught.value.sentence
    assert "Nothing was run" in caught.value.hint


class Levelled(ScriptedScheduler):
    levels: Any = ()

    def spec(self) -> dict[str, Any]:
        return {**super().spec(), "levels": self.levels}


def test_a_spec_is_compared_as_the_json_that_it_becomes() -> None:
    here, there = Levelled(), Levelled()
    here.levels, there.levels = (1, 3, 9), [1, 3, 9]
    compare(created(there), created(here), seed=None)


# Opening


def opened(store: Any, scheduler: Any = None) -> OpenStudy:
    return OpenStudy(store, scheduler or ScriptedScheduler(), first_event(store), is_new=False)


def test_a_new_study_is_written_when_its_first_session_begins() -> None:
    store = MemoryStore()
    study = OpenStudy(store, ScriptedScheduler(), created(), is_new=True)
    assert list(store.tables.studies()) == []
    study.begin(slots=2, now=lambda: 0.0, settings={"max_trials": 9})
    assert [type(event) for _, event in store.read("s")] == [StudyCreated, SessionStarted]
    assert store.tables.study("s").settings == {"max_trials": 9}
    assert first_event(store).unix > 1.6e9


def test_settings_of_later_sessions_stand_with_them(stage: Begin) -> None:
    place = stage()
    place.open.leave(place.session, "done")
    place.open.begin(slots=1, now=place.backend.now, settings={"max_trials": 20})
    assert [event.settings for event in place.logged(SessionStarted)] == [{}, {"max_trials": 20}]
    assert place.store.tables.study("s").settings == {"max_trials": 20}


def test_provenance_is_kept_where_it_will_be_read(tmp_path: Any) -> None:
    store = open_store(tmp_path / "a.db", create=True)
    study = OpenStudy(store, ScriptedScheduler(), created(), is_new=True)
    study.leave(study.begin(slots=1, now=lambda: 0.0), "done")
    assert first_event(store).provenance["host"] == socket.gethostname()
    assert [event.provenance["host"] for _, event in store.read("s") if isinstance(event, SessionStarted)]
    store.close()


def test_the_bookkeeping_is_there_before_any_session(stage: Begin) -> None:
    place = stage()
    place.backend.script.append([finish(0)])
    place.loop(new_trials=1).run()
    study = opened(place.store)
    assert list(study.engine.ledger.trials) == [0]
    assert study.engine.scheduler.seen == place.scheduler.seen  # type: ignore[attr-defined]


def test_an_edit_of_the_space_is_folded(stage: Begin) -> None:
    place = stage()
    edited = Space({"x": Float(0, 0.5), "n": Int(1, 8)})
    place.session.stage(SpaceEdited(at=1.0, space=edited.to_json()))
    place.session.flush()
    study = opened(place.store)
    assert study.engine.ledger.study is not None
    assert study.engine.ledger.study.space == edited.to_json()
    compare(first_event(place.store), created(), seed=7)  # what is asked for is compared with the beginning


def test_nobody_else_gets_a_study_that_is_held(stage: Begin) -> None:
    place = stage()
    place.open.leave(place.session, "done")
    lease = place.store.acquire("s", neighbour(), ttl=60.0)
    study = opened(place.store)
    for _ in range(2):  # being refused leaves nothing behind
        with pytest.raises(StudyLockedError, match=f"process {os.getppid()}"):
            study.begin(slots=1, now=place.backend.now)
    assert len(place.logged(SessionStarted)) == 1
    place.store.release(lease)
    study.begin(slots=1, now=place.backend.now)
    assert len(place.logged(SessionStarted)) == 2


def test_what_others_wrote_between_two_sessions_is_folded_once(stage: Begin) -> None:
    place = stage()
    place.backend.script.append([finish(0)])
    place.loop(new_trials=1).run()
    place.open.leave(place.session, "done")
    other = stage(store=place.store)
    other.session.stage(Enqueued(at=5.0, config={"x": 0.9, "n": 3}))
    other.backend.script.append([finish(1)])
    other.loop(new_trials=1).run()
    other.open.leave(other.session, "done")
    session = place.open.begin(slots=1, now=place.backend.now)
    assert sorted(session.ledger.trials) == [0, 1]
    assert place.scheduler.seen == other.scheduler.seen
    assert session.study.sessions == 3
    assert session.sequence == sum(1 for _ in place.store.read("s"))


def test_a_session_follows_another_without_folding_anything_twice(stage: Begin) -> None:
    place = stage()
    place.backend.script.append([finish(0)])
    place.loop(new_trials=1).run()
    place.open.leave(place.session, "done")
    seen = list(place.scheduler.seen)
    place.open.begin(slots=1, now=place.backend.now)
    assert place.scheduler.seen == seen


def test_after_a_session_that_was_cut_off_there_is_no_other(stage: Begin) -> None:
    store = WatchedStore(MemoryStore())
    place = stage(store=store)
    store.fails_at = 0
    with pytest.raises(StoreFullError, match="disk is full"):
        place.loop().run()
    place.open.abandon()
    assert store.tables.study("s").owner is None, "the lease is given back"
    store.fails_at = None
    with pytest.raises(RungError, match=r"a session of this tuner on 's' was cut off.*Make a new Tuner"):
        place.open.begin(slots=1, now=place.backend.now)
    again = stage(store=store)
    again.backend.script.append([finish(0)])
    assert again.loop(new_trials=1).run() == "done"
    assert [event.attempt for event in again.logged(Started)] == [1]


@pytest.mark.parametrize("fails_at", [1, 2])
def test_a_session_whose_own_events_find_no_place_gives_the_lease_back(fails_at: int) -> None:
    store = WatchedStore(MemoryStore(), fails_at=fails_at)
    study = OpenStudy(store, ScriptedScheduler(), created(), is_new=True)  # type: ignore[arg-type]
    with pytest.raises(StoreFullError, match="disk is full"):
        study.leave(study.begin(slots=1, now=lambda: 0.0), "done")
    assert store.tables.study("s").owner is None
    with pytest.raises(RungError, match="was cut off"):
        study.begin(slots=1, now=lambda: 0.0)


def test_to_abandon_nothing_is_nothing(stage: Begin) -> None:
    place = stage()
    place.open.leave(place.session, "done")
    place.open.abandon()
    assert place.open.begin(slots=1, now=place.backend.now).study.sessions == 2


def test_a_store_that_cannot_even_release_does_not_hide_the_first_error(
    stage: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = WatchedStore(MemoryStore())
    place = stage(store=store)

    def release(lease: Any) -> None:
        raise FencedError("the disk is still full.")

    monkeypatch.setattr(store, "release", release)
    place.open.abandon()
    assert store.tables.study("s").owner == OWNER


def test_the_name_may_be_taken_in_the_meantime() -> None:
    store = MemoryStore()
    first, second = (OpenStudy(store, ScriptedScheduler(), created(), is_new=True) for _ in range(2))
    backend = FakeBackend()
    first.begin(slots=1, now=backend.now)
    with pytest.raises(StudyExistsError, match="'s'"):
        second.begin(slots=1, now=backend.now)
