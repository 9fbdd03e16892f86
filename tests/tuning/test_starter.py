from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tuning_fakes import ScriptedScheduler, Stage, finish, new_trial, save

from rung.errors import SettingError
from rung.events import Continued
from rung.tuning.endings import Endings
from rung.tuning.engine import trial_seed
from rung.tuning.intake import Intake
from rung.tuning.starter import Limits, Starter
from rung.types import Action, Checkpoint, Exhausted, Proposal, TrialState, Wait

Begin = Callable[..., Stage]


def starter_of(place: Stage, **limits: Any) -> Starter:
    return Starter(place.session, folder=Path("/studies/s"), limits=Limits(**limits), endings=Endings())


def pause(place: Stage, intake: Intake, number: int, *, by: str = "scheduler") -> None:
    intake.decide(place.trial(number), Action.PAUSE, why="", by=by)
    intake.deliver([finish(number, attempt=place.trial(number).attempt)])


def test_a_new_trial_as_the_scheduler_proposes_it(stage: Begin) -> None:
    proposal = new_trial(31, until=9, decide_at=(1, 3), notes={"why": "random"})
    place = stage(scheduler=ScriptedScheduler([proposal]))
    place.backend.clock = 2.0
    started = starter_of(place).next_start(5)
    assert started is not None
    assert (started.trial, started.attempt, started.cause, started.draw) == (0, 1, "new", 0)
    assert (started.config, started.until, started.decide_at) == ({"x": 0.31, "n": 4}, 9, (1, 3))
    assert (started.notes, started.worker, started.at, started.new_trials) == ({"why": "random"}, 5, 2.0, True)
    assert 0 <= started.decide_s < 10
    assert place.session.ledger.trials == {}, "nothing is begun by asking"


def test_numbers_and_draws_go_up(stage: Begin) -> None:
    place = stage()
    starter = starter_of(place)
    for number in range(3):
        started = starter.next_start(0)
        assert started is not None
        assert (started.trial, started.draw) == (number, number)
        place.session.stage(started)


def test_going_on_with_a_paused_trial(stage: Begin) -> None:
    place = stage(scheduler=ScriptedScheduler([Proposal(config={"x": 0.5, "n": 1}, trial=1, until=9)]))
    intake = place.intake()
    for number in (0, 1):
        place.run_trial(intake, number, until=3)
        pause(place, intake, number)
    started = starter_of(place, max_trials=2).next_start(0)
    assert started is not None
    assert (started.trial, started.attempt, started.cause, started.until) == (1, 2, "resumed", 9)
    assert (started.draw, started.new_trials) == (0, False)


def test_a_parent_goes_into_the_log(stage: Begin) -> None:
    place = stage(scheduler=ScriptedScheduler([new_trial(1, parent=0)]))
    place.run_trial(place.intake(), 0)
    started = starter_of(place).next_start(0)
    assert started is not None
    assert (started.trial, started.parent, started.parent_checkpoint) == (1, 0, None)


def test_the_checkpoint_that_a_copy_begins_from_goes_into_the_log(stage: Begin) -> None:
    place = stage(scheduler=ScriptedScheduler([new_trial(1, parent=0)]))
    intake = place.intake()
    place.run_trial(intake, 0)
    intake.deliver([save(0, 1, "/a"), save(0, 2, "/b")])
    started = starter_of(place).next_start(0)
    assert started is not None
    assert started.parent_checkpoint == Checkpoint(2, "/b", "0" * 64, 1)
    place.session.stage(started)
    assert place.trial(1).parent_checkpoint == started.parent_checkpoint


@pytest.mark.parametrize("limits", [{"new_trials": 2}, {"max_trials": 3}])
def test_copies_do_not_count_against_limits(stage: Begin, limits: dict[str, int]) -> None:
    proposals = [new_trial(number, parent=0 if number % 2 else None) for number in range(1, 6)]
    place = stage(scheduler=ScriptedScheduler(proposals))
    place.run_trial(place.intake(), 0)
    starter = starter_of(place, **limits)
    may_begin = []
    while (started := starter.next_start(0)) is not None:
        may_begin.append(started.new_trials)
        place.session.stage(started)
    assert may_begin == [True, True, True, True, False]
    assert place.session.study.n_begun == 3


def test_what_was_lost_comes_first_the_lowest_number_before_all(stage: Begin) -> None:
    place = stage()
    intake = place.intake()
    for number in range(4):
        place.run_trial(intake, number, until=5, decide_at=(2,), parent=0 if number else None)
    for number in (3, 1):
        intake.interrupt(place.trial(number), reason="killed")
    intake.commit()
    starter = starter_of(place, new_trials=0)
    order = []
    while (started := starter.next_start(2)) is not None:
        order.append((started.trial, started.attempt, started.cause, started.draw))
        assert (started.until, started.decide_at, started.parent, started.worker) == (5, (2,), 0, 2)
        assert started.config == place.trial(started.trial).config
        place.session.stage(started)
    assert order == [(1, 2, "retried", None), (3, 2, "retried", None)]


def test_a_trial_that_a_person_continues_is_resumed_to_where_it_was_bound(stage: Begin) -> None:
    place = stage()
    intake = place.intake()
    place.run_trial(intake, until=5, decide_at=(2,))
    pause(place, intake, 0, by="person")
    intake.stage(Continued(at=0.0, trial=0, attempt=1))
    started = starter_of(place).next_start(0)
    assert started is not None
    assert (started.trial, started.attempt, started.cause, started.draw) == (0, 2, "resumed", None)
    assert (started.until, started.decide_at) == (5, (2,))


def test_a_person_may_continue_past_where_the_scheduler_paused(stage: Begin) -> None:
    """Else the run would end where it begins, and count as completed."""
    place = stage()
    intake = place.intake()
    row = place.run_trial(intake, until=3)
    row.last_step = 3
    pause(place, intake, 0)
    intake.stage(Continued(at=0.0, trial=0, attempt=1))
    started = starter_of(place).next_start(0)
    assert started is not None
    assert (started.until, started.decide_at) == (None, None)


def test_a_continued_trial_that_is_lost_is_retried(stage: Begin) -> None:
    place = stage()
    intake = place.intake()
    place.run_trial(intake)
    pause(place, intake, 0)
    intake.stage(Continued(at=0.0, trial=0, attempt=1))
    starter = starter_of(place)
    resumed = starter.next_start(0)
    assert resumed is not None
    intake.stage(resumed)
    intake.interrupt(place.trial(0), reason="tuner")
    retried = starter.next_start(0)
    assert retried is not None
    assert (retried.attempt, retried.cause) == (3, "retried")


@pytest.mark.parametrize(
    ("limits", "n_before", "expected"),
    [
        ({"new_trials": 2}, 3, 2),
        ({"max_trials": 5}, 3, 2),
        ({"new_trials": 1, "max_trials": 5}, 3, 1),
        ({"new_trials": 9, "max_trials": 4}, 3, 1),
        ({"max_trials": 2}, 3, 0),
        ({"new_trials": 0}, 0, 0),
    ],
)
def test_how_many_new_trials_there_may_be(stage: Begin, limits: dict[str, int], n_before: int, expected: int) -> None:
    place = stage()
    intake = place.intake()
    for number in range(n_before):
        place.run_trial(intake, number)
    starter = starter_of(place, **limits)
    begun = 0
    while (started := starter.next_start(0)) is not None:
        intake.stage(started)
        begun += 1
    assert begun == expected
    assert starter.idle_why == "done"


@pytest.mark.parametrize(
    ("answer", "limits", "why"),
    [
        (Exhausted("all tried"), {}, "exhausted"),
        (Exhausted("all tried"), {"new_trials": 0}, "done"),
        (Wait("for others"), {}, "done"),
    ],
)
def test_why_there_is_nothing_to_run(stage: Begin, answer: Any, limits: dict[str, int], why: str) -> None:
    starter = starter_of(stage(scheduler=ScriptedScheduler([answer])), **limits)
    assert starter.next_start(0) is None
    assert starter.idle_why == why


def test_the_job_of_a_run(stage: Begin) -> None:
    place = stage()
    intake = place.intake()
    place.run_trial(intake, 0)
    intake.deliver([save(0, 1, "/a"), save(0, 2, "/b")])
    place.trial(0).last_step = 2
    intake.interrupt(place.trial(0), reason="killed")
    place.run_trial(intake, 0, attempt=2, until=9, decide_at=(3,), worker=4, cause="retried")
    job = starter_of(place).job(place.trial(0))
    assert (job.study, job.trial, job.attempt, job.metric, job.worker) == ("s", 0, 2, "error", 4)
    assert (job.config, job.until, job.decide_at, job.last_step) == ({"x": 0.0, "n": 4}, 9, (3,), 2)
    assert job.seed == trial_seed(7, 0)
    assert job.folder == "/studies/s/trial-00000"
    assert [checkpoint.path for checkpoint in job.checkpoints] == ["/b", "/a"]


def test_a_child_starts_from_its_parents_checkpoints_until_it_has_its_own(stage: Begin) -> None:
    place = stage()
    intake = place.intake()
    place.run_trial(intake, 0)
    intake.deliver([save(0, 1, "/a"), save(0, 2, "/b")])
    place.run_trial(intake, 1, parent=0)
    starter = starter_of(place)
    job = starter.job(place.trial(1))
    assert job.parent == 0
    assert [checkpoint.path for checkpoint in job.checkpoints] == ["/b", "/a"]
    intake.deliver([save(1, 3, "/own")])
    assert [checkpoint.path for checkpoint in starter.job(place.trial(1)).checkpoints] == ["/own"]


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"new_trials": -1}, "new_trials must be a whole number, at least 0, not -1."),
        ({"max_trials": 2.5}, "max_trials must be a whole number, at least 1, not 2.5"),
        ({"max_trials": True}, "max_trials must be a whole number, at least 1, not True"),
        ({"seconds": math.nan}, "seconds must be a number, at least 0, not nan."),
        ({"seconds": "60"}, "seconds must be a number, at least 0, not '60'"),
        ({"trial_seconds": -0.5}, "trial_seconds must be a number, at least 0, not -0.5"),
        ({"stop_grace_s": None}, "stop_grace_s must be a number, at least 0, not None"),
        ({"max_kills": 0}, "max_kills must be a whole number, at least 1, not 0."),
        ({"max_kills": None}, "max_kills must be a whole number, at least 1, not None"),
        ({"failures_in_a_row": 0}, "failures_in_a_row must be a whole number, at least 1, not 0"),
    ],
)
def test_what_is_no_limit(limits: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingError, match=words):
        Limits(**limits)


def test_limits_that_are_usable() -> None:
    limits = Limits(new_trials=0, max_trials=None, seconds=math.inf, stop_grace_s=0, failures_in_a_row=None)
    assert (limits.new_trials, limits.seconds, limits.max_kills) == (0, math.inf, 3)
    assert Limits().stop_grace_s == 600.0
    assert TrialState.WAITING.is_final is False
