from __future__ import annotations

import numpy as np

from rung.contracts import Searcher
from rung.schedulers.basic import BasicScheduler
from rung.searchers.random import RandomSearcher
from rung.space import Float, Space
from rung.testing.play import Course, play
from rung.testing.scheduler_suite import SchedulerSuite
from rung.types import Exhausted, TrialState


class TestBasic(SchedulerSuite):
    def make(self, searcher: Searcher) -> BasicScheduler:
        return BasicScheduler(searcher)


def test_each_trial_runs_to_its_own_end() -> None:
    scheduler = BasicScheduler(RandomSearcher(Space({"x": Float(0, 1)})))
    played = play(scheduler, Course(steps=(1, 2, 3)), new_trials=5)
    assert played.decisions == []
    assert played.states() == dict.fromkeys(range(5), TrialState.COMPLETED)
    assert {(event.until, event.decide_at, event.cause) for event in played.started()} == {(None, (), "new")}


def test_notes_of_the_searcher_are_passed_on() -> None:
    scheduler = BasicScheduler(RandomSearcher(Space({"x": Float(0, 1)}), initial_config={"x": 0.5}))
    assert play(scheduler, new_trials=1).started()[0].notes == {"point": 0}


def test_without_new_trials_there_is_nothing_to_do() -> None:
    scheduler = BasicScheduler(RandomSearcher(Space({"x": Float(0, 1)})))
    assert isinstance(scheduler.suggest(np.random.default_rng(0), new_trials=False), Exhausted)
