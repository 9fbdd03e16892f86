from __future__ import annotations

import bisect
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rung.commands import Command, ContinueTrial, PauseTrial, StopTrial
from rung.contracts import Searcher
from rung.errors import SettingError
from rung.events import Changed, Ended, Observed, Started
from rung.schedulers import _grace
from rung.schedulers.asha import ASHA
from rung.testing.play import Course, Played, play
from rung.testing.scheduler_suite import SchedulerSuite
from rung.types import Action, Decision, Exhausted, Proposal, Suggestion, TrialState, Wait


class Counting:
    """Suggests {"x": 0}, {"x": 1}, … as many as ``limit``; a searcher that any space would only get in the way of."""

    space: Any = None

    def __init__(self, limit: int = 10**9) -> None:
        self.n = 0
        self.limit = limit

    def suggest(self, rng: np.random.Generator) -> Suggestion | Exhausted:
        return Suggestion({"x": self.n}) if self.n < self.limit else Exhausted("counted to the end")

    def update(self, event: object) -> None:
        self.n += isinstance(event, Started) and event.cause == "new"

    def spec(self) -> Mapping[str, Any]:
        return {"name": "counting"}


def table(losses: Sequence[float]) -> Any:
    """A loss that depends on the trial alone."""
    return lambda config, step: losses[config["x"] % len(losses)]


class TestStopping(SchedulerSuite):
    def make(self, searcher: Searcher) -> ASHA:
        return ASHA(searcher, max_t=27, grace_period=2, reduction_factor=3)


class TestPromotion(SchedulerSuite):
    def make(self, searcher: Searcher) -> ASHA:
        return ASHA(searcher, max_t=27, reduction_factor=2, variant="promotion")


class TestAdaptiveStopping(SchedulerSuite):
    @pytest.fixture(autouse=True)
    def _few_are_enough(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(_grace, "AT_LEAST", 3)

    def make(self, searcher: Searcher) -> ASHA:
        return ASHA(searcher, max_t=27, grace_period="auto")


class TestAdaptivePromotion(SchedulerSuite):
    @pytest.fixture(autouse=True)
    def _few_are_enough(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(_grace, "AT_LEAST", 3)

    def make(self, searcher: Searcher) -> ASHA:
        return ASHA(searcher, max_t=16, grace_period="auto", reduction_factor=2, variant="promotion")


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


# ---- settings


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_t": 3, "grace_period": 4}, r"max_t=3 is below grace_period=4.*grace_period <= 3"),
        ({"max_t": 9, "reduction_factor": 1}, r"reduction_factor must be a whole number, at least 2, not 1"),
        ({"max_t": 9, "reduction_factor": 2.5}, r"reduction_factor must be a whole number, at least 2, not 2\.5"),
        ({"max_t": 9.0}, r"max_t must be a whole number, at least 1, not 9\.0"),
        ({"max_t": True}, r"max_t must be a whole number, at least 1, not True"),
        ({"max_t": "9"}, r"max_t must be a whole number, at least 1, not '9'"),
        ({"max_t": 0}, r"max_t must be a whole number, at least 1, not 0"),
        ({"max_t": 9, "grace_period": 0}, r"grace_period must be a whole number, at least 1, not 0"),
        ({"max_t": 9, "variant": "pausing"}, r"no variant 'pausing'. Use 'stopping' or 'promotion'"),
    ],
)
def test_unusable_settings_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        ASHA(Counting(), **options)


def test_numpy_integers_are_integers() -> None:
    scheduler = ASHA(Counting(), max_t=np.int64(9), reduction_factor=np.int32(3))  # type: ignore[arg-type]
    assert [rung.level for rung in scheduler.rungs] == [1, 3, 9]
    assert type(scheduler.spec()["max_t"]) is int


# ---- stopping


def test_stopping_proposes_one_run_with_decisions_at_the_rungs() -> None:
    scheduler = ASHA(Counting(), max_t=10, grace_period=2, reduction_factor=2)
    proposal = scheduler.suggest(rng(), new_trials=True)
    assert proposal == Proposal(config={"x": 0}, until=10, decide_at=(2, 4, 8))
    assert scheduler.suggest(rng(), new_trials=False) == Exhausted("no paused trial is due to go on")


def test_stopping_by_hand() -> None:
    losses = [0.5, 0.6, 0.4, 0.45, 0.3, 0.3, 0.1]
    scheduler = ASHA(Counting(), max_t=9)
    played = play(scheduler, Course(steps=range(1, 10), loss=table(losses)), new_trials=7, workers=1)
    # Trials 0 and 1 go on because there are fewer than three to compare. Of three, four, five at rung 1 one may go on,
    # of six two. At rung 3 are 0, 1, 2, 4 when trial 5 gets there: one of five may go on, and trial 4 came first.
    assert [decision for _, decision in played.decisions] == [
        Decision(3, Action.STOP, "rung 1: rank 2 of 4"),
        Decision(5, Action.STOP, "rung 3: rank 2 of 5"),
    ]
    assert played.states()[6] is TrialState.COMPLETED
    assert played.why == "no paused trial is due to go on"


def test_constant_losses_let_the_first_ones_through() -> None:
    scheduler = ASHA(Counting(), max_t=3)
    played = play(scheduler, Course(steps=range(1, 4), loss=table([0.5])), new_trials=9, workers=1)
    completed = [trial for trial, state in played.states().items() if state is TrialState.COMPLETED]
    assert completed == [0, 1]  # before there are three to compare; then ranks 3 of 3, 4 of 4, … are not good enough


# ---- promotion


def test_promotion_by_hand() -> None:
    losses = [0.5, 0.6, 0.4, 0.45, 0.3, 0.2]
    scheduler = ASHA(Counting(), max_t=9, variant="promotion")
    played = play(scheduler, Course(steps=range(1, 10), loss=table(losses)), new_trials=6, workers=1)
    assert [(e.trial, e.until, dict(e.notes)) for e in played.started()] == [
        (0, 1, {}),
        (1, 1, {}),
        (2, 1, {}),
        (2, 3, {"rung": 1}),  # the best of three
        (3, 1, {}),
        (4, 1, {}),
        (4, 3, {"rung": 1}),  # the best of five
        (5, 1, {}),
        (5, 3, {"rung": 1}),  # the best of six
        (5, 9, {"rung": 3}),  # the best of three at rung 3
    ]
    assert played.decisions[0][1] == Decision(0, Action.PAUSE, "rung 1: rank 1 of 1")
    assert played.decisions[1][1] == Decision(1, Action.PAUSE, "rung 1: rank 2 of 2")
    assert played.states() == {t: TrialState.COMPLETED if t == 5 else TrialState.PAUSED for t in range(6)}
    assert [len(rung) for rung in scheduler.rungs] == [6, 3, 1]


def test_a_changed_hyperparameter_outlasts_the_promotion() -> None:
    asha = ASHA(Counting(), max_t=4, reduction_factor=2, variant="promotion")
    for trial in (0, 1):
        asha.update(Started(at=0.0, trial=trial, attempt=1, config={"x": trial, "y": 5}))
        asha.update(Changed(at=0.0, trial=trial, attempt=1, step=0, changes={"x": 10 + trial}))
        asha.update(Observed(at=0.0, trial=trial, attempt=1, step=1, metrics={}, loss=float(trial)))
        asha.update(Ended(at=0.0, trial=trial, attempt=1, state=TrialState.PAUSED, reason="scheduler"))
    promoted = asha.suggest(rng(), new_trials=True)
    assert isinstance(promoted, Proposal)
    assert (promoted.trial, promoted.config) == (0, {"x": 10, "y": 5})


def test_promotion_waits_only_while_something_runs() -> None:
    searcher = Counting(limit=1)
    scheduler = ASHA(searcher, max_t=9, variant="promotion")
    scheduler.update(Started(at=0.0, trial=0, attempt=1, config={"x": 0}))
    assert scheduler.suggest(rng(), new_trials=True) == Wait("counted to the end")
    assert scheduler.suggest(rng(), new_trials=False) == Wait("no paused trial is due to go on")
    scheduler.update(Observed(at=1.0, trial=0, attempt=1, step=1, metrics={}, loss=1.0))
    assert isinstance(scheduler.suggest(rng(), new_trials=True), Wait)
    scheduler.update(Ended(at=1.0, trial=0, attempt=1, state=TrialState.PAUSED, reason="scheduler"))
    assert scheduler.suggest(rng(), new_trials=True) == Exhausted("counted to the end")
    assert scheduler.suggest(rng(), new_trials=False) == Exhausted("no paused trial is due to go on")


def test_a_trial_that_a_person_paused_waits_for_a_person() -> None:
    course = Course(steps=range(1, 10), loss=table([0.1, 0.5]), seconds=lambda config, step: 1.0)
    options: dict[str, Any] = {"max_t": 9, "grace_period": 3, "reduction_factor": 2, "variant": "promotion"}
    paused = play(ASHA(Counting(), **options), course, new_trials=4, commands={3: [PauseTrial(0)]})
    assert paused.states()[0] is TrialState.PAUSED
    assert [e.trial for e in paused.started() if e.cause == "resumed"] == [2]
    commands: dict[int, list[Command]] = {3: [PauseTrial(0)], 30: [ContinueTrial(0)]}
    continued = play(ASHA(Counting(), **options), course, new_trials=4, commands=commands)
    resumed = [(e.trial, e.until) for e in continued.started() if e.cause == "resumed"]
    assert resumed == [(2, 6), (0, 3), (0, 6), (0, 9)]


def test_a_promoted_trial_that_a_person_paused_is_not_promoted_again() -> None:
    course = Course(steps=range(1, 10), loss=table([0.1, 0.5, 0.5]))
    options: dict[str, Any] = {"max_t": 9, "variant": "promotion"}
    played = play(ASHA(Counting(), **options), course, new_trials=3, workers=1, commands={11: [PauseTrial(0)]})
    assert [(e.trial, e.until) for e in played.started()] == [(0, 1), (1, 1), (2, 1), (0, 3)]
    assert played.log[-1] == Ended(at=played.log[-1].at, trial=0, attempt=2, state=TrialState.PAUSED, reason="person")


def test_stopping_a_paused_trial_takes_it_out_of_the_queue() -> None:
    scheduler = ASHA(Counting(), max_t=4, reduction_factor=2, variant="promotion")
    for trial, loss in ((0, 0.1), (1, 0.2)):
        scheduler.update(Started(at=0.0, trial=trial, attempt=1, config={"x": trial}))
        scheduler.update(Observed(at=0.0, trial=trial, attempt=1, step=1, metrics={}, loss=loss))
        scheduler.update(Ended(at=0.0, trial=trial, attempt=1, state=TrialState.PAUSED, reason="scheduler"))
    promoted = scheduler.suggest(rng(), new_trials=False)
    assert promoted == Proposal(trial=0, config={"x": 0}, until=2, notes={"rung": 1})
    scheduler.update(Ended(at=0.0, trial=0, attempt=1, state=TrialState.STOPPED, reason="person"))
    assert isinstance(scheduler.suggest(rng(), new_trials=False), Exhausted)


# ---- reports that don't fall on the rungs


@pytest.mark.parametrize("variant", ["stopping", "promotion"])
def test_a_report_counts_at_the_highest_rung_that_it_jumps_over(variant: Any) -> None:
    scheduler = ASHA(Counting(), max_t=27, variant=variant)
    course = Course(steps=[2, 10, 11, 40, 41], loss=lambda config, step: float(step))
    play(scheduler, course, new_trials=1, workers=1)
    recorded = {rung.level: rung.losses for rung in scheduler.rungs}
    if variant == "stopping":
        assert recorded == {1: {0: 2.0}, 3: {}, 9: {0: 10.0}, 27: {0: 40.0}}
    else:
        assert recorded == {1: {0: 2.0}, 3: {}, 9: {}, 27: {}}


def test_a_promoted_trial_that_jumped_goes_on_from_where_it_is() -> None:
    scheduler = ASHA(Counting(), max_t=27, reduction_factor=3, variant="promotion")
    played = play(scheduler, Course(steps=[4, 10, 28], loss=table([0.3, 0.2, 0.1])), new_trials=3, workers=1)
    assert [(e.trial, e.until) for e in played.started()] == [(0, 1), (1, 1), (2, 1), (2, 9)]
    assert [len(rung) for rung in scheduler.rungs] == [0, 3, 1, 0]


@pytest.mark.parametrize("variant", ["stopping", "promotion"])
def test_past_max_t_nothing_is_decided(variant: Any) -> None:
    scheduler = ASHA(Counting(), max_t=2, reduction_factor=2, variant=variant)
    for trial, loss in ((0, 0.1), (1, 0.9)):
        scheduler.update(Started(at=0.0, trial=trial, attempt=1, config={"x": trial}))
        assert scheduler.update(Observed(at=0.0, trial=trial, attempt=1, step=3, metrics={}, loss=loss)) == ()
        assert scheduler.update(Observed(at=0.0, trial=trial, attempt=1, step=4, metrics={}, loss=loss)) == ()
    assert scheduler.rungs[-1].losses == {0: 0.1, 1: 0.9}


@pytest.mark.parametrize("variant", ["stopping", "promotion"])
def test_one_rung_decides_nothing(variant: Any) -> None:
    played = play(ASHA(Counting(), max_t=3, grace_period=3, variant=variant), Course(steps=range(1, 9)), new_trials=5)
    assert played.decisions == []
    assert {e.step for e in played.log if isinstance(e, Observed)} == {1, 2, 3}
    assert set(played.states().values()) == {TrialState.COMPLETED}


# ---- invariants, against a slow second writing


def oracle_levels(grace: int, max_t: int, factor: int) -> list[int]:
    return sorted({max_t} | {grace * factor**k for k in range(12) if grace * factor**k < max_t})


class Oracle:
    """ASHA's rules written down again, with plain lists and full sorts."""

    def __init__(self, grace: int, max_t: int, factor: int) -> None:
        self.levels = oracle_levels(grace, max_t, factor)
        self.factor = factor
        self.tables: list[list[tuple[float, int]]] = [[] for _ in self.levels]
        self.at: dict[int, int] = {}
        self.waiting: set[int] = set()

    def observe(self, event: Observed) -> int | None:
        """The index of the rung that the trial has newly reached."""
        passed = [i for i, level in enumerate(self.levels) if level <= event.step]
        if not passed or passed[-1] <= self.at.get(event.trial, -1):
            return None
        self.at[event.trial] = passed[-1]
        assert event.loss is not None
        self.tables[passed[-1]].append((event.loss, event.trial))
        return passed[-1]

    def best(self, index: int) -> list[int]:
        """The trials among the best 1/factor at a rung."""
        ranked = sorted(self.tables[index])
        return [trial for _, trial in ranked[: len(ranked) // self.factor]]

    def promotable(self) -> int | None:
        for index in reversed(range(len(self.levels) - 1)):
            for trial in self.best(index):
                if trial in self.waiting and self.at[trial] == index:
                    return trial
        return None


@st.composite
def courses(draw: st.DrawFn) -> dict[str, Any]:
    steps = sorted(draw(st.sets(st.integers(1, 30), min_size=1, max_size=12)))
    losses = draw(st.lists(st.sampled_from([0.1, 0.2, 0.3, 0.4, 0.5]), min_size=1, max_size=25))
    seconds = draw(st.lists(st.floats(0.1, 5.0), min_size=1, max_size=7))
    number = st.integers(0, 8)
    command = st.one_of(st.builds(PauseTrial, number), st.builds(StopTrial, number), st.builds(ContinueTrial, number))
    grace = draw(st.integers(1, 4))
    return {
        "grace_period": grace,
        "max_t": grace + draw(st.integers(0, 25)),
        "reduction_factor": draw(st.integers(2, 4)),
        "workers": draw(st.integers(1, 6)),
        "new_trials": draw(st.integers(1, 25)),
        "commands": draw(st.dictionaries(st.integers(0, 120), st.lists(command, max_size=3), max_size=20)),
        "course": Course(
            steps=steps,
            loss=lambda config, step: losses[(config["x"] * 31 + step) % len(losses)],
            seconds=lambda config, step: seconds[(config["x"] * 17 + step) % len(seconds)],
            failures=draw(st.dictionaries(st.integers(0, 24), st.sampled_from(steps), max_size=5)),
        ),
    }


def played_and_oracle(setup: dict[str, Any], variant: str) -> tuple[ASHA, Played, Oracle]:
    asha = {key: setup[key] for key in ("grace_period", "max_t", "reduction_factor")}
    scheduler = ASHA(Counting(), variant=variant, **asha)  # type: ignore[arg-type]
    played = play(
        scheduler,
        setup["course"],
        new_trials=setup["new_trials"],
        workers=setup["workers"],
        commands=setup["commands"],
    )
    return scheduler, played, Oracle(setup["grace_period"], setup["max_t"], setup["reduction_factor"])


@settings(max_examples=150, deadline=None)
@given(courses())
def test_stopping_agrees_with_the_rule(setup: dict[str, Any]) -> None:
    scheduler, played, oracle = played_and_oracle(setup, "stopping")
    expected = []
    for index, event in enumerate(played.log):
        if isinstance(event, Observed) and (rung := oracle.observe(event)) is not None:
            n = len(oracle.tables[rung])
            is_top = rung == len(oracle.levels) - 1
            if not is_top and n >= oracle.factor and event.trial not in oracle.best(rung):
                expected.append((index, event.trial, Action.STOP))
    assert [(index, d.trial, d.action) for index, d in played.decisions] == expected
    assert [rung.ranked for rung in scheduler.rungs] == [sorted(entries) for entries in oracle.tables]
    assert_no_rung_is_passed_undecided(played, oracle.levels)


@settings(max_examples=150, deadline=None)
@given(courses())
def test_promotion_agrees_with_the_rule(setup: dict[str, Any]) -> None:
    scheduler, played, oracle = played_and_oracle(setup, "promotion")
    for event in played.log:
        if isinstance(event, Started):
            if event.draw is not None:
                expected = oracle.promotable()  # work conservation, and the best of the highest rung first
                assert expected == (event.trial if event.cause == "resumed" else None)
            oracle.waiting.discard(event.trial)
        elif isinstance(event, Observed):
            oracle.observe(event)
        elif isinstance(event, Ended):
            oracle.waiting.discard(event.trial)
            at = oracle.at.get(event.trial, len(oracle.levels))
            if event.state is TrialState.PAUSED and event.reason == "scheduler" and at < len(oracle.levels) - 1:
                oracle.waiting.add(event.trial)
    assert oracle.promotable() is None  # nothing that can be promoted is left behind
    assert [rung.ranked for rung in scheduler.rungs] == [sorted(entries) for entries in oracle.tables]
    assert {t for rung in scheduler.rungs for t in rung.held} == oracle.waiting
    assert_no_rung_is_passed_undecided(played, oracle.levels)
    assert len(played.configs()) == setup["new_trials"]


def assert_no_rung_is_passed_undecided(played: Played, levels: list[int]) -> None:
    """A report that reaches a rung is one at which the trial stands still until it is decided about."""
    run: dict[int, Started] = {}
    last: dict[int, int] = {}
    for event in played.log:
        if isinstance(event, Started):
            run[event.trial] = event
        elif isinstance(event, Observed):
            before, last[event.trial] = last.get(event.trial, 0), event.step
            if run[event.trial].draw is None:
                continue  # continued by a person, to wherever the person wants
            waits_at = [*(run[event.trial].decide_at or ()), run[event.trial].until]
            if bisect.bisect_right(levels, event.step) > bisect.bisect_right(levels, before):
                assert any(step is not None and before < step <= event.step for step in waits_at)


@settings(max_examples=50, deadline=None)
@given(st.permutations(range(9)), st.lists(st.sampled_from([0.1, 0.2, 0.3]), min_size=9, max_size=9))
def test_who_is_promoted_does_not_depend_on_the_order_of_arrival(order: list[int], losses: list[float]) -> None:
    scheduler = ASHA(Counting(), max_t=9, variant="promotion")
    for trial in range(9):
        scheduler.update(Started(at=0.0, trial=trial, attempt=1, config={"x": trial}))
    for trial in order:
        scheduler.update(Observed(at=0.0, trial=trial, attempt=1, step=1, metrics={}, loss=losses[trial]))
        scheduler.update(Ended(at=0.0, trial=trial, attempt=1, state=TrialState.PAUSED, reason="scheduler"))
    promoted = []
    while isinstance(proposal := scheduler.suggest(rng(), new_trials=False), Proposal):
        assert proposal.trial is not None
        promoted.append(proposal.trial)
        scheduler.update(Started(at=0.0, trial=proposal.trial, attempt=2, config={}, cause="resumed"))
    assert promoted == [trial for _, trial in sorted((loss, trial) for trial, loss in enumerate(losses))[:3]]
