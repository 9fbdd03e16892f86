from __future__ import annotations

from fractions import Fraction

from rung.events import Changed, Ended, Observed, Started
from rung.schedulers._asynchronous import AsynchronousBrackets
from rung.schedulers._bracket import Bracket
from rung.schedulers._halving_rungs import Variant
from rung.types import Proposal, Suggestion, TrialState

HALF = Fraction(1, 2)
PLANS = (Bracket(2, (1, 2, 4), HALF), Bracket(3, (2, 4), HALF))


def brackets(variant: Variant) -> AsynchronousBrackets:
    return AsynchronousBrackets(PLANS, reduction_factor=2, variant=variant)


def start(those: AsynchronousBrackets, trial: int) -> Proposal:
    """Begin the trial as proposed."""
    proposal = those.first_run(Suggestion({"x": trial}, {"point": trial}))
    those.update(Started(at=0.0, trial=trial, attempt=1, config=proposal.config, until=proposal.until))
    return proposal


def pause(those: AsynchronousBrackets, trial: int, *, step: int, loss: float) -> None:
    """The trial reports, and has paused."""
    those.update(Observed(at=1.0, trial=trial, attempt=1, step=step, metrics={}, loss=loss))
    those.update(Ended(at=1.0, trial=trial, attempt=1, state=TrialState.PAUSED, reason="scheduler"))


def test_each_bracket_is_filled_in_turn() -> None:
    those = brackets("promotion")
    begun = [start(those, trial) for trial in range(7)]
    assert [proposal.notes for proposal in begun[:3]] == [
        {"point": 0, "bracket": 2},
        {"point": 1, "bracket": 2},
        {"point": 2, "bracket": 1},
    ]
    assert [proposal.until for proposal in begun] == [1, 1, 2, 2, 2, 1, 1]


def test_a_stopping_trial_is_to_run_to_the_end() -> None:
    begun = start(brackets("stopping"), 0)
    assert (begun.until, begun.decide_at) == (4, (1, 2))


def test_of_all_that_are_due_the_one_that_gets_furthest_goes_first() -> None:
    those = brackets("promotion")
    for trial in range(4):
        start(those, trial)
    assert those.promotion(closed=False) is None
    for trial, step in ((0, 1), (1, 1), (2, 2), (3, 2)):
        pause(those, trial, step=step, loss=0.1 * trial)
    due = those.promotion(closed=False)
    assert due == Proposal(trial=2, config={"x": 2}, until=4, notes={"rung": 2, "bracket": 1})
    those.update(Started(at=1.0, trial=2, attempt=2, config={"x": 2}, cause="resumed", until=4))
    due = those.promotion(closed=False)
    assert due == Proposal(trial=0, config={"x": 0}, until=2, notes={"rung": 1, "bracket": 2})


def test_of_two_that_get_as_far_the_first_bracket_has_its_turn() -> None:
    those = brackets("promotion")
    for trial in range(4):
        start(those, trial)
        pause(those, trial, step=2, loss=0.1)  # those of the first bracket have jumped
    due = those.promotion(closed=False)
    assert due is not None
    assert (due.trial, due.until) == (0, 4)


def test_only_a_run_that_may_pause_brings_a_promotion() -> None:
    stopping, promotion = brackets("stopping"), brackets("promotion")
    for those in (stopping, promotion):
        assert not those.can_promote_later
        start(those, 0)
    assert promotion.can_promote_later
    assert not stopping.can_promote_later
    pause(promotion, 0, step=1, loss=0.1)
    assert not promotion.can_promote_later


def test_a_trial_that_is_over_is_forgotten() -> None:
    those = brackets("promotion")
    start(those, 0)
    those.update(Changed(at=0.0, trial=0, attempt=1, step=0, changes={"x": 7}))
    pause(those, 0, step=1, loss=0.1)
    start(those, 1)
    pause(those, 1, step=1, loss=0.2)
    due = those.promotion(closed=False)
    assert due is not None
    assert due.config == {"x": 7}
    those.update(Ended(at=2.0, trial=0, attempt=1, state=TrialState.STOPPED, reason="person"))
    assert those.promotion(closed=False) is None
    assert list(those.update(Observed(at=3.0, trial=0, attempt=1, step=2, metrics={}, loss=0.1))) == []
