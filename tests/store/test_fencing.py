from __future__ import annotations

from typing import get_args

import pytest

from rung.errors import FencedError
from rung.events import Collected, Event, Noted, Observed, Started, Tagged
from rung.store._fencing import ANSWERS, TRIAL_EVENTS, TrialEvent, check_attempt


def kinds_with(field):
    return {kind for kind in get_args(Event) if field in kind.__struct_fields__}


def test_the_lists_of_kinds_are_complete():
    assert set(TRIAL_EVENTS) == set(get_args(TrialEvent)) == kinds_with("trial")
    assert set(ANSWERS) == kinds_with("command")
    assert kinds_with("attempt") == kinds_with("trial") - {Collected, Noted, Tagged}


@pytest.mark.parametrize("newest", [0, 1, 2, 3])
@pytest.mark.parametrize("attempt", [0, 1, 2, 3])
def test_which_attempts_may_follow(attempt, newest):
    started = Started(at=0.0, trial=5, attempt=attempt, config={})
    observed = Observed(at=0.0, trial=5, attempt=attempt, step=1, metrics={})
    for event, may_follow in ((started, attempt == newest + 1), (observed, attempt == newest > 0)):
        if may_follow:
            check_attempt("lenet", event, newest)
        else:
            with pytest.raises(FencedError, match=f"'lenet'.*attempt {attempt} of trial 5 can't .*nothing was written"):
                check_attempt("lenet", event, newest)


WHATEVER_THE_ATTEMPT = [
    Collected(at=0.0, trial=5, paths=()),
    Noted(at=0.0, trial=5, text="odd"),
    Tagged(at=0.0, trial=5, added=("odd",)),
]


@pytest.mark.parametrize("event", WHATEVER_THE_ATTEMPT, ids=lambda event: event.__struct_config__.tag)
def test_some_events_only_need_a_trial_that_exists(event):
    check_attempt("lenet", event, 4)
    with pytest.raises(FencedError, match="about trial 5 can't be written, because the trial has not started"):
        check_attempt("lenet", event, 0)


def test_notes_and_tags_about_the_study_need_no_trial():
    check_attempt("lenet", Noted(at=0.0, text="odd"), 0)
    check_attempt("lenet", Tagged(at=0.0, added=("odd",)), 0)
