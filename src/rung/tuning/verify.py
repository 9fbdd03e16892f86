"""``verify``: does the log follow from the code? Every suggestion and every decision is derived again and compared."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from rung.events import Decided, Ended, Event, Started
from rung.tuning.engine import Engine
from rung.types import Action, Decision, Json, Proposal, TrialState

if TYPE_CHECKING:
    from rung.contracts import Scheduler


class Verification(Struct, kw_only=True):
    """What ``verify_decisions`` found. differences: sentences with sequence numbers, empty when all is well."""

    events: int = 0
    suggestions: int = 0
    decisions: int = 0
    differences: list[str]


def verify_decisions(events: Iterable[tuple[int, Event]], scheduler: Scheduler) -> Verification:
    """Fold a log into a fresh scheduler and derive everything that it decided again."""
    engine = Engine(scheduler)
    found = Verification(differences=[])
    due: deque[tuple[int, Decision]] = deque()
    for sequence, event in events:
        found.events += 1
        if isinstance(event, Started) and event.draw is not None:
            found.suggestions += 1
            found.differences.extend(_compare_suggestion(sequence, event, engine))
        elif isinstance(event, Decided) and event.by == "scheduler":
            found.decisions += 1
            found.differences.extend(_compare_decision(sequence, event, due))
        elif isinstance(event, Ended) and due and event.state is TrialState.STOPPED and due[0][1].trial == event.trial:
            due.popleft()
        due.extend((sequence, decision) for decision in engine.fold(event) if _counts(decision, engine))
    found.differences.extend(
        f"event {sequence}: the log lacks the decision to {decision.action} trial {decision.trial} ({decision.why})"
        for sequence, decision in due
    )
    return found


def _compare_suggestion(sequence: int, event: Started, engine: Engine) -> list[str]:
    proposal = engine.propose(new_trials=event.new_trials)
    if not isinstance(proposal, Proposal):
        return [f"event {sequence}: the log starts trial {event.trial}, the code proposes nothing"]
    trial = len(engine.ledger.trials) if proposal.trial is None else proposal.trial
    pairs = (
        ("trial", event.trial, trial),
        ("config", event.config, proposal.config),
        ("until", event.until, proposal.until),
        ("parent", event.parent, proposal.parent),
    )
    return [
        f"event {sequence}: {what} of suggestion {event.draw} is {logged!r} in the log, {derived!r} by the code"
        for what, logged, derived in pairs
        if _plain(logged) != _plain(derived)
    ]


def _compare_decision(sequence: int, event: Decided, due: deque[tuple[int, Decision]]) -> list[str]:
    if not due:
        return [f"event {sequence}: the log has trial {event.trial} {event.action}, the code decides nothing"]
    _, decision = due.popleft()
    if (decision.trial, decision.action) != (event.trial, event.action):
        derived = f"trial {decision.trial} {decision.action}"
        return [f"event {sequence}: the log has trial {event.trial} {event.action}, the code {derived}"]
    return []


def _counts(decision: Decision, engine: Engine) -> bool:
    """Whether a live tuner would have acted on it; the same rule as its intake."""
    trial = engine.ledger.open.get(decision.trial)
    if trial is None or decision.action is Action.CONTINUE:
        return False
    return trial.decided is None if trial.state is TrialState.RUNNING else decision.action is Action.STOP


def _plain(value: Json) -> Json:
    return msgspec.json.encode(value, order="deterministic")
