from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import numpy as np
import pytest

from rung.errors import SettingError
from rung.stopping import (
    Criterion,
    Curve,
    Halt,
    Record,
    Scope,
    Standing,
    as_criterion,
    checked_scope,
    cost,
    criterion_from_json,
    diverged,
    epochs,
    gain_below,
    median,
    patience,
    percentile,
    reached,
    seconds,
    stalled,
    trials,
    unpromising,
)
from rung.types import Goal

LOW, HIGH = Goal("error", "min"), Goal("accuracy", "max")


def standing(**fields: Any) -> Standing:
    return Standing(**fields)


@pytest.mark.parametrize(
    ("criterion", "before", "after", "words", "halt"),
    [
        (trials(3), standing(n_trials=2), standing(n_trials=3), "3 trials were begun", Halt.NEW_TRIALS),
        (epochs(10), standing(n_steps=9), standing(n_steps=12), "12 steps were reported", Halt.STARTS),
        (seconds("2h"), standing(seconds=7199), standing(seconds=7200), "the study has taken 2h", Halt.RUNS),
        (
            cost(10, per_hour=2.5),
            standing(runtime_s=3.9 * 3600),
            standing(runtime_s=4 * 3600),
            "the trials have cost 10 (4h of runtime at 2.5 per hour)",
            Halt.RUNS,
        ),
        (
            cost(10, metric="gpu_hours"),
            standing(costs={"gpu_hours": 9.5}),
            standing(costs={"gpu_hours": 10.5}),
            "the trials have cost 10.5 gpu_hours",
            Halt.RUNS,
        ),
        (
            reached(0.1),
            standing(best_loss=0.11),
            standing(best_loss=0.1),
            "error 0.1 is at least as good as 0.1",
            Halt.STARTS,
        ),
    ],
)
def test_when_it_is_met(criterion: Criterion, before: Standing, after: Standing, words: str, halt: Halt) -> None:
    assert criterion.met(standing(), LOW) == ""
    assert criterion.met(before, LOW) == ""
    assert criterion.halts(before, LOW) is Halt.NOTHING
    assert criterion.met(after, LOW) == words
    assert criterion.halts(after, LOW) is halt


def test_a_value_is_reached_in_the_users_own_direction() -> None:
    assert reached(0.9).met(standing(best_loss=-0.89), HIGH) == ""
    assert reached(0.9).met(standing(best_loss=-0.91), HIGH) == "accuracy 0.91 is at least as good as 0.9"


@pytest.mark.parametrize(
    ("bests", "now", "is_met"),
    [
        ([], None, False),
        ([None], None, False),
        ([None, None], None, True),  # nothing but failures
        ([0.5, 0.5], 0.5, False),  # the first of the two brought it
        ([0.5, 0.5, 0.5], 0.5, True),
        ([0.5, 0.5, 0.4], 0.4, False),
        ([0.5, 0.5, 0.5], 0.4, False),  # a running trial is better already
        ([None, 0.5, 0.5], 0.5, False),
    ],
)
def test_patience_is_over_when_so_many_trials_brought_nothing(bests: Any, now: Any, is_met: bool) -> None:
    assert bool(patience(2).met(standing(bests=bests, best_loss=now), LOW)) is is_met


def test_an_improvement_may_be_too_small_to_count() -> None:
    come = standing(bests=[0.5, 0.49, 0.48], best_loss=0.48)
    assert patience(2).met(come, LOW) == ""
    assert patience(2, min_improvement=0.03).met(come, LOW) == (
        "error did not get better by more than 0.03 while 2 trials finished"
    )


def test_any_of_several() -> None:
    either = trials(3) | reached(0.1) | seconds(60)
    assert either.met(standing(n_trials=2, best_loss=0.2), LOW) == ""
    come = standing(n_trials=3, best_loss=0.05)
    assert either.met(come, LOW) == "3 trials were begun; error 0.05 is at least as good as 0.1"
    assert either.halts(come, LOW) is Halt.STARTS, "the one that ends most"
    assert either.halts(standing(n_trials=3, seconds=61), LOW) is Halt.RUNS
    assert str(either) == "trials:3 or reached:0.1 or seconds:1min"


def test_all_of_several() -> None:
    both = trials(20) & patience(1)
    assert both.met(standing(n_trials=20), LOW) == ""
    assert both.halts(standing(n_trials=20), LOW) is Halt.NOTHING
    come = standing(n_trials=20, bests=[0.5, 0.5], best_loss=0.5)
    assert both.met(come, LOW) == "20 trials were begun and error did not get better while 1 trial finished"
    assert both.halts(come, LOW) is Halt.NEW_TRIALS, "as mild as the mildest"
    assert str(both) == "trials:20,patience:1"
    assert str((trials(1) | trials(2)) & epochs(3)) == "(trials:1 or trials:2),epochs:3"


@pytest.mark.parametrize(
    ("criterion", "n_steps", "seconds_", "is_met"),
    [
        (stalled(epochs=10), 9, 0, False),  # the study is younger
        (stalled(epochs=10), 13, 0, False),  # 0.5 came at step 4, and was the first
        (stalled(epochs=10), 24, 0, False),  # and 0.4 at step 15
        (stalled(epochs=10), 25, 0, True),
        (stalled(epochs=10, min_improvement=0.1), 24, 0, True),  # 0.5 to 0.4 is not more than 0.1
        (stalled(epochs=10, min_improvement=0.05), 24, 0, False),
        (stalled(seconds="1min"), 99, 149, False),  # 0.4 came at 90 s
        (stalled(seconds="1min"), 99, 150, True),
    ],
)
def test_a_study_has_stalled(criterion: Criterion, n_steps: int, seconds_: float, is_met: bool) -> None:
    records = [Record(4, 30.0, 0.5), Record(15, 90.0, 0.375)] if "0.05" in str(criterion) else []
    records = records or [Record(4, 30.0, 0.5), Record(15, 90.0, 0.4)]
    known = [record for record in records if record.n_steps <= n_steps]
    best = known[-1].loss if known else None
    come = standing(n_steps=n_steps, seconds=seconds_, records=known, best_loss=best)
    assert bool(criterion.met(come, LOW)) is is_met


def test_stalled_says_for_how_long() -> None:
    come = standing(n_steps=40, seconds=7300, records=[Record(1, 5.0, 0.5)], best_loss=0.5)
    assert stalled(epochs=1).met(come, LOW) == "error did not get better in 1 step"
    least = stalled(seconds="2h", min_improvement=0.01)
    assert least.met(come, LOW) == "error did not get better by more than 0.01 in 2h"
    assert stalled(epochs=30).met(standing(n_steps=30), LOW), "thirty steps, and nothing at all"
    assert stalled(epochs=30).halts(come, LOW) is Halt.STARTS


def slow_gain(values: Sequence[float], count: int) -> float:
    """What the best of all has over the best of all but ``count``, over every choice of these."""
    chosen = list(itertools.combinations(values, len(values) - count))
    return sum(min(subset) for subset in chosen) / len(chosen) - min(values)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_expected_gain_against_every_choice(count: int) -> None:
    rng = np.random.default_rng(count)
    values = sorted(rng.normal(size=9).tolist())
    gain = slow_gain(values, count)
    come = standing(bests=[0.0] * 9, finals=values)
    assert gain > 0.01
    assert gain_below(gain * 1.0001, trials=count).met(come, LOW)
    assert not gain_below(gain * 0.9999, trials=count).met(come, LOW)


def test_failed_trials_are_the_worst_choice() -> None:
    values = [0.1, 0.3, 0.35, 0.5]
    gain = slow_gain([*values, 1e9, 2e9, 3e9], 2)  # of seven, three failed; five are left, so one of them is no failure
    come = standing(bests=[None, *[0.1] * 6], finals=values)
    assert gain_below(gain * 1.0001, trials=2).met(come, LOW)
    assert not gain_below(gain * 0.9999, trials=2).met(come, LOW)
    assert not gain_below(1e9, trials=2).met(standing(bests=[0.1] * 7, finals=values[:2]), LOW), "too little is known"


def test_the_expected_gain_is_said_in_words() -> None:
    come = standing(bests=[0.1] * 4, finals=[0.1, 0.1, 0.1, 0.5])
    assert gain_below(0.01, trials=2).met(come, LOW) == (
        "2 more trials are expected to make error better by 0, which is less than 0.01"
    )
    assert gain_below(0.01, trials=1).met(come, LOW).startswith("1 more trial is expected")
    assert not gain_below(0.01, trials=3).met(come, LOW), "twice as many must have finished"


# ---- of a single trial


def trial(steps: Sequence[int] = (1,), losses: Sequence[float] = (0.5,), **fields: Any) -> Standing:
    curve = Curve(steps, losses, fields.pop("peers", ()), fields.pop("best_of_others", None))
    return standing(n_steps=steps[-1], best_loss=min(losses), curve=curve, **fields)


@pytest.mark.parametrize(
    ("criterion", "before", "after", "words"),
    [
        (epochs(3), trial([2]), trial([4]), "it has come to step 4"),
        (seconds("1h"), trial(seconds=3599), trial(seconds=3600), "it has run for 1h"),
        (
            cost(1, per_hour=2),
            trial(runtime_s=1799),
            trial(runtime_s=1800),
            "it has cost 1 (30min of runtime at 2 per hour)",
        ),
        (cost(1, metric="euros"), trial(costs={}), trial(costs={"euros": 1.5}), "it has cost 1.5 euros"),
        (reached(0.4), trial(), trial(losses=[0.3]), "error 0.3 is at least as good as 0.4"),
        (patience(1), trial(bests=[0.5]), trial(bests=[0.5, 0.5]), "error did not get better in 1 report"),
        (
            patience(2, min_improvement=0.2),
            trial([3], [0.2], bests=[0.5, 0.4, 0.2]),
            trial([3], [0.4], bests=[0.5, 0.45, 0.4]),
            "error did not get better by more than 0.2 in 2 reports",
        ),
        (
            diverged(),
            trial([1, 2], [0.5, 1.5]),
            trial([1, 2], [0.5, 1.6]),
            "error is 3.2 times what it was at first",
        ),
        (
            percentile(25, min_trials=2),
            trial([3], [0.3], peers=[0.1, 0.9]),
            trial([3], [0.31], peers=[0.1, 0.9]),
            "step 3: behind percentile 25, 1 of 2 others were better on average",
        ),
        (
            median(grace_period=3, min_trials=3),
            trial([2], [0.5], peers=[0.1, 0.2, 0.3]),
            trial([3], [0.5], peers=[0.1, 0.2, 0.3]),
            "step 3: behind the median, 3 of 3 others were better on average",
        ),
        (
            unpromising(9),
            trial([1, 2, 3], [0.5] * 3, best_of_others=0.1),
            trial([1, 2, 3, 4], [0.5] * 4, best_of_others=0.1),
            "step 4: the chance to beat the best of the others at step 9 is 0",
        ),
    ],
)
def test_when_a_trial_is_stopped(criterion: Criterion, before: Standing, after: Standing, words: str) -> None:
    assert criterion.met(before, LOW) == ""
    assert criterion.met(after, LOW) == words
    assert checked_scope(criterion, Scope.TRIAL) is criterion


def test_few_others_say_nothing() -> None:
    assert not median().met(trial(losses=[9.0], peers=[0.1] * 4), LOW)
    assert median().met(trial(losses=[9.0], peers=[0.1] * 5), LOW)
    assert not percentile(100, min_trials=1).met(trial(losses=[0.3], peers=[0.1, 0.3]), LOW), "no worse than the worst"
    assert percentile(0, min_trials=1).met(trial(losses=[0.3], peers=[0.1, 0.3]), LOW)


def test_what_a_trial_can_not_become_is_not_asked() -> None:
    steps, losses = [1, 2, 3, 4], [0.5] * 4
    assert not unpromising(9).met(trial(steps, losses), LOW), "there is nothing to beat"
    assert not unpromising(4).met(trial(steps, losses, best_of_others=0.1), LOW), "it is at its end"
    falls = trial(steps, [0.9, 0.6, 0.45, 0.36], best_of_others=0.3)
    assert not unpromising(9).met(falls, LOW)
    assert unpromising(9, probability=0.999).met(falls, LOW)


@pytest.mark.parametrize("criterion", [trials(3), stalled(epochs=3), gain_below(0.1)])
def test_what_ends_studies_only(criterion: Criterion) -> None:
    assert checked_scope(criterion, Scope.STUDY) is criterion
    with pytest.raises(
        SettingError, match=r"can't stop a single trial; it ends a study\. Give it as stop=… or --stop\."
    ):
        checked_scope(patience(3) | patience(2) & criterion, Scope.TRIAL)


@pytest.mark.parametrize("criterion", [diverged(), median(), unpromising(9)])
def test_what_stops_trials_only(criterion: Criterion) -> None:
    with pytest.raises(SettingError, match=r"can't end a study; it stops single trials\. Give it as stop_trials=…"):
        checked_scope(trials(3) | criterion, Scope.STUDY)


def test_all_of_several_are_asked_in_order() -> None:
    assert not (trials(3) & diverged()).met(standing(n_trials=1), LOW), "the second one would have failed"


@pytest.mark.parametrize(
    ("criterion", "is_sure"),
    [
        (trials(1), True), (epochs(1), True), (seconds(1), True), (cost(1, per_hour=1), True), (patience(1), True),
        (reached(0.1), False), (reached(0.1) | trials(9), True), (reached(0.1) & trials(9), False),
        (cost(1, metric="m"), False), (cost(1, metric="m") | trials(9), True), (stalled(epochs=3), True),
        (gain_below(0.1), False), (gain_below(0.1) | stalled(seconds=3), True),
    ],
)  # fmt: skip
def test_what_is_sure_to_come(criterion: Criterion, is_sure: bool) -> None:
    assert criterion.ends_some_day() is is_sure


def test_the_metrics_that_are_costs() -> None:
    assert (trials(1) & cost(1, per_hour=2)).metrics() == frozenset()
    assert (cost(1, metric="a") | cost(2, metric="b") & trials(1)).metrics() == {"a", "b"}


EVERY = (
    trials(3) | epochs(4) & seconds("1d12h") | cost(10, per_hour=2.5) | cost(3, metric="m") | reached(-0.5)
    | patience(5, min_improvement=0.1) & (trials(1) | trials(2)) | stalled(epochs=3) | stalled(seconds="2h")
    | gain_below(0.1, trials=3) | diverged(2) | median(min_trials=3) & percentile(25, grace_period=2) | unpromising(27)
)  # fmt: skip


def test_the_json_form_and_back() -> None:
    form = msgspec.json.decode(msgspec.json.encode(EVERY.to_json()))
    assert criterion_from_json(form) == EVERY
    assert criterion_from_json({"type": "trials", "count": 3}) == trials(3)
    assert trials(3).to_json() == {"type": "trials", "count": 3}


@pytest.mark.parametrize(
    "form",
    [
        None,
        3,
        {},
        {"type": "never"},
        {"type": "trials"},
        {"type": "trials", "n": 3},
        {"type": "any"},
        {"type": "all", "parts": [{"type": "any", "parts": 3}]},
        {"type": ["any"]},
    ],
)
def test_what_is_no_json_form(form: Any) -> None:
    with pytest.raises(SettingError, match="not the JSON form of a stop criterion"):
        criterion_from_json(form)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: trials(0), "trials must be a whole number, at least 1, not 0"),
        (lambda: trials(True), "trials must be a whole number, at least 1, not True"),
        (lambda: epochs(1.5), r"epochs must be a whole number, at least 1, not 1\.5"),
        (lambda: patience(-1), "patience must be a whole number, at least 1, not -1"),
        (lambda: patience(1, min_improvement=-1), "min_improvement must be a finite number, at least 0, not -1"),
        (lambda: seconds("soon"), "seconds='soon' is not a duration"),
        (lambda: reached(float("nan")), "reached must be a finite number, not nan"),
        (lambda: cost(1), "either a metric or a price"),
        (lambda: cost(1, metric="m", per_hour=1), "either a metric or a price"),
        (lambda: cost(0, per_hour=1), "cost must be a finite number, above 0, not 0"),
        (lambda: cost(1, per_hour=-2), "per_hour must be a finite number, above 0, not -2"),
        (stalled, "either in epochs or in seconds. Write stalled"),
        (lambda: stalled(epochs=3, seconds=4), "either in epochs or in seconds"),
        (lambda: stalled(epochs=0), "epochs must be a whole number, at least 1, not 0"),
        (lambda: stalled(seconds="soon"), "seconds='soon' is not a duration"),
        (lambda: stalled(epochs=3, min_improvement=-1), "min_improvement must be a finite number, at least 0, not -1"),
        (lambda: gain_below(0), "gain_below must be a finite number, above 0, not 0"),
        (lambda: gain_below(1, trials=0), "trials must be a whole number, at least 1, not 0"),
        (lambda: diverged(1), "diverged must be a finite number, above 1, not 1. Give for instance 3"),
        (lambda: diverged(float("inf")), "diverged must be a finite number, above 1, not inf"),
        (lambda: percentile(-1), "at least 0 and at most 100, not -1. Give for instance 50 for the median"),
        (lambda: percentile(100.5), "percentile must be a number, .* at most 100, not 100.5"),
        (lambda: percentile(50, grace_period=0), "grace_period must be a whole number, at least 1, not 0"),
        (lambda: median(min_trials=0), "min_trials must be a whole number, at least 1, not 0"),
        (lambda: unpromising(0), "max_t must be a whole number, at least 1, not 0"),
        (lambda: unpromising(9, probability=1), "above 0 and below 1, not 1. Give for instance 0.05"),
        (lambda: unpromising(9, probability=0.0), "probability must be a number, above 0 and below 1, not 0.0"),
        (lambda: trials(1) | 3, "3 is not a stop criterion"),
        (lambda: trials(1) & "x", "'x' is not a stop criterion"),
    ],
)
def test_what_can_not_be(make: Callable[[], Any], sentence: str) -> None:
    with pytest.raises(SettingError, match=sentence):
        make()


def test_numbers_of_numpy_are_numbers() -> None:
    assert trials(np.int64(3)) == trials(3)
    assert reached(np.float32(0.5)) == reached(0.5)


def test_it_is_frozen() -> None:
    with pytest.raises(AttributeError, match="immutable"):
        trials(3).count = 4  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "given",
    [
        patience(5) | epochs(9),
        ["patience:5", "epochs:9"],
        (patience(5) | epochs(9)).to_json(),
    ],
)
def test_a_criterion_is_given_in_several_ways(given: Any) -> None:
    for scope in Scope:
        assert as_criterion(given, scope) == patience(5) | epochs(9)


def test_a_criterion_must_suit_its_place() -> None:
    assert as_criterion("trials:3", Scope.STUDY) == trials(3)
    with pytest.raises(SettingError, match="trials:3 can't stop a single trial"):
        as_criterion("trials:3", Scope.TRIAL)
    with pytest.raises(SettingError, match=r"3 is not a stop criterion\. Write trials\(100\)"):
        as_criterion(3, Scope.STUDY)
