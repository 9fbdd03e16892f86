"""Results from elsewhere in one form, and the events that a study gets of them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from rung.events import Decided, Ended, Event, Noted, Observed, SessionEnded, SessionStarted, Started, Tagged
from rung.types import Action, Config, Goal, Json, TrialState

if TYPE_CHECKING:
    from rung.space import Space
    from rung.types import Owner


IMPORTED = "imported"
"""By whom a trial was stopped that was stopped elsewhere."""


class GivenTrial(Struct, frozen=True, kw_only=True):
    """A trial that ran elsewhere. state: completed, stopped or failed; reason: one word, of a failed one only.

    reports: (step, metrics) with rising steps from 1 on, each with the goal's metric. started, ended: seconds on the
    clock of the whole import. origin: where it comes from, such as its number there.
    """

    config: Config
    state: TrialState
    started: float
    ended: float
    reports: tuple[tuple[int, Mapping[str, float]], ...] = ()
    reason: str = ""
    message: str = ""
    origin: Mapping[str, Json] = {}
    tags: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class GivenStudy(Struct, frozen=True, kw_only=True):
    """Trials that ran elsewhere, in the order in which they started.

    source: where they come from, for people. remarks: sentences on what was inferred, changed or left out.
    began: seconds since 1970 when the clock of the trials stood at 0; None where nobody knows.
    """

    space: Space
    goal: Goal
    trials: tuple[GivenTrial, ...]
    source: str
    remarks: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    began: float | None = None


def events_of(study: GivenStudy, *, owner: Owner, unix: float, provenance: Mapping[str, Json]) -> list[Event]:
    """The log of a study of these trials behind its first event: one session, in the order of time.

    unix: now, in seconds since 1970. Every trial is a given one, so searchers learn from it and schedulers leave it be.
    """
    end = max((trial.ended for trial in study.trials), default=0.0)
    began = unix - end if study.began is None else study.began
    timed = [
        (event.at, number, index, event)
        for number, trial in enumerate(study.trials)
        for index, event in enumerate(_events(number, trial, study.goal, unix))
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


def _events(number: int, trial: GivenTrial, goal: Goal, unix: float) -> Iterator[Event]:
    """Nobody knows when the reports came, so they are spread evenly over the trial's time."""
    yield Started(at=trial.started, trial=number, attempt=1, config=trial.config, cause="given", notes=trial.origin)
    step, bad = 0, None
    for count, (step, metrics) in enumerate(trial.reports, 1):
        at = trial.started + (trial.ended - trial.started) * count / len(trial.reports)
        loss = goal.loss(metrics)
        yield Observed(at=at, trial=number, attempt=1, step=step, metrics=metrics, loss=loss)
        if loss is None:
            bad = f"{goal.metric} is {metrics[goal.metric]} at step {step}"
            break
    state, reason, message = trial.state, trial.reason, trial.message
    if bad is not None:
        state, reason, message = TrialState.FAILED, "nan", bad
    if state is TrialState.STOPPED or bad is not None:
        reason = "nan" if bad is not None else IMPORTED
        yield Decided(at=trial.ended, trial=number, attempt=1, step=step, action=Action.STOP, why=message, by=reason)
    yield Ended(at=trial.ended, trial=number, attempt=1, state=state, reason=reason, message=message)
    if trial.tags:
        yield Tagged(at=trial.ended, trial=number, added=trial.tags)
    for text in trial.notes:
        yield Noted(at=trial.ended, trial=number, text=text, unix=unix)


def in_a_row(trials: Sequence[tuple[GivenTrial, float]]) -> tuple[GivenTrial, ...]:
    """Trials of which only the seconds that they took are known, as if one had run after the other."""
    from msgspec.structs import replace

    placed, clock = [], 0.0
    for trial, seconds in trials:
        took = seconds if math.isfinite(seconds) and seconds > 0 else 0.0
        placed.append(replace(trial, started=clock, ended=clock + took))
        clock += took
    return tuple(placed)
