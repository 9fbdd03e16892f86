"""The rows of the read tables: one study, one trial, as the log tells them. ``ledger.py`` folds the log into them."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from rung.types import Action, Artifact, Checkpoint, Config, Goal, Json, Owner, Remark, TrialState


class TrialRow(Struct, kw_only=True):
    """One trial as the log tells it. Times are seconds on the study's clock; losses have lower as better.

    config: the values now, after all changes; best_config: those of the best step, None while they are the same.
    until, worker, attempt: of the newest run. kills: how many of its runs something outside has ended.
    launched_at: when the newest run found its process; before that, when it was started. runtime: seconds that its runs
    have taken from there, finished runs only. decided: the newest run was told to stop or pause.
    checkpoints: oldest first, without the collected ones. artifacts: by name, the newest of each.
    retry_of: the trial whose configuration this one tries once more. gpus: of the newest run. is_given: nobody
    suggested the configuration, and the scheduler has no say in the trial. parent_checkpoint: what a copy began from.
    """

    number: int
    state: TrialState
    config: Config
    started_at: float
    attempt: int = 1
    worker: int = 0
    until: int | None = None
    decide_at: tuple[int, ...] | None = ()
    parent: int | None = None
    ended_at: float | None = None
    launched_at: float = 0.0
    runtime: float = 0.0
    kills: int = 0
    last_step: int = 0
    last_loss: float | None = None
    last_at: float = 0.0
    best_loss: float | None = None
    best_step: int | None = None
    best_config: Config | None = None
    reason: str = ""
    message: str = ""
    decided: Action | None = None
    decided_at: float = 0.0
    host: str = ""
    pid: int | None = None
    session: int = 0
    retry_of: int | None = None
    is_given: bool = False
    gpus: str = ""
    parent_checkpoint: Checkpoint | None = None
    tags: tuple[str, ...] = ()
    notes: tuple[Remark, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    checkpoints: list[Checkpoint] = field(default_factory=list)


class StudyRow(Struct, kw_only=True):
    """One study as the log tells it.

    owner: who holds the lease now (from the lease itself, not from the log); None when nobody does.
    at: the study's clock at the newest event; session_at: when the newest session began, which on the calendar was at
    last_unix. counts: number of trials per state.
    best_trial, best_step, best_loss: the incumbent over all reports at any step. runtime: seconds that all runs have
    taken together, finished runs only. ended_why, ended_message: of the last session; None while it lasts. n_copies:
    the trials that began as copies of others.
    """

    name: str
    goal: Goal
    seed: int
    space: Json
    searcher: Json
    scheduler: Json
    objective: Json
    created_unix: float
    settings: Mapping[str, Json] = {}
    provenance: Mapping[str, Json] = {}
    owner: Owner | None = None
    at: float = 0.0
    sessions: int = 0
    last_unix: float = 0.0
    session_at: float = 0.0
    ended_why: str | None = None
    counts: dict[TrialState, int] = field(default_factory=dict)
    best_trial: int | None = None
    best_step: int | None = None
    best_loss: float | None = None
    draws: int = 0
    project: str = ""
    message: str = ""
    tags: tuple[str, ...] = ()
    notes: tuple[Remark, ...] = ()
    runtime: float = 0.0
    ended_message: str = ""
    n_copies: int = 0

    @property
    def n_begun(self) -> int:
        """The trials that count against limits: all but copies, which go on with what others have begun."""
        return sum(self.counts.values()) - self.n_copies
