"""The contracts between the parts of rung, on one page. Implementations are final classes that merely fit.

Data flows one way: Space → Searcher → Scheduler → Tuner → Backend → trial, and back as facts → events → ``update``.
Nothing below the tuner sees the tuner; a searcher sees neither scheduler nor store nor backend.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    import numpy as np

    from rung.commands import Command, UnknownCommand
    from rung.events import Event, SearchEvent, StudyCreated
    from rung.rows import StudyRow, TrialRow
    from rung.runtime.objective import Objective
    from rung.space import Space
    from rung.types import (
        Decision,
        Exhausted,
        Fact,
        Handle,
        Job,
        Json,
        Lease,
        Message,
        Owner,
        Proposal,
        Suggestion,
        Wait,
    )


class Searcher(Protocol):
    """Proposes configurations.

    The state is the fold of ``update`` over the events, nothing else. ``suggest`` may fill caches, but must not change
    what it or ``update`` would answer: called again with the same stream, before the next event, it suggests the same.
    """

    @property
    def space(self) -> Space:
        """The space as it is now, after all edits."""

    def suggest(self, rng: np.random.Generator) -> Suggestion | Wait | Exhausted:
        """What to try next; Wait while that depends on running trials, or on a person.

        All randomness comes from ``rng``, which is fresh for each numbered draw.
        """

    def update(self, event: SearchEvent) -> None:
        """Take note of what happened. Unknown kinds of event are ignored."""

    def spec(self) -> Mapping[str, Json]:
        """``{"name": registered name, ...options}``, enough to build an equal one; it stands in the log."""


class Scheduler(Protocol):
    """Decides what runs, how far, and what happens after each report. Owns a searcher and feeds it every event."""

    @property
    def space(self) -> Space:
        """The space as it is now, after all edits."""

    def suggest(self, rng: np.random.Generator, *, new_trials: bool) -> Proposal | Wait | Exhausted:
        """What to run next; pure as ``Searcher.suggest`` is.

        new_trials: False means only to go on with open trials, in a copy (a Proposal with a parent) too: copies don't
        count against limits.
        """

    def update(self, event: SearchEvent) -> Sequence[Decision]:
        """Take note of what happened, pass it to the searcher, and say who is to pause or stop.

        Decisions may concern other trials than the event's: running ones, and paused ones that are to be stopped.
        CONTINUE need not be said.
        """

    def spec(self) -> Mapping[str, Json]:
        """``{"name": registered name, ...options, "searcher": searcher.spec()}``."""


Deliver: TypeAlias = "Callable[[Sequence[Fact]], None]"
"""Takes facts in order; returns once they are committed and the answers to them have been given to ``Backend.send``."""


class Backend(Protocol):
    """Runs jobs somewhere. Keeps no truth: whatever matters is in the facts it delivers.

    slots: how many runs it can carry at once. runs_in_caller: the objective runs in the caller's thread, inside
    ``poll``, so that only a KeyboardInterrupt can end it early; elsewhere each run's first fact is its Launched, from
    which its time counts.
    """

    slots: int
    runs_in_caller: bool

    def open(self, study: str, objective: Objective, folder: Path) -> None:
        """Get ready to run trials of this study; ``folder`` (exists) is the study's own.

        ObjectiveError when this backend can't run such an objective.
        """

    def start(self, job: Job) -> None:
        """Begin a run. Idempotent on (study, trial, attempt). Returns at once; what fails is told by an Exited."""

    def send(self, trial: int, message: Message) -> None:
        """Pass a message to a running trial; ignored when the trial is no longer there."""

    def stop(self, trial: int) -> None:
        """End a run by force, with its whole process group where it has one. No fact of that run is delivered later."""

    def poll(self, timeout: float, deliver: Deliver) -> None:
        """Wait up to ``timeout`` seconds for facts and deliver them: per run in order, each once.

        Calls ``deliver`` in the caller's thread, any number of times. An inline backend runs the trial in here.
        """

    def live(self) -> Sequence[Handle]:
        """What still runs, also from before a restart of the tuner; the tuner adopts or stops each."""

    def now(self) -> float:
        """Seconds on this backend's monotonic clock, real or virtual."""

    def close(self) -> None:
        """End everything that still runs and free the resources. Idempotent."""


class Channel(Protocol):
    """The trial's end of the line to the tuner."""

    def post(self, fact: Fact) -> None:
        """Send a fact. May block while too many are unacknowledged (64)."""

    def wait(self) -> Message:
        """The next message; blocks. Raises TrialStopped when the tuner is gone."""

    def pending(self) -> Sequence[Message]:
        """The messages that have arrived, in order; doesn't block."""


class Tables(Protocol):
    """The read side of a store: rows that follow from the log and were written in the same transactions."""

    def studies(self) -> Sequence[StudyRow]:
        """All studies, oldest first."""

    def study(self, study: str) -> StudyRow:
        """One study; StudyNotFoundError names the nearest name."""

    def trials(self, study: str) -> Sequence[TrialRow]:
        """All trials of a study by number."""

    def trial(self, study: str, number: int) -> TrialRow:
        """One trial; TrialNotFoundError says how many there are."""

    def running(self, study: str) -> Sequence[TrialRow]:
        """The trials that run, by number; cheap however many there are in all."""

    def pending(self, study: str) -> Sequence[tuple[int, Command | UnknownCommand]]:
        """The commands in the inbox that no event has answered yet, oldest first."""

    def reports(self, study: str, trial: int | None = None) -> Iterator[tuple[int, int, float, Mapping[str, float]]]:
        """(trial, step, at, metrics) by trial and step, of one trial or all."""

    def last_metrics(self, study: str) -> Mapping[int, Mapping[str, float]]:
        """The metrics of the last report of each trial that has one."""


class Store(Protocol):
    """Keeps the logs of studies, their inboxes, and the read tables that follow from the logs."""

    url: str
    tables: Tables

    def create(self, created: StudyCreated) -> None:
        """Begin a study with its first event; StudyExistsError if the name is taken."""

    def append(self, events: Sequence[Event], *, lease: Lease) -> int:
        """Add events to the log of ``lease.study`` and bring the tables up to date, all in one durable transaction.

        Returns the last sequence number. An event whose key the log already has is dropped. An event with a
        ``command`` number also takes that command out of the inbox. FencedError when the lease has passed to somebody
        else, or an event's attempt is not the trial's newest; StoreFullError when the disk is full. Either way nothing
        of this call is stored.
        """

    def read(self, study: str, after: int = 0) -> Iterator[tuple[int, Event]]:
        """(sequence number, event) of all events after that number; numbers start at 1 and have no gaps."""

    def acquire(self, study: str, owner: Owner, *, ttl: float) -> Lease:
        """The right to write to the study for ``ttl`` seconds. StudyLockedError says who has it.

        A holder on this host whose process is dead is replaced at once; one on another host, or another owner in the
        same process, when its time is up.
        """

    def renew(self, lease: Lease) -> None:
        """Another ``ttl`` seconds from now; FencedError when it has passed to somebody else."""

    def release(self, lease: Lease) -> None:
        """Give the right back; nothing happens when it has passed on already."""

    def post(self, study: str, command: Command, *, key: str | None = None) -> int:
        """Put a command into the study's inbox; returns its number. The same key twice gives the same number."""

    def take(self, lease: Lease) -> Sequence[tuple[int, Command | UnknownCommand]]:
        """The commands that no event has answered yet, oldest first; cheap when there are none."""

    def folder(self, study: str) -> Path:
        """The absolute folder for checkpoints and logs of the study's trials (may not exist yet)."""

    def close(self) -> None:
        """Free the resources. Idempotent."""
