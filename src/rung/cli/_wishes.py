"""What a person may ask of a study: whether it can be had, before anything is posted, and how it reads."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from rung.bookkeeping import seen_trial
from rung.commands import (
    ChangeSearcher,
    ChangeTrial,
    Command,
    ContinueTrial,
    EditSpace,
    Enqueue,
    Note,
    PauseTrial,
    Record,
    RetryTrial,
    StopStudy,
    StopTrial,
    Tag,
    UnknownCommand,
)
from rung.console.wording import number, part_name, settings
from rung.errors import RungError, SpaceError
from rung.registry import handed_over
from rung.space import Constant, Space
from rung.tuning.steering import check_usable, plan_edit, space_to_come
from rung.types import Config, TrialState

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
        _check_trial(store, row, seen_trial(store.tables.trial(row.name, trial), row), command)
    if isinstance(command, Enqueue):
        checked(store, row, command.config)
    elif isinstance(command, EditSpace):
        check_usable(Space.from_json(command.space))
    elif isinstance(command, ChangeSearcher):
        handed_over(row.scheduler, command.searcher)


def checked(store: Store, row: StudyRow, config: Config) -> Config:
    """The configuration as the space to come has it. SpaceError where it does not, with the way out of a pin."""
    space = space_to_come(store, row)
    try:
        return space.validate(config)
    except SpaceError as error:
        for name, domain in space.items():
            if isinstance(domain, Constant) and name in config and not domain.contains(config[name]):
                line = shlex.join(["rung", "edit", row.name, "--reopen", name])
                way_out = f"Search it again by `{line}`, or leave it out."
                raise SpaceError(
                    f"{name} is pinned to {domain.value!r}, so it can't be {config[name]!r}.",
                    hint=way_out if _was_open(store, row, name) else error.hint,
                ) from error
        raise


def _was_open(store: Store, row: StudyRow, name: str) -> bool:
    try:
        plan_edit(store, row.name, reopen=[name])
    except SpaceError:
        return False
    return True


def _check_trial(store: Store, row: StudyRow, trial: TrialRow, command: Command) -> None:
    allowed, words, hint = _ALLOWED.get(type(command), (frozenset(TrialState), "", ""))
    if trial.state not in allowed:
        raise RungError(
            f"trial {trial.number} of {row.name!r} is {trial.state}; {words}.",
            hint=hint.format(study=row.name, trial=f"{row.name}#{trial.number}"),
        )
    if isinstance(command, RetryTrial):
        checked(store, row, trial.config)
    elif isinstance(command, ChangeTrial):
        checked(store, row, {**trial.config, **command.changes})


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


def _recorded(row: StudyRow, command: Record) -> str:
    result = f"{command.state} without a result"
    if command.reports:
        step, metrics = command.reports[-1]
        result = f"{row.goal.metric} {number(metrics.get(row.goal.metric))} at step {step}"
    return f"Recorded: {result} with {settings(command.config)}"


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
    ChangeSearcher: lambda row, command: f"{part_name(command.searcher)} takes over the search of {row.name}",
    EditSpace: lambda row, _: f"The space of {row.name} changes",
    StopTrial: lambda _, command: f"Trial {command.trial} is stopped",
    PauseTrial: lambda _, command: (
        f"Trial {command.trial} is paused at its next checkpoint; without checkpoints it will begin anew"
    ),
    ContinueTrial: lambda _, command: f"Trial {command.trial} goes on as soon as a worker is free",
    ChangeTrial: lambda _, command: f"Trial {command.trial} has {settings(command.changes)} from its next report on",
    RetryTrial: lambda _, command: f"The configuration of trial {command.trial} is tried once more, as a new trial",
    Record: _recorded,
    StopStudy: lambda _, command: _STOPS[command.how],
    Note: lambda row, command: f"Noted on {_about(row, command)}",
    Tag: _tagged,
    UnknownCommand: lambda _, command: f"A command that this version does not know: {command.kind}",
}
