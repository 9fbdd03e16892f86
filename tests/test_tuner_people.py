"""What people post into the inbox of a study at work, with real schedulers and a simulated backend."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rung.backends.simulated import Simulated
from rung.commands import (
    ChangeTrial,
    Command,
    ContinueTrial,
    EditSpace,
    Enqueue,
    Note,
    PauseTrial,
    RetryTrial,
    StopStudy,
    StopTrial,
    Tag,
)
from rung.events import (
    Changed,
    CommandHandled,
    Decided,
    Ended,
    Enqueued,
    Event,
    Observed,
    SessionEnded,
    SpaceEdited,
    Started,
)
from rung.schedulers.asha import ASHA
from rung.schedulers.basic import BasicScheduler
from rung.searchers.grid import GridSearcher
from rung.searchers.random import RandomSearcher
from rung.space import Choice, Float, Space
from rung.store import MemoryStore
from rung.tuner import Tuner
from rung.tuning.verify import verify_decisions
from rung.types import TrialState

SPACE = Space({"x": Float(-1.0, 1.0)})
NARROW = Space({"x": Float(0.25, 0.5)})


@pytest.fixture(autouse=True)
def looks_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rung.tuning.loop.INBOX_PERIOD_S", 0.0)


def curve(x: float) -> Any:
    for epoch in range(1, 5):
        yield x**2 + 1 / epoch


def sees_its_config(trial: Any) -> None:
    for epoch in range(1, 5):
        trial.report(error=trial.config["x"] + epoch)


def basic() -> BasicScheduler:
    return BasicScheduler(RandomSearcher(SPACE))


def promotion() -> ASHA:
    return ASHA(RandomSearcher(SPACE), max_t=4, reduction_factor=2, variant="promotion")


class Person:
    """Posts commands when she sees certain events; each once."""

    def __init__(self, store: MemoryStore, plan: dict[Callable[[Any], bool], Command]) -> None:
        self._store = store
        self._plan = dict(plan)

    def __call__(self, event: Event, ledger: Any) -> None:
        for due, command in list(self._plan.items()):
            if due(event):
                del self._plan[due]
                self._store.post("s", command)


def observed(trial: int, step: int) -> Callable[[Any], bool]:
    return lambda event: isinstance(event, Observed) and (event.trial, event.step) == (trial, step)


def ended(trial: int) -> Callable[[Any], bool]:
    return lambda event: isinstance(event, Ended) and event.trial == trial


def run(
    plan: dict[Callable[[Any], bool], Command],
    *,
    make: Callable[[], Any] = basic,
    objective: Any = curve,
    n_trials: int = 4,
    slots: int = 1,
) -> tuple[MemoryStore, list[Any]]:
    """Run a study with a person in it; checks that every decision in its log can be derived again."""
    store = MemoryStore()
    tuner = Tuner(
        objective, make(), store=store, study="s", seed=4, backend=Simulated(slots), observers=[Person(store, plan)]
    )
    tuner.run(n_trials)
    assert verify_decisions(store.read("s"), make()).differences == []
    return store, [event for _, event in store.read("s")]


def starts(events: list[Any]) -> list[Started]:
    return [event for event in events if isinstance(event, Started)]


def test_a_configuration_is_tried_next() -> None:
    _, events = run({observed(1, 2): Enqueue({"x": 0.125})})
    assert [event.trial for event in starts(events) if event.config == {"x": 0.125}] == [2]


def test_an_edit_of_the_space_holds_from_there_on_and_replays() -> None:
    store, events = run({observed(1, 2): EditSpace(NARROW.to_json())})
    xs = [event.config["x"] for event in starts(events)]
    assert all(0.25 <= x <= 0.5 for x in xs[2:])
    assert not any(0.25 <= x <= 0.5 for x in xs[:2])
    assert sum(isinstance(event, SpaceEdited) for event in events) == 1
    again = Tuner(curve, basic(), store=store, study="s", backend=Simulated(1))  # asks for the space of the beginning
    again.run(2)
    unbroken, _ = run({observed(1, 2): EditSpace(NARROW.to_json())}, n_trials=6)
    assert [row.config for row in again.study.trials] == [row.config for row in unbroken.tables.trials("s")]
    assert again.study.row.space == NARROW.to_json()


def test_an_edit_that_the_searcher_cannot_follow_is_refused_and_the_study_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("rung.searchers.grid._MOST_POINTS", 10)
    wide = Space({"x": Choice([k / 10 for k in range(11)])})
    store, events = run(
        {observed(0, 1): EditSpace(wide.to_json())}, make=lambda: BasicScheduler(GridSearcher(SPACE, points=4))
    )
    (handled,) = [event for event in events if isinstance(event, CommandHandled)]
    assert "more than 10 combinations" in handled.refused
    assert [row.state for row in store.tables.trials("s")] == [TrialState.COMPLETED] * 4


def test_a_trial_is_stopped() -> None:
    store, _ = run({observed(1, 2): StopTrial(1)})
    row = store.tables.trials("s")[1]
    assert (row.state, row.reason, row.last_step) == (TrialState.STOPPED, "person", 2)


def test_a_trial_is_paused_and_goes_on_later() -> None:
    store, events = run({observed(0, 2): PauseTrial(0), ended(1): ContinueTrial(0)})
    assert [(event.trial, event.cause) for event in starts(events)] == [
        (0, "new"), (1, "new"), (0, "resumed"), (2, "new"), (3, "new"),
    ]  # fmt: skip
    assert [event.step for event in events if isinstance(event, Observed) and event.trial == 0] == [1, 2, 3, 4]
    assert store.tables.trials("s")[0].state is TrialState.COMPLETED


def test_a_paused_trial_that_nobody_continues_is_left_alone() -> None:
    store, _ = run({observed(0, 2): PauseTrial(0)})
    assert [row.state for row in store.tables.trials("s")] == [TrialState.PAUSED] + [TrialState.COMPLETED] * 3


def test_a_person_promotes_a_trial_that_the_scheduler_would_not() -> None:
    """ASHA paused trial 0 at its first rung; it goes on to the next one, where ASHA pauses it again."""
    store, events = run({ended(0): ContinueTrial(0)}, make=promotion, n_trials=1)
    assert [(event.trial, event.cause, event.until) for event in starts(events)] == [
        (0, "new", 1), (0, "resumed", None),
    ]  # fmt: skip
    row = store.tables.trials("s")[0]
    assert (row.state, row.reason, row.last_step) == (TrialState.PAUSED, "scheduler", 2)


def test_hyperparameters_are_changed_while_a_trial_runs() -> None:
    _, events = run({observed(0, 2): ChangeTrial(0, {"x": 0.5})}, objective=sees_its_config, n_trials=1)
    first = starts(events)[0].config["x"]
    (changed,) = [event for event in events if isinstance(event, Changed)]
    assert changed.step == 2
    errors = [event.metrics["error"] - event.step for event in events if isinstance(event, Observed)]
    assert errors[:2] == pytest.approx([first, first])
    assert errors[-1] == pytest.approx(0.5)


def test_what_was_passed_as_an_argument_cannot_change() -> None:
    _, events = run({observed(0, 2): ChangeTrial(0, {"x": 0.5})}, n_trials=1)
    (handled,) = [event for event in events if isinstance(event, CommandHandled)]
    assert handled.refused == "the objective got x as an argument, so a change would not reach it."
    assert not [event for event in events if isinstance(event, Changed)]


def test_a_stop_from_before_the_session_does_not_end_it() -> None:
    store, _ = run({}, n_trials=1)
    number = store.post("s", StopStudy())
    with Tuner(curve, basic(), store=store, study="s", backend=Simulated(1)) as again:
        again.run(max_trials=2)
    (handled,) = [event for _, event in store.read("s") if isinstance(event, CommandHandled)]
    assert (handled.command, handled.refused) == (number, "no tuner was running the study")
    assert len(store.tables.trials("s")) == 2


def test_the_study_is_stopped_after_what_runs() -> None:
    store, events = run({observed(1, 2): StopStudy()})
    assert [row.state for row in store.tables.trials("s")] == [TrialState.COMPLETED] * 2
    assert store.tables.study("s").ended_why == "stopped"
    assert len(starts(events)) == 2


def test_the_study_is_stopped_at_once_and_goes_on_later() -> None:
    store, _ = run({observed(1, 2): StopStudy(how="now")})
    assert [row.state for row in store.tables.trials("s")] == [TrialState.COMPLETED, TrialState.WAITING]
    again = Tuner(curve, basic(), store=store, study="s", backend=Simulated(1))
    again.run(max_trials=3)
    assert [(row.state, row.attempt) for row in again.study.trials] == [
        (TrialState.COMPLETED, 1), (TrialState.COMPLETED, 2), (TrialState.COMPLETED, 1),
    ]  # fmt: skip


def test_with_several_workers_and_a_scheduler_that_pauses() -> None:
    plan: dict[Callable[[Any], bool], Command] = {
        observed(0, 1): Enqueue({"x": 0.3125}),
        observed(2, 1): EditSpace(NARROW.to_json()),
        ended(3): StopTrial(3),
        observed(4, 1): StopTrial(4),
    }
    store, events = run(plan, make=promotion, n_trials=10, slots=3)
    assert store.tables.trials("s")[3].state is TrialState.STOPPED
    assert any(event.config == {"x": 0.3125} for event in starts(events))
    assert all(not event.refused for event in events if isinstance(event, CommandHandled) and event.what != "StopTrial")


# Pausing the whole study


class Weights:
    """What a training changes, as ``trial.epochs`` saves it; it counts the epochs, so that a repeated one shows."""

    def __init__(self) -> None:
        self.epochs = 0.0

    def state_dict(self) -> dict[str, float]:
        return {"epochs": self.epochs}

    def load_state_dict(self, state: dict[str, float]) -> None:
        self.epochs = state["epochs"]


def trains_by_epochs(trial: Any) -> None:
    weights = Weights()
    for _ in trial.epochs(8, weights=weights):
        weights.epochs += 1
        trial.report(error=trial.config["x"] ** 2 + 1 / weights.epochs)


def stopping() -> ASHA:
    """Decides at the steps 1, 2 and 4, so that a trial stands still there."""
    return ASHA(RandomSearcher(SPACE), max_t=8, reduction_factor=2)


def promoting() -> ASHA:
    """Pauses trials at the steps 1, 2 and 4, and goes on with the best."""
    return ASHA(RandomSearcher(SPACE), max_t=8, reduction_factor=2, variant="promotion")


def by_epochs(
    store: MemoryStore, plan: dict[Callable[[Any], bool], Command] | None = None, make: Callable[[], Any] = stopping
) -> list[Any]:
    """A session up to six trials in all; returns what the log has after it."""
    watching = [Person(store, plan or {})]
    Tuner(trains_by_epochs, make(), store=store, study="s", seed=4, observers=watching).run(max_trials=6)
    return [event for _, event in store.read("s")]


@pytest.mark.parametrize("step", [1, 2, 4])
def test_a_paused_study_goes_on_at_the_next_epoch_as_if_nothing_had_happened(step: int) -> None:
    unbroken, paused = MemoryStore(), MemoryStore()
    by_epochs(unbroken)
    events = by_epochs(paused, {observed(0, step): StopStudy(how="pause")})
    row = paused.tables.trial("s", 0)
    assert paused.tables.study("s").ended_why == "paused"
    assert (row.state, row.last_step, row.checkpoints[-1].step) == (TrialState.WAITING, step, step)
    assert [event.by for event in events if isinstance(event, Decided)] == ["study"]
    events = by_epochs(paused)
    first, again = (event for event in starts(events) if event.trial == 0)
    assert (first.cause, again.cause) == ("new", "retried")
    assert list(_curves(paused)) == list(_curves(unbroken))
    assert [row.state for row in paused.tables.trials("s")] == [row.state for row in unbroken.tables.trials("s")]
    assert verify_decisions(paused.read("s"), stopping()).differences == []


@pytest.mark.parametrize("make", [stopping, promoting])
def test_a_study_that_is_paused_again_and_again(make: Callable[[], Any]) -> None:
    unbroken, paused = MemoryStore(), MemoryStore()
    by_epochs(unbroken, make=make)
    for trial, step, *_ in list(_curves(unbroken))[::3]:
        by_epochs(paused, {observed(trial, step): StopStudy(how="pause")}, make)
    by_epochs(paused, make=make)
    assert sum(event.why == "paused" for _, event in paused.read("s") if isinstance(event, SessionEnded)) > 2
    assert list(_curves(paused)) == list(_curves(unbroken))
    assert [row.state for row in paused.tables.trials("s")] == [row.state for row in unbroken.tables.trials("s")]
    assert verify_decisions(paused.read("s"), make()).differences == []


def test_what_comes_to_its_end_while_the_study_is_paused_is_not_run_again() -> None:
    def trained_in_one_go(x: float) -> float:
        store.post("s", StopStudy(how="pause"))
        return x

    store = MemoryStore()
    Tuner(trained_in_one_go, basic(), store=store, study="s", seed=4).run(max_trials=3)
    assert store.tables.study("s").ended_why == "paused"
    assert [row.state for row in store.tables.trials("s")] == [TrialState.COMPLETED]


def _curves(store: MemoryStore) -> Any:
    return ((trial, step, metrics["error"]) for trial, step, _, metrics in store.tables.reports("s"))


def test_a_retry_is_a_new_trial_of_the_same_configuration() -> None:
    def fails_once(x: float, _seen: set[float] = set()) -> float:  # noqa: B006  # that it is kept is what is wanted
        if x not in _seen:
            _seen.add(x)
            raise RuntimeError("no memory left")
        return x

    store, events = run({ended(1): RetryTrial(1)}, objective=fails_once)
    rows = store.tables.trials("s")
    assert [row.state for row in rows] == [
        TrialState.FAILED,
        TrialState.FAILED,
        TrialState.COMPLETED,
        TrialState.FAILED,
    ]
    assert [row.retry_of for row in rows] == [None, None, 1, None]
    assert rows[2].config == rows[1].config
    assert [event.retry_of for event in events if isinstance(event, Enqueued)] == [1]


def test_a_note_and_a_tag_while_a_study_runs() -> None:
    store, _ = run({observed(0, 1): Note("slow", 0), observed(1, 1): Tag(("vision",))})
    assert [note.text for note in store.tables.trial("s", 0).notes] == ["slow"]
    assert store.tables.study("s").tags == ("vision",)
    with_people, without = (list(_curves(each)) for each in (store, run({})[0]))
    assert with_people == without
