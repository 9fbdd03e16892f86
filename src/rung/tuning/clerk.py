"""Notes, tags and results where no tuner runs the study: a clerk takes its lease for a moment and writes them down."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING

from msgspec import structs

from rung.commands import Note, Record, Tag
from rung.errors import FencedError, SettingError, StudyLockedError, TrialNotFoundError
from rung.events import CommandHandled
from rung.registry import build_scheduler
from rung.space import Space
from rung.store.owner import current_owner
from rung.tuning.engine import Engine, split_log
from rung.tuning.hand import ByHand
from rung.tuning.inbox import Inbox, remark_event
from rung.tuning.intake import Intake
from rung.tuning.session import Session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rung.commands import Command, UnknownCommand
    from rung.contracts import Store
    from rung.events import Event
    from rung.types import Lease, Owner

_CLERK = "clerk-"
_CLERK_LEASE_S = 10.0  # it needs the study for some milliseconds
_PATIENCE_S = 15.0  # of a tuner, for a clerk that stands in its way; longer than the lease of one that has vanished
_LOOK_AGAIN_S = 0.02


def is_clerk(owner: Owner) -> bool:
    """Whether who holds a study only writes something down, and will be gone in a moment."""
    return owner.session.startswith(_CLERK)


def write_down(store: Store, study: str) -> bool:
    """Answer the notes, tags and results in the inbox of a study that nobody runs; other commands stay where they are.

    So do results where the study's scheduler can't be made from its name. False when a tuner, or another clerk, holds
    the study or took it in between: nothing was written then, and whoever has it answers what it finds.
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
        commands = store.take(lease)
        results = [command for _, command in commands if isinstance(command, Record)]
        engine = _replayed(store, study) if results else None
        if engine is None:
            _write_remarks(store, lease, commands)
        else:
            store.renew(lease)
            _write_all(store, lease, engine, seconds=sum(each.seconds for each in results))
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


def _replayed(store: Store, study: str) -> Engine | None:
    """What the study's scheduler knows, as it must be told of the results; None when it can't be made from its name."""
    created, _ = split_log(event for _, event in store.read(study))
    try:
        scheduler = build_scheduler(created.scheduler, Space.from_json(created.space))
        engine = Engine(scheduler, log=lambda: store.read(study))
        engine.replay(store.read(study))
    except SettingError:
        return None
    return engine


def _write_all(store: Store, lease: Lease, engine: Engine, *, seconds: float) -> None:
    """seconds: that the runs of the results took, by which the study's clock goes on."""
    elapsed = 0.0
    session = Session(store, engine, lease, now=lambda: elapsed)
    elapsed = seconds
    intake = Intake(session, ByHand(), folder=store.folder(lease.study), max_kills=1)
    Inbox(session, intake).carry_out(Note | Tag | Record)


def _write_remarks(store: Store, lease: Lease, commands: Sequence[tuple[int, Command | UnknownCommand]]) -> None:
    at = store.tables.study(lease.study).at
    answers = [
        _answer(store, lease.study, number, command, at=at)
        for number, command in commands
        if isinstance(command, Note | Tag)
    ]
    if answers:
        store.append(answers, lease=lease)


def _answer(store: Store, study: str, number: int, remark: Note | Tag, *, at: float) -> Event:
    try:
        if remark.trial is not None:
            store.tables.trial(study, remark.trial)
    except TrialNotFoundError:
        refused = f"there is no trial {remark.trial}."
        return CommandHandled(at=at, command=number, what=type(remark).__name__, refused=refused)
    return remark_event(remark, number=number, at=at)
