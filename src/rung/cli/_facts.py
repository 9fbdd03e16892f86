"""Studies and trials as the read verbs tell them: in JSON, and in words."""

from __future__ import annotations

import datetime as dt
import shlex
from typing import TYPE_CHECKING, Any

from rung.console.wording import ENDINGS
from rung.study import Study
from rung.types import TrialState

if TYPE_CHECKING:
    from rung.bookkeeping import Incumbent
    from rung.contracts import Store
    from rung.rows import StudyRow, TrialRow
    from rung.types import Goal, Json

_DONE = {"done", "exhausted", "seconds"}


def state_of(row: StudyRow) -> str:
    """``running`` while somebody holds the study, else ``done`` or ``interrupted``, or ``new`` before anybody has."""
    if row.owner is not None:
        return "running"
    if row.sessions == 0:
        return "new"
    return "done" if row.ended_why in _DONE else "interrupted"


def why_of(row: StudyRow) -> str:
    """The state with what it is due to."""
    state = state_of(row)
    if state == "running":
        assert row.owner is not None, "a running study has an owner"
        return f"running (process {row.owner.pid} on {row.owner.host})"
    if state == "new":
        return state
    why = "its tuner was killed" if row.ended_why is None else ENDINGS.get(row.ended_why, row.ended_why)
    return why if why.startswith(state) else f"{state} ({why})"


def study_facts(row: StudyRow, store: Store) -> dict[str, Json]:
    """A study in JSON, as ``ls`` lists it."""
    best = incumbent_of(row, store)
    return {
        "study": row.name,
        "state": state_of(row),
        "ended_why": row.ended_why,
        "metric": row.goal.metric,
        "mode": row.goal.mode,
        "trials": {"total": sum(row.counts.values()), **{state: row.counts.get(state, 0) for state in TrialState}},
        "best": None if best is None else {"trial": best.trial, "step": best.step, "value": best.error},
        "objective": row.objective,
        "seed": row.seed,
        "created": moment(row.created_unix),
        "elapsed_s": row.at,
    }


def incumbent_of(row: StudyRow, store: Store) -> Incumbent | None:
    """The best of the study by its own rule, or None."""
    return Study(store, row.name, incumbent_from=row.settings.get("incumbent_from", "any")).best


def trial_facts(row: TrialRow, goal: Goal) -> dict[str, Json]:
    """A trial in JSON, as ``trials`` lists it. Times are seconds; ``*_at_s`` are on the study's clock."""
    return {
        "trial": row.number,
        "state": row.state,
        "config": dict(row.config),
        "step": row.last_step,
        "value": None if row.last_loss is None else goal.value(row.last_loss),
        "best_value": None if row.best_loss is None else goal.value(row.best_loss),
        "best_step": row.best_step,
        "reason": row.reason,
        "message": row.message,
        "attempt": row.attempt,
        "parent": row.parent,
        "runtime_s": row.runtime,
        "started_at_s": row.started_at,
        "ended_at_s": row.ended_at,
    }


def moment(unix: float) -> str:
    """A moment as ISO 8601 in local time, to the second."""
    return dt.datetime.fromtimestamp(unix).astimezone().isoformat(timespec="seconds")


def objective_name(objective: Any) -> str:
    """What was tuned, on one line."""
    if isinstance(objective, list | tuple):
        return shlex.join(objective)
    return "a function without a name" if objective is None else str(objective)
