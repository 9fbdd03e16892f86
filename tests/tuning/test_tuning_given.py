from __future__ import annotations

import math
from typing import Any

import pytest

from rung.events import ArtifactLogged, Checkpointed, Decided, Ended, Noted, Observed, Started, Tagged
from rung.tuning.given import GivenTrial, events_of_given
from rung.types import Action, Artifact, Checkpoint, Goal, TrialState

GOAL = Goal("error")
CURVE = ((1, {"error": 0.5}), (2, {"error": 0.25}))


def events(told: float | None = None, **fields: Any) -> list[Any]:
    trial = GivenTrial(config={"x": 0.5}, started=2.0, ended=6.0, **fields)
    return list(events_of_given(3, trial, GOAL, unix=1.7e9, told=told))


def test_a_finished_trial_and_what_people_said_about_it() -> None:
    found = events(reports=CURVE, origin={"number": 9}, tags=("paper",), notes=("odd",))
    assert found == [
        Started(at=2.0, trial=3, attempt=1, config={"x": 0.5}, cause="given", notes={"number": 9}),
        Observed(at=4.0, trial=3, attempt=1, step=1, metrics={"error": 0.5}, loss=0.5),
        Observed(at=6.0, trial=3, attempt=1, step=2, metrics={"error": 0.25}, loss=0.25),
        Ended(at=6.0, trial=3, attempt=1, state=TrialState.COMPLETED),
        Tagged(at=6.0, trial=3, added=("paper",)),
        Noted(at=6.0, trial=3, text="odd", unix=1.7e9),
    ]


def test_reports_that_were_told_all_at_once() -> None:
    assert [event.at for event in events(told=6.0, reports=CURVE)] == [2.0, 6.0, 6.0, 6.0]


@pytest.mark.parametrize(("reason", "by"), [("", "imported"), ("person", "person")])
def test_a_stopped_trial_says_by_whom(reason: str, by: str) -> None:
    *_, decided, ended = events(reports=CURVE, state=TrialState.STOPPED, reason=reason, message="too slow")
    assert decided == Decided(at=6.0, trial=3, attempt=1, step=2, action=Action.STOP, why="too slow", by=by)
    assert (ended.state, ended.reason, ended.message) == (TrialState.STOPPED, by, "too slow")


def test_a_failed_trial_keeps_its_reason_and_exit_code() -> None:
    _, ended = events(state=TrialState.FAILED, reason="exit", message="it broke", exit_code=3)
    assert (ended.state, ended.reason, ended.message, ended.exit_code) == (TrialState.FAILED, "exit", "it broke", 3)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_loss_that_is_not_finite_is_the_end(bad: float) -> None:
    _, good, observed, decided, ended = events(reports=(CURVE[0], (2, {"error": bad}), (3, {"error": 0.1})))
    assert (good.loss, observed.loss, observed.step) == (0.5, None, 2)
    assert (decided.by, decided.step) == ("nan", 2)
    assert (ended.state, ended.reason, ended.message) == (TrialState.FAILED, "nan", f"error is {bad} at step 2")


def test_its_files_come_before_its_end() -> None:
    checkpoint, artifact = Checkpoint(2, "/s/2.npz", "00", 1), Artifact("model.pt", "/s/model.pt", "00", 1)
    found = events(reports=CURVE, checkpoints=(checkpoint,), artifacts=(artifact,))
    assert [type(event) for event in found[-3:]] == [Checkpointed, ArtifactLogged, Ended]
    assert (found[-3].checkpoint, found[-2].artifact) == (checkpoint, artifact)
