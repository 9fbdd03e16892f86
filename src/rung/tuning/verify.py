"""``verify``: does the log follow from the code? Every suggestion and every decision is derived again and compared."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeGuard

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
    """Fold a log into a fresh scheduler and derive everything that it decided again.

    A tuner logs each decision right behind what led to it, and one that leads to others before the next one, so the
    decisions that are still due stand in ``due`` in the order in which the log must have them.
    """
    engine = Engine(scheduler)
    found = Verification(differences=[])
    due: deque[tuple[int, Decision]] = deque()
    for sequence, event in events:
        found.events += 1
        if isinstance(event, Started) and event.draw is not None:
            found.suggestions += 1
            found.differences.extend(_compare_suggestion(sequence, event, engine))
        if _is_decision(event, engine):
            found.decisions += 1
            found.differences.extend(_compare_decision(sequence, event, due))
        else:
            found.differences.extend(_missing(due))
        due.extendleft((sequence, decision) for decision in reversed(engine.fold(event)))
        while due and not _counts(due[0][1], engine):
            due.popleft()
    found.differences.extend(_missing(due))
    return found


def _is_decision(event: Event, engine: Engine) -> TypeGuard[Decided | Ended]:
    """Whether it is what a tuner logs when a scheduler decides: of a trial that doesn't run, its end itself."""
    if isinstance(event, Decided):
        return event.by == "scheduler"
    if not isinstance(event, Ended) or event.reason != "scheduler":
        return False
    return engine.ledger.trials[event.trial].state is not TrialState.RUNNING


def _compare_suggestion(sequence: int, event: Started, engine: Engine) -> list[str]:
    proposal = engine.propose(new_trials=event.new_trials)
    if not isinstance(proposal, Proposal):
        return [f"event {sequence}: the log starts trial {event.trial}, the code proposes nothing"]
    trial = len(engine.ledger.trials) if proposal.trial is None else proposal.trial
    pairs = (
        ("trial", event.trial, trial),
        ("config", event.config, proposal.config),
        ("until", event.until, proposal.until),
        ("decide_at", event.decide_at, proposal.decide_at),
        ("parent", event.parent, proposal.parent),
    )
    return [
        f"event {sequence}: {what} of suggestion {event.draw} is {logged!r} in the log, {derived!r} by the code"
        for what, logged, derived in pairs
        if _plain(logged) != _plain(derived)
    ]


def _compare_decision(sequence: int, event: Decided | Ended, due: deque[tuple[int, Decision]]) -> list[str]:
    logged = (event.trial, event.action if isinstance(event, Decided) else Action.STOP)
    if not due:
        return [f"event {sequence}: the log has {_words(logged)}, the code decides nothing"]
    _, decision = due.popleft()
    if (derived := (decision.trial, decision.action)) != logged:
        return [f"event {sequence}: the log has {_words(logged)}, the code {_words(derived)}"]
    return []


def _missing(due: deque[tuple[int, Decision]]) -> list[str]:
    """What the log should have had by now; it is no longer due."""
    missing = [
        f"event {sequence}: the log lacks the decision to {decision.action} trial {decision.trial} ({decision.why})"
        for sequence, decision in due
    ]
    due.clear()
    return missing


def _words(decision: tuple[int, Action]) -> str:
    trial, action = decision
    return f"the decision to {action} trial {trial}"


def _counts(decision: Decision, engine: Engine) -> bool:
    """Whether a live tuner would have acted on it; the same rule as its intake."""
    trial = engine.ledger.open.get(decision.trial)
    if trial is None or decision.action is Action.CONTINUE:
        return False
    return trial.decided is None if trial.state is TrialState.RUNNING else decision.action is Action.STOP


def _plain(value: Json) -> Json:
    return msgspec.json.encode(value, order="deterministic")
