"""Configurations that nobody suggested: run by hand, or brought along from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from rung.errors import SettingError
from rung.events import Decided, Started
from rung.schedulers.asha import ASHA
from rung.schedulers.basic import BasicScheduler
from rung.searchers.random import RandomSearcher
from rung.space import Float, Space
from rung.store import MemoryStore
from rung.tuner import Tuner
from rung.tuning.verify import verify_decisions
from rung.types import TrialState

SPACE = Space({"x": Float(0.0, 1.0)})


def plain(x: float = 0.5, momentum: float = 0.0) -> float:
    return x + momentum


def curve(x: float = 0.0, **others: Any) -> Iterator[float]:
    for epoch in range(1, 10):
        yield x + 1 / epoch


def test_given_configurations_run_first_and_need_not_be_in_the_space() -> None:
    store = MemoryStore()
    tuner = Tuner(plain, BasicScheduler(RandomSearcher(SPACE)), store=store, study="s", seed=1)
    study = tuner.run(2, given=[{"x": 7.0, "momentum": 0.25}, {"momentum": -3.0}])
    rows = study.trials
    assert [row.is_given for row in rows] == [True, True, False, False]
    assert [dict(row.config) for row in rows[:2]] == [{"x": 7.0, "momentum": 0.25}, {"momentum": -3.0}]
    assert study.incumbent == {"momentum": -3.0}
    suggested = [event for _, event in store.read("s") if isinstance(event, Started) and event.draw is not None]
    assert [event.trial for event in suggested] == [2, 3]


def test_nothing_else_runs_when_nothing_else_is_asked_for() -> None:
    tuner = Tuner(plain, BasicScheduler(RandomSearcher(SPACE)), study="s", seed=1)
    assert len(tuner.run(0, given=[{"x": 0.5}]).trials) == 1
    assert len(tuner.run(0).trials) == 1


def test_the_scheduler_hears_of_a_given_trial_but_does_not_stop_it() -> None:
    store = MemoryStore()
    scheduler = ASHA(RandomSearcher(SPACE), max_t=9, grace_period=1, reduction_factor=3)
    tuner = Tuner(curve, scheduler, store=store, study="s", seed=1)
    study = tuner.run(6, given=[{"x": 5.0, "y": 1}, {"x": 6.0}, {"x": 7.0}, {"x": 8.0}])
    rows = study.trials
    assert [row.state for row in rows[:4]] == [TrialState.COMPLETED] * 4
    assert any(row.state is TrialState.STOPPED for row in rows[4:])
    decided = {event.trial for _, event in store.read("s") if isinstance(event, Decided)}
    assert decided
    assert min(decided) >= 4
    fresh = ASHA(RandomSearcher(SPACE), max_t=9, grace_period=1, reduction_factor=3)
    assert verify_decisions(store.read("s"), fresh).differences == []


def test_a_log_in_which_a_given_trial_has_a_wrong_number_is_found_out() -> None:
    store = MemoryStore()
    tuner = Tuner(plain, BasicScheduler(RandomSearcher(SPACE)), store=store, study="s", seed=1)
    tuner.run(0, given=[{"x": 0.5}])
    events = list(store.read("s"))
    sequence, started = next(pair for pair in events if isinstance(pair[1], Started))
    wrong = Started(at=started.at, trial=0, attempt=1, config=started.config, cause="given", notes={"retry_of": None})
    other = Started(at=started.at, trial=1, attempt=1, config=started.config, cause="given")
    kept = events[: sequence - 1]
    fresh = BasicScheduler(RandomSearcher(SPACE))
    assert verify_decisions([*kept, (sequence, wrong)], fresh).differences == []
    found = verify_decisions([*kept, (sequence, wrong), (sequence + 1, other), (sequence + 2, other)], fresh)
    assert "the given trial 1" in found.differences[0]


def test_nothing_begins_when_a_given_configuration_is_none() -> None:
    store = MemoryStore()
    tuner = Tuner(plain, BasicScheduler(RandomSearcher(SPACE)), store=store, study="s", seed=1)
    with pytest.raises(SettingError, match="can't stand in a config"):
        tuner.run(given=[{"x": 0.5}, {"x": 2j}])
    assert store.tables.studies() == []
