"""What a person may ask of a study: whether it can be had, before anything is posted, and how it reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from rung.bookkeeping import seen_trial
from rung.commands import (
    ChangeTrial,
    Command,
    ContinueTrial,
    EditSpace,
    Enqueue,
    Note,
    PauseTrial,
    RetryTrial,
    StopStudy,
    StopTrial,
    Tag,
    UnknownCommand,
)
from rung.console.wording import settings
from rung.errors import RungError
from rung.space import Space
from rung.types import TrialState

if TYPE_CHECKING:
    from rung.contracts import Store
    from rung.rows import StudyRow, TrialRow


def check(store: Store, row: StudyRow, command: Command, *, is_run: bool) -> None:
    """An error of rung when a study can't do this, as far as it can be told now.

    is_run: whether a tuner has the study in hand. Stops and pauses are for what runs.
    """
    if not is_run and isinstance(command, StopStudy | PauseTrial | ChangeTrial):
        raise RungError(f"nobody is running {row.name!r}, so nothing of it runs.", hint="`rung ls` says which run.")
    trial = getattr(command, "trial", None)
    if trial is not None:
        _check_state(row, seen_trial(store.tables.trial(row.name, trial), row), command)
    if isinstance(command, Enqueue):
        Space.from_json(row.space).validate(command.config)
    elif isinstance(command, EditSpace):
        Space.from_json(command.space)


def _check_state(row: StudyRow, trial: TrialRow, command: Command) -> None:
    allowed, words, hint = _ALLOWED.get(type(command), (frozenset(TrialState), "", ""))
    if trial.state not in allowed:
        raise RungError(
            f"trial {trial.number} of {row.name!r} is {trial.state}; {words}.",
            hint=hint.format(study=row.name, trial=f"{row.name}#{trial.number}"),
        )
    space = Space.from_json(row.space)
    if isinstance(command, RetryTrial):
        space.validate(trial.config)
    elif isinstance(command, ChangeTrial):
        space.validate({**trial.config, **command.changes})


_OPEN = frozenset(state for state in TrialState if not state.is_final)
_RUNNING = frozenset({TrialState.RUNNING})
_ALLOWED: Mapping[type, tuple[frozenset[TrialState], str, str]] = {
    StopTrial: (_OPEN, "only one that is not over can be stopped", ""),
    PauseTrial: (_RUNNING, "only a running one can be paused", ""),
    ChangeTrial: (_RUNNING, "only a running one can be changed", ""),
    ContinueTrial: (
        frozenset({TrialState.PAUSED}),
        "only a paused one can be continued",
        "What waits goes on with the whole study: `rung resume {study}`.",
    ),
    RetryTrial: (
        frozenset({TrialState.FAILED, TrialState.STOPPED}),
        "only failed and stopped ones can be retried",
        "`rung show {trial}` tells more.",
    ),
}
"""Of which states a trial must be, why, and what to do otherwise."""


def described(row: StudyRow, command: Command | UnknownCommand) -> str:
    """What a command does, in a sentence without its full stop."""
    return _SENTENCES[type(command)](row, command)


def _tagged(row: StudyRow, command: Tag) -> str:
    about = _about(row, command)
    added = f"{about} is tagged {' '.join(command.added)}" if command.added else ""
    removed = f"no longer tagged {' '.join(command.removed)}" if command.removed else ""
    if added and removed:
        return f"{added}, and {removed}"
    return added or f"{about} is {removed}"


def _about(row: StudyRow, command: Note | Tag) -> str:
    return row.name if command.trial is None else f"{row.name}#{command.trial}"


_STOPS = {
    "finish": "Nothing more is started, and what runs comes to its end",
    "pause": "Nothing more is started, and what runs is paused at its next checkpoint; "
    "without checkpoints it will begin anew",
    "now": "Nothing more is started, and what runs is ended and waits",
}
_Sentence: TypeAlias = "Callable[[StudyRow, Any], str]"
_SENTENCES: Mapping[type, _Sentence] = {
    Enqueue: lambda _, command: f"Tried next: {settings(command.config)}",
    EditSpace: lambda row, _: f"The space of {row.name} is another one from now on",
    StopTrial: lambda _, command: f"Trial {command.trial} is stopped",
    PauseTrial: lambda _, command: (
        f"Trial {command.trial} is paused at its next checkpoint; without checkpoints it will begin anew"
    ),
    ContinueTrial: lambda _, command: f"Trial {command.trial} goes on as soon as a worker is free",
    ChangeTrial: lambda _, command: f"Trial {command.trial} has {settings(command.changes)} from its next report on",
    RetryTrial: lambda _, command: f"The configuration of trial {command.trial} is tried once more, as a new trial",
    StopStudy: lambda _, command: _STOPS[command.how],
    Note: lambda row, command: f"Noted on {_about(row, command)}",
    Tag: _tagged,
    UnknownCommand: lambda _, command: f"A command that this version does not know: {command.kind}",
}
