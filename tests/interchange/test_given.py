from __future__ import annotations

import math

import pytest

from rung.errors import RungWarning
from rung.events import Ended, SessionEnded, SessionStarted, Started
from rung.interchange.given import GivenStudy, events_of, in_a_row
from rung.interchange.importing import import_study
from rung.space import Float, Space
from rung.store import MemoryStore, current_owner
from rung.store.verify import verify
from rung.tuning.given import GivenTrial
from rung.types import Goal, TrialState

SPACE = Space({"lr": Float(0.0, 1.0)})


def trial(lr=0.5, state=TrialState.COMPLETED, started=0.0, ended=1.0, **others):
    return GivenTrial(config={"lr": lr}, state=state, started=started, ended=ended, **others)


def study(*trials, **others):
    return GivenStudy(space=SPACE, goal=Goal("error"), trials=trials, source="a test", **others)


def test_overlapping_trials_are_told_in_the_order_of_time():
    overlapping = study(
        trial(started=0.0, ended=9.0, reports=tuple((step, {"error": 1 / step}) for step in (1, 2, 3))),
        trial(started=2.0, ended=4.0, reports=((1, {"error": 0.5}),)),
    )
    events = events_of(overlapping, owner=current_owner(), unix=100.0, provenance={})
    assert [event.at for event in events] == sorted(event.at for event in events)
    assert isinstance(events[0], SessionStarted)
    assert events[0].unix == 91.0
    assert events[-1] == SessionEnded(at=9.0, session=1, why="done", message="imported 2 trials from a test")
    assert [(type(event), event.trial) for event in events if isinstance(event, Started | Ended)] == [
        (Started, 0), (Started, 1), (Ended, 1), (Ended, 0),
    ]  # fmt: skip


def test_the_study_says_what_the_trials_say():
    store = MemoryStore()
    given = study(
        trial(0.1, reports=((1, {"error": 0.9}), (2, {"error": 0.2, "acc": 0.8})), tags=("x",), notes=("odd",)),
        trial(7.0, TrialState.STOPPED, started=1.0, ended=3.0, message="pruned", reports=((3, {"error": 0.5}),)),
        trial(0.3, TrialState.FAILED, started=1.0, ended=2.0, reason="oom", message="too big"),
        trial(0.4, started=2.0, ended=3.0, reports=((1, {"error": math.nan}), (2, {"error": 0.0}))),
        notes=("from the old machine",),
        began=50.0,
    )
    with pytest.warns(RungWarning, match=r"values outside the space in 1 of 4 trials, of lr\."):
        import_study(store, "old", given)
    assert verify(store, "old") == []
    rows = store.tables.trials("old")
    assert [row.state for row in rows] == ["completed", "stopped", "failed", "failed"]
    assert [row.message for row in rows] == ["", "pruned", "too big", "error is nan at step 1"]
    assert [row.reason for row in rows] == ["", "imported", "oom", "nan"]
    assert [row.runtime for row in rows] == [1.0, 2.0, 1.0, 1.0]
    assert [row.best_loss for row in rows] == [0.2, 0.5, None, None]
    assert (rows[0].tags, rows[0].notes[0].text) == (("x",), "odd")
    assert all(row.is_given for row in rows)
    row = store.tables.study("old")
    assert (row.best_trial, row.best_step, row.best_loss, row.at) == (0, 2, 0.2, 3.0)
    assert row.notes[0].text == "from the old machine"
    assert row.message == "imported from a test"


def test_trials_of_which_only_the_time_is_known_follow_on_each_other():
    one, two, three = in_a_row([(trial(), 2.0), (trial(), math.nan), (trial(), 3.0)])
    assert [(each.started, each.ended) for each in (one, two, three)] == [(0.0, 2.0), (2.0, 2.0), (2.0, 5.0)]
