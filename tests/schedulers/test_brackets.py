from __future__ import annotations

import pytest
from bracket_courses import Counting, Waiting, rng

from rung.schedulers._brackets import suggest
from rung.types import Exhausted, Proposal, Suggestion, Wait

DUE, LAST = (Proposal(trial=trial, config={}, until=9) for trial in (7, 8))
DONE = Exhausted("no paused trial is due to go on")


class Said:
    """Brackets that promote as they are told to."""

    def __init__(self, *, due: Proposal | None = None, last: Proposal | None = None, busy: bool = False) -> None:
        self.due, self.last, self.can_promote_later = due, last, busy

    def first_run(self, suggestion: Suggestion) -> Proposal:
        return Proposal(config=suggestion.config, until=3)

    def promotion(self, *, closed: bool) -> Proposal | None:
        return self.last if closed else self.due

    def update(self, event: object) -> tuple[()]:
        return ()


@pytest.mark.parametrize("new_trials", [True, False])
@pytest.mark.parametrize("busy", [True, False])
def test_a_promotion_comes_first(*, new_trials: bool, busy: bool) -> None:
    assert suggest(Said(due=DUE, last=LAST, busy=busy), Counting(), rng(), new_trials=new_trials) == DUE


@pytest.mark.parametrize("busy", [True, False])
def test_then_a_new_trial(*, busy: bool) -> None:
    assert suggest(Said(last=LAST, busy=busy), Counting(), rng(), new_trials=True) == Proposal(config={"x": 0}, until=3)


@pytest.mark.parametrize("busy", [True, False])
def test_then_whoever_is_left(*, busy: bool) -> None:
    assert suggest(Said(last=LAST, busy=busy), Counting(), rng(), new_trials=False) == LAST
    assert suggest(Said(last=LAST, busy=busy), Counting(0), rng(), new_trials=True) == LAST


def test_without_any_it_waits_for_what_runs() -> None:
    assert suggest(Said(busy=True), Counting(), rng(), new_trials=False) == Wait(DONE.why)
    assert suggest(Said(busy=True), Counting(0), rng(), new_trials=True) == Wait("counted to the end")
    assert suggest(Said(), Counting(), rng(), new_trials=False) == DONE
    assert suggest(Said(), Counting(0), rng(), new_trials=True) == Exhausted("counted to the end")


def test_a_searcher_that_waits_for_results_is_given_time_while_some_may_come() -> None:
    searcher = Waiting(0, for_person=False)
    assert suggest(Said(last=LAST, busy=True), searcher, rng(), new_trials=True) == searcher.answer
    assert suggest(Said(last=LAST), searcher, rng(), new_trials=True) == LAST
    assert suggest(Said(), searcher, rng(), new_trials=True) == searcher.answer


@pytest.mark.parametrize("busy", [True, False])
def test_a_searcher_that_waits_for_a_person_is_given_all_the_time(*, busy: bool) -> None:
    searcher = Waiting(0, for_person=True)
    assert suggest(Said(last=LAST, busy=busy), searcher, rng(), new_trials=True) == searcher.answer
    assert suggest(Said(last=LAST, busy=busy), searcher, rng(), new_trials=False) == LAST
