"""Results from elsewhere in one form, and the log of a study of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from rung.events import Event, Noted, SessionEnded, SessionStarted
from rung.tuning.given import GivenTrial, events_of_given

if TYPE_CHECKING:
    from rung.space import Space
    from rung.types import Goal, Json, Owner


class GivenStudy(Struct, frozen=True, kw_only=True):
    """Trials that ran elsewhere, in the order in which they started; their times are on the clock of the whole import.

    source: where they come from, for people. remarks: sentences on what was inferred, changed or left out.
    began: seconds since 1970 when the clock of the trials stood at 0; None where nobody knows. has_steps: whether
    somebody knows the steps of the reports; where not, each value is that of a full training.
    """

    space: Space
    goal: Goal
    trials: tuple[GivenTrial, ...]
    source: str
    remarks: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    began: float | None = None
    has_steps: bool = True


def events_of(study: GivenStudy, *, owner: Owner, unix: float, provenance: Mapping[str, Json]) -> list[Event]:
    """The log of a study of these trials behind its first event: one session, in the order of time.

    unix: now, in seconds since 1970. Every trial is a given one, so searchers learn from it and schedulers leave it be.
    """
    end = max((trial.ended for trial in study.trials), default=0.0)
    began = unix - end if study.began is None else study.began
    timed = [
        (event.at, number, index, event)
        for number, trial in enumerate(study.trials)
        for index, event in enumerate(events_of_given(number, trial, study.goal, unix=unix))
    ]
    timed.sort(key=lambda item: item[:3])
    count = len(study.trials)
    message = f"imported {count} trial{'' if count == 1 else 's'} from {study.source}"
    return [
        SessionStarted(at=0.0, session=1, owner=owner, slots=1, unix=began, provenance=provenance),
        *(event for *_, event in timed),
        *(Noted(at=end, text=text, unix=unix) for text in study.notes),
        SessionEnded(at=end, session=1, why="done", message=message),
    ]


def in_a_row(trials: Sequence[tuple[GivenTrial, float]]) -> tuple[GivenTrial, ...]:
    """Trials of which only the seconds that they took are known, as if one had run after the other."""
    placed, clock = [], 0.0
    for trial, seconds in trials:
        took = seconds if math.isfinite(seconds) and seconds > 0 else 0.0
        placed.append(replace(trial, started=clock, ended=clock + took))
        clock += took
    return tuple(placed)
