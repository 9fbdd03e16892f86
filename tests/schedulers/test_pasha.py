from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rung.contracts import Searcher
from rung.errors import SettingError
from rung.events import Ended, Observed, Started
from rung.schedulers._soft_ranking import crossing_distance
from rung.schedulers.pasha import PASHA
from rung.searchers.random import RandomSearcher
from rung.space import Float, Space
from rung.testing.play import Course, Played, hashed_loss, play
from rung.testing.scheduler_suite import SchedulerSuite
from rung.types import Action, Config, Decision, Proposal, TrialState

SPACE = Space({"x": Float(0.0, 1.0)})


class TestPASHA(SchedulerSuite):
    def make(self, searcher: Searcher) -> PASHA:
        return PASHA(searcher, max_t=27)


class TestPASHAByTwo(SchedulerSuite):
    def make(self, searcher: Searcher) -> PASHA:
        return PASHA(searcher, max_t=20, grace_period=2, reduction_factor=2)


class TestPASHAWithOneRung(SchedulerSuite):
    def make(self, searcher: Searcher) -> PASHA:
        return PASHA(searcher, max_t=5, grace_period=5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_t": 3, "grace_period": 4}, "max_t=3 is below grace_period=4"),
        ({"max_t": 9, "reduction_factor": 1}, "reduction_factor must be a whole number, at least 2, not 1"),
        ({"max_t": 9.5}, "max_t must be a whole number"),
    ],
)
def test_unusable_settings_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        PASHA(RandomSearcher(SPACE), **options)


def played(
    loss: Callable[[Config, int], float], *, new_trials: int = 30, workers: int = 1, max_t: int = 27
) -> tuple[PASHA, Played]:
    scheduler = PASHA(RandomSearcher(SPACE), max_t=max_t)
    course = Course(steps=range(1, max_t + 1), loss=loss)
    return scheduler, play(scheduler, course, new_trials=new_trials, workers=workers)


def test_where_rankings_agree_nobody_trains_longer() -> None:
    scheduler, found = played(lambda config, step: config["x"] + 1 / step)
    assert [rung.level for rung in scheduler.rungs] == [1, 3]
    assert len(scheduler.rungs[0]) == 30
    assert 10 <= len(scheduler.rungs[1]) < 15  # the best third, and who belonged to it earlier
    assert scheduler.epsilon == 0.0
    assert {event.until for event in found.started()} == {1, 3}
    assert set(found.states().values()) == {TrialState.PAUSED}
    assert {decision.why.split(":")[0] for _, decision in found.decisions} == {"rung 1", "rung 3"}


def test_where_they_differ_rungs_open_to_the_last() -> None:
    scheduler, found = played(hashed_or_reversed, new_trials=60)
    assert [rung.level for rung in scheduler.rungs] == [1, 3, 9, 27]
    told = [event for event in found.started() if "opened" in event.notes]
    assert [event.notes["opened"] for event in told] == [9, 27]
    assert told[0].notes["opened_why"] == "rungs 1 and 3 rank 2 trials otherwise (epsilon 0)"
    assert TrialState.COMPLETED in found.states().values()


def hashed_or_reversed(config: Config, step: int) -> float:
    """Each rung reverses the ranking of the one before."""
    return float(config["x"]) * (-1 if step >= 27 or 3 <= step < 9 else 1)


def test_noise_alone_opens_nothing() -> None:
    """Curves that cross back and forth tell how large the noise is; rankings that differ by less than that agree."""

    def near(config: Config, step: int) -> float:
        return 1e-3 * hashed_loss({"x": config["x"], "step": step}, 10**9) + round(float(config["x"]))

    scheduler = PASHA(RandomSearcher(SPACE), max_t=27, grace_period=3)
    play(scheduler, Course(steps=range(1, 28), loss=near), new_trials=100, workers=1)
    opened = len(scheduler.rungs)
    strict = PASHA(RandomSearcher(SPACE), max_t=27, grace_period=3)
    play(strict, Course(steps=(3, 9, 27), loss=near), new_trials=100, workers=1)  # too few steps to cross back
    assert strict.epsilon == 0.0
    assert 1e-4 < scheduler.epsilon < 1e-3
    assert opened <= len(strict.rungs) == 3


class Expected:
    """The paper's rules once more: everything from whole tables at each report, with sets and numpy's percentile."""

    def __init__(self, levels: list[int]) -> None:
        self.levels = levels
        self.top = min(1, len(levels) - 1)
        self.curves: dict[int, dict[int, float]] = {}
        self.tables: list[dict[int, float]] = [{} for _ in levels]
        self.epsilon = 0.0

    def observe(self, event: Observed) -> None:
        assert event.loss is not None
        self.curves.setdefault(event.trial, {})[event.step] = event.loss
        reached = [index for index, level in enumerate(self.levels) if level <= event.step]
        if not reached or any(event.trial in table for table in self.tables[reached[-1] :]):
            return
        self.tables[reached[-1]][event.trial] = event.loss
        if reached[-1] == self.top < len(self.levels) - 1:
            self.compare()

    def compare(self) -> None:
        lower, upper = self.tables[self.top - 1], self.tables[self.top]
        both = [trial for trial in upper if trial in lower]
        level = self.levels[self.top]
        curves = [{s: v for s, v in self.curves[trial].items() if s <= level} for trial in both]
        found = [distance for a, b in combinations(curves, 2) if (distance := crossing_distance(a, b)) is not None]
        if found:
            self.epsilon = float(np.percentile(found, 90))
        below = sorted(both, key=lambda trial: (lower[trial], trial))
        above = sorted(both, key=lambda trial: (upper[trial], trial))
        groups = [{o for o in both if abs(lower[o] - lower[trial]) <= self.epsilon + 1e-15} for trial in below]
        if not all(trial in group for trial, group in zip(above, groups, strict=True)):
            self.top += 1


@settings(max_examples=60, deadline=None)
@given(
    st.floats(0.0, 1.0),
    st.integers(1, 3),
    st.integers(2, 4),
    st.integers(1, 6),
    st.integers(5, 40),
)
def test_rungs_open_as_the_rule_says(noise: float, grace: int, factor: int, workers: int, new_trials: int) -> None:
    scheduler = PASHA(RandomSearcher(SPACE), max_t=20, grace_period=grace, reduction_factor=factor)
    course = Course(
        steps=range(1, 21), loss=lambda config, step: config["x"] + noise * hashed_loss({**config, "s": step}, step)
    )
    found = play(scheduler, course, new_trials=new_trials, workers=workers)
    expected = Expected(sorted({20} | {grace * factor**k for k in range(5) if grace * factor**k < 20}))
    waiting: dict[int, int] = {}
    for event in found.log:
        if isinstance(event, Started) and event.cause == "resumed":
            assert event.until is not None
            index = expected.levels.index(event.until)
            assert index <= expected.top  # nobody is promoted past what is open
            table = sorted((loss, trial) for trial, loss in expected.tables[index - 1].items())
            assert event.trial in [trial for _, trial in table[: len(table) // factor]]
            del waiting[event.trial]
        elif isinstance(event, Observed):
            expected.observe(event)
        elif isinstance(event, Ended) and event.state is TrialState.PAUSED:
            waiting[event.trial] = event.attempt
    assert len(scheduler.rungs) == expected.top + 1
    if expected.top < len(expected.levels) - 1:
        assert scheduler.epsilon == pytest.approx(expected.epsilon)


def test_trials_at_the_highest_open_rung_wait_and_go_on_once_the_next_opens() -> None:
    scheduler = PASHA(RandomSearcher(SPACE), max_t=9, reduction_factor=2)

    def report(trial: int, step: int, loss: float) -> list[Decision]:
        decisions = scheduler.update(Observed(at=0.0, trial=trial, attempt=1, step=step, metrics={}, loss=loss))
        scheduler.update(Ended(at=0.0, trial=trial, attempt=1, state=TrialState.PAUSED, reason="scheduler"))
        return list(decisions)

    def promoted() -> tuple[int | None, int | None]:
        proposal = scheduler.suggest(np.random.default_rng(0), new_trials=False)
        if not isinstance(proposal, Proposal):
            return None, None
        scheduler.update(
            Started(at=0.0, trial=proposal.trial or 0, attempt=2, config={}, cause="resumed", until=proposal.until)
        )
        return proposal.trial, proposal.until

    for trial in range(4):
        scheduler.update(Started(at=0.0, trial=trial, attempt=1, config={}, until=1))
        report(trial, 1, 0.1 * trial)
    assert [promoted(), promoted(), promoted()] == [(0, 2), (1, 2), (None, None)]
    assert report(0, 2, 0.5) == [Decision(0, Action.PAUSE, "rung 2: rank 1 of 1")]
    assert promoted() == (None, None)
    report(1, 2, 0.4)  # now it is ahead, and was not at the first rung
    assert [rung.level for rung in scheduler.rungs] == [1, 2, 4]
    assert promoted() == (1, 4)


def test_who_is_at_the_next_rung_already_is_compared_there_as_soon_as_it_opens() -> None:
    scheduler = PASHA(RandomSearcher(SPACE), max_t=27)

    def report(trial: int, *losses: tuple[int, float]) -> None:
        scheduler.update(Started(at=0.0, trial=trial, attempt=1, config={}))  # without end, as people continue trials
        for step, loss in losses:
            scheduler.update(Observed(at=0.0, trial=trial, attempt=1, step=step, metrics={}, loss=loss))

    report(0, (1, 0.3), (9, 0.1))  # jumps over the second rung
    report(1, (1, 0.2), (3, 0.2), (9, 0.2))
    report(2, (1, 0.1), (3, 0.1), (9, 0.3))
    assert [rung.level for rung in scheduler.rungs] == [1, 3]
    report(3, (1, 0.4), (3, 0.0))  # is ahead now, and was not: the third rung opens, where the others differ, too
    assert [rung.level for rung in scheduler.rungs] == [1, 3, 9, 27]
