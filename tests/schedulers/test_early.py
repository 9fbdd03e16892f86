from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from rung.commands import ContinueTrial, PauseTrial
from rung.contracts import Searcher
from rung.errors import SettingError
from rung.events import Ended, Observed, Started
from rung.registry import build_scheduler, handed_over, method_spec
from rung.schedulers.asha import ASHA
from rung.schedulers.basic import BasicScheduler
from rung.schedulers.early import EarlyStopping, max_t_of, stopping_trials
from rung.searchers.random import RandomSearcher
from rung.space import Float, Space
from rung.stopping import (
    Criterion,
    cost,
    diverged,
    epochs,
    median,
    patience,
    percentile,
    reached,
    seconds,
    stalled,
    trials,
    unpromising,
)
from rung.testing.play import Course, play
from rung.testing.scheduler_suite import SchedulerSuite
from rung.types import Action, Decision, Proposal, TrialState

SPACE = Space({"x": Float(0.0, 1.0)})


class TestAroundBasic(SchedulerSuite):
    def make(self, searcher: Searcher) -> EarlyStopping:
        return EarlyStopping(searcher, criterion=epochs(22) & unpromising(30) | percentile(30, min_trials=2))


class TestAroundStoppingASHA(SchedulerSuite):
    def make(self, searcher: Searcher) -> EarlyStopping:
        return EarlyStopping(searcher, criterion=patience(3) | diverged(1.2), within="asha(max_t=27,grace_period=2)")


class TestAroundPromotingASHA(SchedulerSuite):
    def make(self, searcher: Searcher) -> EarlyStopping:
        within = {"name": "asha", "max_t": 27, "reduction_factor": 2, "variant": "promotion"}
        return EarlyStopping(searcher, criterion=["median:min_trials=2,patience:2", "seconds:20"], within=within)


def early(criterion: Any, **options: Any) -> EarlyStopping:
    return EarlyStopping(RandomSearcher(SPACE), criterion=criterion, **options)


def begin(scheduler: EarlyStopping, *, trial: int = 0, at: float = 0.0, **fields: Any) -> None:
    scheduler.update(Started(at=at, trial=trial, attempt=1, config={"x": 0.5}, decide_at=None, **fields))


def report(
    scheduler: EarlyStopping, step: int, loss: float, *, trial: int = 0, at: float = 0.0, **metrics: float
) -> Sequence[Decision]:
    return scheduler.update(Observed(at=at, trial=trial, attempt=1, step=step, metrics=metrics, loss=loss))


def stopped_at(criterion: Criterion, losses: Sequence[float], *, steps: Sequence[int] | None = None) -> int | None:
    """The step at which a lone trial with these reports is stopped."""
    scheduler = early(criterion, mode="min")
    begin(scheduler)
    for step, loss in zip(steps or range(1, len(losses) + 1), losses, strict=True):
        if report(scheduler, step, loss):
            return step
    return None


# ---- what stops a trial


def test_patience_counts_reports_not_steps() -> None:
    assert stopped_at(patience(2), [0.5, 0.4, 0.4, 0.4]) == 4
    assert stopped_at(patience(2), [0.5, 0.4, 0.4, 0.4], steps=[10, 20, 30, 40]) == 40
    assert stopped_at(patience(2), [0.5, 0.4, 0.45, 0.39, 0.4]) is None
    assert stopped_at(patience(2, min_improvement=0.1), [0.5, 0.45, 0.39, 0.3]) is None, "small steps add up"
    assert stopped_at(patience(2, min_improvement=0.1), [0.5, 0.45, 0.41, 0.1]) == 3


def test_a_trial_that_blows_up() -> None:
    assert stopped_at(diverged(3), [2.0, 1.0, 6.0, 6.1]) == 4, "more than three times the first, not the best"
    assert stopped_at(diverged(3), [-0.5, 0.9, 5.0]) is None, "a metric that is to be high is negative here"
    assert stopped_at(diverged(3), [0.0, 5.0]) is None


def test_the_step_is_the_one_reported() -> None:
    assert stopped_at(epochs(5), [1.0, 1.0, 1.0], steps=[2, 4, 7]) == 7


def test_why_is_said_in_words() -> None:
    scheduler = early(epochs(3) & patience(2) | diverged(2))
    begin(scheduler)
    assert [report(scheduler, step, loss) for step, loss in ((1, 0.4), (2, 0.4))] == [(), ()]
    assert report(scheduler, 3, 1.0) == (
        Decision(
            0,
            Action.STOP,
            "it has come to step 3 and the metric did not get better in 2 reports; "
            "the metric is 2.5 times what it was at first",
        ),
    )


def test_a_trial_has_run_only_while_it_ran() -> None:
    scheduler = early(seconds(60) | cost(0.5, per_hour=60))
    begin(scheduler, at=100.0)
    assert not report(scheduler, 1, 0.5, at=120.0)
    scheduler.update(Ended(at=125.0, trial=0, attempt=1, state=TrialState.PAUSED, reason="person"))
    begin(scheduler, at=1000.0, cause="resumed")
    assert not report(scheduler, 2, 0.5, at=1004.9)
    (decision,) = report(scheduler, 3, 0.5, at=1005.0)
    assert decision.why == "it has cost 0.5 (30s of runtime at 60 per hour)"
    (decision,) = report(scheduler, 4, 0.5, at=1035.0)
    assert decision.why.startswith("it has run for 1min; it has cost")


def test_a_cost_is_what_was_reported_last() -> None:
    scheduler = early(cost(3, metric="euros"))
    begin(scheduler)
    assert not report(scheduler, 1, 0.5, euros=2.5)
    assert not report(scheduler, 2, 0.5, euros=math.nan)
    assert not report(scheduler, 3, 0.5)
    (decision,) = report(scheduler, 4, 0.5, euros=3.25)
    assert decision.why == "it has cost 3.25 euros"


def test_a_value_is_reached_in_the_metrics_direction() -> None:
    scheduler = early(reached(0.9), mode="max")
    begin(scheduler)
    assert not report(scheduler, 1, -0.85)
    assert report(scheduler, 2, -0.95)[0].why == "the metric 0.95 is at least as good as 0.9"


def test_a_trial_without_a_chance_is_stopped_and_the_best_goes_on() -> None:
    course = Course(steps=range(1, 31), loss=lambda config, step: config["x"] + 0.5 * step**-0.7)
    played = play(early(unpromising(30)), course, new_trials=12, workers=1)
    ends = {trial: config["x"] + 0.5 * 30**-0.7 for trial, config in enumerate(played.configs())}
    stopped = {decision.trial for _, decision in played.decisions}
    assert min(ends, key=lambda trial: ends[trial]) not in stopped
    assert 0 not in stopped, "there was nothing to be worse than"
    best, hopeless = math.inf, set()
    for trial, end in ends.items():
        if end > best + 0.1:
            hopeless.add(trial)
        best = min(best, end)
    assert len(hopeless) >= 5
    assert hopeless <= stopped
    steps = [event.step for index, _ in played.decisions if isinstance(event := played.log[index], Observed)]
    assert min(steps) >= 4
    assert np.mean(steps) < 15, "half of the training is saved"


# ---- beside other trials


def test_the_percentile_is_that_of_the_running_averages_at_the_step() -> None:
    scheduler = early(percentile(75, min_trials=3, grace_period=2))
    for trial in range(4):
        begin(scheduler, trial=trial)
    for trial, first in enumerate((0.2, 0.4, 0.6)):
        report(scheduler, 1, first, trial=trial)
        report(scheduler, 3, first + 0.2, trial=trial)  # averages 0.2 0.4 0.6, and 0.3 0.5 0.7 at step 3
    assert not report(scheduler, 1, 0.9, trial=3), "the grace period"
    (decision,) = report(scheduler, 2, 0.51, trial=3)  # step 2, which nobody reported: 0.2 0.4 0.6, percentile 0.5
    assert decision.why == "step 2: behind percentile 75, 2 of 3 others were better on average"
    assert not report(scheduler, 3, 0.55, trial=3), "its best, 0.51, is not above 0.6"
    assert not report(scheduler, 4, 9.0, trial=3), "nobody else has come so far"


def slow_median_rule(log: Sequence[Any], q: float, grace_period: int, min_trials: int) -> list[tuple[int, int]]:
    """(index in the log, trial) of every report at which the rule is met; written without any state."""
    found = []
    for index, event in enumerate(log):
        if not isinstance(event, Observed):
            continue
        curves: dict[int, list[tuple[int, float]]] = {}
        for earlier in log[: index + 1]:
            if isinstance(earlier, Observed):
                curves.setdefault(earlier.trial, []).append((earlier.step, earlier.loss or 0.0))
        own = curves.pop(event.trial)
        averages = [
            np.mean([loss for step, loss in curve if step <= event.step])
            for curve in curves.values()
            if curve[-1][0] >= event.step and curve[0][0] <= event.step
        ]
        if event.step < grace_period or len(averages) < min_trials:
            continue
        if min(loss for _, loss in own) > np.percentile(averages, q) + 1e-12:
            found.append((index, event.trial))
    return found


@pytest.mark.parametrize("q", [0, 20, 50, 100])
def test_percentiles_against_a_slow_second_writing(q: float) -> None:
    rng = np.random.default_rng(int(q))
    scheduler = early(percentile(q, grace_period=3, min_trials=4))
    log: list[Any] = []
    met: list[tuple[int, int]] = []
    steps = dict.fromkeys(range(15), 0)
    for trial in steps:
        begin(scheduler, trial=trial)
    for index in range(150):
        trial = int(rng.integers(15))
        steps[trial] += int(rng.choice([1, 1, 1, 2, 5]))
        loss = float(rng.normal(trial, 4.0))
        log.append(Observed(at=0.0, trial=trial, attempt=1, step=steps[trial], metrics={}, loss=loss))
        if scheduler.update(log[-1]):
            met.append((index, trial))
    assert met == slow_median_rule(log, q, 3, 4)
    assert met or q == 100


# ---- with the scheduler within


def test_every_report_waits() -> None:
    scheduler = early(patience(2), within="asha(max_t=9,grace_period=1)")
    proposal = scheduler.suggest(np.random.default_rng(0), new_trials=True)
    assert isinstance(proposal, Proposal)
    assert (proposal.until, proposal.decide_at) == (9, None)


def test_one_word_on_one_report() -> None:
    scheduler = early(epochs(1), within="asha(max_t=9,grace_period=1,variant=promotion)")
    begin(scheduler, until=1)
    (decision,) = report(scheduler, 1, 0.5)
    assert decision == Decision(0, Action.STOP, "it has come to step 1"), "not a pause as well"
    scheduler.update(Ended(at=0.0, trial=0, attempt=1, state=TrialState.STOPPED, reason="scheduler"))
    begin(scheduler, trial=1, until=1)
    report(scheduler, 1, 0.9, trial=1)
    scheduler.update(Ended(at=0.0, trial=1, attempt=1, state=TrialState.STOPPED, reason="scheduler"))
    proposal = scheduler.suggest(np.random.default_rng(0), new_trials=True)
    assert isinstance(proposal, Proposal)
    assert proposal.trial is None, "what was stopped is promoted no more"


def test_the_scheduler_within_decides_the_rest() -> None:
    criterion = diverged(100)
    course = Course(steps=range(1, 10), loss=lambda config, step: config["x"] + 1 / step)
    played = play(early(criterion, within="asha(max_t=9,grace_period=1)"), course, new_trials=20)
    alone = play(ASHA(RandomSearcher(SPACE), max_t=9, grace_period=1), course, new_trials=20)
    assert played.decisions == alone.decisions
    assert alone.decisions


def test_a_run_that_has_come_to_its_end_is_not_stopped() -> None:
    course = Course(steps=range(1, 10), loss=lambda _config, _step: 0.5)
    played = play(early(epochs(9), within="asha(max_t=9,grace_period=1,reduction_factor=9)"), course, new_trials=1)
    assert not played.decisions
    assert played.states() == {0: TrialState.COMPLETED}


def test_a_person_has_the_trial_go_on_beyond_its_end() -> None:
    course = Course(steps=range(1, 10), loss=lambda _config, _step: 0.5)
    commands: dict[int, list[Any]] = {2: [PauseTrial(0)], 5: [ContinueTrial(0)]}
    played = play(early(epochs(7), within="asha(max_t=9,grace_period=1)"), course, new_trials=1, commands=commands)
    assert [decision.why for _, decision in played.decisions] == ["it has come to step 7"]


def test_silence_is_not_stopped() -> None:
    played = play(early(patience(1) | seconds(1)), Course(steps=()), new_trials=3)
    assert not played.decisions
    assert set(played.states().values()) == {TrialState.COMPLETED}


# ---- forms


def test_the_form_names_all_three_parts() -> None:
    spec = early("patience:5", within="asha(max_t=27)", mode="max").spec()
    asha = ASHA(RandomSearcher(SPACE), max_t=27).spec()
    assert spec == {
        "name": "early",
        "criterion": {"type": "patience", "count": 5, "min_improvement": 0.0},
        "within": {name: value for name, value in asha.items() if name != "searcher"},
        "mode": "max",
        "searcher": {"name": "random"},
    }
    assert build_scheduler(json.loads(json.dumps(spec)), SPACE).spec() == spec
    assert early(patience(5)).spec()["within"] == {"name": "basic"}


def test_it_is_written_in_a_line() -> None:
    text = 'early(criterion=["patience:5,epochs:20","diverged"],within=asha(max_t=27))+random'
    spec = build_scheduler(method_spec(text), SPACE).spec()
    assert spec == early(patience(5) & epochs(20) | diverged(), within="asha(max_t=27)").spec()


def test_a_scheduler_of_the_same_kind_can_be_within() -> None:
    scheduler = early("epochs:5", within={"name": "early", "criterion": "epochs:3"})
    begin(scheduler)
    assert report(scheduler, 3, 0.5)[0].why == "it has come to step 3"
    assert report(scheduler, 5, 0.5)[0].why == "it has come to step 5", "the outer one comes first"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"criterion": trials(3)}, r"trials:3 can't stop a single trial; it ends a study\. Give it as stop="),
        ({"criterion": patience(3) | stalled(epochs=9)}, r"stalled:epochs=9 can't stop a single trial"),
        ({"criterion": "trials:3"}, r"trials:3 can't stop a single trial"),
        ({"criterion": "pationce:3"}, r"there is no criterion 'pationce'. Did you mean patience\?"),
        ({"criterion": {"type": "trials", "count": 3}}, r"trials:3 can't stop a single trial"),
        ({"criterion": []}, r"\[\] is not a stop criterion\. Write patience"),
        ({"criterion": [3]}, r"\[3\] is not a stop criterion\. Write patience"),
        ({"criterion": 3}, r"^3 is not a stop criterion\. Write patience"),
        ({"criterion": {"type": "nothing"}}, "not the JSON form of a stop criterion"),
        ({"criterion": reached(0.9)}, r"reached:0\.9 has to know whether high or low is good\. Give mode="),
        ({"criterion": patience(3), "mode": "high"}, r"mode='high' is not known"),
        ({"criterion": patience(3), "within": "asha"}, r"'asha' can't be made with these options.*max_t"),
        ({"criterion": patience(3), "within": "random"}, r"'random' is not a scheduler alone"),
        ({"criterion": patience(3), "within": 3}, r"within=3 is no form of a scheduler"),
        ({"criterion": patience(3), "within": {"max_t": 3}}, r"is no form of a scheduler without its searcher"),
        ({"criterion": patience(3), "within": {"name": "basic", "searcher": {}}}, r"without its searcher"),
    ],
)
def test_unusable_settings_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        early(**options)


def test_putting_a_criterion_into_a_scheduler() -> None:
    searcher = RandomSearcher(SPACE)
    made = stopping_trials(ASHA(searcher, max_t=9, grace_period=1), median(), mode="max", searcher=searcher)
    assert made.searcher is searcher
    assert made.spec() == early(median(), within="asha(max_t=9,grace_period=1)", mode="max").spec()
    begins = RandomSearcher(SPACE, initial_config={"x": 0.5})
    alike = stopping_trials(BasicScheduler(begins), median(), mode="min")
    assert alike.searcher is not begins
    assert alike.spec()["searcher"] == begins.spec()


@pytest.mark.parametrize(
    ("criterion", "message"),
    [(trials(3), r"^trials:3 can't stop a single trial"), (3, r"^3 is not a stop criterion. Write patience\(5\)")],
)
def test_a_criterion_that_is_none_for_trials_is_not_the_schedulers_fault(criterion: Any, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        stopping_trials(ASHA(RandomSearcher(SPACE), max_t=9), criterion, mode="min")


def test_another_searcher_takes_over() -> None:
    scheduler = early(median(min_trials=2), within="asha(max_t=9,grace_period=1)")
    course = Course(steps=range(1, 10), loss=lambda config, step: config["x"] + 1 / step)
    played = play(scheduler, course, new_trials=12)
    form = scheduler.spec()
    successor = handed_over(form, {"name": "grid", "points": 4})
    again = build_scheduler({**form, "searcher": successor}, SPACE)
    decisions = [(index, decision) for index, event in enumerate(played.log) for decision in again.update(event)]
    assert decisions == played.decisions
    assert decisions


def test_the_length_of_a_full_training_is_that_of_the_scheduler_within() -> None:
    assert max_t_of(early(median(), within="asha(max_t=27)").spec()) == 27
    assert max_t_of(early(median()).spec()) is None
    assert max_t_of(ASHA(RandomSearcher(SPACE), max_t=9).spec()) == 9


def test_a_scheduler_that_can_not_be_made_again_takes_no_criterion() -> None:
    class Opaque(RandomSearcher):  # type: ignore[misc]
        def spec(self) -> Any:
            return {"opaque": "Opaque"}

    with pytest.raises(SettingError, match=r"trials of BasicScheduler can't be stopped .*: Opaque draws from"):
        stopping_trials(BasicScheduler(Opaque(SPACE)), median(), mode="min")
