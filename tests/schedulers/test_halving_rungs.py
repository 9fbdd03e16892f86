"""The bounds of the rungs; what happens between them is held by the tests of ASHA, PASHA and Hyperband."""

from __future__ import annotations

import numpy as np
import pytest

from rung.events import Ended, Observed, Started
from rung.schedulers._brackets import suggest
from rung.schedulers._halving_rungs import AsynchronousRungs
from rung.searchers.manual import ManualSearcher
from rung.space import Float, Space
from rung.types import Action, Decision, Proposal, Suggestion, TrialState, Wait


def rungs(n_paused: int, *, step: int = 1, variant: str = "promotion") -> AsynchronousRungs:
    """Rungs where that many trials have come to a step and paused, the first of them the best."""
    halving = AsynchronousRungs((1, 3, 9, 27), reduction_factor=3, variant=variant)  # type: ignore[arg-type]
    for trial in range(n_paused):
        halving.update(Started(at=0.0, trial=trial, attempt=1, config={"x": trial}, until=step))
        halving.update(Observed(at=0.0, trial=trial, attempt=1, step=step, metrics={}, loss=float(trial)))
        halving.update(Ended(at=0.0, trial=trial, attempt=1, state=TrialState.PAUSED, reason="scheduler"))
    return halving


def test_who_waits_at_a_dropped_rung_goes_on_to_the_lowest_that_is_left() -> None:
    halving = rungs(3)
    halving.lowest = 2
    assert halving.promotion() == Proposal(trial=0, config={"x": 0}, until=9, notes={"rung": 1})


def test_nobody_is_promoted_past_the_highest_rung() -> None:
    halving = rungs(3, step=3)
    halving.highest = 1
    assert halving.promotion() is None
    halving.highest = 2
    assert halving.promotion() == Proposal(trial=0, config={"x": 0}, until=9, notes={"rung": 3})


@pytest.mark.parametrize(("variant", "until", "decide_at"), [("promotion", 3, ()), ("stopping", 27, (3, 9))])
def test_new_trials_begin_at_the_lowest_rung(variant: str, until: int, decide_at: tuple[int, ...]) -> None:
    halving = rungs(0, variant=variant)
    halving.lowest = 1
    suggestion = Suggestion({"x": 7}, notes={"point": 0})
    assert halving.first_run(suggestion) == Proposal(
        config={"x": 7}, until=until, decide_at=decide_at, notes={"point": 0}
    )


def test_a_trial_on_its_way_past_a_dropped_rung_is_compared_there_but_not_paused() -> None:
    halving = rungs(2)
    halving.lowest = 1
    halving.update(Started(at=0.0, trial=2, attempt=1, config={}, until=3))
    assert halving.update(Observed(at=0.0, trial=2, attempt=1, step=1, metrics={}, loss=0.5)) == ()
    assert halving.rungs[0].ranked == [(0.0, 0), (0.5, 2), (1.0, 1)]
    pause = Decision(2, Action.PAUSE, "rung 3: rank 1 of 1")
    assert halving.update(Observed(at=0.0, trial=2, attempt=1, step=3, metrics={}, loss=0.5)) == (pause,)


def test_a_trial_on_its_way_past_a_dropped_rung_is_not_stopped() -> None:
    halving = rungs(8, variant="stopping")
    halving.lowest = 1
    halving.update(Started(at=0.0, trial=8, attempt=1, config={}, until=27, decide_at=(3, 9)))
    assert halving.update(Observed(at=0.0, trial=8, attempt=1, step=1, metrics={}, loss=99.0)) == ()


@pytest.mark.parametrize("n_running", [0, 1])
def test_a_searcher_that_waits_is_waited_for(n_running: int) -> None:
    halving = rungs(0)
    for trial in range(n_running):
        halving.update(Started(at=0.0, trial=trial, attempt=1, config={}, until=1))
    searcher = ManualSearcher(Space({"x": Float(0.0, 1.0)}))
    answer = suggest(halving, searcher, np.random.default_rng(0), new_trials=True)
    assert isinstance(answer, Wait)
    assert answer.for_person


@pytest.mark.parametrize(("variant", "expected"), [("promotion", [False, True]), ("stopping", [False, False])])
def test_a_promotion_can_still_come_only_while_something_runs(variant: str, expected: list[bool]) -> None:
    halving = rungs(1, variant=variant)
    found = [halving.can_promote_later]
    halving.update(Started(at=0.0, trial=1, attempt=1, config={}, until=1))
    assert [*found, halving.can_promote_later] == expected
