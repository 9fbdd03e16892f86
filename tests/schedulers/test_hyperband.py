from __future__ import annotations

from typing import Any

import pytest
from bracket_courses import Counting, assert_nobody_idles, runs, seconds, steps_trained, table

from rung.contracts import Searcher
from rung.errors import SettingError
from rung.events import Started
from rung.schedulers.asha import ASHA
from rung.schedulers.hyperband import Hyperband
from rung.testing.play import Course, play
from rung.testing.scheduler_suite import SchedulerSuite
from rung.types import Action, Decision


class TestSynchronous(SchedulerSuite):
    def make(self, searcher: Searcher) -> Hyperband:
        return Hyperband(searcher, max_t=9)


class TestSynchronousWithOddSteps(SchedulerSuite):
    def make(self, searcher: Searcher) -> Hyperband:
        return Hyperband(searcher, max_t=10, grace_period=2, reduction_factor=2)


class TestStopping(SchedulerSuite):
    def make(self, searcher: Searcher) -> Hyperband:
        return Hyperband(searcher, max_t=27, variant="stopping")


class TestPromotion(SchedulerSuite):
    def make(self, searcher: Searcher) -> Hyperband:
        return Hyperband(searcher, max_t=20, grace_period=2, reduction_factor=2, variant="promotion")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_t": 3, "grace_period": 4}, r"max_t=3 is below grace_period=4.*grace_period <= 3"),
        ({"max_t": 9, "reduction_factor": 1}, r"reduction_factor must be a whole number, at least 2, not 1"),
        ({"max_t": 9, "grace_period": 1.5}, r"grace_period must be a whole number, at least 1, not 1\.5"),
        ({"max_t": 9, "variant": "asynchronous"}, r"no variant 'asynchronous'. Use 'synchronous', 'stopping' or"),
    ],
)
def test_unusable_settings_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        Hyperband(Counting(), **options)


@pytest.mark.parametrize("variant", ["synchronous", "stopping", "promotion"])
def test_the_table_of_the_paper(variant: Any) -> None:
    brackets = Hyperband(Counting(), max_t=81, variant=variant).brackets
    assert [(each.n, each.r) for each in brackets] == [(81, 1), (34, 3), (15, 9), (8, 27), (5, 81)]


@pytest.mark.parametrize("workers", [1, 4, 50])
def test_each_bracket_trains_as_many_as_its_plan_says(workers: int) -> None:
    scheduler = Hyperband(Counting(), max_t=81)
    n = sum(each.n for each in scheduler.brackets)
    course = Course(steps=range(1, 99), seconds=seconds([1.0, 3.0, 0.2, 20.0]))
    played = play(scheduler, course, new_trials=2 * n, workers=workers)
    begun: dict[tuple[Any, Any], dict[int | None, int]] = {}
    for event in played.started():
        runs_to = begun.setdefault((event.notes["round"], event.notes["bracket"]), {})
        runs_to[event.until] = runs_to.get(event.until, 0) + 1
    expected = {
        (turn, each.s): dict(zip(each.levels, each.sizes, strict=True))
        for turn in (0, 1)
        for each in scheduler.brackets
    }
    assert begun == expected
    by_hand = [
        81 + 27 * 2 + 9 * 6 + 3 * 18 + 1 * 54,
        34 * 3 + 11 * 6 + 3 * 18 + 1 * 54,
        15 * 9 + 5 * 18 + 1 * 54,
        8 * 27 + 2 * 54,
        5 * 81,
    ]
    assert steps_trained(played) == 2 * sum(by_hand)


@pytest.mark.parametrize("variant", ["synchronous", "stopping", "promotion"])
def test_nobody_waits_for_stragglers(variant: Any) -> None:
    course = Course(steps=range(1, 30), seconds=seconds([1.0, 2.0, 40.0]))
    played = play(Hyperband(Counting(), max_t=9, variant=variant), course, new_trials=40, workers=7)
    assert_nobody_idles(played, workers=7, new_trials=40)


def test_a_bracket_by_hand() -> None:
    losses = [0.5, 0.4, 0.3, 0.6, 0.2, 0.1]
    played = play(
        Hyperband(Counting(), max_t=3), Course(steps=range(1, 9), loss=table(losses)), new_trials=6, workers=1
    )
    assert [(e.trial, e.until, dict(e.notes)) for e in played.started()] == [
        (0, 1, {"round": 0, "bracket": 1}),
        (1, 1, {"round": 0, "bracket": 1}),
        (2, 1, {"round": 0, "bracket": 1}),
        (2, 3, {"round": 0, "bracket": 1, "rung": 1}),
        (3, 3, {"round": 0, "bracket": 0}),
        (4, 3, {"round": 0, "bracket": 0}),
        (5, 1, {"round": 1, "bracket": 1}),
        (5, 3, {"round": 1, "bracket": 1, "rung": 1}),
    ]
    assert played.decisions[1][1] == Decision(1, Action.PAUSE, "bracket 1, rung 1: rank 1 of 2")


def test_trials_fill_one_bracket_after_the_other_also_side_by_side() -> None:
    for variant in ("stopping", "promotion"):
        scheduler = Hyperband(Counting(), max_t=9, variant=variant)
        played = play(scheduler, Course(steps=range(1, 10)), new_trials=40, workers=3)
        brackets = [event.notes["bracket"] for event in played.started() if event.cause == "new"]
        assert brackets == ([2] * 9 + [1] * 5 + [0] * 3) * 2 + [2] * 6


@pytest.mark.parametrize("variant", ["stopping", "promotion"])
def test_a_bracket_side_by_side_decides_as_asha_does(variant: Any) -> None:
    """All trials of the first bracket, told to an ASHA with its rungs, are decided alike."""
    course = Course(steps=range(1, 30), failures={2: 4, 5: 1})
    played = play(Hyperband(Counting(), max_t=27, variant=variant), course, new_trials=60, workers=4)
    asha = ASHA(Counting(), max_t=27, grace_period=1, variant=variant)
    mine = {event.trial for event in played.started() if event.cause == "new" and event.notes["bracket"] == 3}
    assert len(mine) > 27  # into the second round
    decided = dict(played.decisions)
    n_decided = 0
    for index, event in enumerate(played.log):
        if event.trial in mine:  # type: ignore[union-attr]
            for decision in asha.update(event):
                n_decided += 1
                assert decided[index] == Decision(decision.trial, decision.action, f"bracket 3, {decision.why}")
    assert n_decided == sum(decision.trial in mine for _, decision in played.decisions) > 20


def test_one_bracket_needs_no_name() -> None:
    played = play(Hyperband(Counting(), max_t=5, grace_period=3), Course(steps=range(1, 9)), new_trials=2, workers=1)
    assert [dict(event.notes) for event in played.started()] == [{"round": 0}, {"round": 1}]
    assert runs(played) == [(0, 5), (1, 5)]


def test_trials_from_outside_belong_to_no_bracket() -> None:
    scheduler = Hyperband(Counting(), max_t=9, variant="promotion")
    course = Course(steps=range(1, 10))
    log = play(scheduler, course, new_trials=3).log
    again = Hyperband(Counting(), max_t=9, variant="promotion")
    given = [Started(at=0.0, trial=trial, attempt=1, config={}, cause="given") for trial in range(3)]
    for event in [*given, *(event for event in log if not isinstance(event, Started))]:
        assert list(again.update(event)) == []
