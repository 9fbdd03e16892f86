"""Results that were obtained elsewhere: told, known at the beginning, or brought while a study runs."""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from msgspec import structs

from rung._tune import tune
from rung.backends.simulated import Simulated
from rung.commands import Record
from rung.errors import ReportError, RungWarning, SettingError, SpaceError, StoreFullError
from rung.events import Decided, Observed, SessionStarted, Started
from rung.schedulers.asha import ASHA
from rung.schedulers.basic import BasicScheduler
from rung.searchers.gp import GPSearcher
from rung.searchers.random import RandomSearcher
from rung.searchers.tpe import TPESearcher
from rung.space import Float, Space
from rung.store import MemoryStore
from rung.store.verify import verify
from rung.tuner import Tuner
from rung.tuning.verify import verify_decisions
from rung.types import Action, Decision, TrialState

SPACE = Space({"x": Float(0.0, 1.0), "y": Float(0.0, 1.0)})
POINTS = [{"x": round((0.37 * k) % 1, 3), "y": round((0.61 * k) % 1, 3)} for k in range(1, 13)]


@pytest.fixture(autouse=True)
def looks_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rung.tuning.loop.INBOX_PERIOD_S", 0.0)


def bowl(x: float, y: float) -> float:
    return (x - 0.3) ** 2 + (y - 0.6) ** 2


def curve(x: float, y: float) -> Iterator[float]:
    for epoch in range(1, 10):
        yield bowl(x, y) + 1 / epoch


KNOWN = [(point, bowl(**point)) for point in POINTS]


def random() -> BasicScheduler:
    return BasicScheduler(RandomSearcher(SPACE))


def tpe() -> BasicScheduler:
    return BasicScheduler(TPESearcher(SPACE))


def gp() -> BasicScheduler:
    return BasicScheduler(GPSearcher(SPACE))


def tuner_of(make: Callable[[], Any] = random, store: Any = None, objective: Any = bowl, **options: Any) -> Tuner:
    return Tuner(objective, make(), store=store or MemoryStore(), study="s", **{"seed": 4, **options})


def starts(store: Any) -> list[Started]:
    return [event for _, event in store.read("s") if isinstance(event, Started)]


def configs(store: Any) -> list[Any]:
    return [event.config for event in starts(store)]


def check(store: Any, make: Callable[[], Any]) -> None:
    """Everything in the log can be derived again."""
    assert verify(store, "s") == []
    assert verify_decisions(list(store.read("s")), make()).differences == []


# Told


def test_a_configuration_is_told_in_place_of_a_trial() -> None:
    store = MemoryStore()
    with tuner_of(store=store, objective=None) as tuner:
        asked = tuner.ask()
        assert tuner.tell({"x": 0.3, "y": 0.6}, 0.0) == Decision(1, Action.STOP, "its result was told")
        assert tuner.tell({"x": 0.9, "y": 0.6}, [0.9, 0.5]) == Decision(2, Action.STOP, "its result was told")
        assert tuner.tell({"x": 0.8, "y": 0.6}, math.nan) == Decision(3, Action.STOP, "error is nan at step 1")
        tuner.tell(asked, 0.5)  # type: ignore[arg-type]
        assert tuner.incumbent == {"x": 0.3, "y": 0.6}
        assert [record.error for record in tuner.records] == [0.0, 0.5, None, 0.5]
    check(store, random)


def test_told_by_steps_it_is_finished_all_the_same() -> None:
    with tuner_of(objective=None) as tuner:
        tuner.tell({"x": 0.3, "y": 0.6}, {"error": 0.5, "acc": 0.5}, step=9)
        (row,) = tuner.study.trials
        assert (row.state, row.last_step, row.is_given) == (TrialState.COMPLETED, 9, True)
        assert tuner.study.curve(0) == [(9, {"error": 0.5, "acc": 0.5})]


def test_what_can_not_be_told_leaves_the_tuner_as_it_was() -> None:
    with tuner_of(objective=None) as tuner:
        with pytest.raises(SpaceError, match="no dimension 'z'"):
            tuner.tell({"x": 0.3, "z": 0.6}, 0.0)
        with pytest.raises(ReportError, match="'acc'"):
            tuner.tell({"x": 0.3, "y": 0.6}, {"acc": 0.5})
        with pytest.warns(RungWarning, match=r"x: 3\.0 is not between") as caught:
            tuner.tell({"x": 3.0, "y": 0.6}, 0.25)
        assert caught[0].filename == __file__
        assert [row.config for row in tuner.study.trials] == [{"x": 3.0, "y": 0.6}]


@pytest.mark.parametrize("trial", ["0", None, 0.0, [0]])
def test_what_is_no_trial_leaves_the_tuner_as_it_was(trial: Any) -> None:
    with tuner_of(objective=None) as tuner:
        tuner.ask()
        with pytest.raises(ReportError, match=rf"{re.escape(repr(trial))} is no trial\. Tell what ask\(\) gave"):
            tuner.tell(trial, 0.5)
        tuner.tell(np.int64(0), 0.5)  # type: ignore[arg-type]
        assert [row.state for row in tuner.study.trials] == [TrialState.COMPLETED]


# Searchers learn from it


@pytest.mark.parametrize("make", [tpe, gp])
def test_the_searcher_learns_from_what_is_told_and_the_log_says_so(make: Callable[[], Any]) -> None:
    """The next suggestion is another one than without; the same after replay, and in one go or in two."""

    def suggested(pairs: list[Any], *, breaks: bool) -> Any:
        store = MemoryStore()
        tuner = tuner_of(make, store, objective=None)
        for config, value in pairs:
            tuner.tell(config, value)
        if breaks:
            tuner.close()
            tuner = tuner_of(make, store, objective=None)
        with tuner:
            asked: Any = tuner.ask()
        check(store, make)
        return asked.config

    found = suggested(KNOWN, breaks=False)
    assert found == suggested(KNOWN, breaks=True)
    assert found not in POINTS
    worse = [(point, 1.0 - value) for point, value in KNOWN]
    assert found not in (suggested([], breaks=False), suggested(worse, breaks=False))
    assert bowl(**found) < 0.1


# Known at the beginning


@pytest.mark.parametrize("make", [random, tpe, gp])
def test_known_results_are_the_first_trials_of_a_study(make: Callable[[], Any]) -> None:
    store, told = MemoryStore(), MemoryStore()
    study = tuner_of(make, store, known_results=KNOWN).run(2)
    assert [row.is_given for row in study.trials] == [True] * 12 + [False] * 2
    assert study.records[0].runtime == 0.0
    check(store, make)
    with tuner_of(make, told) as tuner:
        for config, value in KNOWN:
            tuner.tell(config, value)
        tuner.run(2)
    assert configs(told) == configs(store)


def test_known_results_are_recorded_once_however_often_the_study_is_gone_on_with() -> None:
    store = MemoryStore()
    for count in (1, 1, 3):
        tuner_of(store=store, known_results=KNOWN[:count], seed=None).run(1)
    assert [event.cause for event in starts(store)] == ["given", "new", "new", "given", "given", "new"]
    check(store, random)


def test_known_results_are_there_for_ask_as_well() -> None:
    store = MemoryStore()
    with tuner_of(store=store, objective=None, known_results=KNOWN[:2]) as tuner:
        assert store.tables.studies() == []
        assert tuner.ask().number == 2  # type: ignore[union-attr]


def test_known_results_count_in_the_study_s_total_but_not_among_more_trials() -> None:
    store, other = MemoryStore(), MemoryStore()
    assert len(tuner_of(store=store, known_results=KNOWN[:3]).run(max_trials=5).trials) == 5
    assert len(tuner_of(store=other, known_results=KNOWN[:3]).run(4).trials) == 7
    settings = [event.settings for _, event in other.read("s") if isinstance(event, SessionStarted)]
    assert settings[0]["max_trials"] == 7
    with pytest.raises(SettingError, match="its 3 known results count"):
        tuner_of(known_results=KNOWN[:3]).run(max_trials=3)


def test_known_results_of_full_trainings_do_not_spoil_the_lower_rungs() -> None:
    """A value without a step is one at ``max_t``, where nobody is compared with it before that."""

    def asha() -> ASHA:
        return ASHA(RandomSearcher(SPACE), max_t=9)

    def decisions(**options: Any) -> Any:
        store = MemoryStore()
        tuner_of(asha, store, objective=curve, backend=Simulated(1), **options).run(6)
        check(store, asha)
        return [(event.step, event.action) for _, event in store.read("s") if isinstance(event, Decided)]

    assert decisions() == decisions(known_results=KNOWN)
    assert decisions() != decisions(known_results=[(config, [value]) for config, value in KNOWN])


def test_nothing_begins_when_known_results_are_none() -> None:
    store = MemoryStore()
    for known, error, words in (
        ([POINTS[0]], SettingError, "is no pair of a configuration and its result"),
        (0.5, SettingError, "known_results=0.5 is no list of pairs"),
        ([({"z": 1}, 0.5)], SpaceError, "no dimension 'z'"),
        ([(POINTS[0], "?")], ReportError, "can't be '?'"),
    ):
        with pytest.raises(error, match=re.escape(words)):
            tuner_of(store=store, known_results=known)
    assert store.tables.studies() == []


class FullStore:
    """A store that is full from an append number on."""

    def __init__(self, store: Any, after: int) -> None:
        self._store = store
        self.left = after

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def append(self, events: Any, *, lease: Any) -> int:
        if self.left == 0:
            raise StoreFullError("the disk is full.")
        self.left -= 1
        return int(self._store.append(events, lease=lease))


def test_known_results_are_recorded_all_or_none() -> None:
    store = MemoryStore()
    with pytest.raises(StoreFullError, match="full"):
        tuner_of(store=FullStore(store, after=1), known_results=KNOWN).run(1)
    assert (starts(store), store.tables.study("s").owner) == ([], None)
    tuner_of(store=store, known_results=KNOWN).run(1)
    assert len(starts(store)) == 13


def test_in_one_call() -> None:
    study = tune(
        bowl,
        SPACE,
        searcher="tpe",
        known_results=zip(POINTS, [0.5] * 12, strict=True),
        max_trials=13,
        store="memory",
        seed=0,
        progress="off",
    )
    assert [row.is_given for row in study.trials] == [True] * 12 + [False]


# Brought while the study runs


class Visitor:
    """Brings results once she sees the first report of a trial."""

    def __init__(self, store: MemoryStore, trial: int, *results: Record) -> None:
        self._store = store
        self._trial = trial
        self._results = list(results)

    def __call__(self, event: Any, _ledger: Any) -> None:
        if isinstance(event, Observed) and event.trial == self._trial:
            while self._results:
                self._store.post("s", self._results.pop())


BROUGHT = Record(config={"x": 0.31, "y": 0.61}, reports=((3, {"error": 0.001}), (9, {"error": 0.0002})), seconds=5.0)


@pytest.mark.parametrize("slots", [1, 3])
def test_a_result_is_brought_while_trials_run(slots: int) -> None:
    def asha() -> ASHA:
        return ASHA(TPESearcher(SPACE, startup_trials=4), max_t=9, variant="promotion")

    store = MemoryStore()
    visitor = Visitor(store, 2, BROUGHT, structs.replace(BROUGHT, state=TrialState.STOPPED))
    tuner = tuner_of(asha, store, objective=curve, backend=Simulated(slots), observers=[visitor])
    tuner.run(8)
    given = [row for row in store.tables.trials("s") if row.is_given]
    assert [row.state for row in given] == [TrialState.STOPPED, TrialState.COMPLETED]
    assert sum(event.cause == "new" for event in starts(store)) == 8
    assert tuner.incumbent_error == 0.0002
    check(store, asha)
    tuner_of(asha, store, objective=curve, backend=Simulated(slots)).run(2)
    check(store, asha)


@pytest.mark.parametrize("make", [tpe, gp])
def test_what_is_brought_changes_what_is_suggested_from_then_on(make: Callable[[], Any]) -> None:
    """And a study that is resumed behind it goes on as the one that never stopped."""

    def tried(n_trials: list[int], *results: Record) -> list[Any]:
        store = MemoryStore()
        for index, count in enumerate(n_trials):
            observers = [] if index else [Visitor(store, 13, *results)]
            tuner_of(make, store, known_results=KNOWN, observers=observers).run(count)
        check(store, make)
        return [event.config for event in starts(store) if event.cause == "new"]

    brought = Record(config={"x": 0.9, "y": 0.1}, reports=((1, {"error": -1.0}),))
    without, unbroken, resumed = tried([5]), tried([5], brought), tried([3, 2], brought)
    assert without[:2] == unbroken[:2]
    assert without[2:] != unbroken[2:]
    assert resumed == unbroken


def test_no_warning_for_what_the_space_has() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tuner_of(known_results=KNOWN).close()
