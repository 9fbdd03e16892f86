from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from rung.benchmarks.problems.catalogue import problem
from rung.commands import EditSpace, Enqueue
from rung.errors import SettingError
from rung.events import Ended, Observed, SearchEvent, SpaceEdited, Started
from rung.registry import build_searcher
from rung.schedulers.asha import ASHA
from rung.schedulers.basic import BasicScheduler
from rung.searchers.random import RandomSearcher
from rung.searchers.zoom import ZoomSearcher
from rung.space import Choice, Float, Int, Ordinal, Space, linear
from rung.testing.play import Course, Played, play
from rung.testing.searcher_suite import SearcherSuite
from rung.types import Config, Exhausted, Json, Suggestion, TrialState, Wait

LINE = Space({"x": Float(0.0, 1.0)})
SQUARE = Space({"x": Float(0.0, 1.0), "y": Float(0.0, 1.0)})


class TestZoomOnRandom(SearcherSuite):
    def make(self, space: Space) -> ZoomSearcher:
        return ZoomSearcher(space, inner="random", every=4)


class TestZoomOnTPE(SearcherSuite):
    def make(self, space: Space) -> ZoomSearcher:
        return ZoomSearcher(space, inner="tpe(startup_trials=3)", every=5)


class TestZoomOnGrid(SearcherSuite):
    is_random = False

    def make(self, space: Space) -> ZoomSearcher:
        return ZoomSearcher(space, inner="grid(points=3)")


class Witness:
    """Suggests random configurations, and notes what it was told: how many events of which kind."""

    def __init__(self, space: Space) -> None:
        self.space = space
        self._seen: dict[str, int] = {}

    def suggest(self, rng: np.random.Generator) -> Suggestion:
        return Suggestion(self.space.sample(rng), {"seen": dict(self._seen), "space": self.space.to_json()})

    def update(self, event: SearchEvent) -> None:
        kind = type(event).__name__
        self._seen[kind] = self._seen.get(kind, 0) + 1
        if isinstance(event, SpaceEdited):
            self.space = Space.from_json(event.space)

    def spec(self) -> Mapping[str, Json]:
        return {"class": f"{__name__}:Witness"}


def played(searcher: Any, loss: Callable[[Config], float], trials: int, **options: Any) -> Played:
    course = Course(loss=lambda config, _step: loss(config))
    return play(BasicScheduler(searcher), course, new_trials=trials, **{"workers": 1, **options})


def bowl(config: Config) -> float:
    return float((config["x"] - 0.3) ** 2 + (config.get("y", 0.8) - 0.8) ** 2)


def boxes(log: Played) -> list[Any]:
    return [event.notes["zoom"]["box"] for event in log.started() if "box" in event.notes.get("zoom", {})]


def tell(searcher: ZoomSearcher, trial: int, config: Config, loss: float | None) -> None:
    searcher.update(Started(at=0.0, trial=trial, attempt=1, config=config))
    if loss is not None:
        searcher.update(Observed(at=0.0, trial=trial, attempt=1, step=1, metrics={}, loss=loss))
    state = TrialState.FAILED if loss is None else TrialState.COMPLETED
    searcher.update(Ended(at=0.0, trial=trial, attempt=1, state=state))


def suggested(searcher: ZoomSearcher, draw: int = 0) -> Suggestion:
    suggestion = searcher.suggest(np.random.default_rng(draw))
    assert isinstance(suggestion, Suggestion)
    return suggestion


# ---- from coarse to fine


@pytest.mark.parametrize("inner", ["random", "sobol", "tpe"])
def test_it_ends_up_around_the_best(inner: str) -> None:
    configs = played(ZoomSearcher(SQUARE, inner=inner), bowl, 60).configs()
    first, last = ([np.sqrt(bowl(config)) for config in part] for part in (configs[:8], configs[-8:]))
    assert statistics.median(first) > 0.2
    assert max(last) < 0.2
    assert statistics.median(last) < 0.1


def test_it_finds_better_values_than_random_search() -> None:
    given = problem("hartmann6")

    def best(searcher: Any, seed: int) -> float:
        values: list[float] = []

        def loss(config: Config) -> float:
            values.extend(step.value for step in given.train(config, 0))
            return values[-1]

        played(searcher, loss, 50, seed=seed)
        return min(values)

    zoomed = [best(ZoomSearcher(given.space, inner="random"), seed) for seed in range(8)]
    random = [best(RandomSearcher(given.space), seed) for seed in range(8)]
    assert statistics.median(zoomed) < statistics.median(random) - 0.3


def test_boxes_are_noted_once_and_keep_what_the_suggestions_keep_to() -> None:
    log = played(ZoomSearcher(SQUARE, inner="random", every=6), bowl, 40)
    box: Any = {}
    for event in log.started():
        note = event.notes["zoom"]
        assert note["stage"] == event.trial // 6
        if "box" in note:
            assert event.trial % 6 == 0
            assert note["box"] != box
            box = note["box"]
        for name, (low, high) in box.items():
            assert low <= event.config[name] <= high
    assert len(boxes(log)) == 6
    assert all(high - low < 0.5 for low, high in box.values())


def test_options_of_a_choice_are_noted_by_name() -> None:
    space = Space({"kind": Choice(["a", "b", "c"]), "size": Ordinal([8, 16, 32, 64, 128]), "x": Float(0.0, 1.0)})
    log = played(ZoomSearcher(space, inner="random", every=20), lambda c: 99 * (c["kind"] != "b") + c["size"], 61)
    box = boxes(log)[-1]
    assert (box["kind"], box["size"]) == (["b"], [8, 16])


def test_the_box_opens_where_the_best_is_at_its_border() -> None:
    start = [{"x": x} for x in (0.3, 0.35, 0.4, 0.42, 0.44, 0.46, 0.48, 0.99)]
    searcher = ZoomSearcher(LINE, inner="random", every=8, points_to_evaluate=start)
    log = played(searcher, lambda config: (config["x"] - 0.9) ** 2 + (config["x"] > 0.92), 60)
    ends = [box.get("x", [0.0, 1.0]) for box in boxes(log)]
    assert ends[0][1] < 0.75
    assert ends[-1][0] < 0.9 < ends[-1][1]
    assert min(abs(config["x"] - 0.9) for config in log.configs()) < 0.01


def test_stages_grow_with_the_study() -> None:
    log = played(ZoomSearcher(LINE, inner="random", every=5), bowl, 200)
    stages = [event.notes["zoom"]["stage"] for event in log.started()]
    lengths = [stages.count(stage) for stage in range(stages[-1])]
    assert lengths[:10] == [5] * 10
    assert lengths[-1] == sum(lengths[:-1]) // 10 > 10


def test_the_inner_searcher_learns_of_all_trials_but_not_of_waiting_points() -> None:
    searcher = ZoomSearcher(LINE, inner={"class": f"{__name__}:Witness"}, every=5)
    log = played(searcher, bowl, 21, commands={4: [Enqueue({"x": 0.99})]})
    notes = log.started()[-1].notes
    assert notes["seen"] == {"Started": 20, "Observed": 20, "Ended": 20, "SpaceEdited": 4}
    assert Space.from_json(notes["space"]) != LINE
    assert searcher.space == LINE


@pytest.mark.parametrize(("variant", "state"), [("stopping", TrialState.STOPPED), ("promotion", TrialState.PAUSED)])
def test_trials_that_were_stopped_early_have_their_place(variant: Any, state: TrialState) -> None:
    course = Course(steps=range(1, 10), loss=lambda config, step: bowl(config) + 1 / step)
    scheduler = ASHA(ZoomSearcher(SQUARE, inner="random"), max_t=9, variant=variant)
    log = play(scheduler, course, new_trials=60, workers=3)
    assert list(log.states().values()).count(state) > 20
    first, last = log.configs()[:15], log.configs()[-15:]
    assert statistics.median(map(bowl, last)) < 0.3 * statistics.median(map(bowl, first))


# ---- grids


def test_a_grid_is_laid_anew_over_each_box() -> None:
    log = played(ZoomSearcher(LINE, inner="grid"), bowl, 15)
    xs = [config["x"] for config in log.configs()]
    assert xs[:5] == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert boxes(log)[0] == {"x": [0.0, pytest.approx(0.55)]}  # the three best, and a twentieth
    assert xs[5:9] == pytest.approx([0.1375, 0.275, 0.4125, 0.55])  # 0 was tried
    assert min(abs(x - 0.3) for x in xs) < 0.03


@pytest.mark.parametrize("workers", [2, 5])
def test_a_grid_is_finished_before_the_next_one(workers: int) -> None:
    alone = played(ZoomSearcher(SQUARE, inner="grid(points=3)"), bowl, 60).configs()
    together = played(ZoomSearcher(SQUARE, inner="grid(points=3)"), bowl, 60, workers=workers)
    assert together.configs() == alone
    assert statistics.median(map(bowl, alone[-9:])) < 0.05 < statistics.median(map(bowl, alone[:9]))


def test_other_workers_wait_for_the_end_of_a_grid() -> None:
    searcher = ZoomSearcher(LINE, inner="grid(points=2)")
    for trial in range(2):
        config = suggested(searcher).config
        searcher.update(Started(at=0.0, trial=trial, attempt=1, config=config))
    assert searcher.suggest(np.random.default_rng(0)) == Wait("the next grid depends on how the trials of this one end")
    for trial in range(2):
        searcher.update(Ended(at=0.0, trial=trial, attempt=1, state=TrialState.FAILED))
    assert 0.0 < suggested(searcher).config["x"] < 1.0  # too few results to zoom, so anything untried


def test_a_number_of_trials_may_end_a_stage_of_a_grid() -> None:
    log = played(ZoomSearcher(LINE, inner="grid(points=20)", every=10), bowl, 12)
    assert [event.notes["zoom"]["stage"] for event in log.started()] == [0] * 10 + [1] * 2


@pytest.mark.parametrize("inner", ["grid(points=2)", "tpe", "gp", "random", "sobol"])
def test_a_finite_space_is_tried_to_its_end(inner: str) -> None:
    space = Space({"n": Int(1, 4), "kind": Choice(["a", "b"]), "size": Ordinal([1, 2, 4])})
    log = played(ZoomSearcher(space, inner=inner), lambda config: config["n"] + config["size"], 100)
    configs = {tuple(config.values()) for config in log.configs()}
    assert len(configs) == len(log.configs()) == 24


# ---- people


def test_points_come_first_also_outside_the_box() -> None:
    given = [{"x": 0.9}, {"x": 0.1}]
    searcher = ZoomSearcher(LINE, inner="random", every=5, points_to_evaluate=given)
    log = played(searcher, bowl, 30, commands={60: [Enqueue({"x": 0.99}), Enqueue({"x": 0.98})]})
    assert log.configs()[:2] == given
    at = log.configs().index({"x": 0.99})
    assert log.configs()[at + 1] == {"x": 0.98}
    assert boxes(log)[-1]["x"][1] < 0.9
    assert ZoomSearcher(LINE, initial_config={"x": 0.5}).spec()["points_to_evaluate"] == [{"x": 0.5}]


def test_waiting_points_survive_the_end_of_a_stage() -> None:
    searcher = ZoomSearcher(LINE, inner="random", every=8, points_to_evaluate=[{"x": 0.99}])
    for trial in range(16):
        tell(searcher, trial, {"x": 0.2 + 0.01 * trial}, 0.1 * trial)
    assert suggested(searcher).config == {"x": 0.99}


def test_an_edit_leaves_the_box_where_it_changes_nothing() -> None:
    searcher = ZoomSearcher(SQUARE, inner="random", every=8)
    for trial in range(24):
        tell(searcher, trial, {"x": 0.3 + 0.001 * trial, "y": 0.5}, 0.1 * trial)
    wider = Space({"x": Float(0.0, 1.0), "y": Float(0.0, 4.0), "z": Float(0.0, 1.0)})
    searcher.update(SpaceEdited(at=0.0, space=wider.to_json()))
    assert searcher.space == wider
    box = suggested(searcher).notes["zoom"]["box"]
    assert list(box) == ["x"]
    configs = [suggested(searcher, draw).config for draw in range(50)]
    assert all(box["x"][0] <= config["x"] <= box["x"][1] for config in configs)
    assert max(config["y"] for config in configs) > 3.0


def test_a_box_that_the_constraints_of_an_edit_leave_nothing_of_is_given_up() -> None:
    searcher = ZoomSearcher(SQUARE, inner="random", every=8)
    for trial in range(16):
        x = 0.9 if trial % 2 else 0.1
        tell(searcher, trial, {"x": x, "y": x}, x)
    assert suggested(searcher).notes["zoom"]["box"]["x"][1] <= 0.5
    edited = Space(dict(SQUARE), constraints=[linear({"x": 1, "y": 1}, at_least=1.5)])
    searcher.update(SpaceEdited(at=0.0, space=edited.to_json()))
    assert suggested(searcher).notes["zoom"]["box"] == {}
    assert edited.is_allowed(suggested(searcher).config)


def test_a_belief_that_has_fallen_out_of_the_box_is_dropped() -> None:
    space = Space(dict(SQUARE), priors={"x": "~0.9", "y": "~0.5"})
    searcher = ZoomSearcher(space, inner={"class": f"{__name__}:Witness"}, every=8)
    for trial in range(16):
        x = 0.9 if trial % 2 else 0.1
        tell(searcher, trial, {"x": x, "y": 0.5}, x)
    assert list(Space.from_json(suggested(searcher).notes["space"]).priors) == ["y"]
    assert list(searcher.space.priors) == ["x", "y"]


def test_a_pinned_dimension_stays_pinned() -> None:
    pinned = Space({"x": 0.5, "y": Float(0.0, 1.0)})
    log = played(ZoomSearcher(SQUARE, inner="random"), bowl, 60, commands={30: [EditSpace(pinned.to_json())]})
    assert {config["x"] for config in log.configs()[20:]} == {0.5}


# ---- nothing to go by


def test_where_all_are_equally_good_the_space_stays_as_it_is() -> None:
    assert boxes(played(ZoomSearcher(SQUARE), lambda _: 1.0, 40, workers=4)) == []


def test_extremes() -> None:
    log = played(ZoomSearcher(SQUARE), lambda config: 1e300 * (-1) ** int(10 * config["x"]), 40, workers=4)
    assert len(log.configs()) == 40


def test_where_all_fail_the_space_stays_as_it_is() -> None:
    course = Course(failures=dict.fromkeys(range(40), 1))
    log = play(BasicScheduler(ZoomSearcher(SQUARE, inner="random")), course, new_trials=40)
    assert boxes(log) == []
    assert {event.notes["zoom"]["stage"] for event in log.started()} == {0}


def test_a_space_with_one_point() -> None:
    searcher = ZoomSearcher({"x": 3}, inner="tpe")
    assert suggested(searcher).config == {"x": 3}
    tell(searcher, 0, {"x": 3}, 0.5)
    assert isinstance(searcher.suggest(np.random.default_rng(0)), Exhausted)


# ---- its form


@pytest.mark.parametrize(
    ("inner", "name"),
    [("tpe", "tpe"), ("grid(points=3)", "grid"), ({"name": "gp", "acquisition": "ei"}, "gp")],
)
def test_the_form_has_the_whole_form_of_the_inner_searcher(inner: Any, name: str) -> None:
    spec = ZoomSearcher(LINE, inner=inner, every=9, top=0.3, margin=0.1).spec()
    assert spec["name"] == "zoom"
    assert spec["inner"] == build_searcher(spec["inner"], LINE).spec()
    assert spec["inner"]["name"] == name
    assert (spec["every"], spec["top"], spec["margin"]) == (9, 0.3, 0.1)
    assert build_searcher(spec, LINE).spec() == spec


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"inner": "asha"}, "'asha' is not a searcher alone"),
        ({"inner": "basic"}, "'basic' is not a searcher alone"),
        ({"inner": "asha+tpe"}, r"'asha\+tpe' is not a searcher alone"),
        ({"inner": "zoom"}, "a zoom can't be inside another one"),
        ({"inner": "tpee"}, r"no searcher named 'tpee'\. Did you mean 'tpe'"),
        ({"inner": "tpe(gama=0.2)"}, "can't be made with these options"),
        ({"inner": 3}, "inner must be the name or JSON form of a searcher, not 3"),
        ({"inner": {"name": "random", "points_to_evaluate": [{"x": 0.5}]}}, "can't have points of its own"),
        ({"every": 0}, r"every must be a whole number, at least 1, not 0\. Give for instance 8"),
        ({"every": 2.5}, "every must be a whole number"),
        ({"every": True}, "every must be a whole number"),
        ({"top": 0}, "top must be a number, above 0"),
        ({"margin": 2}, "margin must be a number, at least 0 and at most 1"),
        ({"initial_config": {"x": 0.5}, "points_to_evaluate": [{"x": 0.5}]}, "were both given"),
    ],
)
def test_senseless_options_are_refused(options: Any, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        ZoomSearcher(LINE, **options)
