from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from rung.commands import ChangeTrial, ContinueTrial, EditSpace, Enqueue, PauseTrial, StopTrial
from rung.events import Ended, Enqueued, Observed, SpaceEdited, Started
from rung.testing.play import Course, hashed_loss, hashed_seconds, play, stored
from rung.types import Action, Decision, Exhausted, Proposal, TrialState, Wait


class Scripted:
    """Answers with ``proposals`` in order, and to each report at a step of ``decisions`` with that decision."""

    space = None

    def __init__(self, *proposals: Any, decisions: Mapping[int, Decision] | None = None) -> None:
        self.proposals = list(proposals)
        self.decisions = decisions or {}
        self.allowed: list[bool] = []

    def suggest(self, rng: np.random.Generator, *, new_trials: bool) -> Proposal | Wait | Exhausted:
        self.allowed.append(new_trials)
        return self.proposals[0] if self.proposals else Exhausted("that was all")

    def update(self, event: Any) -> Sequence[Decision]:
        if isinstance(event, Started) and event.draw is not None:
            self.proposals.pop(0)
        decision = self.decisions.get(event.step) if isinstance(event, Observed) else None
        return [decision] if decision else []

    def spec(self) -> Mapping[str, Any]:
        return {}


NEW = Proposal(config={"x": 1})


def kinds(played: Any) -> list[Any]:
    return [(type(event).__name__, getattr(event, "trial", None)) for event in played.log]


def test_a_trial_reports_its_steps_and_ends() -> None:
    scheduler = Scripted(NEW)
    played = play(scheduler, Course(steps=(2, 5), seconds=lambda config, step: 3.0))
    assert played.log == [
        Started(at=0.0, trial=0, attempt=1, config={"x": 1}, draw=0),
        Observed(
            at=3.0, trial=0, attempt=1, step=2, metrics={"loss": played.log[1].loss}, loss=hashed_loss({"x": 1}, 2)
        ),
        Observed(
            at=6.0, trial=0, attempt=1, step=5, metrics={"loss": played.log[2].loss}, loss=hashed_loss({"x": 1}, 5)
        ),
        Ended(at=9.0, trial=0, attempt=1, state=TrialState.COMPLETED),
    ]
    assert played.why == "that was all"
    assert played.configs() == [{"x": 1}]
    assert played.states() == {0: TrialState.COMPLETED}
    assert list(played.suggested()) == [(0, played.log[0])]
    assert [stored(event) for event in played.log] == played.log


def test_until_ends_a_run_and_a_paused_trial_goes_on_behind_its_last_step() -> None:
    more = Proposal(config={"x": 1}, trial=0, until=9)
    scheduler = Scripted(Proposal(config={"x": 1}, until=3), more, decisions={4: Decision(0, Action.PAUSE, "later")})
    played = play(scheduler, Course(steps=range(2, 20, 2)), workers=1)
    assert [event.step for event in played.log if isinstance(event, Observed)] == [2, 4, 6, 8, 10]
    assert [(e.attempt, e.cause, e.until) for e in played.started()] == [(1, "new", 3), (2, "resumed", 9)]
    assert [(e.state, e.reason) for e in played.log if isinstance(e, Ended)] == [
        (TrialState.PAUSED, "scheduler"),
        (TrialState.COMPLETED, ""),
    ]
    assert played.decisions == [(2, Decision(0, Action.PAUSE, "later"))]


def test_new_trials_are_counted() -> None:
    scheduler = Scripted(NEW, NEW)
    played = play(scheduler, new_trials=2, workers=1)
    assert len(played.configs()) == 2
    assert scheduler.allowed == [True, True, False]
    assert [event.new_trials for event in played.started()] == [True, True]


def test_workers_run_side_by_side() -> None:
    course = Course(steps=(1,), seconds=lambda config, step: config["x"])
    played = play(Scripted(Proposal(config={"x": 5}), Proposal(config={"x": 1})), course, workers=2)
    assert kinds(played)[:4] == [("Started", 0), ("Started", 1), ("Observed", 1), ("Ended", 1)]


def test_failures() -> None:
    played = play(Scripted(NEW), Course(steps=(1, 2, 3), failures={0: 3}))
    assert kinds(played) == [("Started", 0), ("Observed", 0), ("Observed", 0), ("Ended", 0)]
    assert played.states() == {0: TrialState.FAILED}


def test_people_pause_continue_and_stop() -> None:
    course = Course(steps=range(1, 9))
    commands = {2: [PauseTrial(0)], 4: [PauseTrial(0), ContinueTrial(0), ContinueTrial(0)], 6: [StopTrial(0)]}
    played = play(Scripted(Proposal(config={"x": 1}, until=8)), course, commands=commands)
    ends = [(event.state, event.reason) for event in played.log if isinstance(event, Ended)]
    assert ends == [(TrialState.PAUSED, "person"), (TrialState.STOPPED, "person")]
    assert [(e.attempt, e.cause, e.until, e.draw) for e in played.started()] == [
        (1, "new", 8, 0),
        (2, "resumed", 8, None),
    ]


def test_people_stop_a_paused_trial_and_come_back_to_an_idle_study() -> None:
    commands = {2: [PauseTrial(0)], 500: [StopTrial(0), StopTrial(0)]}
    played = play(Scripted(NEW), Course(steps=range(1, 9)), commands=commands)
    assert [event.state for event in played.log if isinstance(event, Ended)] == [TrialState.PAUSED, TrialState.STOPPED]


def test_a_trial_continued_at_its_own_until_runs_to_its_end() -> None:
    proposal, decisions = Proposal(config={"x": 1}, until=2), {2: Decision(0, Action.PAUSE, "w")}
    played = play(Scripted(proposal, decisions=decisions), Course(steps=(1, 2, 3)), commands={90: [ContinueTrial(0)]})
    assert (played.started()[1].until, played.started()[1].decide_at) == (None, None)
    assert played.states() == {0: TrialState.COMPLETED}


def test_what_cannot_be_carried_out_is_ignored() -> None:
    commands = {0: [PauseTrial(3), StopTrial(3), ContinueTrial(3)], 2: [ContinueTrial(0), ChangeTrial(0, {"x": 2})]}
    assert play(Scripted(NEW), commands=commands).log == play(Scripted(NEW)).log


def test_points_and_edits_reach_the_scheduler() -> None:
    played = play(Scripted(NEW), commands={0: [Enqueue({"x": 2}), EditSpace({"type": "space"})]})
    assert played.log[:2] == [Enqueued(at=0.0, config={"x": 2}), SpaceEdited(at=0.0, space={"type": "space"})]


@pytest.mark.parametrize(
    ("scheduler", "message"),
    [
        (Scripted(Wait()), "waits, but nothing runs"),
        (Scripted(NEW, Proposal(config={"x": 1}, trial=0)), "trial 0 is completed, so it can't be continued"),
        (
            Scripted(
                Proposal(config={}, until=1),
                Proposal(config={}, trial=0, until=1),
                decisions={1: Decision(0, Action.PAUSE)},
            ),
            "the run would end where it begins",
        ),
        (Scripted(NEW, NEW, decisions={1: Decision(0, Action.STOP)}), "decided about trial 0, which is stopped"),
        (Scripted(NEW, NEW, NEW), "new trial was proposed where none was allowed"),
    ],
)
def test_schedulers_that_break_the_rules(scheduler: Scripted, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        play(scheduler, workers=1, new_trials=2)


def test_made_up_numbers_depend_on_their_arguments_only() -> None:
    assert hashed_loss({"a": 1, "b": 2}, 3) == hashed_loss({"b": 2, "a": 1}, 3)
    losses = [hashed_loss({"x": x}, 1) for x in range(500)]
    assert len(set(losses)) == 500
    assert 1.4 < np.mean(losses) < 1.6
    seconds = [hashed_seconds({"x": x}, 1) for x in range(500)]
    assert 0.5 <= min(seconds) < 0.51
    assert 1.49 < max(seconds) < 1.5
