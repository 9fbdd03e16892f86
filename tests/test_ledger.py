from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from rung.events import (
    ArtifactLogged,
    Changed,
    Checkpointed,
    Collected,
    CommandHandled,
    Continued,
    Decided,
    Ended,
    Event,
    Interrupted,
    Noted,
    Observed,
    Placed,
    SearcherChanged,
    SessionEnded,
    SessionStarted,
    SpaceEdited,
    Started,
    StudyCreated,
    Tagged,
    WorkerPaused,
)
from rung.ledger import Ledger
from rung.rows import StudyRow, TrialRow
from rung.types import Action, Artifact, Checkpoint, Goal, Owner, Remark, TrialState

CREATED = StudyCreated(
    study="s",
    space={"a": 1},
    goal=Goal("error"),
    seed=7,
    searcher={"name": "random"},
    scheduler={"name": "basic"},
    objective="m:f",
    settings={"max_trials": 3},
    provenance={"host": "here"},
    unix=1.7e9,
)


def fold(*events: Event) -> Ledger:
    ledger = Ledger()
    for event in (CREATED, *events):
        ledger.apply(event)
    return ledger


def start(trial: int = 0, attempt: int = 1, at: float = 10.0, **fields: Any) -> Started:
    return Started(at=at, trial=trial, attempt=attempt, config={"x": 0.5, "n": trial}, **fields)


def observe(step: int, loss: float | None, *, trial: int = 0, attempt: int = 1, at: float = 11.0) -> Observed:
    return Observed(at=at, trial=trial, attempt=attempt, step=step, metrics={"error": loss or 0.0}, loss=loss)


def end(state: TrialState, *, trial: int = 0, attempt: int = 1, at: float = 20.0, **fields: Any) -> Ended:
    return Ended(at=at, trial=trial, attempt=attempt, state=state, **fields)


def row_of(*events: Event, trial: int = 0) -> TrialRow:
    return fold(*events).trials[trial]


def study_of(*events: Event) -> StudyRow:
    study = fold(*events).study
    assert study is not None
    return study


def session(number: int, at: float = 0.0) -> SessionStarted:
    return SessionStarted(at=at, session=number, owner=Owner("h", "b", 1, 2.0), slots=1, unix=1.7e9 + number)


def test_a_study_is_what_its_first_event_says() -> None:
    study = study_of()
    assert (study.name, study.seed, study.goal, study.objective) == ("s", 7, Goal("error"), "m:f")
    assert (study.space, study.searcher, study.scheduler) == ({"a": 1}, {"name": "random"}, {"name": "basic"})
    assert (study.settings, study.provenance, study.created_unix) == ({"max_trials": 3}, {"host": "here"}, 1.7e9)
    assert (study.at, study.draws, study.best_trial, study.owner, study.counts) == (0.0, 0, None, None, {})


def test_a_log_begins_with_the_study() -> None:
    with pytest.raises(AssertionError, match="must begin with StudyCreated"):
        Ledger().apply(start())


def test_sessions() -> None:
    study = study_of(session(1), SessionEnded(at=9.0, session=1, why="done"))
    assert (study.sessions, study.last_unix, study.ended_why) == (1, 1.7e9 + 1, "done")
    study = study_of(session(1), SessionEnded(at=9.0, session=1, why="done"), session(2, at=9.0))
    assert (study.sessions, study.last_unix, study.ended_why, study.at) == (2, 1.7e9 + 2, None, 9.0)


def test_the_clock_never_goes_back() -> None:
    assert study_of(start(at=10.0), observe(1, 0.5, at=9.0)).at == 10.0


def test_an_edit_of_the_space() -> None:
    assert study_of(SpaceEdited(at=1.0, space={"b": 2})).space == {"b": 2}


def test_another_searcher_is_that_of_the_study_and_of_its_scheduler() -> None:
    study = study_of(SearcherChanged(at=1.0, searcher={"name": "sobol"}), SearcherChanged(at=2.0, searcher=TPE))
    assert study.searcher == TPE
    assert study.scheduler == {"name": "basic", "searcher": TPE}
    assert CREATED.scheduler == {"name": "basic"}, "what happened stays as it was"


TPE = {"name": "tpe", "gamma": 0.2}


def test_a_start() -> None:
    ledger = fold(session(1), start(3, at=12.0, draw=4, until=9, decide_at=(1, 3), worker=2, parent=1))
    row = ledger.trials[3]
    assert (row.number, row.state, row.config, row.attempt) == (3, TrialState.RUNNING, {"x": 0.5, "n": 3}, 1)
    assert (row.until, row.decide_at, row.worker, row.parent, row.session) == (9, (1, 3), 2, 1, 1)
    assert row.started_at == row.launched_at == row.last_at == 12.0
    assert ledger.open == {3: row}
    assert ledger.study is not None
    assert ledger.study.counts == {TrialState.RUNNING: 1}
    assert ledger.study.draws == 5


def test_where_it_runs() -> None:
    row = row_of(start(), Placed(at=10.5, trial=0, attempt=1, host="here", pid=42))
    assert (row.host, row.pid) == ("here", 42)


def test_a_run_takes_time_from_where_it_found_its_process() -> None:
    """What a fork-server takes to import the training module is no trial's time."""
    placed = Placed(at=10.5, trial=0, attempt=1, host="here", pid=42)
    row = row_of(start(at=10.0), placed)
    assert (row.started_at, row.launched_at, row.last_at) == (10.0, 10.5, 10.5)
    again = Placed(at=12.0, trial=0, attempt=1, host="here", pid=42)
    assert row_of(start(at=10.0), placed, again).launched_at == 10.5, "a store has such an event once"
    lost = Interrupted(at=14.0, trial=0, attempt=1, reason="killed")
    assert row_of(start(at=10.0), placed, lost).runtime == 3.5
    retried = [lost, start(attempt=2, at=30.0, cause="retried")]
    placed_again = Placed(at=31.0, trial=0, attempt=2, host="here", pid=43)
    done = end(TrialState.COMPLETED, attempt=2, at=40.0)
    assert row_of(start(at=10.0), placed, *retried, placed_again, done).runtime == 3.5 + 9.0
    assert row_of(start(at=10.0), placed, *retried, done).runtime == 3.5 + 10.0


def test_reports() -> None:
    row = row_of(start(), observe(1, 0.5, at=11.0), observe(3, 0.2, at=13.0), observe(4, 0.4, at=14.0))
    assert (row.last_step, row.last_loss, row.last_at) == (4, 0.4, 14.0)
    assert (row.best_step, row.best_loss) == (3, 0.2)


def test_of_equal_steps_the_first_is_the_best() -> None:
    assert row_of(start(), observe(1, 0.5), observe(2, 0.5)).best_step == 1


def test_a_report_that_is_no_number() -> None:
    row = row_of(start(), observe(1, 0.5), observe(2, None))
    assert (row.last_step, row.last_loss, row.best_loss) == (2, None, 0.5)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_incumbent_is_the_best_of_all_and_of_equals_the_first(order: tuple[int, int]) -> None:
    events = [start(0), start(1), *(observe(1, 0.5, trial=trial) for trial in order)]
    study = study_of(*events)
    assert (study.best_trial, study.best_step, study.best_loss) == (order[0], 1, 0.5)
    study = study_of(*events, observe(2, 0.4, trial=1))
    assert (study.best_trial, study.best_step, study.best_loss) == (1, 2, 0.4)


def test_the_best_value_keeps_the_configuration_that_had_it() -> None:
    changed = Changed(at=12.0, trial=0, attempt=1, step=1, changes={"x": 9.0})
    before = row_of(start(), observe(1, 0.5), changed)
    assert before.config["x"] == 9.0
    assert before.best_config is not None
    assert before.best_config["x"] != 9.0
    assert row_of(start(), observe(1, 0.5), changed, observe(2, 0.4)).best_config is None
    assert row_of(start(), changed).best_config is None


def test_a_decision() -> None:
    decided = Decided(at=12.0, trial=0, attempt=1, step=1, action=Action.PAUSE, why="rank 3", by="scheduler")
    row = row_of(start(), decided)
    assert (row.state, row.decided, row.decided_at) == (TrialState.RUNNING, Action.PAUSE, 12.0)
    assert (row.reason, row.message) == ("scheduler", "rank 3")


def test_checkpoints() -> None:
    one, two, other = (Checkpoint(step, f"/{step}", "ff", 1) for step in (1, 2, 3))
    again = Checkpoint(9, "/1", "00", 2)
    saved = [Checkpointed(at=1.0, trial=0, attempt=1, checkpoint=each) for each in (one, two, other, again)]
    assert row_of(start(), *saved[:3]).checkpoints == [one, two, other]
    assert row_of(start(), *saved).checkpoints == [two, other, again], "the file was written anew"
    assert row_of(start(), *saved, Collected(at=2.0, trial=0, paths=("/2", "/1", "/7"))).checkpoints == [other]


def test_changed_hyperparameters() -> None:
    changed = Changed(at=1.0, trial=0, attempt=1, step=1, changes={"x": 0.9})
    first = start()
    assert row_of(first, changed).config == {"x": 0.9, "n": 0}
    assert first.config == {"x": 0.5, "n": 0}, "events are not touched"


@pytest.mark.parametrize(("reason", "kills"), [("killed", 1), ("tuner", 0), ("interrupted", 0)])
def test_a_lost_run(reason: str, kills: int) -> None:
    ledger = fold(start(at=10.0), Interrupted(at=14.0, trial=0, attempt=1, reason=reason, message="SIGKILL"))
    row = ledger.trials[0]
    assert (row.state, row.reason, row.message) == (TrialState.WAITING, reason, "SIGKILL")
    assert (row.runtime, row.kills, row.ended_at) == (4.0, kills, None)
    assert ledger.open == {0: row}


def test_a_retry_keeps_what_the_trial_has_reached() -> None:
    row = row_of(
        start(at=10.0, worker=1),
        Placed(at=10.0, trial=0, attempt=1, host="here", pid=42),
        observe(2, 0.5),
        Decided(at=12.0, trial=0, attempt=1, step=2, action=Action.STOP),
        Interrupted(at=14.0, trial=0, attempt=1, reason="killed"),
        start(attempt=2, at=30.0, cause="retried", worker=3),
    )
    assert (row.attempt, row.state, row.worker, row.started_at, row.launched_at) == (
        2,
        TrialState.RUNNING,
        3,
        10.0,
        30.0,
    )
    assert (row.last_step, row.best_loss, row.runtime, row.kills) == (2, 0.5, 4.0, 1)
    assert (row.decided, row.reason, row.message, row.host, row.pid) == (None, "", "", "", None)


def test_a_retry_takes_no_draw() -> None:
    lost = Interrupted(at=14.0, trial=0, attempt=1, reason="killed")
    assert study_of(start(draw=0), lost, start(attempt=2, cause="retried")).draws == 1


@pytest.mark.parametrize("state", [TrialState.COMPLETED, TrialState.STOPPED, TrialState.FAILED])
def test_the_end_of_a_trial(state: TrialState) -> None:
    ledger = fold(start(at=10.0), end(state, at=15.0, reason="why", message="words"))
    row = ledger.trials[0]
    assert (row.state, row.reason, row.message, row.ended_at, row.runtime) == (state, "why", "words", 15.0, 5.0)
    assert ledger.open == {}


def test_a_pause_the_way_on_and_the_end() -> None:
    paused = [start(at=10.0), end(TrialState.PAUSED, at=15.0, reason="person")]
    ledger = fold(*paused)
    assert ledger.open == {0: ledger.trials[0]}
    assert (ledger.trials[0].ended_at, ledger.trials[0].runtime) == (15.0, 5.0)
    continued = [*paused, Continued(at=18.0, trial=0, attempt=1)]
    assert (row_of(*continued).state, row_of(*continued).reason) == (TrialState.WAITING, "continued")
    resumed = [*continued, start(attempt=2, at=20.0, cause="resumed")]
    assert (row_of(*resumed).state, row_of(*resumed).ended_at) == (TrialState.RUNNING, None)
    done = [*resumed, end(TrialState.COMPLETED, attempt=2, at=23.0)]
    assert row_of(*done).runtime == 8.0


def test_the_stop_of_a_paused_trial_takes_no_time() -> None:
    row = row_of(start(at=10.0), end(TrialState.PAUSED, at=15.0), end(TrialState.STOPPED, at=99.0, reason="person"))
    assert (row.state, row.runtime, row.ended_at) == (TrialState.STOPPED, 5.0, 99.0)


@pytest.mark.parametrize(
    "event", [CommandHandled(at=30.0, command=1, what="StopStudy"), WorkerPaused(at=30.0, worker=0, why="failures")]
)
def test_events_that_only_tell(event: Event) -> None:
    before, after = fold(start()), fold(start(), event)
    assert after.trials == before.trials
    assert after.study is not None
    assert after.study.at == 30.0


@pytest.mark.parametrize("seed", range(20))
def test_counts_and_open_trials_follow_from_the_states(seed: int) -> None:
    """Random walks of trials through their states, checked against a count from scratch after every event."""
    chance = random.Random(seed)
    ledger = fold()
    for at in range(150):
        number = chance.randrange(len(ledger.trials) + 1)
        row = ledger.trials.get(number)
        attempt = 1 if row is None else row.attempt
        if row is None:
            event: Event = start(number, at=at, draw=number, parent=chance.choice([None, *range(number)]))
        elif row.state is TrialState.RUNNING:
            event = chance.choice(
                [
                    Checkpointed(at=at, trial=number, attempt=attempt, checkpoint=Checkpoint(at, f"/{at}", "ff", 1)),
                    Interrupted(at=at, trial=number, attempt=attempt, reason="tuner"),
                    end(chance.choice([TrialState.PAUSED, TrialState.FAILED]), trial=number, attempt=attempt, at=at),
                ]
            )
        elif row.state.is_final:
            continue
        else:
            event = chance.choice(
                [
                    start(number, attempt + 1, at=at, cause="retried"),
                    end(TrialState.STOPPED, trial=number, attempt=attempt, at=at),
                ]
            )
        ledger.apply(event)
        assert ledger.study is not None
        counted = Counter(each.state for each in ledger.trials.values())
        assert {state: n for state, n in ledger.study.counts.items() if n} == counted
        assert ledger.open == {n: each for n, each in ledger.trials.items() if not each.state.is_final}
        for state, rows in ((TrialState.RUNNING, ledger.running), (TrialState.WAITING, ledger.waiting)):
            assert rows == {n: each for n, each in ledger.trials.items() if each.state is state}
        starting: dict[int, set[int]] = {}
        for n, each in ledger.open.items():
            if each.parent is not None and not each.checkpoints:
                starting.setdefault(each.parent, set()).add(n)
        assert ledger.unsaved_children == starting
        assert ledger.study.n_begun == sum(each.parent is None for each in ledger.trials.values())


def test_remarks_and_tags_are_kept_in_their_order() -> None:
    ledger = fold(
        start(),
        Noted(at=1.0, text="slow", unix=5.0),
        Noted(at=1.0, text="halved", trial=0, by="trial", unix=6.0),
        Noted(at=1.0, text="odd", trial=0, unix=7.0),
        Tagged(at=1.0, added=("vision", "todo")),
        Tagged(at=1.0, added=("fast", "vision"), removed=("todo", "unknown")),
        Tagged(at=1.0, trial=0, added=("best",)),
    )
    study, trial = ledger.study, ledger.trials[0]
    assert study is not None
    assert study.notes == (Remark("slow", 5.0),)
    assert trial.notes == (Remark("halved", 6.0, "trial"), Remark("odd", 7.0))
    assert (study.tags, trial.tags) == (("vision", "fast"), ("best",))


def test_the_newest_artifact_of_each_name_is_kept() -> None:
    def logged(name: str, step: int) -> ArtifactLogged:
        return ArtifactLogged(at=1.0, trial=0, attempt=1, artifact=Artifact(name, f"/a/{name}", "ab", 3, step))

    artifacts = fold(start(), logged("a", 1), logged("b", 1), logged("a", 2)).trials[0].artifacts
    assert [(artifact.name, artifact.step) for artifact in artifacts] == [("b", 1), ("a", 2)]


def test_the_runtime_of_a_study_is_that_of_all_finished_runs() -> None:
    ledger = fold(
        start(at=1.0),
        start(1, at=2.0),
        Interrupted(at=4.0, trial=0, attempt=1, reason="killed"),
        start(attempt=2, at=10.0, cause="retried"),
        Ended(at=15.0, trial=0, attempt=2, state=TrialState.COMPLETED),
    )
    assert ledger.study is not None
    assert ledger.study.runtime == 3.0 + 5.0
    assert ledger.trials[0].runtime == 8.0


def test_where_a_configuration_came_from() -> None:
    trials = fold(start(0, cause="given"), start(1, notes={"point": 0, "retry_of": 0}), start(2)).trials
    assert [(trial.is_given, trial.retry_of) for trial in trials.values()] == [(True, None), (False, 0), (False, None)]


def test_how_a_session_ended_stands_until_the_next_one_begins() -> None:
    owner = Owner("here", "boot", 1, 2.0)
    began = SessionStarted(at=0.0, session=1, owner=owner, slots=1, unix=1.0)
    ended = SessionEnded(at=2.0, session=1, why="criterion", message="error reached 0.1")
    study = fold(began, ended).study
    assert study is not None
    assert (study.ended_why, study.ended_message) == ("criterion", "error reached 0.1")
    study = fold(began, ended, SessionStarted(at=2.0, session=2, owner=owner, slots=1, unix=3.0)).study
    assert study is not None
    assert (study.ended_why, study.ended_message) == (None, "")
