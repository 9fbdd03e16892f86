from __future__ import annotations

from typing import Any

import pytest
from staged_events import created, ended, observed, session, show, started

from rung.console._beginnings import beginning
from rung.events import Checkpointed, Event
from rung.types import Checkpoint, TrialState

SAVED = Checkpointed(at=0.0, trial=0, attempt=1, checkpoint=Checkpoint(3, "/c", "0", 1))
PARENTS = Checkpoint(6, "/p", "0", 1)


def told(*events: Event) -> str:
    begun = events[-1]
    ledger = show(lambda *_: None, created(), session(), *events)
    return beginning(begun, ledger)  # type: ignore[arg-type]  # the last one is what begins


@pytest.mark.parametrize(
    ("fields", "before", "sentence"),
    [
        ({"cause": "resumed", "until": 9}, [SAVED], "trial 0 goes on from its checkpoint after step 3, up to step 9"),
        ({"cause": "resumed", "until": None}, [SAVED], "trial 0 goes on from its checkpoint after step 3"),
        ({"cause": "retried"}, [SAVED], "trial 0 goes on from its checkpoint after step 3, attempt 2"),
        ({"cause": "resumed", "until": 9}, [], "trial 0 runs again without a checkpoint, up to step 9"),
        ({"cause": "resumed", "until": None}, [], "trial 0 runs again without a checkpoint"),
        ({"cause": "retried"}, [], "trial 0 runs again without a checkpoint, attempt 2"),
    ],
)
def test_a_further_run_says_from_where_it_goes_on(fields: dict[str, Any], before: list[Event], sentence: str) -> None:
    first: list[Event] = [started(0), observed(0, 3, 0.5), *before, ended(0, TrialState.PAUSED, "scheduler")]
    assert told(*first, started(0, attempt=2, **fields)) == sentence


def test_what_has_reported_nothing_yet_has_no_checkpoint_to_miss() -> None:
    lost = ended(0, TrialState.PAUSED, "scheduler")
    assert told(started(0), lost, started(0, attempt=2, cause="retried")) == "trial 0 starts again, attempt 2"


def test_a_copy_that_was_lost_begins_from_its_parents_checkpoint_again() -> None:
    copied: dict[str, Any] = {"parent": 0, "parent_checkpoint": PARENTS}
    lost = ended(1, TrialState.PAUSED, "scheduler")
    again = started(1, attempt=2, cause="retried", **copied)
    assert told(started(0), started(1, **copied), lost, again) == (
        "trial 1 starts again from the checkpoint of trial 0 after step 6, attempt 2"
    )


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"parent_checkpoint": PARENTS}, "from the checkpoint of trial 0 after step 6"),
        ({}, "from the beginning, since trial 0 has no checkpoint"),
        (
            {"parent_checkpoint": PARENTS, "notes": {"replaces": 3}},
            "in the place of trial 3, from the checkpoint of trial 0 after step 6",
        ),
    ],
)
def test_a_copy_says_of_whom_and_in_whose_place(fields: dict[str, Any], sentence: str) -> None:
    assert told(started(0), started(1, parent=0, **fields)) == f"trial 1 started: lr=0.03125 opt=adam, {sentence}"
