"""A study of a few events, to be shown in every way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rung.events import (
    Decided,
    Ended,
    Event,
    Interrupted,
    Observed,
    SessionEnded,
    SessionStarted,
    Started,
    StudyCreated,
    WorkerPaused,
)
from rung.ledger import Ledger
from rung.types import Action, Goal, Owner, TrialState

ERROR = Goal("error")
OWNER = Owner(host="here", boot="b", pid=7, started=1.0)
SCHEDULER: dict[str, Any] = {
    "name": "asha",
    "max_t": 27,
    "grace_period": 1,
    "reduction_factor": 3,
    "variant": "stopping",
    "searcher": {"name": "random"},
}


def created(goal: Goal = ERROR, names: Sequence[str] = ("lr", "opt"), constant: Sequence[str] = ()) -> StudyCreated:
    dimensions = [{"name": name, "type": "float", "low": 0, "high": 1} for name in names]
    dimensions += [{"name": name, "type": "constant", "value": 5} for name in constant]
    return StudyCreated(
        study="lenet",
        space={"type": "space", "dimensions": dimensions},
        goal=goal,
        seed=1,
        searcher=SCHEDULER["searcher"],
        scheduler=SCHEDULER,
    )


def session(at: float = 0.0, number: int = 1, slots: int = 2) -> SessionStarted:
    return SessionStarted(at=at, session=number, owner=OWNER, slots=slots, unix=0.0)


def started(trial: int, at: float = 0.0, attempt: int = 1, **changes: Any) -> Started:
    config = changes.pop("config", {"lr": 0.03125, "opt": "adam"})
    return Started(at=at, trial=trial, attempt=attempt, config=config, **{"until": 27, **changes})


def observed(trial: int, step: int, value: float, at: float = 0.0, goal: Goal = ERROR) -> Observed:
    loss = goal.loss({goal.metric: value})
    return Observed(at=at, trial=trial, attempt=1, step=step, metrics={goal.metric: value, "other": 1.0}, loss=loss)


def ended(trial: int, state: TrialState, reason: str = "", message: str = "", at: float = 0.0) -> Ended:
    return Ended(at=at, trial=trial, attempt=1, state=state, reason=reason, message=message)


def show(renderer: Callable[[Event, Ledger], None], *transactions: Event | Sequence[Event]) -> Ledger:
    """Fold the events and show them, as a session does: all of a transaction are folded before any is shown."""
    ledger = Ledger()
    for transaction in transactions:
        events = transaction if isinstance(transaction, list | tuple) else [transaction]
        for event in events:
            ledger.apply(event)
        for event in events:
            if not isinstance(event, StudyCreated):
                renderer(event, ledger)
    return ledger


WHOLE_STUDY: tuple[Event, ...] = (
    created(),
    session(),
    started(0),
    started(1, at=1.0, config={"lr": 0.5, "opt": "sgd"}),
    observed(0, 1, 0.5, at=2.0),
    observed(0, 2, 0.25, at=3.0),
    observed(1, 1, 0.75, at=4.0),
    Decided(at=4.0, trial=1, attempt=1, step=1, action=Action.STOP, why="rung 1: rank 2 of 2"),
    ended(1, TrialState.STOPPED, "scheduler", "rung 1: rank 2 of 2", at=5.0),
    started(2, at=5.0, config={"lr": 0.9, "opt": "sgd"}),
    ended(2, TrialState.FAILED, "oom", "CUDA out of memory.\nTraceback (most recent call last):\n  …", at=6.0),
    WorkerPaused(at=6.0, worker=1, why="1 failures in a row"),
    started(3, at=6.0),
    observed(3, 1, float("nan"), at=7.0),
    ended(3, TrialState.FAILED, "nan", "error is nan at step 1", at=7.0),
    observed(0, 3, 0.375, at=389.0),
    ended(0, TrialState.COMPLETED, at=390.0),
    started(4, at=390.0),
    observed(4, 1, 0.125, at=391.0),
    Interrupted(at=392.0, trial=4, attempt=1, reason="interrupted"),
    SessionEnded(at=393.0, session=1, why="interrupted"),
)
