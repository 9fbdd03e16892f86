from __future__ import annotations

import random

import numpy as np
import pytest

from rung.events import Changed, Ended, Observed, Started
from rung.searchers._tpe_outcomes import Outcomes
from rung.types import TrialState

COMPLETED, STOPPED, PAUSED, FAILED = TrialState.COMPLETED, TrialState.STOPPED, TrialState.PAUSED, TrialState.FAILED


def start(outcomes: Outcomes, trial: int) -> None:
    outcomes.update(Started(at=0.0, trial=trial, attempt=1, config={}))


def report(outcomes: Outcomes, trial: int, *losses: float, first: int = 1) -> None:
    for step, loss in enumerate(losses, start=first):
        outcomes.update(Observed(at=0.0, trial=trial, attempt=1, step=step, metrics={}, loss=loss))


def end(outcomes: Outcomes, trial: int, state: TrialState) -> None:
    outcomes.update(Ended(at=0.0, trial=trial, attempt=1, state=state))


def outcomes_of(*trials: tuple[list[float], TrialState | None]) -> Outcomes:
    """Trials with their losses at steps 1, 2, … and how they ended (None: they run)."""
    outcomes = Outcomes()
    for number, (losses, state) in enumerate(trials):
        start(outcomes, number)
        report(outcomes, number, *losses)
        if state is not None:
            end(outcomes, number, state)
    return outcomes


def ranking(outcomes: Outcomes) -> list[int]:
    return outcomes.best(1.0, 1000).tolist()


def test_completed_trials_compete_by_their_last_losses() -> None:
    outcomes = outcomes_of(([0.1, 0.5], COMPLETED), ([0.4], COMPLETED), ([0.9, 0.8, 0.3], COMPLETED))
    assert ranking(outcomes) == [2, 1, 0]


def test_ties_go_to_the_older_trial() -> None:
    assert ranking(outcomes_of(*[([0.5], COMPLETED)] * 5)) == [0, 1, 2, 3, 4]


def test_those_that_got_farther_through_the_rungs_are_ahead() -> None:
    """Nine trials are cut at step 1, three at step 2, and one completes: each rung lets through the best third."""
    first = [0.11, 0.12, 0.13, 0.21, 0.22, 0.23, 0.31, 0.32, 0.33]
    outcomes = outcomes_of(
        ([first[0], 0.3, 0.9], COMPLETED),
        ([first[1], 0.4], STOPPED),
        ([first[2], 0.5], PAUSED),
        *(([loss], STOPPED) for loss in first[3:]),
    )
    assert ranking(outcomes) == list(range(9))


def test_who_was_spared_the_rungs_has_no_advantage() -> None:
    """As in Hyperband's last bracket: trials 1 and 2 ran to the end without having to compete."""
    outcomes = outcomes_of(
        ([0.1, 0.1, 0.1], COMPLETED),
        ([0.8, 0.8, 0.8], COMPLETED),
        ([0.9, 0.9, 0.9], COMPLETED),
        ([0.2, 0.2], STOPPED),
        ([0.3], STOPPED),
    )
    assert ranking(outcomes) == [0, 1, 3, 2, 4]
    assert outcomes.best(0.5, 25).tolist() == [0, 1, 3]


def test_a_running_trial_counts_once_it_has_got_as_far_as_one_that_was_cut() -> None:
    outcomes = outcomes_of(([0.5, 0.5, 0.5], COMPLETED), ([0.4, 0.4], None))
    assert ranking(outcomes) == [0], "nobody was cut"
    start(outcomes, 2)
    report(outcomes, 2, 0.9, 0.9, 0.9)
    end(outcomes, 2, STOPPED)
    assert ranking(outcomes) == [0, 2], "the running trial has come less far"
    report(outcomes, 1, 0.4, first=3)
    assert ranking(outcomes) == [0, 1, 2], "both lead where they stand, and trial 0 has got farther"


def test_failed_and_silent_trials_have_no_rank() -> None:
    outcomes = outcomes_of(
        ([0.1], FAILED), ([], FAILED), ([], COMPLETED), ([], STOPPED), ([0.7], COMPLETED), ([], None)
    )
    assert ranking(outcomes) == [4]
    assert outcomes.n_ended == 5
    assert len(ranking(Outcomes())) == 0


def test_a_paused_trial_that_goes_on_is_open_again() -> None:
    outcomes = outcomes_of(([0.3], PAUSED), ([0.2], PAUSED))
    assert outcomes.n_ended == 2
    outcomes.update(Started(at=0.0, trial=1, attempt=2, config={}, cause="resumed"))
    assert outcomes.n_ended == 1
    report(outcomes, 1, 0.9, first=2)
    end(outcomes, 1, COMPLETED)
    assert outcomes.n_ended == 2
    assert ranking(outcomes) == [1, 0]


def test_the_share_is_rounded_up_and_capped() -> None:
    losses = list(range(40))
    random.Random(0).shuffle(losses)
    outcomes = outcomes_of(*(([float(loss)], COMPLETED) for loss in losses))
    order = sorted(range(40), key=losses.__getitem__)
    for share, most, expected in ((0.1, 25, 4), (0.101, 25, 5), (1.0, 25, 25), (1e-9, 25, 1)):
        assert outcomes.best(share, most).tolist() == order[:expected]


def test_extreme_losses_are_only_compared() -> None:
    outcomes = outcomes_of(([1e300], COMPLETED), ([-1e300], COMPLETED), ([0.0], COMPLETED))
    assert ranking(outcomes) == [1, 2, 0]


def test_other_events_are_ignored() -> None:
    outcomes = outcomes_of(([0.3], COMPLETED))
    outcomes.update(Changed(at=0.0, trial=0, attempt=1, step=1, changes={"x": 1}))
    assert ranking(outcomes) == [0]


@pytest.mark.parametrize("seed", range(5))
def test_the_ranking_is_what_a_slow_second_writing_says(seed: int) -> None:
    rng = random.Random(seed)
    states = [COMPLETED, STOPPED, PAUSED, FAILED, None]
    trials = [([rng.randint(0, 9) / 10 for _ in range(rng.randint(0, 4))], rng.choice(states)) for _ in range(40)]
    cut_at = [len(losses) for losses, state in trials if state in {STOPPED, PAUSED} and losses]
    completed = sorted(losses[-1] for losses, state in trials if state is COMPLETED and losses)
    keys = {}
    for number, (losses, state) in enumerate(trials):
        if not losses or state is FAILED or (state is None and len(losses) < min(cut_at)):
            continue
        if state is COMPLETED:
            ties = [n for n, (other, s) in enumerate(trials) if s is COMPLETED and other and other[-1] == losses[-1]]
            keys[number] = (completed.index(losses[-1]) + ties.index(number), -100, losses[-1], number)
        else:
            there = [other[len(losses) - 1] for other, _ in trials if len(other) >= len(losses)]
            keys[number] = (sum(loss < losses[-1] for loss in there), -len(losses), losses[-1], number)
    assert ranking(outcomes_of(*trials)) == sorted(keys, key=keys.__getitem__)


def test_inside_they_compete_with_each_other_and_outside_only_the_better_ones_count() -> None:
    losses = [0.5, 0.1, 0.9, 0.2, 0.8, 0.3, 0.7, 0.4, 0.6, 0.0]  # in tenths: what comes out are the places
    outcomes = outcomes_of(*(([loss], COMPLETED) for loss in losses))

    def best_of(share: float, inside: set[float], most: int = 25) -> list[float]:
        rows = outcomes.best_of(share, most, np.array([loss in inside for loss in losses]))
        return [losses[row] for row in rows.tolist()]

    assert best_of(0.3, set(losses)) == [0.0, 0.1, 0.2]
    assert best_of(0.3, set()) == [0.0, 0.1, 0.2]
    assert best_of(0.4, {0.0, 0.1, 0.2, 0.3, 0.4}) == [0.0, 0.1], "the best outside are behind"
    assert best_of(0.4, {0.5, 0.6, 0.7, 0.8, 0.9}) == [0.0, 0.1, 0.5, 0.6], "nor do they crowd the others out"
    assert best_of(0.4, {0.1, 0.3, 0.5, 0.7, 0.9}) == [0.0, 0.1, 0.2, 0.3]
    assert best_of(0.4, {0.5, 0.6, 0.7, 0.8, 0.9}, most=3) == [0.0, 0.5, 0.6]
    assert best_of(0.1, {0.9}) == [0.0, 0.9]
