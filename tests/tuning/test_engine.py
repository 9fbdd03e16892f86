from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tuning_fakes import SPACE, ScriptedScheduler

from rung.events import (
    Checkpointed,
    Collected,
    CommandHandled,
    Continued,
    Decided,
    Ended,
    Enqueued,
    Interrupted,
    Observed,
    Placed,
    SessionEnded,
    SpaceEdited,
    Started,
    StudyCreated,
    WorkerPaused,
)
from rung.tuning.engine import Engine, draw_generator, trial_seed
from rung.types import Action, Checkpoint, Decision, Goal, TrialState

CREATED = StudyCreated(study="s", space=SPACE.to_json(), goal=Goal("error"), seed=7, searcher=None, scheduler={})
START = Started(at=0.0, trial=0, attempt=1, config={"x": 0.5, "n": 1}, draw=0)


def engine_with(*events: Any, scheduler: ScriptedScheduler | None = None) -> tuple[Engine, ScriptedScheduler]:
    scheduler = scheduler or ScriptedScheduler()
    engine = Engine(scheduler)
    for event in (CREATED, *events):
        engine.fold(event)
    return engine, scheduler


def test_a_draw_has_a_stream_of_its_own() -> None:
    streams = {(seed, draw): draw_generator(seed, draw).random() for seed in range(5) for draw in range(20)}
    assert len(set(streams.values())) == 100
    assert draw_generator(3, 8).random() == streams[3, 8]
    child = np.random.SeedSequence(3).spawn(9)[8]  # NumPy's own way to get child number 8
    assert np.random.Generator(np.random.PCG64(child)).random() == streams[3, 8]


def test_trial_seeds_are_32_bit_numbers_that_never_change() -> None:
    seeds = {trial_seed(seed, trial) for seed in range(20) for trial in range(50)}
    assert len(seeds) == 1000
    assert all(0 <= seed < 2**32 for seed in seeds)
    assert max(seeds) > 2**31
    assert trial_seed(0, 0) == 2467523943
    assert trial_seed(7, 123) != trial_seed(71, 23)


@pytest.mark.parametrize(
    "event",
    [
        Observed(at=1.0, trial=0, attempt=1, step=1, metrics={"error": 0.5}, loss=0.5),
        Ended(at=1.0, trial=0, attempt=1, state=TrialState.COMPLETED),
        Enqueued(at=1.0, config={"x": 0.1, "n": 2}),
        SpaceEdited(at=1.0, space=SPACE.to_json()),
        Started(at=1.0, trial=1, attempt=1, config={"x": 0.1, "n": 2}, draw=1),
    ],
    ids=lambda event: type(event).__name__,
)
def test_what_the_scheduler_is_told(event: Any) -> None:
    _, scheduler = engine_with(START, event)
    assert scheduler.seen == [START, event]


CHECKPOINT = Checkpoint(1, "/a", "0" * 64, 1)


@pytest.mark.parametrize(
    "event",
    [
        Observed(at=1.0, trial=0, attempt=1, step=1, metrics={"error": float("nan")}),
        Placed(at=1.0, trial=0, attempt=1, host="h", pid=1),
        Decided(at=1.0, trial=0, attempt=1, step=1, action=Action.STOP),
        Checkpointed(at=1.0, trial=0, attempt=1, checkpoint=CHECKPOINT),
        Collected(at=1.0, trial=0, paths=("/a",)),
        Interrupted(at=1.0, trial=0, attempt=1, reason="killed"),
        CommandHandled(at=1.0, command=1, what="StopTrial"),
        WorkerPaused(at=1.0, worker=0, why="failures"),
        SessionEnded(at=1.0, session=1, why="done"),
    ],
    ids=lambda event: type(event).__name__,
)
def test_what_the_scheduler_is_not_told(event: Any) -> None:
    engine, scheduler = engine_with(START)
    assert list(engine.fold(event)) == []
    assert scheduler.seen == [START]


def test_a_retry_is_not_told_but_going_on_after_a_pause_is() -> None:
    retry = Started(at=2.0, trial=0, attempt=2, config=START.config, cause="retried")
    _, scheduler = engine_with(START, Interrupted(at=1.0, trial=0, attempt=1, reason="killed"), retry)
    assert scheduler.seen == [START]
    pause = Ended(at=1.0, trial=0, attempt=1, state=TrialState.PAUSED, reason="person")
    resumed = Started(at=3.0, trial=0, attempt=2, config=START.config, cause="resumed")
    _, scheduler = engine_with(START, pause, Continued(at=2.0, trial=0, attempt=1), resumed)
    assert scheduler.seen == [START, pause, resumed]


def test_fold_returns_what_the_scheduler_decides() -> None:
    decision = Decision(0, Action.PAUSE, "because")
    engine, _ = engine_with(scheduler=ScriptedScheduler(decide=lambda event: [decision]))
    assert list(engine.fold(START)) == [decision]


def test_replay_returns_the_last_sequence_number() -> None:
    engine = Engine(ScriptedScheduler())
    assert engine.replay([]) == 0
    assert engine.replay([(1, CREATED), (2, START)]) == 2
    assert engine.ledger.trials[0].state is TrialState.RUNNING


def test_a_proposal_comes_from_the_stream_that_the_log_says() -> None:
    engine, scheduler = engine_with()
    engine.propose(new_trials=True)
    engine.propose(new_trials=True)
    engine.fold(START)
    engine.propose(new_trials=True)
    assert scheduler.draws == [draw_generator(7, draw).random() for draw in (0, 0, 1)]


def test_a_start_that_nobody_suggested_takes_no_draw() -> None:
    retry = Started(at=2.0, trial=0, attempt=2, config=START.config, cause="retried")
    engine, scheduler = engine_with(START, Interrupted(at=1.0, trial=0, attempt=1, reason="killed"), retry)
    engine.propose(new_trials=True)
    assert scheduler.draws == [draw_generator(7, 1).random()]
