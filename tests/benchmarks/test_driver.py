"""The driver, with problems and methods whose course can be reckoned by hand."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

import rung
from rung.analysis.comparison.runs import Budget, Point
from rung.benchmarks import driver
from rung.benchmarks.driver import Timed, drive
from rung.benchmarks.problem import Step
from rung.benchmarks.problems.catalogue import problem
from rung.events import Observed
from rung.space import Space
from rung.types import Action, Decision, Exhausted, Goal, Proposal

SPACE = Space({"x": rung.Float(0, 1)})


class Line:
    """Four steps of 2 s each; after s of them the value is 10·x + 4 - s, and the truth a thousandth of it."""

    name, space, goal, n_steps = "line", SPACE, Goal("value"), 4
    best, median, caveat = None, None, ""

    def __init__(self, *, has_truth: bool = False) -> None:
        self.has_truth = has_truth
        self.trained: list[tuple[float, int]] = []

    def train(self, config: Any, seed: int, *, after: int = 0) -> Iterator[Step]:
        for step in range(after + 1, 5):
            self.trained.append((config["x"], step))
            value = 10 * config["x"] + 4 - step
            yield Step(value, 2.0, truth=value / 1000 if self.has_truth else None)


class Listed:
    """Tries the numbers of a list one after the other; ``decisions``: (trial, step) -> what happens then."""

    space = SPACE

    def __init__(self, *numbers: float, **decisions: Any) -> None:
        self.numbers = list(numbers)
        self.decisions = decisions.get("decisions", {})
        self.resumed = decisions.get("resumed", [])
        self.started = 0

    def suggest(self, rng: Any, *, new_trials: bool) -> Any:
        if new_trials and self.started < len(self.numbers):
            return Proposal(config={"x": self.numbers[self.started]}, decide_at=None)
        if self.resumed:
            trial = self.resumed[0]
            return Proposal(config={"x": self.numbers[trial]}, trial=trial, decide_at=None)
        return Exhausted()

    def update(self, event: Any) -> Any:
        if type(event).__name__ == "Started":
            if event.cause == "new":
                self.started += 1
            else:
                self.resumed.pop(0)
        if isinstance(event, Observed) and (action := self.decisions.get((event.trial, event.step))):
            return [Decision(event.trial, action)]
        return ()

    def spec(self) -> Any:
        return {"name": "listed", "opaque": "listed"}


def spent(points: Any) -> list[tuple[int, int, float, float | None]]:
    return [(point.n_evaluations, point.n_steps, point.simulated_s, point.best) for point in points]


def test_every_configuration_is_trained_to_its_end() -> None:
    found = drive(Line(), lambda: Listed(0.5, 0.2, 0.9), Budget("evaluations", 2), seed=0)
    assert found.failed == ""
    assert spent(found.points) == [
        (1, 1, 2.0, 8.0),
        (1, 2, 4.0, 7.0),
        (1, 3, 6.0, 6.0),
        (1, 4, 8.0, 5.0),
        (2, 6, 12.0, 4.0),
        (2, 7, 14.0, 3.0),
        (2, 8, 16.0, 2.0),
        (2, 8, 16.0, 2.0),  # the end, a little later on the real clock
    ]


def test_a_method_that_runs_out_ends_the_run() -> None:
    found = drive(Line(), lambda: Listed(0.5), Budget("evaluations", 50), seed=0)
    assert (found.points[-1].n_evaluations, found.points[-1].n_steps, found.failed) == (1, 4, "")


def test_steps_are_paid_for_once_whoever_stops_and_resumes() -> None:
    on = Line()
    decisions = {(0, 1): Action.PAUSE, (1, 2): Action.STOP}
    found = drive(on, lambda: Listed(0.5, 0.2, decisions=decisions, resumed=[0]), Budget("evaluations", 2), seed=0)
    assert on.trained == [(0.5, 1), (0.2, 1), (0.2, 2), (0.5, 2), (0.5, 3), (0.5, 4)]
    assert found.points[-1] == Point(2, 6, 12.0, found.points[-1].decide_s, found.points[-1].wall_s, 4.0)


def test_what_was_trained_to_its_end_is_recorded_apart() -> None:
    decisions = {(0, 1): Action.STOP}
    found = drive(Line(), lambda: Listed(0.1, 0.5, 0.9, decisions=decisions), Budget("evaluations", 3), seed=0)
    assert spent(found.completed) == [(2, 5, 10.0, 5.0), (3, 9, 18.0, 5.0)]
    assert [point.wall_s for point in found.completed[-1:]] == [point.wall_s for point in found.points[-1:]]


def test_a_budget_of_steps_ends_in_the_middle_of_a_training() -> None:
    on = Line()
    found = drive(on, lambda: Listed(0.5, 0.2, 0.1), Budget("steps", 6), seed=0)
    assert spent(found.points)[-1] == (2, 6, 12.0, 4.0)
    assert len(on.trained) <= 7, "what can't count is not trained"


def test_simulated_workers_train_at_the_same_time() -> None:
    found = drive(Line(), lambda: Listed(0.5, 0.2, 0.1, 0.0), Budget("simulated_s", 11.0, workers=2), seed=0)
    assert spent(found.points)[-1] == (4, 10, 11.0, 2.0)


def test_real_seconds_are_those_of_the_clock() -> None:
    ticks = itertools.count()
    found = drive(Line(), lambda: Listed(*[0.5] * 99), Budget("wall_s", 100.0), seed=0, clock=lambda: next(ticks))
    assert found.points[-1].wall_s == 100.0
    assert 0 < found.points[-1].decide_s < 100.0
    assert 1 < found.points[-1].n_evaluations < 99


def test_the_best_value_is_judged_by_its_truth() -> None:
    found = drive(Line(has_truth=True), lambda: Listed(0.5), Budget("evaluations", 1), seed=0)
    assert [point.best for point in found.points] == [0.008, 0.007, 0.006, 0.005, 0.005]


def test_the_same_seed_is_the_same_run() -> None:
    on = problem("noisy:curves:branin")

    def points(seed: int) -> Any:
        found = drive(
            on, lambda: rung.ASHA(rung.RandomSearcher(on.space), max_t=27), Budget("steps", 300, workers=3), seed=seed
        )
        return spent(found.points)

    assert points(1) == points(1)
    assert points(1) != points(2)


def test_a_method_that_raises_keeps_what_it_had_found() -> None:
    class Falls(Listed):
        def update(self, event: Any) -> Any:
            if isinstance(event, Observed) and event.trial == 1:
                raise ZeroDivisionError("one too many")
            return super().update(event)

    found = drive(Line(), lambda: Falls(0.5, 0.2), Budget("evaluations", 5), seed=0)
    assert found.failed.startswith("ZeroDivisionError: one too many\n")
    assert "in update" in found.failed
    assert found.points[-1].best == 5.0


def test_a_method_that_can_not_be_made() -> None:
    def make() -> Any:
        raise RuntimeError("no such thing")

    found = drive(Line(), make, Budget("evaluations", 5), seed=0)
    assert found.failed.startswith("RuntimeError: no such thing")
    assert found.points == ()


def test_trainings_that_all_fail_are_a_failed_run() -> None:
    found = drive(Broken(), lambda: Listed(0.5, 0.2), Budget("evaluations", 2), seed=0)
    assert found.failed.startswith("OSError: the disk is gone")
    assert found.points[-1].n_evaluations == 2


class Broken(Line):
    """Every training fails."""

    def train(self, config: Any, seed: int, *, after: int = 0) -> Iterator[Step]:
        raise OSError("the disk is gone")


class Free(Line):
    """Takes no time."""

    def train(self, config: Any, seed: int, *, after: int = 0) -> Iterator[Step]:
        yield Step(1.0, 0.0)


@pytest.mark.parametrize(
    ("on", "budget", "why"),
    [
        (Broken(), Budget("steps", 4, workers=2), ": OSError: the disk is gone\n"),
        (Broken(), Budget("simulated_s", 4.0, workers=2), ": OSError: the disk is gone\n"),
        (Free(), Budget("simulated_s", 4.0, workers=2), "."),
    ],
)
def test_a_run_that_would_never_spend_its_budget_is_given_up(
    on: Line, budget: Budget, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "MOST_IDLE", 10)
    scheduler = rung.BasicScheduler(rung.RandomSearcher(SPACE))
    found = drive(on, lambda: scheduler, budget, seed=0)
    assert found.failed.startswith(f"20 trainings in a row have spent nothing of the budget{why}")


@pytest.mark.parametrize("budget", [Budget("steps", 40), Budget("simulated_s", 80.0)])
def test_trainings_that_spend_something_are_not_in_vain(budget: Budget, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "MOST_IDLE", 2)
    scheduler = rung.BasicScheduler(rung.RandomSearcher(SPACE))
    found = drive(Line(), lambda: scheduler, budget, seed=0)
    assert (found.failed, found.points[-1].n_steps) == ("", 40)


def test_the_interrupt_of_a_person_is_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupted(Line):
        def train(self, config: Any, seed: int, *, after: int = 0) -> Iterator[Step]:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        drive(Interrupted(), lambda: Listed(0.5), Budget("evaluations", 2), seed=0)


def test_what_a_method_takes_is_counted_as_deciding() -> None:
    now = [0.0]

    class Slow(Listed):
        def suggest(self, rng: Any, *, new_trials: bool) -> Any:
            now[0] += 1.0
            return super().suggest(rng, new_trials=new_trials)

        def update(self, event: Any) -> Any:
            now[0] += 0.125
            return super().update(event)

    def make() -> Slow:
        now[0] += 100.0
        return Slow(0.5)

    found = drive(Line(), make, Budget("evaluations", 1), seed=0, clock=lambda: now[0])
    # made once; asked for the trial, and whether an open one goes on; told of the start, four steps and the end
    assert found.points[-1].decide_s == found.points[-1].wall_s == 100.0 + 2 * 1.0 + 6 * 0.125


def test_a_timed_scheduler_is_the_one_behind_it() -> None:
    inner = rung.BasicScheduler(rung.RandomSearcher(SPACE))
    assert Timed(inner, None).space is SPACE  # type: ignore[arg-type]
    assert Timed(inner, None).spec() == inner.spec()  # type: ignore[arg-type]
