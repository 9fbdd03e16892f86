from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from by_hand import ByHand

from rung.analysis.comparison.runs import Budget
from rung.benchmarks.driver import drive
from rung.benchmarks.problems.catalogue import problem
from rung.errors import SettingError
from rung.events import Changed, SpaceEdited
from rung.schedulers.asha import ASHA
from rung.schedulers.basic import BasicScheduler
from rung.searchers.evolution import EvolutionSearcher
from rung.searchers.random import RandomSearcher
from rung.space import Choice, Float, Int, Space
from rung.testing.play import Course, play
from rung.testing.searcher_suite import SearcherSuite
from rung.types import Config, Exhausted, TrialState

SQUARE = Space({"x": Float(0.0, 1.0), "y": Float(0.0, 1.0)})
METHODS = ["regularised", "differential"]


class TestRegularised(SearcherSuite):
    def make(self, space: Space) -> EvolutionSearcher:
        return EvolutionSearcher(space, population=4, sample=2)


class TestDifferential(SearcherSuite):
    def make(self, space: Space) -> EvolutionSearcher:
        return EvolutionSearcher(space, method="differential", population=4)


def bowl(config: Config) -> float:
    return float((config["x"] - 0.3) ** 2 + (config["y"] - 0.8) ** 2)


def searcher(method: Any, space: Space = SQUARE, **settings: Any) -> EvolutionSearcher:
    return EvolutionSearcher(space, method=method, **settings)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("name", "at_most"), [("branin", 0.1), ("mixed", 0.3)])
def test_it_finds_better_configurations_than_random_search(method: str, name: str, at_most: float) -> None:
    given = problem(name)

    def regret(make: Any, seed: int) -> float:
        best = drive(given, make, Budget("evaluations", 100), seed=seed).points[-1].best
        assert best is not None
        assert given.best is not None
        return best - given.best

    ours = np.median([regret(lambda: BasicScheduler(searcher(method, given.space)), seed) for seed in range(5)])
    random = np.median([regret(lambda: BasicScheduler(RandomSearcher(given.space)), seed) for seed in range(5)])
    assert ours < 0.5 * random
    assert ours < at_most


@pytest.mark.parametrize("method", METHODS)
def test_the_first_trials_are_the_middle_and_random_ones(method: str) -> None:
    bench = ByHand(searcher(method), bowl)
    configs = bench.run(12)
    random = RandomSearcher(SQUARE)
    assert configs[0] == {"x": 0.5, "y": 0.5}
    assert configs[1:8] == [random.suggest(np.random.default_rng(seed)).config for seed in range(1, 8)]
    begun = next(number for number, each in enumerate(bench.suggestions) if each.notes)
    assert begun == {"regularised": 8, "differential": 10}[method]
    assert set(bench.suggestions[begun].notes) == {method}


def test_children_differ_in_about_one_dimension() -> None:
    bench = ByHand(searcher("regularised", population=6, sample=6), bowl)
    configs = bench.run(60)
    parents = [min(configs[max(0, number - 6) : number], key=bowl) for number in range(10, 60)]
    shared = [
        sum(child[name] == parent[name] for name in "xy") for child, parent in zip(configs[10:], parents, strict=True)
    ]
    assert shared.count(1) > 25, "a sample as large as the population has the best of the last six as its winner"


def test_a_good_one_is_forgotten_when_it_is_old() -> None:
    """A lucky measurement is not repeated: the search goes on from what came after it."""

    def lucky(config: Config) -> float:
        return -100.0 if config == {"x": 0.9, "y": 0.1} else bowl(config)

    bench = ByHand(searcher("regularised", population=20, sample=20, initial_config={"x": 0.9, "y": 0.1}), lucky)
    configs = bench.run(90)
    assert min(config["x"] - config["y"] for config in configs[8:20]) > 0.3, "all of them come from it"
    assert np.median([bowl(config) for config in configs[70:]]) < 0.05


def test_a_population_closes_in() -> None:
    """The steps of differential evolution shrink with it: the minimum is found to six digits."""
    configs = ByHand(searcher("differential"), bowl).run(300)
    assert min(map(bowl, configs)) < 1e-10


def test_trials_from_elsewhere_are_members() -> None:
    for method in METHODS:
        bench = ByHand(searcher(method), bowl)
        for k in range(40):
            bench.end(bench.start({"x": 0.3 + 0.01 * (k == 3), "y": 0.8} if k < 6 else {"x": 0.9, "y": k / 40}))
        drawn = [bench.suggestion(seed) for seed in range(100)]
        assert all(each.notes for each in drawn)
        near = [abs(each.config["x"] - 0.3) < 0.25 for each in drawn]
        assert sum(near) > 50, f"{method}: the best are the oldest, and still members"


@pytest.mark.parametrize("method", METHODS)
def test_where_trials_fail_it_does_not_go(method: str) -> None:
    bench = ByHand(searcher(method), lambda config: None if config["x"] > 0.4 else bowl(config))
    failed = [config["x"] > 0.4 for config in bench.run(80)]
    assert sum(failed[:10]) >= 4
    assert sum(failed[50:]) <= 8


@pytest.mark.parametrize("method", METHODS)
def test_when_all_trials_fail_it_goes_on(method: str) -> None:
    configs = ByHand(searcher(method), lambda _config: None).run(20)
    assert len({tuple(config.values()) for config in configs}) == 20


@pytest.mark.parametrize("method", METHODS)
def test_only_the_order_of_the_losses_matters(method: str) -> None:
    plain = ByHand(searcher(method), bowl).run(40)
    changed = ByHand(searcher(method), lambda config: -1e299 / (bowl(config) + 1.0)).run(40)
    assert plain == changed


@pytest.mark.parametrize("method", METHODS)
def test_no_worker_waits(method: str) -> None:
    course = Course(loss=lambda config, _step: bowl(config))
    played = play(BasicScheduler(searcher(method)), course, new_trials=150, workers=12, seed=0)
    assert len(played.configs()) == 150
    assert np.median([bowl(config) for config in played.configs()[-20:]]) < 0.01


@pytest.mark.parametrize("method", METHODS)
def test_trials_that_are_stopped_early_teach_it_too(method: str) -> None:
    course = Course(steps=tuple(range(1, 10)), loss=lambda config, step: bowl(config) + 1.0 / step)
    scheduler = ASHA(searcher(method), max_t=9, reduction_factor=3, variant="promotion")
    played = play(scheduler, course, new_trials=100, workers=4, seed=1)
    assert list(played.states().values()).count(TrialState.PAUSED) > 20
    losses = [bowl(config) for config in played.configs()]
    assert np.median(losses[70:]) < 0.2 * np.median(losses[:8])


@pytest.mark.parametrize("method", METHODS)
def test_where_most_are_cut_children_come_from_those_that_got_farther(method: str) -> None:
    """Those that were cut had lower losses by then, and had they gained as much as the others they would be ahead."""
    bench = ByHand(searcher(method), bowl)
    drawn = []
    for k in range(45):
        drawn.append(bench.suggestion())
        is_cut = k % 3 > 0
        trial = bench.start({"x": (0.8 if is_cut else 0.2) + k / 1000, "y": 0.5})
        bench.stop(trial, *([5.0] if is_cut else [9.0, 4.0, 2.0 + k / 100]))
    assert not any(each.notes for each in drawn[:43]), "random ones until fifteen are known"
    children = [bench.suggestion(seed) for seed in range(100)]
    assert all(each.notes for each in children)
    near = [abs(each.config["x"] - 0.2) < 0.25 for each in children]
    assert sum(near) > 80


@pytest.mark.parametrize("method", METHODS)
def test_nothing_comes_twice_until_everything_has_come(method: str) -> None:
    space = Space({"a": Int(0, 5), "kind": Choice(["x", "y"]), "b": Int(1, 3)}, conditions={"b": ("kind", "x")})
    bench = ByHand(searcher(method, space), lambda config: config["a"] + 0.1 * config.get("b", 0))
    bench.run(24)
    assert len({tuple(config.items()) for config in bench.configs}) == 24
    assert isinstance(bench.searcher.suggest(np.random.default_rng(0)), Exhausted)


@pytest.mark.parametrize("method", METHODS)
def test_children_have_what_is_active(method: str) -> None:
    space = Space(
        {"kind": Choice(["good", "bad"]), **{name: Float(0.0, 1.0) for name in "uvwx"}},
        conditions={"u": ("kind", "good"), "v": ("kind", "good"), "w": ("kind", "good"), "x": ("kind", "bad")},
    )

    def loss(config: Config) -> float:
        return sum(abs(config[name] - 0.7) for name in "uvw") if config["kind"] == "good" else 1.0 + config["x"]

    configs = ByHand(searcher(method, space), loss).run(100)
    assert all(config == space.validate(config) for config in configs)
    assert sum(config["kind"] == "good" for config in configs[60:]) >= 20
    assert min(map(loss, configs)) < 0.15


@pytest.mark.parametrize("method", METHODS)
def test_what_was_learned_before_an_edit_still_counts(method: str) -> None:
    bench = ByHand(searcher(method), bowl)
    bench.run(80)
    edited = Space({"y": Float(0.5, 1.0), "x": Float(0.0, 1.0), "z": Float(0.0, 1.0)})
    bench.searcher.update(SpaceEdited(at=0.0, space=edited.to_json()))
    after = [bench.suggestion(seed).config for seed in range(100, 140)]
    assert np.median([bowl(config) for config in after]) < 0.03
    assert np.ptp([config["z"] for config in after]) > 0.5, "nothing is known of the new dimension"


def test_a_child_that_a_person_changes_is_aimed_at_nobody() -> None:
    """It takes the place of the worst member, as a trial from elsewhere does, and not that of a better one."""
    bench = ByHand(searcher("differential", population=4), lambda config: config["x"])
    for k in range(4):
        bench.end(bench.start({"x": 0.1 * k, "y": 0.5}))
    trial = bench.start()
    assert bench.suggestions[trial].notes == {"differential": {"slot": 0}}
    bench.searcher.update(Changed(at=0.0, trial=trial, attempt=1, step=0, changes={"x": 0.05}))
    bench.suggestions[trial] = type(bench.suggestions[trial])({"x": 0.05, "y": 0.5})
    bench.end(trial)
    population: Any = bench.searcher._population  # type: ignore[attr-defined]
    assert population.members(None) == [0, 1, 2, trial]


def test_settings() -> None:
    searcher = EvolutionSearcher(SQUARE, population=20, initial_config={"x": 0.5, "y": 0.5})
    assert searcher.suggest(np.random.default_rng(0)).config == {"x": 0.5, "y": 0.5}
    spec = {each: value for each, value in searcher.spec().items() if each not in {"name", "class"}}
    assert spec == {"method": "regularised", "population": 20, "points_to_evaluate": [{"x": 0.5, "y": 0.5}]}


def test_weight_and_crossover_make_the_steps() -> None:
    """One coordinate from the mutant; or all, from one that is the best itself, so that a random one comes instead."""
    for settings, shared in (({"crossover": 0.0}, 1), ({"weight": 0.0, "crossover": 1.0}, 0)):
        bench = ByHand(searcher("differential", population=4, **settings), bowl)
        points = bench.run(4)
        assert bench.searcher.spec()["crossover"] == settings["crossover"]
        child = bench.suggestion().config
        assert sum(child[name] == points[0][name] for name in "xy") == shared


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"method": "genetic"}, "method must be one of regularised, differential, not 'genetic'"),
        ({"population": 0}, "population must be a whole number, at least 1, not 0"),
        ({"method": "differential", "population": 2}, "population must be a whole number, at least 3, not 2"),
        ({"sample": True}, "sample must be a whole number, at least 1, not True"),
        ({"weight": 0.5}, "weight is an option of method='differential', and the method is 'regularised'"),
        ({"method": "differential", "sample": 5}, "sample is an option of method='regularised'"),
        ({"method": "differential", "weight": 2.5}, "weight must be a number, at least 0 and at most 2, not 2.5"),
        ({"method": "differential", "crossover": math.nan}, "crossover must be .* at most 1, not nan"),
        ({"method": "differential", "crossover": "a"}, "crossover must be a number, at least 0 and at most 1, not 'a'"),
    ],
)
def test_unusable_settings(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        EvolutionSearcher(SQUARE, **settings)
