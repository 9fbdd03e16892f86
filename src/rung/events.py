"""The events of which the log of a study consists. Facts only: whatever can be derived is derived.

``at`` is the study's own clock: seconds that tuners have spent on the study, so it stands still while nobody runs it.
``key`` makes an append idempotent: of two events with one key in one study, the first stays and the second is dropped.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from msgspec import Struct

from rung.types import Action, Checkpoint, Config, Goal, Json, Owner, TrialState


class StudyCreated(Struct, frozen=True, kw_only=True, tag="study_created", omit_defaults=True):
    """The first event of every log.

    space, searcher, scheduler: their JSON forms. objective: ``module:function``, ``file.py:function`` or, for a script,
    its argument list; None when it can't be named. settings: none at first; each session has its own. unix: seconds
    since 1970.
    """

    at: float = 0.0
    study: str
    space: Json
    goal: Goal
    seed: int
    searcher: Json
    scheduler: Json
    objective: Json = None
    settings: Mapping[str, Json] = {}
    provenance: Mapping[str, Json] = {}
    unix: float = 0.0

    @property
    def key(self) -> str:
        return "study"


class SessionStarted(Struct, frozen=True, kw_only=True, tag="session_started", omit_defaults=True):
    """A tuner took the study in hand. ``unix`` ties the study's clock to the calendar until the next session.

    settings: how this session goes (total of trials, workers, limits); empty where it has none of its own.
    """

    at: float
    session: int
    owner: Owner
    slots: int
    unix: float
    settings: Mapping[str, Json] = {}
    provenance: Mapping[str, Json] = {}

    @property
    def key(self) -> str:
        return f"session/{self.session}"


class SessionEnded(Struct, frozen=True, kw_only=True, tag="session_ended", omit_defaults=True):
    """A tuner left in good order. ``why``: done, interrupted, failures, a stop criterion."""

    at: float
    session: int
    why: str

    @property
    def key(self) -> str:
        return f"session/{self.session}/end"


class Started(Struct, frozen=True, kw_only=True, tag="started", omit_defaults=True):
    """A run of a trial begins; logged before any backend hears of it.

    cause: ``new``; ``resumed`` after a pause; ``retried`` after the run before was lost.
    draw: the number of the random stream behind this suggestion; None for retries, which nobody suggests.
    new_trials: whether the scheduler was free to begin a new one. decide_s: seconds that the suggestion took.
    """

    at: float
    trial: int
    attempt: int
    config: Config
    cause: Literal["new", "resumed", "retried"] = "new"
    until: int | None = None
    decide_at: tuple[int, ...] | None = ()
    parent: int | None = None
    draw: int | None = None
    new_trials: bool = True
    notes: Mapping[str, Json] = {}
    decide_s: float = 0.0
    worker: int = 0

    @property
    def key(self) -> str:
        return f"start/{self.trial}/{self.attempt}"


class Placed(Struct, frozen=True, kw_only=True, tag="placed", omit_defaults=True):
    """Where a run found its process."""

    at: float
    trial: int
    attempt: int
    host: str
    pid: int

    @property
    def key(self) -> str:
        return f"place/{self.trial}/{self.attempt}"


class Observed(Struct, frozen=True, kw_only=True, tag="observed", omit_defaults=True):
    """A report, acknowledged. A step of a trial is observed once, by the first attempt that reports it.

    loss: the goal's metric with lower as better; None when it is NaN or infinite (then the trial ends as failed, and
    neither searcher nor scheduler sees this event).
    """

    at: float
    trial: int
    attempt: int
    step: int
    metrics: Mapping[str, float]
    loss: float | None = None

    @property
    def key(self) -> str:
        return f"report/{self.trial}/{self.step}"


class Decided(Struct, frozen=True, kw_only=True, tag="decided", omit_defaults=True):
    """A trial is to be stopped or paused.

    by: ``scheduler`` or ``person``, or the limit that was broken: ``nan``, ``bad_value``. A broken limit makes the
    trial failed. step: the trial's last observed step at that moment.
    """

    at: float
    trial: int
    attempt: int
    step: int
    action: Action
    why: str = ""
    by: str = "scheduler"

    @property
    def key(self) -> str:
        return f"decide/{self.trial}/{self.attempt}"


class Checkpointed(Struct, frozen=True, kw_only=True, tag="checkpointed", omit_defaults=True):
    """A checkpoint is on disk and may be relied on."""

    at: float
    trial: int
    attempt: int
    checkpoint: Checkpoint

    @property
    def key(self) -> str:
        return f"checkpoint/{self.trial}/{self.attempt}/{self.checkpoint.step}"


class Collected(Struct, frozen=True, kw_only=True, tag="collected", omit_defaults=True):
    """Checkpoints that nobody needs any more; logged before the files are removed. paths: absolute."""

    at: float
    trial: int
    paths: tuple[str, ...]

    @property
    def key(self) -> None:
        return None


class Interrupted(Struct, frozen=True, kw_only=True, tag="interrupted", omit_defaults=True):
    """A run was lost through no fault of the trial; the trial waits for a retry.

    reason: ``killed`` (something ended its process), ``tuner`` (its tuner was killed) or ``interrupted`` (on request).
    """

    at: float
    trial: int
    attempt: int
    reason: str
    message: str = ""

    @property
    def key(self) -> str:
        return f"lost/{self.trial}/{self.attempt}"


class Ended(Struct, frozen=True, kw_only=True, tag="ended", omit_defaults=True):
    """A run came to its end, or a paused trial to its stop. state: completed, stopped, paused or failed.

    reason: one word: empty for completed, ``scheduler`` or ``person`` for stopped and paused; for failed one of error,
    nan, no_value, bad_value, oom, exit, killed, timeout, stalled.
    """

    at: float
    trial: int
    attempt: int
    state: TrialState
    reason: str = ""
    message: str = ""

    @property
    def key(self) -> str:
        return f"end/{self.trial}/{self.attempt}/{self.state}"


class Continued(Struct, frozen=True, kw_only=True, tag="continued", omit_defaults=True):
    """A person wants a paused trial to go on; it waits for its next run."""

    at: float
    trial: int
    attempt: int
    command: int | None = None

    @property
    def key(self) -> str | None:
        return None if self.command is None else f"command/{self.command}"


class Changed(Struct, frozen=True, kw_only=True, tag="changed", omit_defaults=True):
    """Hyperparameters of a running trial were changed, after its last observed step."""

    at: float
    trial: int
    attempt: int
    step: int
    changes: Mapping[str, Json]
    command: int | None = None

    @property
    def key(self) -> str | None:
        return None if self.command is None else f"command/{self.command}"


class Enqueued(Struct, frozen=True, kw_only=True, tag="enqueued", omit_defaults=True):
    """A person asked for this configuration to be tried next. command: its number in the inbox it came from, if any."""

    at: float
    config: Config
    command: int | None = None

    @property
    def key(self) -> str | None:
        return None if self.command is None else f"command/{self.command}"


class SpaceEdited(Struct, frozen=True, kw_only=True, tag="space_edited", omit_defaults=True):
    """The space is another one from here on (its whole JSON form)."""

    at: float
    space: Json
    command: int | None = None

    @property
    def key(self) -> str | None:
        return None if self.command is None else f"command/{self.command}"


class CommandHandled(Struct, frozen=True, kw_only=True, tag="command_handled", omit_defaults=True):
    """A command from the inbox was carried out by other events, or refused (then ``refused`` says why)."""

    at: float
    command: int
    what: str
    refused: str = ""

    @property
    def key(self) -> str:
        return f"command/{self.command}"


class WorkerPaused(Struct, frozen=True, kw_only=True, tag="worker_paused", omit_defaults=True):
    """A worker gets no more trials in this session because its last ones failed in a row."""

    at: float
    worker: int
    why: str

    @property
    def key(self) -> None:
        return None


Event: TypeAlias = (
    StudyCreated
    | SessionStarted
    | SessionEnded
    | Started
    | Placed
    | Observed
    | Decided
    | Checkpointed
    | Collected
    | Interrupted
    | Ended
    | Continued
    | Changed
    | Enqueued
    | SpaceEdited
    | CommandHandled
    | WorkerPaused
)

SearchEvent: TypeAlias = Started | Observed | Ended | Changed | Enqueued | SpaceEdited
"""What reaches ``update`` of schedulers and searchers: no retries, no lost runs, no metrics that are not numbers."""
