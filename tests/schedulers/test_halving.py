from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from bracket_courses import (
    Counting,
    Waiting,
    assert_nobody_idles,
    promoted,
    rng,
    runs,
    seconds,
    steps_trained,
    table,
)

import rung
from rung.commands import Command, ContinueTrial, PauseTrial, StopTrial
from rung.contracts import Searcher
from rung.errors import SettingError
from rung.events import Changed, Ended, Observed, Started
from rung.schedulers.halving import SuccessiveHalving
from rung.testing.play import Course, Played, play
from rung.testing.scheduler_suite import SchedulerSuite
from rung.types import Action, Decision, Exhausted, Proposal, TrialState, Wait


class TestShortRounds(SchedulerSuite):
    def make(self, searcher: Searcher) -> SuccessiveHalving:
        return SuccessiveHalving(searcher, max_t=9)


class TestOneRoundIsTooLong(SchedulerSuite):
    def make(self, searcher: Searcher) -> SuccessiveHalving:
        return SuccessiveHalving(searcher, max_t=27, grace_period=2, reduction_factor=3)


class TestFewerTrialsThanRungs(SchedulerSuite):
    def make(self, searcher: Searcher) -> SuccessiveHalving:
        return SuccessiveHalving(searcher, max_t=27, reduction_factor=2, n=4)


def halved(losses: list[float], *, n: int | None = None, new_trials: int | None = None, **options: Any) -> Played:
    """Rungs at 1, 2 and 4, half of the trials go on, 8 steps; one round of ``losses`` unless told otherwise."""
    scheduler = SuccessiveHalving(options.pop("searcher", Counting()), max_t=4, reduction_factor=2, n=n or len(losses))
    course = Course(steps=range(1, 9), loss=table(losses), **{"seconds": lambda config, step: 1.0} | options)
    return play(scheduler, course, new_trials=new_trials or len(losses), workers=1)


# ---- settings


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_t": 3, "grace_period": 4}, r"max_t=3 is below grace_period=4.*grace_period <= 3"),
        ({"max_t": 9, "reduction_factor": 1}, r"reduction_factor must be a whole number, at least 2, not 1"),
        ({"max_t": 9.0}, r"max_t must be a whole number, at least 1, not 9\.0"),
        ({"max_t": 9, "n": 0}, r"n must be a whole number, at least 1, not 0"),
        ({"max_t": 9, "n": "9"}, r"n must be a whole number, at least 1, not '9'"),
    ],
)
def test_unusable_settings_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        SuccessiveHalving(Counting(), **options)


def test_the_default_round_leaves_one_trial_at_max_t() -> None:
    assert SuccessiveHalving(Counting(), max_t=27).bracket.sizes == (27, 9, 3, 1)
    plan = SuccessiveHalving(Counting(), max_t=10, grace_period=2, reduction_factor=2).bracket
    assert (plan.levels, plan.sizes) == ((2, 4, 8, 10), (8, 4, 2, 1))


# ---- the algorithm


def test_a_round_by_hand() -> None:
    played = halved([0.5, 0.2, 0.4, 0.3])
    assert [(e.trial, e.until, dict(e.notes)) for e in played.started()] == [
        (0, 1, {"round": 0}),
        (1, 1, {"round": 0}),
        (2, 1, {"round": 0}),
        (3, 1, {"round": 0}),
        (1, 2, {"round": 0, "rung": 1}),
        (3, 2, {"round": 0, "rung": 1}),
        (1, 4, {"round": 0, "rung": 2}),
    ]
    assert [decision for _, decision in played.decisions] == [
        Decision(0, Action.PAUSE, "rung 1: rank 1 of 1"),
        Decision(1, Action.PAUSE, "rung 1: rank 1 of 2"),
        Decision(2, Action.PAUSE, "rung 1: rank 2 of 3"),
        Decision(3, Action.PAUSE, "rung 1: rank 2 of 4"),
        Decision(1, Action.PAUSE, "rung 2: rank 1 of 1"),
        Decision(3, Action.PAUSE, "rung 2: rank 2 of 2"),
    ]
    paused = TrialState.PAUSED
    assert played.states() == {0: paused, 1: TrialState.COMPLETED, 2: paused, 3: paused}
    assert played.why == "no paused trial is due to go on"


def test_a_round_costs_what_it_should_and_rounds_follow_each_other() -> None:
    scheduler = SuccessiveHalving(Counting(), max_t=27)
    played = play(scheduler, Course(steps=range(1, 99)), new_trials=54, workers=1)
    assert steps_trained(played) == 2 * (27 * 1 + 9 * 2 + 3 * 6 + 1 * 18)
    assert [event.notes["round"] for event in played.started()] == [0] * 40 + [1] * 40
    assert list(played.states().values()).count(TrialState.COMPLETED) == 2


def test_of_equal_losses_the_older_trials_go_on() -> None:
    played = halved([0.5, 0.5, 0.5, 0.5])
    assert promoted(played, 1) == {0, 1}
    assert promoted(played, 2) == {0}


@pytest.mark.parametrize("workers", [1, 2, 3, 8, 30])
def test_who_goes_on_does_not_depend_on_who_is_slow(workers: int) -> None:
    losses = [0.01 * (trial * 7 % 16) for trial in range(16)]
    course = Course(steps=range(1, 9), loss=table(losses), seconds=seconds([1.0, 9.0, 2.0, 100.0, 0.5]))
    played = play(
        SuccessiveHalving(Counting(), max_t=4, reduction_factor=2, n=8), course, new_trials=16, workers=workers
    )
    for first in (0, 8):
        ranked = sorted(range(first, first + 8), key=lambda trial: losses[trial])
        assert promoted(played, 1) & set(range(first, first + 8)) == set(ranked[:4])
        assert promoted(played, 2) & set(range(first, first + 8)) == set(ranked[:2])


@pytest.mark.parametrize("workers", [1, 2, 5, 11])
def test_nobody_waits_for_stragglers(workers: int) -> None:
    course = Course(steps=range(1, 30), seconds=seconds([1.0, 2.0, 40.0]))
    played = play(SuccessiveHalving(Counting(), max_t=9), course, new_trials=40, workers=workers)
    assert_nobody_idles(played, workers=workers, new_trials=40)


def test_older_rounds_come_first() -> None:
    course = Course(steps=range(1, 9), loss=table([0.5, 0.1, 0.4, 0.2]), seconds=seconds([1.0, 1.0, 3.5, 1.0]))
    scheduler = SuccessiveHalving(Counting(), max_t=2, reduction_factor=2, n=4)
    played = play(scheduler, course, new_trials=8, workers=2)
    after = [(e.trial, e.notes["round"]) for e in played.started()]
    assert after == [(0, 0), (1, 0), (2, 0), (3, 0), (4, 1), (5, 1), (6, 1), (1, 0), (3, 0), (7, 1), (5, 1), (7, 1)]


# ---- fewer trials than planned


def test_a_round_that_gets_no_more_trials_goes_on_with_those_it_has() -> None:
    for searcher, new_trials in ((Counting(), 5), (Counting(5), 50)):
        played = halved([0.5, 0.2, 0.4, 0.3, 0.1], n=8, new_trials=new_trials, searcher=searcher)
        assert runs(played) == [*((trial, 1) for trial in range(5)), (4, 2), (1, 2), (4, 4)]


def test_a_round_that_is_short_of_trials_is_over_once_it_went_on() -> None:
    scheduler = SuccessiveHalving(Counting(2), max_t=4, reduction_factor=2, n=4)
    play(scheduler, Course(steps=range(1, 9)), new_trials=50, workers=1)
    scheduler.searcher.limit = 3  # type: ignore[attr-defined]  # as if a person had enqueued one more
    proposal = scheduler.suggest(rng(), new_trials=True)
    assert isinstance(proposal, Proposal)
    assert proposal.notes == {"round": 1}


def test_a_round_waits_for_trials_that_a_person_may_bring() -> None:
    scheduler = SuccessiveHalving(Waiting(1, for_person=True), max_t=4, reduction_factor=2, n=4)
    reach(scheduler, 0, loss=0.1)
    assert scheduler.suggest(rng(), new_trials=True) == Wait("for results", for_person=True)
    assert isinstance(scheduler.suggest(rng(), new_trials=False), Proposal)


def test_it_waits_only_while_something_runs() -> None:
    scheduler = SuccessiveHalving(Waiting(2, for_person=False), max_t=4, reduction_factor=2, n=4)
    reach(scheduler, 0, loss=0.1)
    scheduler.update(Started(at=0.0, trial=1, attempt=1, config={"x": 1}))
    assert scheduler.suggest(rng(), new_trials=True) == Wait("for results")
    assert scheduler.suggest(rng(), new_trials=False) == Wait("no paused trial is due to go on")
    scheduler.update(Ended(at=1.0, trial=1, attempt=1, state=TrialState.FAILED, reason="error"))
    proposal = scheduler.suggest(rng(), new_trials=True)
    assert isinstance(proposal, Proposal)
    assert proposal.trial == 0
    scheduler.update(Ended(at=1.0, trial=0, attempt=1, state=TrialState.STOPPED, reason="person"))
    assert scheduler.suggest(rng(), new_trials=True) == Wait("for results")  # it is the searcher's affair
    assert scheduler.suggest(rng(), new_trials=False) == Exhausted("no paused trial is due to go on")


def test_failed_trials_count_among_those_of_which_half_go_on() -> None:
    losses = [0.5, 0.2, 0.4, 0.3]
    assert promoted(halved(losses, failures={1: 1}), 1) == {2, 3}
    assert promoted(halved(losses, failures={0: 1, 1: 1, 2: 1}), 1) == {3}
    played = halved(losses, failures=dict.fromkeys(range(4), 1))
    assert set(played.states().values()) == {TrialState.FAILED}


def test_a_trial_that_fails_after_it_went_on_leaves_the_rest_to_the_others() -> None:
    played = halved([0.5, 0.2, 0.4, 0.3], failures={1: 2})
    assert promoted(played, 1) == {1, 3}
    assert promoted(played, 2) == {3}
    assert played.states()[1] is TrialState.FAILED


def test_trials_that_never_report_hold_nobody_up() -> None:
    played = play(SuccessiveHalving(Counting(), max_t=9), Course(steps=()), new_trials=20)
    assert played.decisions == []
    assert set(played.states().values()) == {TrialState.COMPLETED}


# ---- reports that don't fall on the rungs


def test_a_report_counts_at_the_highest_rung_that_it_jumps_over() -> None:
    scheduler = SuccessiveHalving(Counting(), max_t=27, n=9)
    played = play(
        scheduler, Course(steps=[4, 10, 40], loss=table([0.1 * i for i in range(9)])), new_trials=9, workers=1
    )
    assert [decision.why for _, decision in played.decisions][:2] == ["rung 3: rank 1 of 1", "rung 3: rank 2 of 2"]
    assert runs(played) == [*((trial, 1) for trial in range(9)), (0, 9), (1, 9), (2, 9), (0, 27)]


def test_past_max_t_nothing_is_decided() -> None:
    played = play(SuccessiveHalving(Counting(), max_t=3, n=3), Course(steps=[5, 6]), new_trials=3, workers=1)
    assert played.decisions == []
    assert {event.step for event in played.log if isinstance(event, Observed)} == {5}


def test_one_rung_decides_nothing() -> None:
    scheduler = SuccessiveHalving(Counting(), max_t=3, grace_period=3)
    played = play(scheduler, Course(steps=range(1, 9)), new_trials=5)
    assert played.decisions == []
    assert steps_trained(played) == 15


def test_what_is_reported_after_the_rung_changes_nothing() -> None:
    scheduler = SuccessiveHalving(Counting(), max_t=9, n=1)
    started(scheduler, 0)
    assert len(scheduler.update(Observed(at=1.0, trial=0, attempt=1, step=1, metrics={}, loss=0.1))) == 1
    assert not scheduler.update(Observed(at=1.0, trial=0, attempt=1, step=2, metrics={}, loss=0.2))
    scheduler.update(Ended(at=1.0, trial=0, attempt=1, state=TrialState.PAUSED, reason="scheduler"))
    assert next_trial(scheduler) == 0


def test_a_trial_that_jumps_is_not_waited_for_where_it_was_expected() -> None:
    scheduler = SuccessiveHalving(Counting(), max_t=4, reduction_factor=2, n=2)
    reach(scheduler, 0, loss=0.1)
    started(scheduler, 1)
    started(scheduler, 2)  # in the next round
    assert next_trial(scheduler) is None
    scheduler.update(Observed(at=1.0, trial=1, attempt=1, step=2, metrics={}, loss=0.2))
    assert next_trial(scheduler) == 0


# ---- people


def started(scheduler: SuccessiveHalving, trial: int, **options: Any) -> None:
    scheduler.update(Started(at=0.0, trial=trial, attempt=1, config={"x": trial}, **options))


def reach(scheduler: SuccessiveHalving, trial: int, *, loss: float, step: int = 1, reason: str = "scheduler") -> None:
    """A new trial reports, and pauses."""
    started(scheduler, trial, draw=trial)
    scheduler.update(Observed(at=1.0, trial=trial, attempt=1, step=step, metrics={}, loss=loss))
    scheduler.update(Ended(at=1.0, trial=trial, attempt=1, state=TrialState.PAUSED, reason=reason))


def next_trial(scheduler: SuccessiveHalving) -> int | None:
    answer = scheduler.suggest(rng(), new_trials=False)
    return answer.trial if isinstance(answer, Proposal) else None


def test_a_trial_that_a_person_paused_is_not_waited_for() -> None:
    course = Course(steps=range(1, 9), loss=table([0.1, 0.2, 0.3, 0.4]), seconds=lambda config, step: 1.0)
    scheduler = SuccessiveHalving(Counting(), max_t=6, grace_period=3, reduction_factor=2, n=4)
    played = play(scheduler, course, new_trials=4, workers=1, commands={2: [PauseTrial(0)]})
    assert promoted(played, 3) == {1, 2}
    assert played.states()[0] is TrialState.PAUSED


def test_a_trial_that_a_person_continues_in_time_takes_part() -> None:
    course = Course(steps=range(1, 9), loss=table([0.1, 0.2, 0.3, 0.4]), seconds=lambda config, step: 1.0)
    scheduler = SuccessiveHalving(Counting(), max_t=6, grace_period=3, reduction_factor=2, n=4)
    commands: dict[int, list[Command]] = {2: [PauseTrial(0)], 6: [ContinueTrial(0)]}
    assert promoted(play(scheduler, course, new_trials=4, workers=1, commands=commands), 3) == {0, 1}


def test_a_trial_that_a_person_continues_too_late_is_paused_at_its_rung() -> None:
    course = Course(steps=range(1, 9), loss=table([0.1, 0.2, 0.3, 0.4]), seconds=lambda config, step: 1.0)
    scheduler = SuccessiveHalving(Counting(), max_t=6, grace_period=3, reduction_factor=2, n=4)
    commands: dict[int, list[Command]] = {2: [PauseTrial(0)], 20: [ContinueTrial(0)], 1000: [ContinueTrial(0)]}
    played = play(scheduler, course, new_trials=4, workers=1, commands=commands)
    assert [each for _, each in played.decisions if each.trial == 0] == [
        Decision(0, Action.PAUSE, "rung 3: decided before it came")
    ]
    assert [until for trial, until in runs(played) if trial == 0] == [3, 3, None]  # the second time it runs on
    assert played.states()[0] is TrialState.COMPLETED


def test_a_trial_that_a_person_continues_past_its_rung_runs_on_alone() -> None:
    commands = {1000: [ContinueTrial(0)]}
    scheduler = SuccessiveHalving(Counting(), max_t=4, reduction_factor=2, n=4)
    course = Course(steps=range(1, 9), loss=table([0.5, 0.2, 0.4, 0.3]))
    played = play(scheduler, course, new_trials=4, workers=1, commands=commands)
    assert runs(played)[-1] == (0, None)
    assert [event.step for event in played.log if isinstance(event, Observed) and event.trial == 0] == list(range(1, 9))
    assert len(played.decisions) == 6


def test_a_trial_that_a_person_took_past_an_open_rung_has_no_rank_there() -> None:
    scheduler = SuccessiveHalving(Counting(), max_t=4, reduction_factor=2, n=2)
    reach(scheduler, 0, loss=0.1)
    started(scheduler, 0, cause="resumed")
    reach(scheduler, 1, loss=0.2)
    assert next_trial(scheduler) == 1
    assert not scheduler.update(Observed(at=1.0, trial=0, attempt=2, step=2, metrics={}, loss=0.1))


def test_what_a_person_paused_at_its_rung_waits_for_the_person() -> None:
    scheduler = SuccessiveHalving(Counting(), max_t=4, reduction_factor=2, n=2)
    reach(scheduler, 0, loss=0.1, reason="person")
    reach(scheduler, 1, loss=0.2)
    assert next_trial(scheduler) == 1


def test_the_next_best_takes_the_place_of_a_trial_that_a_person_stops() -> None:
    course = Course(steps=range(1, 9), loss=table([0.5, 0.2, 0.4, 0.3]))
    scheduler = SuccessiveHalving(Counting(), max_t=4, reduction_factor=2, n=4)
    played = play(scheduler, course, new_trials=4, workers=1, commands={7: [StopTrial(1)]})
    assert promoted(played, 1) == {2, 3}


def test_a_changed_hyperparameter_outlasts_the_pause() -> None:
    scheduler = SuccessiveHalving(Counting(), max_t=4, reduction_factor=2, n=1)
    started(scheduler, 0)
    scheduler.update(Changed(at=0.0, trial=0, attempt=1, step=0, changes={"y": 5}))
    scheduler.update(Observed(at=1.0, trial=0, attempt=1, step=1, metrics={}, loss=0.1))
    scheduler.update(Ended(at=1.0, trial=0, attempt=1, state=TrialState.PAUSED, reason="scheduler"))
    assert scheduler.suggest(rng(), new_trials=True) == Proposal(
        trial=0, config={"x": 0, "y": 5}, until=2, notes={"round": 0, "rung": 1}
    )


def test_trials_from_outside_belong_to_no_round() -> None:
    scheduler = SuccessiveHalving(Counting(), max_t=4, reduction_factor=2, n=1)
    started(scheduler, 0, cause="given")
    assert not scheduler.update(Observed(at=1.0, trial=0, attempt=1, step=1, metrics={}, loss=0.1))
    assert isinstance(scheduler.suggest(rng(), new_trials=False), Wait)
    scheduler.update(Ended(at=1.0, trial=0, attempt=1, state=TrialState.COMPLETED))
    assert isinstance(scheduler.suggest(rng(), new_trials=False), Exhausted)


# ---- with a tuner


class Model:
    """Has nothing to remember."""

    def state_dict(self) -> dict[str, float]:
        return {}

    def load_state_dict(self, state: dict[str, float]) -> None:
        pass


def test_a_trial_goes_on_from_its_checkpoint() -> None:
    trained: list[tuple[int, int]] = []

    def train(trial: rung.Trial) -> None:
        for epoch in trial.epochs(99, model=Model()):
            trained.append((trial.number, epoch))
            trial.report(error=trial.config["x"] / epoch)

    study = _tuned(train)
    assert sorted(trained) == sorted({*trained})
    assert len(trained) == 4 * 1 + 2 * 1 + 1 * 2
    assert study.incumbent == min((trial.config for trial in study.trials), key=lambda config: config["x"])


def test_without_checkpoints_it_begins_anew() -> None:
    trained: list[float] = []

    def train(x: float) -> Iterator[dict[str, float]]:
        for epoch in range(1, 99):
            trained.append(x)
            yield {"error": x / epoch}

    study = _tuned(train)
    assert len(trained) == 4 * 1 + 2 * 2 + 1 * 4
    assert sorted(trial.last_step for trial in study.trials) == [1, 1, 2, 4]


def _tuned(train: Any) -> rung.Study:
    searcher = rung.RandomSearcher({"x": rung.uniform(0, 1)})
    scheduler = SuccessiveHalving(searcher, max_t=4, reduction_factor=2)
    tuner = rung.Tuner(train, scheduler, metric="error", mode="min", seed=0)
    return tuner.run(4)
