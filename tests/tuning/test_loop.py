from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec import structs
from tuning_fakes import (
    SPACE,
    FakeBackend,
    ScriptedScheduler,
    Stage,
    WatchedStore,
    decide_at,
    fail,
    finish,
    lose,
    new_trial,
    report,
    save,
)

from rung.commands import ChangeSearcher, ContinueTrial, Enqueue, PauseTrial, StopStudy, StopTrial
from rung.errors import StoreFullError
from rung.events import Decided, Ended, Enqueued, Interrupted, Observed, SessionEnded, Started, WorkerPaused
from rung.schedulers.asha import ASHA
from rung.schedulers.basic import BasicScheduler
from rung.searchers.manual import ManualSearcher
from rung.store import MemoryStore
from rung.tuning.loop import Loop
from rung.tuning.starter import Limits
from rung.types import Action, Decision, Exhausted, Handle, Launched, Proposal, TrialState, Verdict, Wait

Begin = Callable[..., Stage]


def at(clock: float, *facts: Any) -> Callable[..., None]:
    """A poll that lasts until then and delivers these facts."""

    def poll(backend: FakeBackend, deliver: Any) -> None:
        backend.clock = clock
        deliver(facts)

    return poll


def states(place: Stage) -> list[TrialState]:
    return [row.state for _, row in sorted(place.session.ledger.trials.items())]


def next_session(place: Stage, begin: Begin, **parts: Any) -> Stage:
    place.open.leave(place.session, "test")
    return begin(store=place.store, **parts)


def test_one_trial_after_the_other(stage: Begin) -> None:
    place = stage()
    place.backend.script.extend([[report(0, 1, 0.5), finish(0)], [], [finish(1)]])
    loop = place.loop(new_trials=2)
    assert loop.run() == "done"
    assert place.backend.started() == [(0, 1), (1, 1)]
    assert states(place) == [TrialState.COMPLETED] * 2
    assert [job.folder for job in place.backend.jobs] == [f"{place.folder}/trial-0000{n}" for n in (0, 1)]


def test_all_free_workers_start_in_one_transaction_and_only_after_it(stage: Begin) -> None:
    backend = FakeBackend(slots=3)
    store = WatchedStore(MemoryStore(), backend.calls)
    place = stage(backend=backend, store=store)
    backend.script.append([finish(0), finish(1), finish(2)])
    backend.calls.clear()
    place.loop(new_trials=3).run()
    assert backend.calls[:4] == [("append", ["Started"] * 3), *(("start", number, 1) for number in range(3))]


def test_the_free_worker_with_the_lowest_number_is_next(stage: Begin) -> None:
    place = stage(backend=FakeBackend(slots=3))
    place.backend.script.extend([[finish(1)], [finish(2), finish(0)], [finish(3)], [finish(4), finish(5)]])
    place.loop(new_trials=6).run()
    assert [(event.trial, event.worker) for event in place.logged(Started)] == [
        (0, 0), (1, 1), (2, 2), (3, 1), (4, 0), (5, 2),
    ]  # fmt: skip


def test_while_the_scheduler_waits_the_running_trials_go_on(stage: Begin) -> None:
    def propose(scheduler: ScriptedScheduler, new_trials: bool) -> Any:
        done = any(isinstance(event, Observed) for event in scheduler.seen)
        n = len(scheduler.started)
        return new_trial(n) if n == 0 or (done and n < 2) else Wait("for a report")

    place = stage(backend=FakeBackend(slots=2), scheduler=ScriptedScheduler(propose))
    place.backend.script.extend([[], [report(0, 1, 0.5)], [finish(0), finish(1)]])
    assert place.loop().run() == "done"
    assert place.backend.started() == [(0, 1), (1, 1)]


def test_nothing_left_to_try(stage: Begin) -> None:
    place = stage(scheduler=ScriptedScheduler([new_trial(0)]))
    place.backend.script.append([finish(0)])
    assert place.loop().run() == "exhausted"


def test_what_is_lost_is_tried_again_before_anything_new(stage: Begin) -> None:
    place = stage()
    place.backend.script.extend([[report(0, 1, 0.5), lose(0)], [finish(0, attempt=2)], [finish(1)]])
    place.loop(new_trials=2).run()
    assert place.backend.started() == [(0, 1), (0, 2), (1, 1)]
    assert place.backend.jobs[1].last_step == 1
    assert states(place) == [TrialState.COMPLETED] * 2


def test_a_poll_lasts_as_long_as_a_command_may_lie(stage: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    timeouts: list[float] = []
    place = stage()

    def poll(timeout: float, deliver: Any) -> None:
        timeouts.append(timeout)
        deliver([finish(0)])

    monkeypatch.setattr(place.backend, "poll", poll)
    monkeypatch.setattr("rung.tuning.loop.INBOX_PERIOD_S", 0.2)
    place.loop(new_trials=1).run()
    assert timeouts == [0.2]


def test_the_inbox_is_looked_at_once_in_a_while_by_the_real_clock(
    stage: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = SimpleNamespace(now=0.0)
    monkeypatch.setattr("rung.tuning.loop.INBOX_PERIOD_S", 0.2)
    monkeypatch.setattr("rung.tuning.loop.time", SimpleNamespace(monotonic=lambda: real.now))
    place = stage()
    handled: list[int] = []

    def look(now: float) -> Callable[..., None]:
        def poll(backend: FakeBackend, deliver: Any) -> None:
            backend.clock += 1000.0
            real.now = now
            deliver([])
            handled.append(len(place.logged(Enqueued)))

        return poll

    def post(backend: FakeBackend, deliver: Any) -> None:
        place.store.post("s", Enqueue({"x": 0.5, "n": 1}))

    place.backend.script.extend([post, look(0.1), look(0.19), look(0.21), [finish(0)]])
    place.loop(new_trials=1).run()
    assert handled == [0, 0, 1]


def test_the_lease_is_looked_after(stage: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    place = stage()
    n = 0

    def check_lease() -> None:
        nonlocal n
        n += 1

    monkeypatch.setattr(place.session, "check_lease", check_lease)
    place.backend.script.extend([[], [finish(0)]])
    place.loop(new_trials=1).run()
    assert n >= 3


# Failures in a row


def run_failing(place: Stage, reasons: list[str | None], *, seconds: float = 1.0, **limits: Any) -> Any:
    """Trials that take ``seconds`` each and fail with these reasons; None succeeds, ``lost`` loses its process."""
    clock = 0.0
    attempts: dict[int, int] = {}
    trial = 0
    for reason in reasons:
        attempt = attempts[trial] = attempts.get(trial, 0) + 1
        clock += seconds
        if reason == "lost":
            place.backend.script.append(at(clock, lose(trial, attempt=attempt)))
            continue
        fact = finish(trial, attempt=attempt) if reason is None else fail(trial, reason, attempt=attempt)
        place.backend.script.append(at(clock, fact))
        trial += 1
    loop = place.loop(new_trials=trial, **limits)
    loop.run()
    return loop


@pytest.mark.parametrize("reason", ["error", "oom", "exit", "crashed", "killed", "no_value", "bad_value"])
def test_a_worker_on_which_everything_fails_is_paused(stage: Begin, reason: str) -> None:
    place = stage()
    loop = run_failing(place, [reason, reason, reason])
    assert loop.why == "failures"
    (event,) = place.logged(WorkerPaused)
    assert (event.worker, event.why) == (0, "3 failures in a row, the last one in trial 2")
    assert loop.workers.last_failure == f"trial 2: {reason}: it broke"


@pytest.mark.parametrize(
    ("reasons", "seconds", "limit"),
    [
        (["error", "error"], 1.0, 3),
        (["error", "error", None, "error", "error"], 1.0, 3),
        (["error", "error", "nan", "error", "error"], 1.0, 3),
        (["timeout", "timeout", "stalled", "stalled"], 1.0, 3),
        (["error"] * 6, 31.0, 3),  # 62 s from the first to the third
        (["error"] * 6, 1.0, None),
        (["error"] * 3, 1.0, 4),
    ],
)
def test_when_a_worker_is_not_paused(
    stage: Begin, reasons: list[str | None], seconds: float, limit: int | None
) -> None:
    place = stage()
    loop = run_failing(place, reasons, seconds=seconds, failures_in_a_row=limit)
    assert place.logged(WorkerPaused) == []
    assert loop.why == ""


def test_the_last_failures_count_however_many_there_were(stage: Begin) -> None:
    place = stage()
    assert run_failing(place, ["error"] * 3, seconds=30.0).why == "failures"  # 60 s from the first to the third


def test_a_lost_process_neither_counts_nor_clears_a_worker(stage: Begin) -> None:
    place = stage()
    loop = run_failing(place, ["error", "lost", "error", "lost", "lost", "error"], max_kills=3)
    assert loop.why == "failures"
    assert place.logged(WorkerPaused)[0].why.endswith("trial 2")


def test_the_other_workers_go_on(stage: Begin) -> None:
    place = stage(backend=FakeBackend(slots=2))
    place.backend.script.extend([[fail(0)], [fail(2)], [fail(3)], [finish(1)], [finish(4)]])
    loop = place.loop(new_trials=5)
    assert loop.run() == "done"
    assert [event.worker for event in place.logged(WorkerPaused)] == [0]
    assert [event.worker for event in place.logged(Started)] == [0, 1, 0, 0, 1]


def test_no_paused_worker_left_over_in_the_next_session(stage: Begin) -> None:
    place = stage()
    run_failing(place, ["error"] * 3)
    again = next_session(place, stage)
    again.backend.script.append([finish(3)])
    assert again.loop(new_trials=1).run() == "done"


# Limits


def test_time_is_up(stage: Begin) -> None:
    place = stage(backend=FakeBackend(slots=2))
    place.backend.script.extend([at(9.9, report(0, 1, 0.5)), at(10.0, finish(1))])
    loop = place.loop(seconds=10.0)
    assert loop.run() == "seconds"
    assert states(place) == [TrialState.WAITING, TrialState.COMPLETED]
    assert place.backend.stopped() == [0]
    assert [(event.trial, event.reason) for event in place.logged(Interrupted)] == [(0, "interrupted")]
    again = next_session(place, stage)
    again.backend.script.append([finish(0, attempt=2)])
    assert again.loop(new_trials=0).run() == "done"
    assert again.backend.started() == [(0, 2)]


def test_seconds_count_from_the_beginning_of_the_run(stage: Begin) -> None:
    place = stage()
    place.backend.script.append(at(50.0, finish(0)))
    place.loop(new_trials=1).run()
    again = next_session(place, stage)
    again.backend.script.extend([at(5.0, finish(1)), at(12.0, finish(2))])
    assert again.loop(seconds=10.0).run() == "seconds"
    assert states(again) == [TrialState.COMPLETED] * 3


def test_time_is_up_also_for_what_is_only_waited_for(stage: Begin) -> None:
    place = stage()
    loop = place.loop(seconds=10.0)
    place.backend.script.extend([lambda backend, deliver: loop.stop("interrupted"), at(11.0)])
    assert loop.run() == "interrupted"
    assert states(place) == [TrialState.WAITING]


def test_a_trial_that_takes_too_long(stage: Begin) -> None:
    place = stage(backend=FakeBackend(slots=2))
    place.backend.script.extend(
        [at(5.0, finish(0)), at(10.0, report(1, 1, 0.5)), at(10.5), at(15.0, report(2, 1, 0.5)), at(15.5)]
    )
    assert place.loop(new_trials=3, trial_seconds=10.0).run() == "done"
    assert states(place) == [TrialState.COMPLETED, TrialState.FAILED, TrialState.FAILED]
    assert place.trial(1).reason == "timeout"
    assert place.trial(1).message == "took more than 10 s"
    assert [place.trial(number).runtime for number in (1, 2)] == [10.5, 10.5]
    assert place.backend.stopped() == [1, 2]


def test_a_trial_that_reports_no_more(stage: Begin) -> None:
    place = stage()
    place.backend.script.extend([at(9.0, report(0, 1, 0.5)), at(18.0, report(0, 2, 0.4)), at(28.0), at(28.1)])
    place.loop(new_trials=1, stall_seconds=10.0).run()
    assert (place.trial(0).reason, place.trial(0).message) == ("stalled", "no report for 10 s")
    assert place.trial(0).ended_at == 28.1


def test_going_through_known_steps_again_is_a_sign_of_life(stage: Begin) -> None:
    place = stage()
    place.backend.script.extend(
        [
            at(5.0, report(0, 1, 0.5), report(0, 2, 0.4), lose(0)),
            at(14.0, report(0, 1, 0.5, attempt=2)),
            at(23.0, report(0, 2, 0.4, attempt=2)),
            at(32.0, finish(0, attempt=2)),
        ]
    )
    place.loop(new_trials=1, stall_seconds=10.0).run()
    assert states(place) == [TrialState.COMPLETED]


def test_the_first_broken_limit_gives_the_reason(stage: Begin) -> None:
    place = stage()
    place.backend.script.append(at(100.0))
    place.loop(new_trials=1, trial_seconds=20.0, stall_seconds=10.0).run()
    assert place.trial(0).reason == "stalled"


def test_who_does_not_obey_a_stop_is_ended_by_force(stage: Begin) -> None:
    place = stage(scheduler=ScriptedScheduler(decide=decide_at(1, Action.STOP)))
    place.backend.script.extend([at(10.0, report(0, 1, 0.5)), at(40.0), at(610.0), at(610.5)])
    place.loop(new_trials=1).run()
    assert place.backend.stopped() == [0]
    assert (place.trial(0).state, place.trial(0).reason) == (TrialState.STOPPED, "scheduler")
    assert place.trial(0).ended_at == 610.5


def test_who_gave_nan_and_does_not_obey_has_failed(stage: Begin) -> None:
    place = stage()
    place.backend.script.extend([at(0.0, report(0, 1, float("nan"))), at(3.0)])
    place.loop(new_trials=1, stop_grace_s=2.0).run()
    assert (place.trial(0).state, place.trial(0).reason) == (TrialState.FAILED, "nan")


def test_who_is_to_pause_has_time_until_its_checkpoint(stage: Begin) -> None:
    place = stage(scheduler=ScriptedScheduler(decide=decide_at(1, Action.PAUSE)))
    place.backend.script.extend([at(10.0, report(0, 1, 0.5)), at(500.0), at(610.0, finish(0))])
    place.loop(new_trials=1).run()
    assert place.backend.stopped() == []
    assert states(place) == [TrialState.PAUSED]


def test_who_does_not_obey_a_pause_is_paused_by_force(stage: Begin) -> None:
    place = stage(scheduler=ScriptedScheduler(decide=decide_at(1, Action.PAUSE)))
    place.backend.script.extend([at(10.0, report(0, 1, 0.5)), at(30.0, report(0, 2, 0.4)), at(40.0), at(40.5)])
    place.loop(new_trials=1, stop_grace_s=30.0).run()
    assert place.backend.stopped() == [0]
    assert (place.trial(0).state, place.trial(0).reason) == (TrialState.PAUSED, "scheduler")
    assert place.trial(0).ended_at == 40.5


def bound(until: int) -> ScriptedScheduler:
    return ScriptedScheduler([new_trial(0, until=until)])


@pytest.mark.parametrize("limits", [{}, {"stall_seconds": 20.0}, {"trial_seconds": 35.0}])
def test_who_goes_on_past_its_last_step_is_completed_by_force(stage: Begin, limits: dict[str, float]) -> None:
    place = stage(scheduler=bound(2))
    place.backend.script.extend([at(10.0, report(0, 2, 0.5)), at(25.0, report(0, 3, 0.4)), at(55.0), at(55.5)])
    place.loop(stop_grace_s=30.0, **limits).run()
    assert place.backend.stopped() == [0]
    assert (place.trial(0).state, place.trial(0).reason, place.trial(0).message) == (TrialState.COMPLETED, "", "")
    assert place.trial(0).ended_at == (55.5 if not limits else 55.0)


def test_who_has_not_come_to_its_last_step_has_no_such_limit(stage: Begin) -> None:
    place = stage(scheduler=bound(2))
    place.backend.script.extend([at(10.0, report(0, 1, 0.5)), at(9000.0), at(9001.0, finish(0))])
    place.loop(stop_grace_s=30.0).run()
    assert place.backend.stopped() == []
    assert states(place) == [TrialState.COMPLETED]


def test_a_retry_goes_through_known_steps_up_to_its_last_in_its_own_time(stage: Begin) -> None:
    """The last step is in the log already; each known step that comes again is a sign of life."""
    place = stage(scheduler=bound(2))
    again = [at(clock, report(0, step, 0.5, attempt=2)) for clock, step in ((39.0, 1), (68.0, 2))]
    place.backend.script.extend([at(10.0, report(0, 2, 0.5), lose(0)), *again, at(98.0, finish(0, attempt=2))])
    place.loop(stop_grace_s=30.0).run()
    assert place.backend.stopped() == []
    assert states(place) == [TrialState.COMPLETED]


def test_limits_of_a_trial_count_from_where_its_process_runs(stage: Begin) -> None:
    place = stage()
    place.backend.script.extend(
        [at(100.0, Launched(0, 1, "here", 42)), at(109.0, report(0, 1, 0.5)), at(110.0), at(110.5)]
    )
    place.loop(new_trials=1, trial_seconds=10.0, stall_seconds=10.0).run()
    assert (place.trial(0).reason, place.trial(0).ended_at, place.trial(0).runtime) == ("timeout", 110.5, 10.5)


def test_a_pause_that_breaks_a_limit_is_a_pause(stage: Begin) -> None:
    place = stage(scheduler=ScriptedScheduler(decide=decide_at(1, Action.PAUSE)))
    place.backend.script.extend([at(10.0, report(0, 1, 0.5)), at(50.5)])
    place.loop(new_trials=1, trial_seconds=50.0).run()
    assert place.backend.stopped() == [0]
    assert states(place) == [TrialState.PAUSED]


def test_limits_follow_the_backends_clock_alone(stage: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a simulated clock nothing may depend on how much real time has passed."""
    monkeypatch.setattr("rung.tuning.loop.INBOX_PERIOD_S", 1000.0)
    place = stage()
    place.backend.script.extend([at(5.0, report(0, 1, 0.5)), at(10.5)])
    place.loop(new_trials=1, trial_seconds=10.0).run()
    assert (place.trial(0).reason, place.trial(0).ended_at) == ("timeout", 10.5)


# Adoption


def left_running(begin: Begin, n: int = 3) -> Stage:
    """A study whose tuner was killed while n trials ran on as many workers."""
    place = begin(backend=FakeBackend(slots=n))
    intake = place.intake()
    for number in range(n):
        place.run_trial(intake, number, worker=number)
    intake.deliver([report(0, 1, 0.5)])
    return place


def test_what_an_earlier_tuner_left_is_tried_again(stage: Begin) -> None:
    place = left_running(stage)
    again = stage(store=place.store, backend=FakeBackend(slots=3))
    again.backend.script.append([finish(number, attempt=2) for number in range(3)])
    assert again.loop(new_trials=0).run() == "done"
    assert {event.reason for event in again.logged(Interrupted)} == {"tuner"}
    assert again.backend.started() == [(0, 2), (1, 2), (2, 2)]
    assert states(again) == [TrialState.COMPLETED] * 3
    assert place.trial(0).kills == 0


def test_what_still_lives_is_adopted(stage: Begin) -> None:
    place = left_running(stage)
    backend = FakeBackend(slots=3)
    backend.alive = [Handle(1, 1), Handle(8, 1)]
    again = stage(store=place.store, backend=backend)
    backend.script.extend([[report(1, 1, 0.4)], [finish(1), finish(0, attempt=2), finish(2, attempt=2)]])
    again.loop(new_trials=0).run()
    assert backend.started() == [(0, 2), (2, 2)]
    assert backend.stopped() == [8]
    assert [event.worker for event in again.logged(Started)[3:]] == [0, 2]
    assert [(event.trial, event.attempt) for event in again.logged(Observed)] == [(0, 1), (1, 1)]


def test_a_live_run_of_an_older_attempt_is_stopped(stage: Begin) -> None:
    place = left_running(stage, 1)
    intake = place.intake()
    intake.interrupt(place.trial(0), reason="killed")
    place.run_trial(intake, attempt=2, cause="retried")
    backend = FakeBackend()
    backend.alive = [Handle(0, 1)]
    again = stage(store=place.store, backend=backend)
    backend.script.append([finish(0, attempt=3)])
    again.loop(new_trials=0).run()
    assert backend.calls[:2] == [("stop", 0), ("start", 0, 3)]


def test_with_fewer_workers_than_before_nobody_gets_more_than_its_share(stage: Begin) -> None:
    place = left_running(stage)
    backend = FakeBackend(slots=2)
    backend.alive = [Handle(0, 1), Handle(2, 1)]
    again = stage(store=place.store, backend=backend)
    backend.script.extend([[finish(0)], [finish(1, attempt=2), finish(2, attempt=2)]])
    again.loop(new_trials=0).run()
    assert backend.stopped() == [2]
    assert backend.started() == [(1, 2), (2, 2)]
    assert [event.worker for event in again.logged(Started)[3:]] == [1, 0]


@pytest.mark.parametrize(("action", "state"), [(Action.STOP, TrialState.STOPPED), (Action.PAUSE, TrialState.PAUSED)])
def test_what_was_decided_before_the_tuner_was_killed_holds(stage: Begin, action: Action, state: TrialState) -> None:
    place = left_running(stage, 1)
    place.intake().decide(place.trial(0), action, why="rank 9 of 9", by="scheduler")
    place.session.flush()
    again = stage(store=place.store)
    again.loop(new_trials=0).run()
    assert (again.trial(0).state, again.trial(0).message) == (state, "rank 9 of 9")


def test_an_adopted_run_hears_again_what_was_decided(stage: Begin) -> None:
    place = left_running(stage, 1)
    place.intake().decide(place.trial(0), Action.STOP, why="rank 9 of 9", by="scheduler")
    place.session.flush()
    backend = FakeBackend()
    backend.alive = [Handle(0, 1)]
    again = stage(store=place.store, backend=backend)
    backend.script.append([finish(0)])
    again.loop(new_trials=0).run()
    assert backend.sent() == [(0, Verdict(Action.STOP, 1, "rank 9 of 9"))]
    assert states(again) == [TrialState.STOPPED]


# Commands and stops


def post(place: Stage, command: Any, *facts: Any) -> Callable[..., None]:
    def poll(backend: FakeBackend, deliver: Any) -> None:
        place.store.post("s", command)
        deliver(facts)

    return poll


def test_commands_reach_running_trials(stage: Begin) -> None:
    place = stage(backend=FakeBackend(slots=2))
    place.backend.script.extend([post(place, StopTrial(0)), post(place, PauseTrial(1)), [finish(0), finish(1)], []])
    place.loop(new_trials=2).run()
    assert states(place) == [TrialState.STOPPED, TrialState.PAUSED]
    assert [message.action for _, message in place.backend.sent()] == [Action.STOP, Action.PAUSE]


def test_a_continued_trial_runs_before_anything_new(stage: Begin) -> None:
    place = stage(scheduler=ScriptedScheduler(decide=decide_at(1, Action.PAUSE)))
    place.backend.script.extend(
        [[report(0, 1, 0.5), finish(0)], post(place, ContinueTrial(0), finish(1)), [finish(0, attempt=2)]]
    )
    place.loop(new_trials=2).run()
    assert place.backend.started() == [(0, 1), (1, 1), (0, 2)]
    assert place.logged(Started)[2].cause == "resumed"


def test_a_stop_of_the_study_waits_for_what_runs(stage: Begin) -> None:
    place = stage()
    place.backend.script.extend([post(place, StopStudy()), [report(0, 1, 0.5)], [finish(0)]])
    assert place.loop().run() == "stopped"
    assert states(place) == [TrialState.COMPLETED]
    assert place.backend.stopped() == []


def test_a_stop_of_the_study_now(stage: Begin) -> None:
    place = stage()
    place.backend.script.append(post(place, StopStudy(how="now")))
    assert place.loop().run() == "stopped"
    assert states(place) == [TrialState.WAITING]
    assert place.backend.stopped() == [0]


def test_a_stop_now_after_a_stop_that_waits(stage: Begin) -> None:
    place = stage()
    place.backend.script.extend([post(place, StopStudy()), [], post(place, StopStudy(how="now"))])
    assert place.loop().run() == "stopped"
    assert states(place) == [TrialState.WAITING]


def test_a_pause_of_the_study_ends_what_runs_at_its_next_checkpoint(stage: Begin) -> None:
    place = stage(backend=FakeBackend(slots=2))
    place.backend.script.extend(
        [
            post(place, StopStudy(how="pause"), report(0, 1, 0.5), report(1, 1, 0.6)),
            [save(0, 1, "/c0"), finish(0)],
            [save(1, 1, "/c1"), finish(1)],
        ]
    )
    place.scheduler.seen.clear()
    assert place.loop().run() == "paused"
    assert states(place) == [TrialState.WAITING] * 2
    assert [(row.reason, row.kills, row.decided) for row in map(place.trial, (0, 1))] == [
        ("interrupted", 0, Action.PAUSE)
    ] * 2
    assert place.backend.stopped() == []
    assert [(trial, message.action) for trial, message in place.backend.sent()] == [
        (0, Action.PAUSE),
        (1, Action.PAUSE),
    ]
    assert [(event.action, event.by) for event in place.logged(Decided)] == [(Action.PAUSE, "study")] * 2
    assert {type(event) for event in place.scheduler.seen} == {Started, Observed}, (
        "it is none of the scheduler's business"
    )


def test_what_waits_since_a_pause_of_the_study_goes_on_from_its_checkpoint(stage: Begin) -> None:
    place = stage()
    place.backend.script.extend(
        [post(place, StopStudy(how="pause"), report(0, 1, 0.5)), [save(0, 1, "/c0"), finish(0)]]
    )
    place.loop(new_trials=1).run()
    again = next_session(place, stage)
    again.backend.script.append([report(0, 2, 0.4, attempt=2), finish(0, attempt=2)])
    assert again.loop(new_trials=1, max_trials=1).run() == "done"
    (job,) = again.backend.jobs
    assert (job.attempt, job.last_step, [each.step for each in job.checkpoints]) == (2, 1, [1])
    assert [event.cause for event in again.logged(Started)] == ["new", "retried"]
    assert states(again) == [TrialState.COMPLETED]


@pytest.mark.parametrize(
    ("fact", "state", "reason"),
    [
        (fail(0), TrialState.FAILED, "error"),
        (lose(0), TrialState.WAITING, "interrupted"),
        (report(0, 2, float("nan")), TrialState.FAILED, "nan"),
        (structs.replace(finish(0), is_whole=True), TrialState.COMPLETED, ""),
    ],
)
def test_how_a_run_may_end_while_the_study_is_being_paused(
    stage: Begin, fact: Any, state: TrialState, reason: str
) -> None:
    place = stage()
    place.backend.script.extend([post(place, StopStudy(how="pause")), [fact, finish(0)]])
    assert place.loop().run() == "paused"
    assert states(place) == [state]
    assert place.trial(0).reason == reason


def test_who_does_not_obey_a_pause_of_the_study_is_ended_and_waits(stage: Begin) -> None:
    place = stage()
    place.backend.script.extend([post(place, StopStudy(how="pause")), at(10.5)])
    assert place.loop(stop_grace_s=10).run() == "paused"
    assert states(place) == [TrialState.WAITING]
    assert place.backend.stopped() == [0]


@pytest.mark.parametrize(("limit", "reason"), [("trial_seconds", "timeout"), ("stall_seconds", "stalled")])
def test_who_breaks_a_limit_while_the_study_is_being_paused_fails(stage: Begin, limit: str, reason: str) -> None:
    place = stage()
    place.backend.script.extend([post(place, StopStudy(how="pause")), at(10.5)])
    assert place.loop(**{limit: 10}).run() == "paused"
    assert (place.trial(0).state, place.trial(0).reason) == (TrialState.FAILED, reason)


@pytest.mark.parametrize("how", ["pause", "now"])
def test_a_trial_that_was_told_to_stop_does_not_wait_when_the_study_is_paused(stage: Begin, how: Any) -> None:
    place = stage()
    place.backend.script.extend(
        [post(place, StopTrial(0)), post(place, StopStudy(how=how)), *([[finish(0)]] if how == "pause" else [])]
    )
    assert place.loop().run() == ("paused" if how == "pause" else "stopped")
    assert states(place) == [TrialState.STOPPED]


@pytest.mark.parametrize(("action", "state"), [(Action.STOP, TrialState.STOPPED), (Action.PAUSE, TrialState.PAUSED)])
def test_what_the_scheduler_decides_while_the_study_is_being_paused_holds(
    stage: Begin, action: Action, state: TrialState
) -> None:
    place = stage(scheduler=ScriptedScheduler(decide=decide_at(2, action)))
    place.backend.script.extend(
        [post(place, StopStudy(how="pause"), report(0, 1, 0.5)), [report(0, 2, 0.4), finish(0)]]
    )
    assert place.loop().run() == "paused"
    assert (place.trial(0).state, place.trial(0).reason) == (state, "scheduler")
    assert [event.by for event in place.logged(Decided)] == ["study", "scheduler"]
    assert [message.action for _, message in place.backend.sent()] == [Action.PAUSE, action]


def test_a_person_may_stop_a_trial_while_the_study_is_being_paused(stage: Begin) -> None:
    place = stage()
    place.backend.script.extend([post(place, StopStudy(how="pause")), post(place, StopTrial(0)), [finish(0)]])
    assert place.loop().run() == "paused"
    assert (place.trial(0).state, place.trial(0).reason) == (TrialState.STOPPED, "person")


@pytest.mark.parametrize("ends", [[finish(0)], []])
def test_who_has_come_to_its_last_step_does_not_wait_for_another_session(stage: Begin, ends: list[Any]) -> None:
    place = stage(scheduler=ScriptedScheduler([new_trial(0, until=2)]))
    place.backend.script.extend([post(place, StopStudy(how="pause")), [report(0, 2, 0.5), *ends], at(10.5)])
    assert place.loop(stop_grace_s=10).run() == "paused"
    assert states(place) == [TrialState.COMPLETED]


def test_the_stronger_word_holds_when_a_study_is_stopped_twice(stage: Begin) -> None:
    place = stage()
    place.backend.script.extend([post(place, StopStudy(how="pause")), post(place, StopStudy(how="now"))])
    assert place.loop().run() == "paused"
    assert states(place) == [TrialState.WAITING]
    assert place.backend.stopped() == [0]


def test_a_tuner_that_was_killed_while_it_paused_leaves_waiting_trials(stage: Begin) -> None:
    place = stage()
    loop = place.loop()
    place.backend.script.append(lambda backend, deliver: loop.pause("stopped") or pytest.fail("killed here"))
    with pytest.raises(pytest.fail.Exception):
        loop.run()
    again = stage(store=place.store)
    again.backend.script.append([finish(0, attempt=2)])
    assert again.loop(max_trials=1).run() == "done"
    assert [(event.attempt, event.cause) for event in again.logged(Started)] == [(1, "new"), (2, "retried")]


def test_what_is_lost_after_a_stop_waits_for_the_next_session(stage: Begin) -> None:
    place = stage()
    loop = place.loop()
    place.backend.script.extend([lambda backend, deliver: loop.stop("interrupted"), [lose(0)]])
    assert loop.run() == "interrupted"
    assert place.backend.started() == [(0, 1)]
    assert states(place) == [TrialState.WAITING]


def test_the_first_reason_to_stop_is_the_one(stage: Begin) -> None:
    loop = stage().loop()
    loop.stop("interrupted")
    loop.stop("stopped")
    assert loop.run() == "interrupted"


def test_end_now_ends_what_runs_as_soon_as_the_loop_looks(stage: Begin) -> None:
    place = stage(backend=FakeBackend(slots=2))
    loop = place.loop()

    def end(backend: FakeBackend, deliver: Any) -> None:
        loop.end_now = True
        deliver([report(0, 1, 0.5, waits=True)])

    place.backend.script.append(end)
    assert loop.run() == "interrupted"
    assert states(place) == [TrialState.WAITING] * 2
    assert place.backend.stopped() == [0, 1]


def test_end_now_between_two_trials_starts_nothing_more(stage: Begin) -> None:
    place = stage()
    loop = place.loop()

    def end(backend: FakeBackend, deliver: Any) -> None:
        deliver([finish(0)])
        loop.end_now = True

    place.backend.script.append(end)
    assert loop.run() == "interrupted"
    assert place.backend.started() == [(0, 1)]


def test_an_interrupt_out_of_an_objective_in_this_thread(stage: Begin) -> None:
    place = stage(backend=FakeBackend(runs_in_caller=True))

    def interrupt(backend: FakeBackend, deliver: Any) -> None:
        deliver([report(0, 1, 0.5)])
        raise KeyboardInterrupt

    place.backend.script.append(interrupt)
    loop = place.loop()
    assert loop.run() == "interrupted"
    assert loop.end_now
    assert not loop.is_in_objective
    assert states(place) == [TrialState.WAITING]
    assert place.trial(0).last_step == 1


@pytest.mark.parametrize("runs_in_caller", [True, False])
def test_when_an_objective_may_be_interrupted(stage: Begin, *, runs_in_caller: bool) -> None:
    backend = FakeBackend(runs_in_caller=runs_in_caller)
    store = WatchedStore(MemoryStore())
    place = stage(backend=backend, store=store)
    seen: list[tuple[str, bool]] = []
    loop = place.loop(new_trials=1)
    place.session._observers = (lambda event, ledger: seen.append((type(event).__name__, loop.is_in_objective)),)

    def poll(backend: FakeBackend, deliver: Any) -> None:
        seen.append(("before", loop.is_in_objective))
        deliver([report(0, 1, 0.5)])
        seen.append(("after", loop.is_in_objective))
        deliver([finish(0)])

    backend.script.append(poll)
    loop.run()
    assert seen == [
        ("Started", False),
        ("before", runs_in_caller),
        ("Observed", False),
        ("after", runs_in_caller),
        ("Ended", False),
    ]
    assert not loop.is_in_objective


# Order


def test_a_decision_because_of_a_start_reaches_the_trial_after_its_start(stage: Begin) -> None:
    def decide(event: Any) -> list[Decision]:
        return [Decision(0, Action.STOP, "replaced")] if isinstance(event, Started) and event.trial == 1 else []

    place = stage(backend=FakeBackend(slots=2), scheduler=ScriptedScheduler(decide=decide))
    place.backend.script.append([finish(0), finish(1)])
    place.loop(new_trials=2).run()
    assert place.backend.calls == [
        ("start", 0, 1),
        ("start", 1, 1),
        ("send", 0, Verdict(Action.STOP, 0, "replaced")),
    ]
    assert states(place) == [TrialState.STOPPED, TrialState.COMPLETED]


def test_a_worker_is_not_given_twice_when_its_trial_goes_on_elsewhere_at_once(stage: Begin) -> None:
    """Trial 0 is paused by force on worker 0 while worker 1 is free, and is to be continued at once."""

    def propose(scheduler: ScriptedScheduler, new_trials: bool) -> Any:
        if scheduler.seen and isinstance(scheduler.seen[-1], Ended) and scheduler.seen[-1].state is TrialState.PAUSED:
            return Proposal(config={"x": 0.0, "n": 4}, trial=0)
        n = len({event.trial for event in scheduler.started})
        return new_trial(n) if n in {0, 1, 2} and (n < 1 or len(scheduler.seen) > 3) else Wait()

    place = stage(
        backend=FakeBackend(slots=2), scheduler=ScriptedScheduler(propose, decide_at(1, Action.PAUSE, trial=0))
    )

    def silence(backend: FakeBackend, deliver: Any) -> None:
        backend.clock = 11.0

    place.backend.script.extend(
        [at(1.0, report(0, 1, 0.5)), silence, [], [finish(0, attempt=2), finish(1)], [finish(2)]]
    )
    place.loop(trial_seconds=10.0).run()
    running: dict[int, int] = {}
    for event in place.logged(Started, Ended):
        if isinstance(event, Ended):
            del running[event.trial]
        else:
            assert event.worker not in running.values()
            running[event.trial] = event.worker
    assert place.backend.started()[:2] == [(0, 1), (0, 2)]


def test_a_failing_append_starts_nothing(stage: Begin) -> None:
    backend = FakeBackend(slots=2)
    store = WatchedStore(MemoryStore())
    place = stage(backend=backend, store=store)
    store.fails_at = 0
    with pytest.raises(StoreFullError, match="disk is full"):
        place.loop().run()
    assert backend.calls == []
    assert place.logged(Started) == []


def test_the_loop_leaves_the_session_open(stage: Begin) -> None:
    place = stage(scheduler=ScriptedScheduler([Exhausted()]))
    assert place.loop().run() == "exhausted"
    assert place.logged(SessionEnded) == []


# ---- waiting for a person


class Naps:
    """What happens instead of each nap of a loop that waits for a person; one nap more is a failure."""

    def __init__(self, place: Stage, monkeypatch: pytest.MonkeyPatch, *naps: Callable[[], object]) -> None:
        self.said: list[str] = []
        self.seconds: list[float] = []
        self._place = place
        self._naps = list(naps)
        monkeypatch.setattr("rung.tuning.patience.time.sleep", self._sleep)
        place.backend.poll = self._finish_all

    def loop(self, **limits: Any) -> Loop:
        place = self._place
        return Loop(place.session, place.backend, folder=place.folder, limits=Limits(**limits), say=self.said.append)

    def _sleep(self, seconds: float) -> None:
        self.seconds.append(seconds)
        assert self._naps, "it goes on waiting"
        self._naps.pop(0)()

    def _finish_all(self, timeout: float, deliver: Any) -> None:
        for row in list(self._place.session.ledger.running.values()):
            told = report(row.number, row.last_step + 1, 0.5, attempt=row.attempt)
            deliver([told, finish(row.number, attempt=row.attempt)])


def by_hand(stage: Begin, *, slots: int = 1, scheduler: Any = BasicScheduler) -> tuple[Stage, Callable[..., Any]]:
    """A study whose searcher suggests nothing, and what a person does to it: posting commands."""
    place = stage(scheduler=scheduler(ManualSearcher(SPACE)), backend=FakeBackend(slots=slots))

    def posting(*commands: Any) -> Callable[[], object]:
        return lambda: [place.store.post("s", command) for command in commands]

    return place, posting


def nothing() -> None:
    """A nap in which nobody does anything."""


def test_nothing_runs_until_a_person_says_what(stage: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    place, posting = by_hand(stage)
    ideas = [{"x": 0.25, "n": 3}, {"x": 0.5, "n": 4}]
    monkeypatch.setattr("rung.tuning.loop.INBOX_PERIOD_S", 0.2)
    naps = (nothing, posting(Enqueue(ideas[0])), nothing, posting(Enqueue(ideas[1])), posting(StopStudy()))
    patience = Naps(place, monkeypatch, *naps)
    monkeypatch.setattr("rung.tuning.loop.time", SimpleNamespace(monotonic=iter(range(1000)).__next__))
    assert patience.loop().run() == "stopped"
    assert [event.config for event in place.logged(Started)] == ideas
    assert patience.seconds == [0.2] * 5
    assert len(patience.said) == 3  # at first, and after each of the two


def test_waiting_ends_with_the_number_of_trials(stage: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    place, posting = by_hand(stage, slots=2)
    ideas = [{"x": number / 10, "n": 1} for number in range(4)]
    patience = Naps(place, monkeypatch, posting(*map(Enqueue, ideas)))
    assert patience.loop(max_trials=3).run() == "done"
    assert [event.config for event in place.logged(Started)] == ideas[:3]


def test_waiting_ends_with_the_time(stage: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    place, _ = by_hand(stage)

    def pass_time() -> None:
        place.backend.clock += 6.0

    assert Naps(place, monkeypatch, pass_time, pass_time).loop(seconds=10.0).run() == "seconds"
    assert place.logged(Started) == []


def test_waiting_ends_with_an_interrupt(stage: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    place, _ = by_hand(stage)
    patience = Naps(place, monkeypatch, lambda: loop.stop("interrupted"))
    loop = patience.loop()
    assert loop.run() == "interrupted"


def test_waiting_ends_when_another_searcher_takes_over(stage: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    place, posting = by_hand(stage)
    patience = Naps(place, monkeypatch, posting(Enqueue({"x": 0.25, "n": 3})), posting(ChangeSearcher(RANDOM)))
    assert patience.loop(max_trials=4).run() == "done"
    assert len({event.config["x"] for event in place.logged(Started)}) == 4


RANDOM = {"name": "random"}


def test_while_a_trial_runs_nobody_naps(stage: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    place, posting = by_hand(stage, slots=2)
    place.store.post("s", Enqueue({"x": 0.25, "n": 3}))
    patience = Naps(place, monkeypatch, posting(StopStudy()))
    polls: list[float] = []

    def poll(timeout: float, deliver: Any) -> None:
        polls.append(timeout)
        if len(polls) == 3:
            place.store.post("s", Enqueue({"x": 0.5, "n": 4}))
        if len(polls) == 5:
            assert place.backend.started() == [(0, 1), (1, 1)], "the free worker took it while the other one worked"
            deliver([finish(0), finish(1)])

    place.backend.poll = poll  # type: ignore[method-assign]
    assert patience.loop().run() == "stopped"
    assert len(polls) == 5
    assert len(patience.said) == 1


def test_a_promoting_scheduler_waits_for_a_person_only_when_nothing_is_due(
    stage: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    def promoting(searcher: Any) -> ASHA:
        return ASHA(searcher, max_t=2, reduction_factor=2, variant="promotion")

    place, posting = by_hand(stage, scheduler=promoting)
    ideas = [{"x": number / 10, "n": 1} for number in range(2)]
    patience = Naps(place, monkeypatch, posting(*map(Enqueue, ideas)), posting(StopStudy()))
    assert patience.loop().run() == "stopped"
    assert [(event.trial, event.cause) for event in place.logged(Started)] == [(0, "new"), (1, "new"), (0, "resumed")]


def test_who_does_not_wait_for_a_person_has_nothing_to_wait_for(stage: Begin) -> None:
    place = stage(scheduler=ScriptedScheduler([Wait("for a report that nobody will make")]))
    assert place.loop().run() == "done"
