"""Studies and trials as the read verbs tell them: in JSON, and in words."""

from __future__ import annotations

import datetime as dt
import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rung.bookkeeping import look_up_incumbent, seen_study, state_of
from rung.console.wording import ended
from rung.types import TrialState

if TYPE_CHECKING:
    from rung.bookkeeping import Incumbent
    from rung.contracts import Store
    from rung.events import StudyCreated
    from rung.rows import StudyRow, TrialRow
    from rung.types import Goal, Json, Remark


def why_of(row: StudyRow) -> str:
    """The state with what it is due to."""
    state = state_of(row)
    if state == "running":
        assert row.owner is not None, "a running study has an owner"
        return f"running (process {row.owner.pid} on {row.owner.host})"
    if state == "new":
        return state
    why = "its tuner was killed" if row.ended_why is None else ended(row.ended_why, row.ended_message)
    return why if why.startswith(state) else f"{state} ({why})"


def study_facts(row: StudyRow, store: Store) -> dict[str, Json]:
    """A study in JSON, as ``ls`` lists it."""
    best, counts = incumbent_of(row, store), seen_study(row).counts
    return {
        "study": row.name,
        "project": row.project,
        "state": state_of(row),
        "ended_why": row.ended_why,
        "ended_message": row.ended_message,
        "metric": row.goal.metric,
        "mode": row.goal.mode,
        "trials": {"total": sum(row.counts.values()), **{state: counts.get(state, 0) for state in TrialState}},
        "best": None if best is None else {"trial": best.trial, "step": best.step, "value": best.error},
        "message": row.message,
        "tags": list(row.tags),
        "objective": row.objective,
        "seed": row.seed,
        "created": moment(row.created_unix),
        "elapsed_s": row.at,
        "runtime_s": row.runtime,
    }


def incumbent_of(row: StudyRow, store: Store) -> Incumbent | None:
    """The best of the study by its own rule, or None."""
    return look_up_incumbent(store.tables, row, row.settings.get("incumbent_from", "any"))


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
        "retry_of": row.retry_of,
        "is_given": row.is_given,
        "tags": list(row.tags),
        "runtime_s": row.runtime,
        "started_at_s": row.started_at,
        "ended_at_s": row.ended_at,
    }


def remark_facts(remark: Remark) -> dict[str, Json]:
    """A note in JSON."""
    return {"text": remark.text, "at": moment(remark.unix), "by": remark.by}


def remark_line(remark: Remark) -> str:
    """A note on one line, or as many as it has itself: ``2026-03-01 14:05  diverges at step 9``."""
    by = "" if remark.by == "person" else f" ({remark.by})"
    return f"{moment(remark.unix)[:16].replace('T', ' ')}{by}  {remark.text}"


def moment(unix: float) -> str:
    """A moment as ISO 8601 in local time, to the second."""
    return dt.datetime.fromtimestamp(unix).astimezone().isoformat(timespec="seconds")


def objective_name(study: StudyRow | StudyCreated) -> str:
    """What was tuned, on one line; where nothing was, where the trials come from."""
    objective: Any = study.objective
    if isinstance(objective, list | tuple):
        return shlex.join(objective)
    if objective is not None:
        return str(objective)
    if "source" in study.provenance:
        return "imported"
    is_searched = isinstance(study.space, Mapping) and study.space.get("dimensions")
    return "a function without a name" if is_searched else "by hand"
