from __future__ import annotations

import re

import pytest

from rung.bookkeeping import state_of
from rung.cli import _facts
from rung.rows import StudyRow
from rung.types import Goal, Owner

OWNER = Owner(host="there", boot="b", pid=7, started=1.0)


def study(**changes: object) -> StudyRow:
    row = StudyRow(
        name="s", goal=Goal("error"), seed=0, space={}, searcher={}, scheduler={}, objective=None, created_unix=0.0
    )
    for name, value in changes.items():
        setattr(row, name, value)
    return row


@pytest.mark.parametrize(
    ("row", "state", "why"),
    [
        (study(), "new", "new"),
        (study(sessions=1, owner=OWNER), "running", "running (process 7 on there)"),
        (study(sessions=1), "interrupted", "interrupted (its tuner was killed)"),
        (study(sessions=1, ended_why="interrupted"), "interrupted", "interrupted"),
        (study(sessions=1, ended_why="stopped"), "stopped", "stopped on request"),
        (study(sessions=1, ended_why="budget", ended_message="2h are used"), "stopped", "stopped, 2h are used"),
        (study(sessions=1, ended_why="paused"), "paused", "paused on request"),
        (study(sessions=1, ended_why="failures"), "paused", "paused, everything failed"),
        (study(sessions=1, ended_why="objective"), "paused", "paused, the objective can't be loaded"),
        (study(sessions=1, ended_why="done"), "done", "done"),
        (study(sessions=1, ended_why="exhausted"), "done", "done, nothing is left to try"),
        (study(sessions=1, ended_why="seconds"), "done", "done, the time is up"),
        (study(sessions=1, ended_why="from a newer rung"), "interrupted", "interrupted (from a newer rung)"),
    ],
)
def test_states(row: StudyRow, state: str, why: str) -> None:
    assert state_of(row) == state
    assert _facts.why_of(row) == why


SEARCHED = {"dimensions": [{"name": "lr"}]}


@pytest.mark.parametrize(
    ("row", "name"),
    [
        (study(objective="mod:f"), "mod:f"),
        (study(objective=["python", "my train.py"]), "python 'my train.py'"),
        (study(space=SEARCHED), "a function without a name"),
        (study(space=SEARCHED, provenance={"source": "t.csv"}), "imported"),
        (study(objective="mod:f", provenance={"source": "t.csv"}), "mod:f"),
        (study(space={"dimensions": []}), "by hand"),
    ],
)
def test_objectives(row: StudyRow, name: str) -> None:
    assert _facts.objective_name(row) == name


def test_moments_are_iso_8601_with_their_zone() -> None:
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d", _facts.moment(1.7e9))
