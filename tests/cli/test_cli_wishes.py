from __future__ import annotations

from typing import get_args

import pytest

from rung.cli import _wishes
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
from rung.rows import StudyRow
from rung.types import Goal, TrialState

ROW = StudyRow(
    name="lenet", goal=Goal("error"), seed=0, space={}, searcher={}, scheduler={}, objective=None, created_unix=0.0
)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (Enqueue({"lr": 0.1, "opt": "adam"}), "Tried next: lr=0.1 opt=adam"),
        (EditSpace({}), "The space of lenet changes"),
        (ChangeSearcher({"name": "gp", "acquisition": "ei"}), "gp takes over the search of lenet"),
        (StopTrial(3), "Trial 3 is stopped"),
        (PauseTrial(3), "Trial 3 is paused at its next checkpoint; without checkpoints it will begin anew"),
        (ContinueTrial(3), "Trial 3 goes on as soon as a worker is free"),
        (ChangeTrial(3, {"lr": 0.1}), "Trial 3 has lr=0.1 from its next report on"),
        (RetryTrial(3), "The configuration of trial 3 is tried once more, as a new trial"),
        (
            Record(config={"lr": 0.1}, reports=((1, {"error": 0.5}), (9, {"error": 0.25, "acc": 0.75}))),
            "Recorded: error 0.25 at step 9 with lr=0.1",
        ),
        (
            Record(config={"lr": 0.1}, state=TrialState.FAILED, reason="oom"),
            "Recorded: failed without a result with lr=0.1",
        ),
        (StopStudy(), "Nothing more is started, and what runs comes to its end"),
        (
            StopStudy(how="pause"),
            (
                "Nothing more is started, and what runs is paused at its next checkpoint; "
                "without checkpoints it will begin anew"
            ),
        ),
        (StopStudy(how="now"), "Nothing more is started, and what runs is ended and waits"),
        (Note("?"), "Noted on lenet"),
        (Note("?", 3), "Noted on lenet#3"),
        (Tag(("a", "b")), "lenet is tagged a b"),
        (Tag((), ("c",), 3), "lenet#3 is no longer tagged c"),
        (Tag(("a",), ("c",)), "lenet is tagged a, and no longer tagged c"),
        (UnknownCommand("clone_trial"), "A command that this version does not know: clone_trial"),
    ],
)
def test_each_command_in_words(command: Command | UnknownCommand, words: str) -> None:
    assert _wishes.described(ROW, command) == words


def test_there_are_words_for_all_commands() -> None:
    assert set(_wishes._SENTENCES) == {*get_args(Command), UnknownCommand}
