"""Which events a log takes: those of the newest attempt only."""

from __future__ import annotations

from typing import TypeAlias

from rung.errors import FencedError
from rung.events import (
    ArtifactLogged,
    Changed,
    Checkpointed,
    Collected,
    CommandHandled,
    Continued,
    Decided,
    Ended,
    Enqueued,
    Interrupted,
    Noted,
    Observed,
    Placed,
    SearcherChanged,
    SpaceEdited,
    Started,
    Tagged,
)

TrialEvent: TypeAlias = (
    Observed
    | Started
    | Ended
    | Placed
    | Decided
    | Checkpointed
    | Interrupted
    | Continued
    | Changed
    | Collected
    | ArtifactLogged
    | Noted
    | Tagged
)
TRIAL_EVENTS = (
    Observed,
    Started,
    Ended,
    Placed,
    Decided,
    Checkpointed,
    Interrupted,
    Continued,
    Changed,
    Collected,
    ArtifactLogged,
    Noted,
    Tagged,
)
"""The kinds of event that have a ``trial``; it is None where one is about the study itself."""

ANSWERS = (CommandHandled, Enqueued, Changed, Continued, SpaceEdited, SearcherChanged, Noted, Tagged)
"""The kinds of event that may have a ``command``."""


def check_attempt(study: str, event: TrialEvent, newest: int) -> None:
    """FencedError unless this event may follow. newest: the trial's newest attempt, 0 when it has none yet."""
    if isinstance(event, Started):
        if event.attempt == newest + 1:
            return
        refused = f"attempt {event.attempt} of trial {event.trial} can't start"
    elif isinstance(event, Collected | Noted | Tagged):  # whatever the attempt, as long as there is such a trial
        if newest or event.trial is None:
            return
        refused = f"{event.__struct_config__.tag!r} about trial {event.trial} can't be written"
    else:
        if event.attempt == newest and newest:
            return
        kind = event.__struct_config__.tag
        refused = f"{kind!r} of attempt {event.attempt} of trial {event.trial} can't follow"
    stands = f"attempt {newest} is the newest" if newest else "the trial has not started"
    raise FencedError(f"Study {study!r}: {refused}, because {stands}; nothing was written.")
