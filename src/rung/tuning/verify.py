"""``verify``: does the log follow from the code? Every suggestion and every decision is derived again and compared."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, TypeAlias, TypeGuard

import msgspec
from msgspec import Struct

from rung.events import (
    ArtifactLogged,
    Changed,
    Checkpointed,
    Continued,
    Decided,
    Ended,
    Event,
    Interrupted,
    Observed,
    Placed,
    Started,
)
from rung.tuning.engine import Engine
from rung.tuning.intake import decided_state, is_undecided  # the tuner's own rules, so that they can't differ
from rung.tuning.starter import newest_of
from rung.types import Action, Decision, Proposal, TrialState

if TYPE_CHECKING:
    from rung.contracts import Scheduler
    from rung.rows import TrialRow

_DERIVED = frozenset({"scheduler", "nan"})  # who decides what follows from the log; a person's word does not


_RUNNING = frozenset({TrialState.RUNNING})
_OPEN = frozenset(state for state in TrialState if not state.is_final)
_STATES: Mapping[type, frozenset[TrialState]] = {
    Started: frozenset({TrialState.PAUSED, TrialState.WAITING}),
    **dict.fromkeys((ArtifactLogged, Changed, Checkpointed, Decided, Interrupted, Observed, Placed), _RUNNING),
    Ended: _OPEN,
    Continued: frozenset({TrialState.PAUSED}),
}
"""In which states a trial may be when it gets such an event; any, of other kinds."""


class Verification(Struct, kw_only=True):
    """What ``verify_decisions`` found. differences: sentences with sequence numbers, empty when all is well.

    decisions: those of the scheduler, and the stops of trials whose loss is not finite.
    """

    events: int = 0
    suggestions: int = 0
    decisions: int = 0
    differences: list[str]


class _Due(Struct, frozen=True):
    """A decision that the log must have next. sequence: of the event that led to it."""

    sequence: int
    decision: Decision
    by: str


_Pairs: TypeAlias = "tuple[tuple[str, object, object], ...]"
"""What is compared, as it is in the log, as it follows from the code."""


def verify_decisions(events: Iterable[tuple[int, Event]], scheduler: Scheduler) -> Verification:
    """Fold a log into a fresh scheduler and derive everything that it decided again, and whatever follows from that.

    events: with their sequence numbers; gone through anew at each change of the searcher. SettingError where the log
    has a searcher that can't be made.

    A tuner logs each decision right behind what led to it, and one that leads to others before the next one, so the
    decisions that are still due stand in ``due`` in the order in which the log must have them. An event that can't
    follow on those before it is the last one that is looked at.
    """
    if isinstance(events, Iterator):
        events = list(events)
    engine = Engine(scheduler, log=lambda: events)
    found = Verification(differences=[])
    due: deque[_Due] = deque()
    for sequence, event in events:
        found.events += 1
        found.suggestions += isinstance(event, Started) and event.draw is not None
        differences = _compare(sequence, event, engine)
        if _is_decision(event, engine):
            found.decisions += 1
            differences += _compare_decision(sequence, event, due, engine)
        else:
            differences += _missing(due)
        not_possible = _not_possible(sequence, event, engine)
        found.differences += differences or not_possible
        if not_possible:
            return found
        decisions = [_Due(sequence, decision, "scheduler") for decision in engine.fold(event)]
        if isinstance(event, Observed) and event.loss is None:
            why = f"its loss is not finite at step {event.step}"
            decisions.append(_Due(sequence, Decision(event.trial, Action.STOP, why), "nan"))
        due.extendleft(reversed(decisions))
        while due and not _counts(due[0], engine):
            due.popleft()
    found.differences.extend(_missing(due))
    return found


def _not_possible(sequence: int, event: Event, engine: Engine) -> list[str]:
    """Why an event can't be where it is: nothing can be derived from a log that has it. Empty when it can."""
    number = getattr(event, "trial", None)
    if number is None:
        return []
    trial = engine.ledger.trials.get(number)
    if trial is None:
        is_possible = isinstance(event, Started) and number == len(engine.ledger.trials)
    else:
        is_possible = trial.state in _STATES.get(type(event), TrialState)
        is_possible &= isinstance(event, Started) or getattr(event, "attempt", trial.attempt) == trial.attempt
        is_possible &= not isinstance(event, Ended) or event.state in _possible_ends(trial)
    kind = event.__struct_config__.tag
    stands = "there is no such trial" if trial is None else f"attempt {trial.attempt} of it is {trial.state}"
    return [] if is_possible else [f"event {sequence}: {kind!r} of trial {number} can't follow, because {stands}"]


def _is_decision(event: Event, engine: Engine) -> TypeGuard[Decided | Ended]:
    """Whether it is what a tuner logs for a derived decision: of a trial that doesn't run, its end itself."""
    if isinstance(event, Decided):
        return event.by in _DERIVED
    if not isinstance(event, Ended) or event.reason != "scheduler":
        return False
    trial = engine.ledger.trials.get(event.trial)
    return trial is not None and trial.state is not TrialState.RUNNING


def _compare(sequence: int, event: Event, engine: Engine) -> list[str]:
    """What of an event does not follow from the log before it."""
    if isinstance(event, Started):
        compare = _compare_other_start if event.draw is None else _compare_suggestion
        return compare(sequence, event, engine)
    if isinstance(event, Observed):
        return _compare_report(sequence, event, engine)
    return _compare_end(sequence, event, engine) if isinstance(event, Ended) else []


def _compare_suggestion(sequence: int, event: Started, engine: Engine) -> list[str]:
    assert engine.ledger.study is not None
    draws = engine.ledger.study.draws
    pairs: _Pairs = (("draw", event.draw, draws),)
    proposal = engine.propose(new_trials=event.new_trials)
    if not isinstance(proposal, Proposal):
        nothing = f"event {sequence}: the log starts trial {event.trial}, the code proposes nothing"
        return [nothing, *_differences(sequence, f"suggestion {draws}", pairs)]
    trials = engine.ledger.trials
    pairs += (
        ("trial", event.trial, len(trials) if proposal.trial is None else proposal.trial),
        ("attempt", event.attempt, 1 if proposal.trial is None else trials[proposal.trial].attempt + 1),
        ("cause", event.cause, "new" if proposal.trial is None else "resumed"),
        ("config", event.config, proposal.config),
        ("until", event.until, proposal.until),
        ("decide_at", event.decide_at, proposal.decide_at),
        ("parent", event.parent, proposal.parent),
        ("parent_checkpoint", event.parent_checkpoint, newest_of(engine.ledger, proposal.parent)),
        ("notes", event.notes, proposal.notes),
    )
    return _differences(sequence, f"suggestion {draws}", pairs)


def _compare_other_start(sequence: int, event: Started, engine: Engine) -> list[str]:
    """A run that nobody suggested: of a given configuration, or of a trial that waits, by the starter's own rule."""
    if event.cause == "given":
        pairs: _Pairs = (("trial", event.trial, len(engine.ledger.trials)), ("attempt", event.attempt, 1))
        return _differences(sequence, f"the given trial {event.trial}", pairs)
    trial = engine.ledger.open.get(event.trial)
    if trial is None or trial.state is not TrialState.WAITING:
        return [f"event {sequence}: the log starts trial {event.trial}, which nobody suggested and which does not wait"]
    is_continued = trial.reason == "continued"
    is_past_pause = is_continued and trial.until is not None and trial.last_step >= trial.until
    pairs = (
        ("attempt", event.attempt, trial.attempt + 1),
        ("cause", event.cause, "resumed" if is_continued else "retried"),
        ("config", event.config, trial.config),
        ("until", event.until, None if is_past_pause else trial.until),
        ("decide_at", event.decide_at, None if is_past_pause else trial.decide_at),
        ("parent", event.parent, trial.parent),
        ("parent_checkpoint", event.parent_checkpoint, trial.parent_checkpoint),
    )
    return _differences(sequence, f"the {pairs[1][2]} trial {event.trial}", pairs)


def _compare_report(sequence: int, event: Observed, engine: Engine) -> list[str]:
    assert engine.ledger.study is not None
    goal = engine.ledger.study.goal
    if goal.metric not in event.metrics:
        return [f"event {sequence}: the report of trial {event.trial} at step {event.step} lacks {goal.metric}"]
    if (loss := goal.loss(event.metrics)) != event.loss:
        what = f"loss of trial {event.trial} at step {event.step}"
        return [f"event {sequence}: {what} is {event.loss!r} in the log, {loss!r} by the code"]
    return []


def _compare_end(sequence: int, event: Ended, engine: Engine) -> list[str]:
    trial = engine.ledger.open.get(event.trial)
    if trial is None:
        return []
    possible = _possible_ends(trial)
    if event.state not in possible:
        words = " or ".join(possible)
        return [f"event {sequence}: trial {event.trial} ends {event.state} in the log, {words} by the code"]
    if event.state is TrialState.COMPLETED:
        reason = ""
    elif trial.state is not TrialState.RUNNING:  # the decision itself; the scheduler's is compared as one
        reason = event.reason if event.reason == "scheduler" else "person"
    elif trial.decided is Action.STOP or event.state is TrialState.PAUSED:
        reason = trial.reason
    else:
        return []  # it failed, in a way that only the run knows
    return _differences(sequence, f"the end of trial {event.trial}", (("reason", event.reason, reason),))


def _possible_ends(trial: TrialRow) -> list[TrialState]:
    """How an open trial may end after what was decided; whether an undecided run fails does not follow from a log."""
    if trial.state is not TrialState.RUNNING:
        return [TrialState.STOPPED]
    if is_undecided(trial):
        return [TrialState.COMPLETED, TrialState.FAILED]
    if trial.decided is Action.PAUSE:  # it may fail before it gets there, or have come to its own end
        return [decided_state(trial), TrialState.COMPLETED, TrialState.FAILED]
    return [decided_state(trial)]


def _compare_decision(sequence: int, event: Decided | Ended, due: deque[_Due], engine: Engine) -> list[str]:
    action, by = (event.action, event.by) if isinstance(event, Decided) else (Action.STOP, event.reason)
    logged = _words(event.trial, action, by)
    if not due:
        return [f"event {sequence}: the log has {logged}, the code decides nothing"]
    first = due.popleft()
    if (derived := _words(first.decision.trial, first.decision.action, first.by)) != logged:
        return [f"event {sequence}: the log has {logged}, the code {derived}"]
    if isinstance(event, Ended):
        return []
    pairs = (("step", event.step, engine.ledger.trials[event.trial].last_step),)
    return _differences(sequence, logged, pairs)


def _differences(sequence: int, of: str, pairs: _Pairs) -> list[str]:
    return [
        f"event {sequence}: {what} of {of} is {logged!r} in the log, {derived!r} by the code"
        for what, logged, derived in pairs
        if _plain(logged) != _plain(derived)
    ]


def _missing(due: deque[_Due]) -> list[str]:
    """What the log should have had by now; it is no longer due."""
    missing = [
        f"event {each.sequence}: the log lacks {_words(each.decision.trial, each.decision.action, each.by)} "
        f"({each.decision.why})"
        for each in due
    ]
    due.clear()
    return missing


def _words(trial: int, action: Action, by: str) -> str:
    return f"the decision to {action} trial {trial}" + ("" if by == "scheduler" else f" by {by}")


def _counts(due: _Due, engine: Engine) -> bool:
    """Whether a live tuner would have acted on it; the same rule as its intake."""
    decision = due.decision
    trial = engine.ledger.open.get(decision.trial)
    if trial is None or (trial.is_given and due.by == "scheduler") or decision.action is Action.CONTINUE:
        return False
    return is_undecided(trial) if trial.state is TrialState.RUNNING else decision.action is Action.STOP


def _plain(value: object) -> str:
    """As JSON, with numbers that JSON lacks under names of their own: None is not NaN."""
    return json.dumps(msgspec.to_builtins(value), sort_keys=True)
