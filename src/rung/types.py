"""The frozen values that cross borders between the parts of rung.

What a searcher and a scheduler answer (Suggestion, Proposal, Decision …), and what travels between the tuner and a
running trial (Job, the facts and the messages). The events of a study's log are in ``events.py``.

Steps count from 1. ``loss`` is always the study's metric with its sign chosen so that lower is better; only ``Goal``
knows the sign.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from msgspec import Struct

Config: TypeAlias = Mapping[str, Any]
"""Hyperparameter name -> value; only the active ones."""

Json: TypeAlias = Any
"""None, bool, int, float, str, or lists and string-keyed dicts of these."""


class Goal(Struct, frozen=True):
    """Which metric is judged, and in which direction."""

    metric: str
    mode: Literal["min", "max"] = "min"

    def loss(self, metrics: Mapping[str, float]) -> float | None:
        """The metric with lower as better; None when it is NaN or infinite."""
        value = metrics[self.metric]
        if not math.isfinite(value):
            return None
        return value if self.mode == "min" else -value

    def value(self, loss: float) -> float:
        """The metric in the user's own direction."""
        return loss if self.mode == "min" else -loss


class Suggestion(Struct, frozen=True):
    """What a searcher wants to try next. ``notes`` go to the log: why, and what it depended on beyond the log."""

    config: Config
    notes: Mapping[str, Json] = {}


class Exhausted(Struct, frozen=True):
    """There is nothing left to try, unless somebody enqueues a configuration or edits the space."""

    why: str = "every configuration has been tried"


class Wait(Struct, frozen=True):
    """There is nothing to run now; ask again after the next event.

    for_person: nothing but a person can bring that event, so it is worth waiting for even while nothing runs.
    """

    why: str = ""
    for_person: bool = False


class Proposal(Struct, frozen=True, kw_only=True):
    """What a scheduler wants to run next.

    trial: an open (paused) trial to continue; None begins a new one.
    until: the step at which this run ends or pauses; None runs to the objective's own end.
    parent: for a new trial, the trial whose newest checkpoint it starts from (population based training); such a copy
    goes on with that training, so it doesn't count against limits on the number of trials.
    decide_at: the steps at which the trial must wait for a decision; None means at every report. ``until`` counts too.
    """

    config: Config
    trial: int | None = None
    until: int | None = None
    parent: int | None = None
    decide_at: tuple[int, ...] | None = ()
    notes: Mapping[str, Json] = {}


class Action(enum.StrEnum):
    """What happens to a trial after a report."""

    CONTINUE = "continue"
    PAUSE = "pause"
    STOP = "stop"


class Decision(Struct, frozen=True):
    """A scheduler's word on one trial; ``why`` is a short reason for people, such as ``rung 3: rank 6 of 7``."""

    trial: int
    action: Action
    why: str = ""


class TrialState(enum.StrEnum):
    """Where a trial stands. WAITING: its process was lost and it will be started again."""

    RUNNING = "running"
    WAITING = "waiting"
    PAUSED = "paused"
    COMPLETED = "completed"
    STOPPED = "stopped"
    FAILED = "failed"

    @property
    def is_final(self) -> bool:
        """Nothing more will happen to the trial."""
        return self in {TrialState.COMPLETED, TrialState.STOPPED, TrialState.FAILED}


class Checkpoint(Struct, frozen=True):
    """A file that a trial can continue from. ``path`` is absolute; ``size`` is in bytes."""

    step: int
    path: str
    sha256: str
    size: int


class Artifact(Struct, frozen=True):
    """A file that a trial wants to be kept. ``path`` is absolute, ``size`` in bytes; step: the last one reported."""

    name: str
    path: str
    sha256: str
    size: int
    step: int = 0


class Remark(Struct, frozen=True):
    """A note on a study or a trial. unix: seconds since 1970. by: ``person`` or ``trial``."""

    text: str
    unix: float
    by: str = "person"


class Job(Struct, frozen=True, kw_only=True):
    """One run of one trial, as a backend gets it.

    attempt: counts the runs of this trial from 1; the fencing token of everything the run reports.
    seed: for the trial's own random numbers; the same in every attempt.
    last_step: the last step that is in the log; the run's reports at or below it are acknowledged but not stored again.
    checkpoints: newest first; the run continues from the first one that is intact.
    folder: absolute path of the trial's own folder, for checkpoints and the log of its output.
    """

    study: str
    trial: int
    attempt: int
    config: Config
    metric: str
    seed: int
    folder: str
    worker: int = 0
    until: int | None = None
    decide_at: tuple[int, ...] | None = ()
    last_step: int = 0
    checkpoints: tuple[Checkpoint, ...] = ()
    parent: int | None = None


class Handle(Struct, frozen=True):
    """A run that a backend still has alive."""

    trial: int
    attempt: int


# Facts: what a backend tells the tuner. Each carries the attempt, so that a late one can be refused.


class Launched(Struct, frozen=True, tag=True):
    """The run has a process. ``gpus``: those that it may use, as in CUDA_VISIBLE_DEVICES; empty when nobody says."""

    trial: int
    attempt: int
    host: str
    pid: int
    gpus: str = ""


class Reported(Struct, frozen=True, tag=True):
    """A report. ``waits``: the trial stands still until it gets a Verdict for this step."""

    trial: int
    attempt: int
    step: int
    metrics: dict[str, float]
    waits: bool = False


class Saved(Struct, frozen=True, tag=True):
    """A checkpoint is safely on disk."""

    trial: int
    attempt: int
    checkpoint: Checkpoint


class Logged(Struct, frozen=True, tag=True):
    """A file of the trial is safely in its folder."""

    trial: int
    attempt: int
    artifact: Artifact


class Remarked(Struct, frozen=True, tag=True):
    """Something that the trial, or what runs it, wants people to know."""

    trial: int
    attempt: int
    text: str


CANNOT_IMPORT = "import"
"""The reason of an Exited when the objective itself could not be loaded, which would befall every other run as well."""


class Outcome(enum.StrEnum):
    """How a run ended, as the backend saw it.

    FINISHED: the objective came to its end, or obeyed a stop or pause. FAILED: its own fault (exception, bad value,
    out of memory, exit code). LOST: something outside ended it (a kill, a lost machine); it can be tried again.
    """

    FINISHED = "finished"
    FAILED = "failed"
    LOST = "lost"


class Exited(Struct, frozen=True, tag=True):
    """The run is over. ``reason``: one word (error, no_value, oom, crashed, exit …); ``message``: for people.

    exit_code: of a script, negative for a signal as in ``subprocess``; None for a function. is_whole: the objective
    came to its own end, whatever it had been told; False where nobody knows, as of a script.
    """

    trial: int
    attempt: int
    outcome: Outcome
    reason: str = ""
    message: str = ""
    exit_code: int | None = None
    is_whole: bool = False


Fact: TypeAlias = Launched | Reported | Saved | Logged | Remarked | Exited


# Messages: what the tuner tells a running trial.


class Verdict(Struct, frozen=True, tag=True):
    """The answer to a report that waits, or at any time a word to stop or pause."""

    action: Action
    step: int = 0
    why: str = ""


class Change(Struct, frozen=True, tag=True):
    """New values for some hyperparameters of a running trial; visible in its config from the next report on."""

    changes: dict[str, Json]


Message: TypeAlias = Verdict | Change


class Owner(Struct, frozen=True):
    """A process, named so that no other one, before or after a reboot, has the same name.

    started: the process start time in clock ticks since boot (or seconds, where the platform has no ticks).
    session: a random word that tells the tuners of one process apart.
    """

    host: str
    boot: str
    pid: int
    started: float
    session: str = ""


class Lease(Struct, frozen=True):
    """The right to write to one study. ``epoch`` grows with every change of hands and fences the former holder."""

    study: str
    owner: Owner
    epoch: int
    ttl: float
