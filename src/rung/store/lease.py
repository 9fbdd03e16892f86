"""Leases: who may write to a study, and when the right falls to somebody else.

On the holder's own host no clock is asked: the lease is held as long as the holder's process lives, and is free the
moment it doesn't. Within the holder's own process that says nothing. There, and elsewhere, the lease is free when it
has not been renewed for ``ttl`` seconds:

- within one boot of one machine (one process; containers, whose host names differ) by the machine's uptime, which
  nobody can set;
- between machines by their wall clocks, unless these are in doubt: when the last renewal lies in the future, or its end
  less than an hour back, a clock may have jumped. Then the lease is watched for ``ttl`` seconds by our own uptime, and
  is free if it has not been renewed once.

A wrong guess costs the former holder its lease, never data: the epoch fences all that it still tries to write.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from rung.errors import FencedError, StudyLockedError
from rung.store.owner import Clock, Stamp, is_alive, is_same_process
from rung.types import Lease, Owner

DOUBT = 3600.0
"""Seconds by which a wall clock may have jumped."""

_LOOKS = 20
"""How often a doubtful lease is looked at while it is watched."""


class Holding(Struct, frozen=True):
    """A lease as it stands in a store, with the moments at which it was given and last renewed."""

    owner: Owner
    epoch: int
    ttl: float
    since: Stamp
    renewed: Stamp


def is_free(holding: Holding | None, owner: Owner, clock: Clock, *, read: Callable[[], Holding | None]) -> bool:
    """Whether ``owner`` may take the lease. Where clocks are in doubt, watches it for ``ttl`` seconds."""
    if holding is None or holding.owner == owner:
        return True
    held = is_held(holding, clock.stamp(), asking=owner)
    if held is not None:
        return not held
    end = clock.stamp().uptime + holding.ttl
    while clock.stamp().uptime < end:
        clock.sleep(holding.ttl / _LOOKS)
        if read() != holding:
            return False
    return True


def is_held(holding: Holding, now: Stamp, *, asking: Owner | None = None) -> bool | None:
    """Whether the holder still has the lease; None where that can't be told from one look.

    asking: who wants it. That the holder's process lives is no sign of life to another owner in this very process,
    or what a notebook forgot to close would stay locked until its kernel ends.
    """
    alive = None if asking is not None and is_same_process(holding.owner, asking) else is_alive(holding.owner)
    if alive is not None:
        return alive
    age = age_of(holding.renewed, now)
    if holding.renewed.boot == now.boot or 0 <= age <= holding.ttl:
        return age <= holding.ttl
    return False if age > holding.ttl + DOUBT else None


def age_of(moment: Stamp, now: Stamp) -> float:
    """Seconds between two stamps, by uptime where they have one, else by their wall clocks."""
    return now.uptime - moment.uptime if moment.boot == now.boot else now.unix - moment.unix


def locked(study: str, holding: Holding, now: Stamp, *, asking: Owner) -> StudyLockedError:
    """The error that tells ``asking`` who has the study, and since when."""
    owner = holding.owner
    since, sign = (_duration(age_of(moment, now)) for moment in (holding.since, holding.renewed))
    span = _duration(holding.ttl)
    if is_same_process(owner, asking):
        held = f"This process already has the study {study!r} in hand"
        hint = f"Close the other tuner; one that was forgotten loses the study {span} after its last sign."
    else:
        held = f"Study {study!r} is held by process {owner.pid} on host {owner.host!r}"
        if is_alive(owner):
            hint = f"Wait until it is done, or end it (kill -INT {owner.pid})."
        else:
            hint = f"Try again later: it is free {span} after the holder's last sign."
    sentence = f"{held}, for {since}; it last gave a sign of life {sign} ago."
    return StudyLockedError(sentence, hint=hint)


def fenced(lease: Lease, holder: Owner | None) -> FencedError:
    """The error for a write under a lease that is no longer valid; ``holder`` has it now."""
    if holder is None:
        passed = "was released"
    elif holder == lease.owner:
        passed = "was acquired again by the same owner"
    elif is_same_process(holder, lease.owner):
        passed = "has passed to another tuner in this process"
    else:
        passed = f"has passed to process {holder.pid} on host {holder.host!r}"
    return FencedError(
        f"The lease on study {lease.study!r} {passed}; nothing was written.",
        hint="Acquire the study again, or leave it to its holder.",
    )


def _duration(seconds: float) -> str:
    seconds = max(0.0, seconds)
    for unit, length in (("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s" if seconds >= 1 else "under 1 s"
