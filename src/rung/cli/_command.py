"""Commands from the command line to a study: checked before they are posted, and what became of them, in words."""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from rung.cli._options import DEFAULT_STORE
from rung.cli._wishes import check, described
from rung.commands import ChangeSearcher, Command, EditSpace, Enqueue, Note, Record, RetryTrial, StopStudy, Tag
from rung.errors import RungError
from rung.events import CommandHandled, Started
from rung.tuning.clerk import is_clerk, write_down

if TYPE_CHECKING:
    from rung.contracts import Store
    from rung.events import Event
    from rung.rows import StudyRow

PATIENCE_S = 5.0
"""A tuner looks into its inbox five times a second, unless an objective in its own thread keeps it busy."""

_LOOK_AGAIN_S = 0.05
_FOR_CLERKS = (Note, Tag, Record)
"""What needs no tuner."""
_Answers: TypeAlias = "dict[int, Event]"


def send(store: Store, study: str, command: Command) -> str:
    """Have a command carried out; returns a sentence on what became of it. RungError when it can't be, or was refused.

    Notes, tags and results are written down at once where nobody runs the study. Else the tuner's answer is waited for,
    for some seconds; where there is none to answer, the command stays in the inbox until the study is resumed.
    """
    return send_all(store, study, [command])[0]


def send_all(store: Store, study: str, commands: Sequence[Command]) -> list[str]:
    """The same for several; all are checked before the first is posted. The error names all that were refused."""
    row = store.tables.study(study)
    for command in commands:
        check(store, row, command, is_run=is_run(row))
    numbers = [store.post(study, command) for command in commands]
    answers = _answers(store, study, set(numbers), is_for_clerk=any(isinstance(each, _FOR_CLERKS) for each in commands))
    row = store.tables.study(study)
    return [
        described(row, command) + _outlook(store, row, command, is_answered=number in answers)
        for number, command in zip(numbers, commands, strict=True)
    ]


def send_record(store: Store, study: str, result: Record) -> tuple[int | None, str]:
    """Have a result recorded; returns the number of its trial, and the sentence.

    The number is None where nobody has answered yet. RungError when it was refused.
    """
    row = store.tables.study(study)
    check(store, row, result, is_run=is_run(row))
    number = store.post(study, result)
    answers = _answers(store, study, {number}, is_for_clerk=True)
    row = store.tables.study(study)
    sentence = described(row, result)
    if number not in answers:
        return None, sentence + _outlook(store, row, result, is_answered=False)
    trial = next(
        event.trial
        for _, event in store.read(study)
        if isinstance(event, Started) and event.cause == "given" and event.notes.get("command") == number
    )
    return trial, f"{sentence}, as {study}#{trial}."


def is_run(row: StudyRow) -> bool:
    """Whether a tuner has the study in hand now."""
    return row.owner is not None and not is_clerk(row.owner)


def resume_line(store: Store, row: StudyRow) -> str:
    """The command that goes on with a study from here; its total is raised where what is asked for exceeds it."""
    words = ["rung", "resume", row.name]
    total, begun = row.settings.get("max_trials"), row.n_begun
    pending = [command for _, command in store.tables.pending(row.name)]
    asked = sum(isinstance(command, Enqueue | RetryTrial) for command in pending)
    asked = asked or any(isinstance(command, EditSpace | ChangeSearcher) for command in pending)  # of no use for none
    if total is not None and begun + asked > total:
        words += ["--trials", str(begun + asked)]
    return shlex.join([*words, *store_words(store)])


def _answers(store: Store, study: str, numbers: Collection[int], *, is_for_clerk: bool) -> _Answers:
    """The events that answer these commands, as far as there are any after some seconds. RungError for refusals."""
    answers: _Answers = {}
    seen, patience_ends = 0, time.monotonic() + PATIENCE_S
    while True:
        is_held = is_run(store.tables.study(study))
        is_written = not is_held and is_for_clerk and write_down(store, study)
        for sequence, event in store.read(study, seen):
            seen = sequence
            number = getattr(event, "command", None)
            if number is not None and number in numbers:
                answers[number] = event
        is_over = is_written or not (is_held or is_for_clerk)
        if len(answers) == len(numbers) or is_over or time.monotonic() > patience_ends:
            break
        time.sleep(_LOOK_AGAIN_S)
    refused = [event.refused for event in answers.values() if isinstance(event, CommandHandled) and event.refused]
    if refused:
        raise RungError(" ".join(refused))
    return answers


def _outlook(store: Store, row: StudyRow, command: Command, *, is_answered: bool) -> str:
    """How the sentence on a command ends: when that will be, and what is to be done for it."""
    if not is_answered:
        return _unanswered(store, row, command)
    if isinstance(command, StopStudy):
        return f". Go on with it by: {resume_line(store, row)}"
    total, begun = row.settings.get("max_trials"), row.n_begun
    if isinstance(command, Enqueue | RetryTrial) and total is not None and begun >= total:
        line = shlex.join(["rung", "resume", row.name, "--trials", str(begun + 1), *store_words(store)])
        return f", once this run has ended and the study's total of {total} trials is raised: {line}"
    return "."


def _unanswered(store: Store, row: StudyRow, command: Command) -> str:
    """The same of a command that no tuner has taken out of the inbox yet."""
    if is_run(row):
        assert row.owner is not None, "a study that is run has an owner"
        return f", once process {row.owner.pid} on {row.owner.host} looks into its inbox."
    if isinstance(command, StopStudy):  # the session that begins next will drop it
        return ". The run has ended by itself before that."
    if isinstance(command, Enqueue | RetryTrial) and row.ended_why == "criterion":
        return f", once the study has another end than {row.ended_message!r}: {resume_line(store, row)} --stop WHEN"
    return f", once the study is resumed: {resume_line(store, row)}"


def store_words(store: Store) -> list[str]:
    """``--store URL`` where a command without it would mean another store, else nothing."""
    usual = os.environ.get("RUNG_STORE") or DEFAULT_STORE
    path = Path(usual.removeprefix("sqlite:///")).expanduser().absolute()
    return [] if store.url == f"sqlite:///{path}" else ["--store", store.url]
