from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import pytest
from msgspec import structs
from tuning_fakes import (
    FakeBackend,
    ScriptedScheduler,
    Stage,
    WatchedStore,
    decide_at,
    fail,
    finish,
    go_on,
    lose,
    report,
    save,
)

from rung.errors import StoreFullError
from rung.events import ArtifactLogged, Checkpointed, Decided, Ended, Interrupted, Noted, Observed, Placed
from rung.store import MemoryStore
from rung.tuning.intake import MESSAGE_LIMIT
from rung.types import Action, Artifact, Decision, Exited, Launched, Logged, Outcome, Remarked, TrialState, Verdict

Begin = Callable[..., Stage]


def test_facts_become_events(stage: Begin) -> None:
    place = stage()
    intake = place.intake()
    place.run_trial(intake)
    place.backend.clock = 4.0
    intake.deliver([Launched(0, 1, "here", 42), report(0, 1, 0.5), save(0, 1, "/c1"), finish(0)])
    placed, observed, saved, ended = place.logged(Placed, Observed, Checkpointed, Ended)
    assert (placed.host, placed.pid, placed.at) == ("here", 42, 4.0)
    assert (observed.step, observed.metrics, observed.loss) == (1, {"error": 0.5}, 0.5)
    assert saved.checkpoint.path == "/c1"
    assert (ended.state, ended.reason, ended.message) == (TrialState.COMPLETED, "", "")
    assert [row.number for row in intake.ended] == [0]
    assert place.backend.sent() == []


def test_what_a_trial_wants_kept_and_known_becomes_events(stage: Begin) -> None:
    place = stage()
    intake = place.intake()
    place.run_trial(intake)
    place.backend.clock = 4.0
    first, second = (Artifact("net.onnx", f"/net-{step}.onnx", str(step) * 64, 9, step) for step in (1, 2))
    intake.deliver([Logged(0, 1, first), Remarked(0, 1, "the learning rate was halved"), Logged(0, 1, second)])
    kept, noted, kept_again = place.logged(ArtifactLogged, Noted)
    assert (kept.trial, kept.attempt, kept.artifact, kept_again.artifact) == (0, 1, first, second)
    assert (noted.trial, noted.text, noted.by, noted.at) == (0, "the learning rate was halved", "trial", 4.0)
    assert noted.unix == pytest.approx(time.time(), abs=60)
    assert place.trial(0).artifacts == (second,), "the newest of each name"
    assert [(note.text, note.by) for note in place.trial(0).notes] == [("the learning rate was halved", "trial")]


@pytest.mark.parametrize("fact", [Logged(0, 1, Artifact("a", "/a", "0" * 64, 9)), Remarked(0, 1, "?")])
def test_a_late_word_of_an_earlier_attempt_is_refused(stage: Begin, fact: Any) -> None:
    place = stage()
    intake = place.intake()
    place.run_trial(intake)
    intake.interrupt(place.trial(0), reason="killed")
    place.run_trial(intake, attempt=2)
    intake.deliver([fact])
    assert place.logged(ArtifactLogged, Noted) == []


def test_where_a_run_found_its_gpus(stage: Begin) -> None:
    place = stage()
    intake = place.intake()
    place.run_trial(intake)
    intake.deliver([Launched(0, 1, "here", 42, "0,2")])
    assert place.trial(0).gpus == "0,2"


def test_the_loss_has_lower_as_better(stage: Begin) -> None:
    place = stage(mode="max")
    intake = place.intake()
    place.run_trial(intake)
    intake.deliver([report(0, 1, 0.75)])
    assert place.logged(Observed)[0].loss == -0.75


def test_a_whole_delivery_is_one_transaction_and_the_answers_come_after_it(stage: Begin) -> None:
    backend = FakeBackend()
    store = WatchedStore(MemoryStore(), backend.calls)
    place = stage(backend=backend, store=store)
    intake = place.intake()
    place.run_trial(intake)
    backend.calls.clear()
    intake.deliver([report(0, 1, 0.5, waits=True), report(0, 2, 0.4), report(0, 3, 0.3, waits=True)])
    assert backend.calls == [("append", ["Observed"] * 3), ("send", 0, go_on(1)), ("send", 0, go_on(3))]


@pytest.mark.parametrize(
    ("end", "attempt", "trial"),
    [
        (None, 2, 0),  # a later attempt than is known
        (None, 1, 5),  # a trial that there isn't
        ("interrupt", 1, 0),
        ("finish", 1, 0),
        ("pause", 1, 0),
        ("retry", 1, 0),
    ],
)
def test_facts_of_no_current_run_are_refused(stage: Begin, end: str | None, attempt: int, trial: int) -> None:
    place = stage()
    intake = place.intake()
    row = place.run_trial(intake)
    if end == "finish":
        intake.deliver([finish(0)])
    elif end == "pause":
        intake.decide(row, Action.PAUSE, why="", by="person")
        intake.deliver([finish(0)])
    elif end is not None:
        intake.interrupt(row, reason="killed")
        if end == "retry":
            place.run_trial(intake, attempt=2, cause="retried")
    intake.commit()
    place.backend.calls.clear()
    before = place.logged()
    intake.deliver(
        [
            Launched(trial, attempt, "there", 1),
            report(trial, 1, 0.1, waits=True, attempt=attempt),
            save(trial, 1, "/late", attempt=attempt),
            fail(trial, attempt=attempt),
        ]
    )
    assert place.logged() == before
    assert place.backend.calls == []


def test_what_follows_the_end_in_one_delivery_is_refused(stage: Begin) -> None:
    place = stage()
    intake = place.intake()
    place.run_trial(intake)
    intake.deliver([finish(0), report(0, 1, 0.1), fail(0)])
    assert place.logged(Observed) == []
    assert [event.state for event in place.logged(Ended)] == [TrialState.COMPLETED]


@pytest.mark.parametrize("step", [1, 2])
def test_a_step_that_is_in_the_log_is_acknowledged_but_not_stored_again(stage: Begin, step: int) -> None:
    place = stage()
    intake = place.intake()
    place.run_trial(intake)
    intake.deliver([report(0, 2, 0.5)])
    place.backend.clock = 9.0
    intake.deliver([report(0, step, 0.1, waits=True)])
    assert [event.step for event in place.logged(Observed)] == [2]
    assert place.trial(0).last_loss == 0.5
    assert place.backend.sent() == [(0, go_on(step))]
    assert intake.heard_at == {0: 9.0}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_metric_that_is_no_number_fails_the_trial_unseen_by_the_scheduler(stage: Begin, value: float) -> None:
    place = stage()
    intake = place.intake()
    place.run_trial(intake)
    intake.deliver([report(0, 1, 0.5), report(0, 2, value, waits=True)])
    (decided,) = place.logged(Decided)
    assert (decided.by, decided.action, decided.step) == ("nan", Action.STOP, 2)
    assert place.backend.sent() == [(0, Verdict(Action.STOP, 2, f"error is {value} at step 2"))]
    intake.deliver([report(0, 3, 0.1), finish(0)])
    (ended,) = place.logged(Ended)
    assert (ended.state, ended.reason) == (TrialState.FAILED, "nan")
    assert ended.message == f"error is {value} at step 2"
    assert [event.loss for event in place.logged(Observed)] == [0.5, None]  # what comes after it isn't heard
    assert [getattr(event, "step", None) for event in place.scheduler.seen] == [None, 1, None]
    assert place.scheduler.seen[-1] == ended


def test_a_run_that_gave_nan_and_was_then_lost_has_failed(stage: Begin) -> None:
    place = stage()
    intake = place.intake()
    place.run_trial(intake)
    intake.deliver([report(0, 1, math.nan), lose(0)])
    assert (place.trial(0).state, place.trial(0).reason) == (TrialState.FAILED, "nan")


@pytest.mark.parametrize(
    ("exit_fact", "state"), [(finish(0), "completed"), (fail(0, "exit"), "failed"), (lose(0), "failed")]
)
def test_the_exit_code_of_a_script_is_kept(stage: Begin, exit_fact: Exited, state: str) -> None:
    place = stage()
    intake = place.intake(max_kills=1)
    place.run_trial(intake)
    intake.deliver([structs.replace(exit_fact, exit_code=-9)])
    (ended,) = place.logged(Ended)
    assert (ended.state, ended.exit_code, ended.message) == (state, -9, exit_fact.message)


@pytest.mark.parametrize("exit_fact", [finish(0), fail(0), lose(0)])
@pytest.mark.parametrize("together", [True, False])
def test_a_stopped_run_is_stopped_however_it_ends(stage: Begin, exit_fact: Any, *, together: bool) -> None:
    place = stage(scheduler=ScriptedScheduler(decide=decide_at(2, Action.STOP, why="rank 3 of 3")))
    intake = place.intake()
    place.run_trial(intake)
    facts = [report(0, 1, 0.5), report(0, 2, 0.4, waits=True), exit_fact]
    for part in [facts] if together else [[fact] for fact in facts]:
        intake.deliver(part)
    (decided,) = place.logged(Decided)
    assert (decided.step, decided.action, decided.why, decided.by) == (2, Action.STOP, "rank 3 of 3", "scheduler")
    assert place.backend.sent() == [(0, Verdict(Action.STOP, 2, "rank 3 of 3"))]
    (ended,) = place.logged(Ended)
    assert (ended.state, ended.reason, ended.message) == (TrialState.STOPPED, "scheduler", "rank 3 of 3")
    assert len(intake.ended) == 1


@pytest.mark.parametrize(
    ("exit_fact", "state", "reason"),
    [
        (finish(0), TrialState.PAUSED, "scheduler"),
        (structs.replace(finish(0), is_whole=True), TrialState.COMPLETED, ""),  # nothing is left to go on with
        (lose(0), TrialState.PAUSED, "scheduler"),  # killed before its checkpoint: it continues from an older one
        (fail(0, "oom"), TrialState.FAILED, "oom"),
    ],
)
def test_a_run_that_is_to_pause(stage: Begin, exit_fact: Any, state: TrialState, reason: str) -> None:
    place = stage(scheduler=ScriptedScheduler(decide=decide_at(1, Action.PAUSE)))
    intake = place.intake()
    place.run_trial(intake)
    intake.deliver([report(0, 1, 0.5, waits=True), exit_fact])
    assert (place.trial(0).state, place.trial(0).reason) == (state, reason)
    assert place.trial(0).kills == 0


def test_the_first_word_on_a_run_holds(stage: Begin) -> None:
    def decide(event: Any) -> list[Decision]:
        return [Decision(0, Action.PAUSE, "first"), Decision(0, Action.STOP, "second")] if event.at > 0 else []

    place = stage(scheduler=ScriptedScheduler(decide=decide))
    intake = place.intake()
    place.run_trial(intake)
    place.backend.clock = 1.0
    intake.deliver([report(0, 1, 0.5), report(0, 2, 0.4)])
    assert [event.why for event in place.logged(Decided)] == ["first"]
    assert place.backend.sent() == [(0, Verdict(Action.PAUSE, 1, "first"))]


def test_continue_need_not_be_said_and_does_nothing(stage: Begin) -> None:
    place = stage(scheduler=ScriptedScheduler(decide=decide_at(1, Action.CONTINUE)))
    intake = place.intake()
    place.run_trial(intake)
    intake.deliver([report(0, 1, 0.5, waits=True)])
    assert place.logged(Decided) == []
    assert place.backend.sent() == [(0, go_on(1))]


@pytest.mark.parametrize("action", [Action.STOP, Action.PAUSE])
def test_a_decision_about_another_running_trial(stage: Begin, action: Action) -> None:
    place = stage(scheduler=ScriptedScheduler(decide=decide_at(3, action, trial=1)))
    intake = place.intake()
    place.run_trial(intake, 0)
    place.run_trial(intake, 1)
    intake.deliver([report(1, 2, 0.1), report(0, 3, 0.5, waits=True)])
    (decided,) = place.logged(Decided)
    assert (decided.trial, decided.step) == (1, 2)
    assert place.backend.sent() == [(1, Verdict(action, 2, "so it is")), (0, go_on(3))]


def paused(place: Stage, intake: Any, number: int) -> Any:
    row = place.run_trial(intake, number)
    intake.decide(row, Action.PAUSE, why="", by="person")
    intake.deliver([finish(number)])
    return row


def waiting(place: Stage, intake: Any, number: int) -> Any:
    row = place.run_trial(intake, number)
    intake.interrupt(row, reason="killed")
    intake.commit()
    return row


@pytest.mark.parametrize("bring", [paused, waiting])
def test_a_stop_ends_a_trial_that_does_not_run(stage: Begin, bring: Any) -> None:
    place = stage(scheduler=ScriptedScheduler(decide=decide_at(3, Action.STOP, trial=0)))
    intake = place.intake()
    row = bring(place, intake, 0)
    place.run_trial(intake, 1)
    intake.ended.clear()
    place.backend.calls.clear()
    runtime = row.runtime
    place.backend.clock = 50.0
    intake.deliver([report(1, 3, 0.5)])
    assert (row.state, row.reason, row.message) == (TrialState.STOPPED, "scheduler", "so it is")
    assert row.runtime == runtime
    assert place.scheduler.seen[-1].trial == 0
    assert intake.ended == []  # no worker is freed by it
    assert place.backend.sent() == []


@pytest.mark.parametrize("bring", [paused, waiting])
def test_a_pause_of_a_trial_that_does_not_run_is_nothing(stage: Begin, bring: Any) -> None:
    place = stage(scheduler=ScriptedScheduler(decide=decide_at(3, Action.PAUSE, trial=0)))
    intake = place.intake()
    row = bring(place, intake, 0)
    state = row.state
    place.run_trial(intake, 1)
    n_decided = len(place.logged(Decided))
    intake.deliver([report(1, 3, 0.5)])
    assert row.state is state
    assert len(place.logged(Decided)) == n_decided


def test_decisions_about_unknown_and_finished_trials_are_nothing(stage: Begin) -> None:
    decisions = [Decision(9, Action.STOP), Decision(0, Action.STOP)]
    place = stage(scheduler=ScriptedScheduler(decide=lambda event: decisions if event.at > 0 else []))
    intake = place.intake()
    place.run_trial(intake, 0)
    place.run_trial(intake, 1)
    intake.deliver([finish(0)])
    place.backend.clock = 1.0
    intake.deliver([report(1, 1, 0.5)])
    assert place.logged(Decided) == []
    assert place.trial(0).state is TrialState.COMPLETED


def test_a_decision_may_lead_to_others_in_the_same_transaction(stage: Begin) -> None:
    """The stop of paused trial 0 makes the scheduler stop paused trial 1, and that one running trial 2."""

    def decide(event: Any) -> list[Decision]:
        if isinstance(event, Observed):
            return [Decision(0, Action.STOP, "a"), Decision(3, Action.PAUSE, "d")]
        if isinstance(event, Ended) and event.state is TrialState.STOPPED:
            return [Decision(event.trial + 1, Action.STOP, "bc"[event.trial])]
        return []

    store = WatchedStore(MemoryStore())
    place = stage(scheduler=ScriptedScheduler(decide=decide), store=store)
    intake = place.intake()
    for number in (0, 1):
        paused(place, intake, number)
    for number in (2, 3):
        place.run_trial(intake, number)
    intake.deliver([report(3, 1, 0.5, waits=True)])
    assert store.calls[-1] == ("append", ["Observed", "Ended", "Ended", "Decided", "Decided"])
    assert [event.trial for event in place.logged(Ended)[-2:]] == [0, 1]
    assert [(event.trial, event.why) for event in place.logged(Decided)[-2:]] == [(2, "c"), (3, "d")]


def test_a_failure_keeps_its_reason_and_the_end_of_its_message(stage: Begin) -> None:
    place = stage()
    intake = place.intake()
    place.run_trial(intake)
    intake.deliver([fail(0, "error", "x" * 10 + "y" * MESSAGE_LIMIT)])
    (ended,) = place.logged(Ended)
    assert (ended.state, ended.reason, ended.message) == (TrialState.FAILED, "error", "y" * MESSAGE_LIMIT)


def test_a_lost_process_is_tried_again_until_it_was_killed_too_often(stage: Begin) -> None:
    place = stage()
    intake = place.intake(max_kills=3)
    for attempt in (1, 2):
        place.run_trial(intake, attempt=attempt)
        intake.deliver([lose(0, attempt=attempt)])
        assert place.trial(0).state is TrialState.WAITING
    place.run_trial(intake, attempt=3)
    intake.deliver([lose(0, "by SIGKILL", attempt=3)])
    assert [(event.attempt, event.reason) for event in place.logged(Interrupted)] == [(1, "killed"), (2, "killed")]
    (ended,) = place.logged(Ended)
    assert (ended.state, ended.reason) == (TrialState.FAILED, "killed")
    assert ended.message == "its process was killed 3 times. by SIGKILL"
    assert len(intake.ended) == 3


def test_lost_without_a_reason_is_killed(stage: Begin) -> None:
    place = stage()
    intake = place.intake(max_kills=1)
    place.run_trial(intake)
    intake.deliver([type(lose(0))(0, 1, Outcome.LOST)])
    assert (place.trial(0).state, place.trial(0).reason) == (TrialState.FAILED, "killed")


def test_interruptions_on_request_do_not_count_as_kills(stage: Begin) -> None:
    place = stage()
    intake = place.intake(max_kills=1)
    for attempt, reason in enumerate(["tuner", "interrupted", "tuner"], 1):
        row = place.run_trial(intake, attempt=attempt)
        intake.interrupt(row, reason=reason)
    intake.commit()
    assert (row.state, row.kills, row.attempt) == (TrialState.WAITING, 0, 3)


@pytest.mark.parametrize(("action", "state"), [(Action.STOP, TrialState.STOPPED), (Action.PAUSE, TrialState.PAUSED)])
def test_a_decided_run_that_is_interrupted_ends_as_decided(stage: Begin, action: Action, state: TrialState) -> None:
    place = stage()
    intake = place.intake()
    row = place.run_trial(intake)
    intake.decide(row, action, why="enough", by="person")
    intake.interrupt(row, reason="tuner")
    intake.commit()
    assert (row.state, row.reason, row.message) == (state, "person", "enough")
    assert place.logged(Interrupted) == []
    assert intake.ended == [row]


@pytest.mark.parametrize(
    ("action", "state", "reason"),
    [
        (None, TrialState.FAILED, "timeout"),
        (Action.STOP, TrialState.STOPPED, "person"),
        (Action.PAUSE, TrialState.PAUSED, "person"),
    ],
)
def test_an_end_by_force(stage: Begin, action: Action | None, state: TrialState, reason: str) -> None:
    place = stage()
    intake = place.intake()
    row = place.run_trial(intake)
    if action is not None:
        intake.decide(row, action, why="", by="person")
    intake.end_by_force(row, reason="timeout", message="took too long")
    intake.commit()
    assert place.backend.stopped() == [0]
    assert (row.state, row.reason) == (state, reason)
    assert intake.ended == [row]


def test_an_end_by_force_after_the_last_step_is_completion(stage: Begin) -> None:
    place = stage()
    intake = place.intake()
    row = place.run_trial(intake, until=3)
    intake.deliver([report(0, 3, 0.5)])
    intake.end_by_force(row, reason="timeout", message="took too long")
    intake.commit()
    assert (row.state, row.reason, row.message) == (TrialState.COMPLETED, "", "")


def test_a_failing_append_leaves_nothing_sent(stage: Begin) -> None:
    backend = FakeBackend()
    store = WatchedStore(MemoryStore())
    place = stage(backend=backend, store=store, scheduler=ScriptedScheduler(decide=decide_at(2, Action.STOP)))
    intake = place.intake()
    place.run_trial(intake)
    backend.calls.clear()
    store.fails_at = 0
    with pytest.raises(StoreFullError, match="disk is full"):
        intake.deliver([report(0, 1, 0.5, waits=True), report(0, 2, 0.4, waits=True)])
    assert backend.calls == []
    assert place.logged(Observed) == []
