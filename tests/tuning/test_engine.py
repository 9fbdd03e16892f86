from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tuning_fakes import SPACE, ScriptedScheduler

from rung.errors import SettingError
from rung.events import (
    Changed,
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
    SearcherChanged,
    SessionEnded,
    SpaceEdited,
    Started,
    StudyCreated,
    WorkerPaused,
)
from rung.history import History
from rung.registry import describe
from rung.schedulers.asha import ASHA
from rung.schedulers.basic import BasicScheduler
from rung.searchers.random import RandomSearcher
from rung.tuning.engine import Engine, draw_generator, trial_seed
from rung.types import Action, Checkpoint, Decision, Goal, Proposal, Suggestion, TrialState

CREATED = StudyCreated(study="s", space=SPACE.to_json(), goal=Goal("error"), seed=7, searcher=None, scheduler={})
START = Started(at=0.0, trial=0, attempt=1, config={"x": 0.5, "n": 1}, draw=0)


def engine_with(*events: Any, scheduler: ScriptedScheduler | None = None) -> tuple[Engine, ScriptedScheduler]:
    scheduler = scheduler or ScriptedScheduler()
    log = (CREATED, *events)
    engine = Engine(scheduler, log=lambda: enumerate(log, 1))
    for event in log:
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
    engine = Engine(ScriptedScheduler(), log=lambda: ())
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


# ---- one searcher takes over from another


class Listening:
    """A searcher that keeps what it is told; its suggestions say how much that was."""

    def __init__(self, space: Any, *, label: str = "") -> None:
        self.told: list[Any] = []
        self._label = label
        self._history = History(space)

    @property
    def space(self) -> Any:
        return self._history.space

    def suggest(self, rng: Any) -> Suggestion:
        return Suggestion({"x": round(rng.random(), 9), "n": 1}, {"told": len(self.told)})

    def update(self, event: Any) -> None:
        self.told.append(event)
        self._history.update(event)

    def spec(self) -> dict[str, Any]:
        return describe(self, label=self._label)


LISTENING = {"class": f"{__name__}:Listening", "label": "second"}
TAKES_OVER = SearcherChanged(at=5.0, searcher=LISTENING)
REPORT = Observed(at=1.0, trial=0, attempt=1, step=1, metrics={"error": 0.5}, loss=0.5)
LIFE = [
    START,
    Placed(at=0.5, trial=0, attempt=1, host="h", pid=1),
    REPORT,
    Observed(at=1.5, trial=0, attempt=1, step=2, metrics={"error": float("nan")}),
    Changed(at=1.6, trial=0, attempt=1, step=2, changes={"n": 2}),
    Interrupted(at=2.0, trial=0, attempt=1, reason="killed"),
    Started(at=2.5, trial=0, attempt=2, config={"x": 0.5, "n": 2}, cause="retried"),
    Enqueued(at=2.6, config={"x": 0.1, "n": 2}),
    SpaceEdited(at=2.7, space=SPACE.to_json()),
    Ended(at=3.0, trial=0, attempt=2, state=TrialState.COMPLETED),
]
TOLD = [event for event in LIFE if LIFE.index(event) in {0, 2, 4, 7, 8, 9}]


def engine_of(scheduler: Any, log: list[Any]) -> Engine:
    """An engine that has folded the log, which may grow."""
    engine = Engine(scheduler, log=lambda: enumerate(log, 1))
    for event in log:
        engine.fold(event)
    return engine


def test_who_takes_over_is_told_all_that_its_predecessor_was_told() -> None:
    first = Listening(SPACE, label="first")
    log: list[Any] = [CREATED, *LIFE]
    engine = engine_of(BasicScheduler(first), log)
    assert first.told == TOLD
    log.append(TAKES_OVER)
    assert list(engine.fold(TAKES_OVER)) == []
    second = engine.scheduler.searcher  # type: ignore[attr-defined]
    assert type(second) is Listening
    assert second is not first
    assert engine.scheduler.spec() == {"name": "basic", "searcher": LISTENING}
    assert second.told == TOLD
    log.append(Enqueued(at=6.0, config={"x": 0.2, "n": 2}))
    engine.fold(log[-1])
    assert second.told == [*TOLD, log[-1]]
    assert first.told == TOLD, "it has nothing to do with the study any more"


def test_live_and_replayed_it_suggests_the_same() -> None:
    log: list[Any] = [CREATED, *LIFE]
    live = engine_of(BasicScheduler(RandomSearcher(SPACE)), log)
    for event in (TAKES_OVER, Enqueued(at=6.0, config={"x": 0.2, "n": 2})):
        log.append(event)
        live.fold(event)
    replayed = engine_of(BasicScheduler(RandomSearcher(SPACE)), log)
    assert live.propose(new_trials=True) == replayed.propose(new_trials=True)
    proposal = live.propose(new_trials=True)
    assert isinstance(proposal, Proposal)
    assert proposal.notes == {"told": len(TOLD) + 1}
    assert proposal.config["x"] == round(draw_generator(7, 1).random(), 9), "the next draw, as with the former searcher"


def test_the_ledger_and_what_is_folded_besides_hear_of_it() -> None:
    heard: list[Any] = []
    log: list[Any] = [CREATED, *LIFE, TAKES_OVER]
    engine = Engine(
        BasicScheduler(RandomSearcher(SPACE)),
        log=lambda: enumerate(log, 1),
        also=[lambda event, ledger: heard.append((event, ledger.study.searcher))],
    )
    for event in log:
        engine.fold(event)
    assert engine.ledger.study is not None
    assert engine.ledger.study.searcher == LISTENING
    assert engine.ledger.study.scheduler == {"searcher": LISTENING}
    assert heard[-1] == (TAKES_OVER, LISTENING)


def test_the_scheduler_stays_what_it_was() -> None:
    """Its state follows from the events too, so that it decides as it would have decided."""

    def asha() -> ASHA:
        return ASHA(RandomSearcher(SPACE), max_t=4, reduction_factor=2)

    begun: list[Any] = [CREATED]
    for trial in range(4):
        begun.append(Started(at=0.0, trial=trial, attempt=1, config={"x": trial / 10, "n": 1}, draw=trial))
    reports = [
        Observed(at=1.0, trial=trial, attempt=1, step=1, metrics={"error": trial}, loss=float(trial))
        for trial in range(4)
    ]
    undisturbed = engine_of(asha(), begun)
    expected = [list(undisturbed.fold(report)) for report in reports]
    assert any(decision.action is Action.STOP for decisions in expected for decision in decisions)
    log = [*begun, reports[0], reports[1]]
    engine = engine_of(asha(), log)
    log.append(TAKES_OVER)
    engine.fold(TAKES_OVER)
    assert [list(engine.fold(report)) for report in reports[2:]] == expected[2:]


def test_one_after_the_other_takes_over() -> None:
    third = {**LISTENING, "label": "third"}
    log: list[Any] = [CREATED, *LIFE, TAKES_OVER, SearcherChanged(at=6.0, searcher=third)]
    engine = engine_of(BasicScheduler(RandomSearcher(SPACE)), log)
    assert engine.scheduler.spec()["searcher"] == third
    assert engine.scheduler.searcher.told == TOLD  # type: ignore[attr-defined]


def test_a_searcher_that_can_not_be_made() -> None:
    log: list[Any] = [CREATED, *LIFE]
    engine = engine_of(BasicScheduler(RandomSearcher(SPACE)), log)
    before = engine.scheduler
    with pytest.raises(SettingError, match="no searcher named 'bayes'"):
        engine.with_searcher({"name": "bayes"})
    with pytest.raises(SettingError, match="can't be made with these options"):
        engine.with_searcher({"name": "random", "points": 3})
    assert engine.scheduler is before


def test_nothing_takes_over_before_the_log_has_what_was_folded() -> None:
    engine = Engine(BasicScheduler(RandomSearcher(SPACE)), log=lambda: [(1, CREATED)])
    engine.fold(CREATED)
    engine.fold(START)
    with pytest.raises(AssertionError, match="what was folded is in the log already"):
        engine.fold(TAKES_OVER)
