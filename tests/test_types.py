from __future__ import annotations

import math
from typing import Any

import msgspec
import pytest

from rung.types import (
    Action,
    Change,
    Checkpoint,
    Exited,
    Fact,
    Goal,
    Job,
    Launched,
    Message,
    Outcome,
    Proposal,
    Reported,
    Saved,
    Suggestion,
    TrialState,
    Verdict,
)


@pytest.mark.parametrize(("mode", "loss"), [("min", 0.25), ("max", -0.25)])
def test_a_loss_has_lower_as_better(mode: Any, loss: float) -> None:
    goal = Goal("error", mode)
    assert goal.loss({"error": 0.25, "other": 9.0}) == loss
    assert goal.value(loss) == 0.25


@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_has_no_loss(mode: Any, value: float) -> None:
    assert Goal("error", mode).loss({"error": value}) is None


def test_low_is_good_by_default() -> None:
    assert Goal("error") == Goal("error", "min")


def test_final_states() -> None:
    assert {state for state in TrialState if state.is_final} == {"completed", "stopped", "failed"}


def test_a_proposal_by_default_begins_a_trial_that_runs_to_its_end_undisturbed() -> None:
    proposal = Proposal(config={"x": 1})
    assert (proposal.trial, proposal.until, proposal.parent, proposal.decide_at) == (None, None, None, ())


def test_values_are_frozen() -> None:
    with pytest.raises(AttributeError, match="immutable"):
        Suggestion({"x": 1}).config = {}  # type: ignore[misc]
    job = Job(study="s", trial=0, attempt=1, config={}, metric="error", seed=0, folder="/f")
    with pytest.raises(AttributeError, match="immutable"):
        job.attempt = 2  # type: ignore[misc]


@pytest.mark.parametrize(
    "fact",
    [
        Launched(1, 2, "here", 42),
        Reported(1, 2, 3, {"error": 0.5}, waits=True),
        Saved(1, 2, Checkpoint(3, "/a", "ff", 10)),
        Exited(1, 2, Outcome.LOST, "killed", "by SIGKILL"),
    ],
    ids=lambda fact: type(fact).__name__,
)
def test_facts_are_told_apart_in_json(fact: Any) -> None:
    assert msgspec.json.decode(msgspec.json.encode(fact), type=Fact) == fact


@pytest.mark.parametrize("message", [Verdict(Action.PAUSE, 3, "rank 2 of 3"), Change({"x": 0.5})])
def test_messages_are_told_apart_in_json(message: Any) -> None:
    assert msgspec.json.decode(msgspec.json.encode(message), type=Message) == message
