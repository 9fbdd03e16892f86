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


@pytest.mark.parametrize("seed", range(12))
def test_the_ranking_is_what_a_slow_second_writing_says(seed: int) -> None:
    rng = random.Random(seed)
    states = [COMPLETED] * (1 + seed % 3) + [STOPPED, PAUSED, FAILED, None]
    trials = [([rng.randint(0, 9) / 10 for _ in range(rng.randint(0, 4))], rng.choice(states)) for _ in range(60)]
    cut_at = [len(losses) for losses, state in trials if state in {STOPPED, PAUSED} and losses]
    ended_at = [len(losses) for losses, state in trials if state in {STOPPED, PAUSED, COMPLETED}]
    is_mostly_cut = len(cut_at) > sum(state is COMPLETED for _, state in trials)
    told_at = [step for step in (1, 2, 3, 4) if sum(each >= step for each in ended_at) >= 15 and step > min(cut_at)]
    least = max(told_at) if is_mostly_cut and told_at else None
    ahead, behind = {}, {}
    for number, (losses, state) in enumerate(trials):
        if not losses or state is FAILED or (state is None and len(losses) < (least or min(cut_at))):
            continue
        if state is COMPLETED or (least is not None and len(losses) >= least):
            ahead[number] = (losses[-1], number)
        else:
            there = [other[len(losses) - 1] for other, _ in trials if len(other) >= len(losses)]
            behind[number] = (sum(loss < losses[-1] for loss in there), -len(losses), losses[-1], number)
    first = sorted(ahead, key=ahead.__getitem__)
    keys = {number: (place, -100, *ahead[number]) for place, number in enumerate(first)}
    if least is None:
        expected = sorted([*ahead, *behind], key=(keys | behind).__getitem__)
    else:
        expected = first + sorted(behind, key=behind.__getitem__)
    made = outcomes_of(*trials)
    assert ranking(made) == expected
    compared = made.compared()
    if is_mostly_cut and not told_at:
        assert compared is None
    else:
        assert compared is not None
        early = [number for number, (losses, _) in enumerate(trials) if len(losses) < (least or 0)]
        assert np.flatnonzero(~compared).tolist() == [n for n in early if trials[n][1] in {STOPPED, PAUSED}]


def halved() -> tuple[tuple[list[float], TrialState | None], ...]:
    """30 are cut at step 1, with low losses there, 14 at step 2; one of two at the end got there without competing."""
    return (
        *(([0.1 + 0.001 * n], STOPPED) for n in range(30)),
        *(([0.5, 0.3 + 0.01 * n], PAUSED) for n in range(14)),
        ([0.9, 0.9, 0.9], COMPLETED),
        ([0.4, 0.4, 0.2], COMPLETED),
    )


def test_where_most_are_cut_those_that_got_far_enough_are_ahead_of_the_others() -> None:
    outcomes = outcomes_of(*halved())
    assert ranking(outcomes) == [45, *range(30, 44), 44, *range(30)]


def test_only_those_that_got_far_enough_can_be_good() -> None:
    outcomes = outcomes_of(*halved())
    is_compared = outcomes.compared()
    assert is_compared is not None
    assert np.flatnonzero(is_compared).tolist() == list(range(30, 46))
    everywhere = np.ones(46, dtype=np.bool_)
    assert outcomes.best_of(0.1, 25, everywhere, is_compared).tolist() == [45, 30], "a tenth of 16"
    assert len(outcomes.best_of(1.0, 25, everywhere, is_compared)) == 16


def test_while_most_are_cut_at_the_first_step_nobody_knows_how_they_compare() -> None:
    assert outcomes_of(*halved()[:43], halved()[44]).compared() is None
    assert outcomes_of(*halved()[:44], halved()[44]).compared() is not None


def test_where_most_are_cut_a_running_trial_is_ranked_once_it_got_far_enough() -> None:
    outcomes = outcomes_of(*halved(), ([0.0], None), ([0.5, 0.1], None))
    assert ranking(outcomes)[:2] == [47, 45]
    assert 46 not in ranking(outcomes)


def test_inside_they_compete_with_each_other_and_outside_only_the_better_ones_count() -> None:
    losses = [0.5, 0.1, 0.9, 0.2, 0.8, 0.3, 0.7, 0.4, 0.6, 0.0]  # in tenths: what comes out are the places
    outcomes = outcomes_of(*(([loss], COMPLETED) for loss in losses))

    def best_of(share: float, inside: set[float], most: int = 25) -> list[float]:
        is_inside = np.array([loss in inside for loss in losses])
        rows = outcomes.best_of(share, most, is_inside, np.ones(len(losses), dtype=np.bool_))
        return [losses[row] for row in rows.tolist()]

    assert best_of(0.3, set(losses)) == [0.0, 0.1, 0.2]
    assert best_of(0.3, set()) == [0.0, 0.1, 0.2]
    assert best_of(0.4, {0.0, 0.1, 0.2, 0.3, 0.4}) == [0.0, 0.1], "the best outside are behind"
    assert best_of(0.4, {0.5, 0.6, 0.7, 0.8, 0.9}) == [0.0, 0.1, 0.5, 0.6], "nor do they crowd the others out"
    assert best_of(0.4, {0.1, 0.3, 0.5, 0.7, 0.9}) == [0.0, 0.1, 0.2, 0.3]
    assert best_of(0.4, {0.5, 0.6, 0.7, 0.8, 0.9}, most=3) == [0.0, 0.5, 0.6]
    assert best_of(0.1, {0.9}) == [0.0, 0.9]
