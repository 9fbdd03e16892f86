"""Notes and tags where no tuner runs the study: a clerk takes its lease for a moment and writes them down."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING

from msgspec import structs

from rung.commands import Note, Tag
from rung.errors import FencedError, StudyLockedError, TrialNotFoundError
from rung.events import CommandHandled
from rung.store.owner import current_owner
from rung.tuning.inbox import remark_event

if TYPE_CHECKING:
    from rung.contracts import Store
    from rung.events import Event
    from rung.types import Lease, Owner

_CLERK = "clerk-"
_CLERK_LEASE_S = 10.0  # it needs the study for some milliseconds
_PATIENCE_S = 15.0  # of a tuner, for a clerk that stands in its way; longer than the lease of one that has vanished
_LOOK_AGAIN_S = 0.02


def is_clerk(owner: Owner) -> bool:
    """Whether who holds a study only writes down notes and tags, and will be gone in a moment."""
    return owner.session.startswith(_CLERK)


def write_down_remarks(store: Store, study: str) -> bool:
    """Answer the notes and tags in the inbox of a study that nobody runs; other commands stay where they are.

    False when a tuner, or another clerk, holds the study or took it in between: nothing was written then, and whoever
    has it answers what it finds.
    """
    holder = store.tables.study(study).owner
    if holder is not None and not is_clerk(holder):
        return False
    owner = structs.replace(current_owner(), session=_CLERK + secrets.token_hex(8))
    try:
        lease = store.acquire(study, owner, ttl=_CLERK_LEASE_S)
    except StudyLockedError:
        return False
    try:
        at = store.tables.study(study).at
        answers = [
            _answer(store, study, number, command, at=at)
            for number, command in store.take(lease)
            if isinstance(command, Note | Tag)
        ]
        if answers:
            store.append(answers, lease=lease)
    except FencedError:
        return False
    finally:
        store.release(lease)
    return True


def acquire_for_tuner(store: Store, study: str, owner: Owner, *, ttl: float) -> Lease:
    """The study's lease. A clerk is waited for; StudyLockedError when it is a tuner that has it."""
    patience_ends = time.monotonic() + _PATIENCE_S
    while True:
        try:
            return store.acquire(study, owner, ttl=ttl)
        except StudyLockedError:
            holder = store.tables.study(study).owner
            if (holder is not None and not is_clerk(holder)) or time.monotonic() > patience_ends:
                raise
        time.sleep(_LOOK_AGAIN_S)


def _answer(store: Store, study: str, number: int, remark: Note | Tag, *, at: float) -> Event:
    try:
        if remark.trial is not None:
            store.tables.trial(study, remark.trial)
    except TrialNotFoundError:
        refused = f"there is no trial {remark.trial}."
        return CommandHandled(at=at, command=number, what=type(remark).__name__, refused=refused)
    return remark_event(remark, number=number, at=at)
