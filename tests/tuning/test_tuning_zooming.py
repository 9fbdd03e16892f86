from __future__ import annotations

from typing import Any

import pytest

from rung.commands import EditSpace, Enqueue
from rung.errors import RungError, SettingError
from rung.schedulers.asha import ASHA
from rung.schedulers.basic import BasicScheduler
from rung.searchers.grid import GridSearcher
from rung.searchers.random import RandomSearcher
from rung.space import Choice, Float, Space
from rung.store import MemoryStore
from rung.tuner import Tuner
from rung.tuning.steering import ask_for_edit, plan_edit
from rung.tuning.zooming import ask_for_zoom, plan_zoom

LINE = Space({"x": Float(0.0, 1.0)})


def begun(points: Any, *, space: Space = LINE, losses: Any = None) -> MemoryStore:
    """A store with the study ``s``, in which these points were tried and told (x itself); None has failed."""
    store = MemoryStore()
    scheduler = BasicScheduler(RandomSearcher(space, points_to_evaluate=points))
    with Tuner(None, scheduler, store=store, study="s", seed=0) as tuner:
        for trial, loss in zip(tuner.ask(len(points)), losses or [point.get("x") for point in points], strict=True):
            tuner.tell(trial, float("nan") if loss is None else loss)
    return store


def plan(store: MemoryStore, *, top: float = 0.2, margin: float = 0.05) -> Any:
    return plan_zoom(store, "s", top=top, margin=margin)


def test_the_best_trials_of_the_log_say_where_to_go_on() -> None:
    store = begun([{"x": k / 20} for k in range(20)])
    found = plan(store)
    assert (found.zoomed.best, found.zoomed.trials) == (5, 20)
    assert found.space == Space({"x": Float(0.0, 0.5)})  # 0 to 0.2, and at least half
    assert found.changes[0].now == Float(0.0, 0.5)
    assert found.edit.before == LINE
    assert found.edit.command is None
    assert not store.tables.pending("s")
    asked = ask_for_zoom(store, found)
    assert store.tables.pending("s") == [(asked.edit.command, EditSpace(found.space.to_json()))]
    assert str(asked).startswith("x: 0 to 1 -> 0 to 0.5; the 5 best trials have 0 to 0.2")


def go_on(store: MemoryStore, points: Any) -> None:
    """One more trial, which is told."""
    scheduler = BasicScheduler(RandomSearcher(LINE, points_to_evaluate=points))
    with Tuner(None, scheduler, store=store, study="s") as tuner:
        tuner.tell(tuner.ask(1)[0], 0.5)


def test_the_same_results_narrow_only_once() -> None:
    points = [{"x": k / 20} for k in range(20)]
    store = begun(points, losses=[abs(point["x"] - 0.5) for point in points])
    ask_for_zoom(store, plan(store))
    with pytest.raises(RungError, match=r"no result has come in since the last zoom .* `rung edit s NAME=DOMAIN`"):
        plan(store)  # it waits in the inbox
    scheduler = BasicScheduler(RandomSearcher(LINE, points_to_evaluate=points))
    with Tuner(None, scheduler, store=store, study="s") as tuner:
        (open_trial,) = tuner.ask(1)
        with pytest.raises(RungError, match="no result has come in"):
            plan(store)  # it is carried out
        tuner.tell(open_trial, 0.5)
    assert plan(store).edit.before != LINE


def test_what_sets_no_range_does_not_hinder() -> None:
    space = Space({"x": Float(0.0, 1.0), "kind": Choice(["a", "b"])})
    points = [{"x": k / 20, "kind": "a"} for k in range(20)]
    store = begun(points, space=space)
    ask_for_edit(store, plan_edit(store, "s", pin={"kind": "a"}, priors={"x": 0.1}))
    ask_for_edit(store, plan_edit(store, "s", reopen=["kind"]))
    assert plan(store).space["x"] == Float(0.0, 0.5)


def test_a_step_goes_on_from_the_one_before() -> None:
    points = [{"x": k / 20} for k in range(20)]
    store = begun(points, losses=[abs(point["x"] - 0.5) for point in points])
    ask_for_zoom(store, plan(store))
    go_on(store, points)
    again = plan(store)
    assert again.edit.before == plan(store).edit.before != LINE
    first, second = again.edit.before["x"], again.space["x"]
    assert second.high - second.low == pytest.approx((first.high - first.low) / 2)


def test_a_range_opens_as_far_as_was_ever_allowed() -> None:
    points = [{"x": 0.5 + k / 100} for k in range(20)]
    store = begun(points)
    store.post("s", EditSpace(Space({"x": Float(0.5, 0.6)}).to_json()))
    go_on(store, points)
    found = plan(store)
    assert found.edit.before == Space({"x": Float(0.5, 0.6)})
    assert found.space["x"].low == pytest.approx(0.5 - 0.05)
    assert found.changes[0].why.endswith("near the border")


def test_what_waits_and_lies_outside_is_told() -> None:
    store = begun([{"x": k / 20} for k in range(20)])
    store.post("s", Enqueue({"x": 0.9}))
    store.post("s", Enqueue({"x": 0.1}))
    found = plan(store)
    assert list(found.edit.dropped) == [{"x": 0.9}]
    assert str(found).endswith("\nnot tried any more, as it lies outside: {'x': 0.9}")


def test_nothing_is_asked_for_where_nothing_changes() -> None:
    space = Space({"kind": Choice(["a", "b"])})
    store = begun([{"kind": "a"}, {"kind": "b"}] * 3, space=space, losses=[1.0] * 6)
    asked = ask_for_zoom(store, plan(store))
    assert asked.edit.command is None
    assert asked.changes == []
    assert asked.space == space
    assert not store.tables.pending("s")


def test_failed_trials_speak_against_an_option() -> None:
    space = Space({"kind": Choice(["a", "b"])})
    points = [{"kind": "a"}] * 20 + [{"kind": "b"}] * 12
    assert plan(begun(points, space=space, losses=[1.0] * 20 + [None] * 12)).space == Space({"kind": Choice(["a"])})


def test_trials_that_were_stopped_early_rank_as_for_searchers() -> None:
    def trained(x: float, max_epochs: int = 9) -> Any:
        for epoch in range(1, max_epochs + 1):
            yield {"error": abs(x - 0.1) + 1 / epoch}

    store = MemoryStore()
    scheduler = ASHA(GridSearcher(LINE, points=21), max_t=9)
    with Tuner(trained, scheduler, store=store, study="s", seed=0) as tuner:
        tuner.run()
    stopped = [trial for trial in store.tables.trials("s") if trial.state == "stopped"]
    assert len(stopped) >= 5
    low, high = plan(store).space["x"].low, plan(store).space["x"].high
    assert low < 0.1 < high < 0.6


def test_a_study_without_a_space_or_results() -> None:
    with pytest.raises(RungError, match="zooming needs 5 trials with a result, and there are 4"):
        plan(begun([{"x": 0.5}] * 4))
    store = begun([{}] * 6, space=Space({}), losses=[1.0] * 6)
    with pytest.raises(SettingError, match=r"the study 's' keeps runs by hand; there is no space in it"):
        plan(store)
    with pytest.raises(SettingError, match="top must be a number"):
        plan(begun([{"x": 0.5}] * 9), top=0.0)
