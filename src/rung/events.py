"""The events of which the log of a study consists. Facts only: whatever can be derived is derived.

``at`` is the study's own clock: seconds that tuners have spent on the study, so it stands still while nobody runs it.
``key`` makes an append idempotent: of two events with one key in one study, the first stays and the second is dropped.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from rung.types import Action, Artifact, Checkpoint, Config, Goal, Json, Owner, TrialState


class StudyCreated(Struct, frozen=True, kw_only=True, tag="study_created", omit_defaults=True):
    """The first event of every log.

    space, searcher, scheduler: their JSON forms. objective: ``module:function``, ``file.py:function`` or, for a script,
    its argument list; None when it can't be named. settings: none at first; each session has its own. unix: seconds
    since 1970. project: what it belongs to, by name; message: what it is about, in a line; either may be empty.
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
    project: str = ""
    message: str = ""
    tags: tuple[str, ...] = ()

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
    """A tuner left in good order. ``why``: done, interrupted, failures, stopped, criterion …; ``message``: in full."""

    at: float
    session: int
    why: str
    message: str = ""

    @property
    def key(self) -> str:
        return f"session/{self.session}/end"


CHOSEN: Final = "auto"
"""In the notes of a trial that ``auto`` suggested: the searcher that it had chosen."""

WHY_CHOSEN: Final = "auto_why"
"""Where that is another searcher than before: why."""

RETRY_OF: Final = "retry_of"
"""In the notes of a trial that was asked for by ``rung retry``: the trial that it repeats."""

REPLACES: Final = "replaces"
"""In the notes of a copy in a population: the trial whose place it takes."""


class Started(Struct, frozen=True, kw_only=True, tag="started", omit_defaults=True):
    """A run of a trial begins; logged before any backend hears of it.

    cause: ``new``; ``resumed`` after a pause; ``retried`` after the run before was lost; ``given`` when the
    configuration of a new trial comes from outside (run by hand, imported): the space need not contain it, and the
    scheduler has no say in it. draw: the number of the random stream behind a suggestion; None for what nobody
    suggested.
    new_trials: whether the scheduler was free to begin a new one. decide_s: seconds that the suggestion took.
    parent_checkpoint: what a copy begins from, in all its attempts; None where the parent had none.
    notes: what their author is to find again; the keys above are read by others too.
    """

    at: float
    trial: int
    attempt: int
    config: Config
    cause: Literal["new", "resumed", "retried", "given"] = "new"
    until: int | None = None
    decide_at: tuple[int, ...] | None = ()
    parent: int | None = None
    draw: int | None = None
    new_trials: bool = True
    notes: Mapping[str, Json] = {}
    decide_s: float = 0.0
    worker: int = 0
    parent_checkpoint: Checkpoint | None = None

    @property
    def key(self) -> str:
        return f"start/{self.trial}/{self.attempt}"


class Placed(Struct, frozen=True, kw_only=True, tag="placed", omit_defaults=True):
    """Where a run found its process, and which GPUs it may use."""

    at: float
    trial: int
    attempt: int
    host: str
    pid: int
    gpus: str = ""

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

    by: ``scheduler``, ``person``, or ``imported`` where it was decided before the import; ``study`` when the whole
    study is paused, so that the trial will wait for its next session unless one of the others has its say before it
    ends; or the limit that was broken: ``nan``, ``bad_value``. A broken limit makes the trial failed. step: the
    trial's last observed step at that moment.
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
        paused = "/study" if self.by == "study" else ""  # another word may follow on that
        return f"decide/{self.trial}/{self.attempt}{paused}"


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

    reason: ``killed`` (something ended its process), ``tuner`` (its tuner was killed), ``interrupted`` (on request) or
    ``import`` (the objective can't be loaded where trials run).
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
    nan, no_value, bad_value, oom, exit, killed, timeout, stalled. exit_code: of a script that ended by itself, negative
    for a signal.
    """

    at: float
    trial: int
    attempt: int
    state: TrialState
    reason: str = ""
    message: str = ""
    exit_code: int | None = None

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
    """A person asked for this configuration to be tried next.

    command: its number in the inbox it came from, if any. retry_of: the trial whose configuration is tried once more.
    """

    at: float
    config: Config
    command: int | None = None
    retry_of: int | None = None

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


class SearcherChanged(Struct, frozen=True, kw_only=True, tag="searcher_changed", omit_defaults=True):
    """Another searcher goes on from here (its JSON form); it knows all that was tried before."""

    at: float
    searcher: Json
    command: int | None = None

    @property
    def key(self) -> str | None:
        return None if self.command is None else f"command/{self.command}"


class Noted(Struct, frozen=True, kw_only=True, tag="noted", omit_defaults=True):
    """A remark on the study, or on a trial. by: ``person`` or ``trial``. unix: seconds since 1970."""

    at: float
    text: str
    trial: int | None = None
    by: str = "person"
    unix: float = 0.0
    command: int | None = None

    @property
    def key(self) -> str | None:
        return None if self.command is None else f"command/{self.command}"


class Tagged(Struct, frozen=True, kw_only=True, tag="tagged", omit_defaults=True):
    """Tags were put on the study, or on a trial, and others taken away."""

    at: float
    trial: int | None = None
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    command: int | None = None

    @property
    def key(self) -> str | None:
        return None if self.command is None else f"command/{self.command}"


class ArtifactLogged(Struct, frozen=True, kw_only=True, tag="artifact_logged", omit_defaults=True):
    """A file of a trial is kept. A later one of the same name takes its place."""

    at: float
    trial: int
    attempt: int
    artifact: Artifact

    @property
    def key(self) -> str:
        return f"artifact/{self.trial}/{self.attempt}/{self.artifact.sha256[:16]}/{self.artifact.name}"


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
    | SearcherChanged
    | Noted
    | Tagged
    | ArtifactLogged
    | CommandHandled
    | WorkerPaused
)

SearchEvent: TypeAlias = Started | Observed | Ended | Changed | Enqueued | SpaceEdited
"""What reaches ``update`` of schedulers and searchers: no retries, no lost runs, no metrics that are not numbers."""
