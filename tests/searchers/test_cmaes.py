from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from by_hand import ByHand
from cmaes import CMA

from rung.analysis.comparison.runs import Budget
from rung.benchmarks.driver import drive
from rung.benchmarks.problems.catalogue import problem
from rung.errors import SettingError
from rung.events import Changed, SpaceEdited
from rung.schedulers.asha import ASHA
from rung.schedulers.basic import BasicScheduler
from rung.searchers.cmaes import CMAESSearcher
from rung.searchers.random import RandomSearcher
from rung.space import Choice, Float, Int, Ordinal, Space
from rung.testing.play import Course, play
from rung.testing.searcher_suite import SearcherSuite
from rung.types import Config, Exhausted, Suggestion, TrialState

SQUARE = Space({"x": Float(0.0, 1.0), "y": Float(0.0, 1.0)})
CUBE = Space({name: Float(0.0, 1.0) for name in "abcde"})


class TestCMAES(SearcherSuite):
    def make(self, space: Space) -> CMAESSearcher:
        return CMAESSearcher(space, initial_points=2, population=4)


def bowl(config: Config) -> float:
    return float((config["x"] - 0.3) ** 2 + (config["y"] - 0.8) ** 2)


def place(config: Config) -> np.ndarray:
    return np.array(list(config.values()))


def member(suggestion: Any) -> Any:
    return suggestion.notes["cma"]


def test_it_suggests_what_the_library_would() -> None:
    """Its own loop, asked with the same seeds and told the same losses, bit by bit."""
    start = {"x": 0.4, "y": 0.6}
    ours = ByHand(CMAESSearcher(SQUARE, initial_points=1, initial_config=start), bowl)
    ours.run(1 + 6 * 30)
    bounds = np.array([[0.0, 1.0], [0.0, 1.0]])
    theirs = CMA(mean=np.array([0.4, 0.6]), sigma=0.1, bounds=bounds, population_size=6)
    seeds = iter(range(1, 1 + 6 * 30))
    expected = [start]
    for _ in range(30):
        solutions = []
        for _ in range(6):
            theirs.reseed_rng(int(np.random.default_rng(next(seeds)).integers(2**32)))
            x = theirs.ask()
            expected.append({"x": x[0], "y": x[1]})
            solutions.append((x, bowl(expected[-1])))
        theirs.tell(solutions)
    assert ours.configs == expected
    assert member(ours.suggestions[-1]) == {"run": 1, "generation": 29, "x": list(ours.configs[-1].values())}


def test_it_learns_the_shape_of_a_rotated_ellipsoid() -> None:
    """Along its axes the loss rises at rates that differ by 10,000: blind to that, nobody gets near the minimum."""
    axes = np.linalg.qr(np.random.default_rng(1).standard_normal((5, 5)))[0]
    steepness = np.logspace(0, 4, 5)

    def loss(config: Config) -> float:
        return float(steepness @ (axes.T @ (place(config) - 0.4)) ** 2)

    bench = ByHand(CMAESSearcher(CUBE), loss)
    configs = bench.run(700)
    assert min(map(loss, configs)) < 1e-4
    midway = np.array([place(config) for config in configs[350:450]]) - 0.4
    spread = np.std(midway @ axes, axis=0)
    assert spread[0] > 10.0 * spread[-1]


@pytest.mark.parametrize(("name", "at_most"), [("hartmann6", 0.35), ("mixed", 0.3), ("conditional", 0.06)])
def test_it_finds_better_configurations_than_random_search(name: str, at_most: float) -> None:
    given = problem(name)

    def regret(searcher: type[Any], seed: int) -> float:
        made = lambda: BasicScheduler(searcher(given.space))  # noqa: E731
        best = drive(given, made, Budget("evaluations", 100), seed=seed).points[-1].best
        assert best is not None
        assert given.best is not None
        return best - given.best

    ours, random = (np.median([regret(each, seed) for seed in range(3)]) for each in (CMAESSearcher, RandomSearcher))
    assert ours < 0.5 * random
    assert ours < at_most


def test_the_first_trials_are_the_middle_and_random_ones() -> None:
    bench = ByHand(CMAESSearcher(SQUARE, initial_points=4), bowl)
    configs = bench.run(5)
    random = RandomSearcher(SQUARE)
    assert configs[:4] == [
        {"x": 0.5, "y": 0.5},
        *(random.suggest(np.random.default_rng(seed)).config for seed in (1, 2, 3)),
    ]
    assert "cma" in bench.suggestions[4].notes


def test_priors_say_where_it_begins() -> None:
    space = Space({"x": Float(0, 1), "y": Float(0, 1)}, priors={"x": ("~0.9", "high")})
    configs = ByHand(CMAESSearcher(space, initial_points=20), bowl).run(20)
    assert configs[0] == pytest.approx({"x": 0.9, "y": 0.5})
    assert np.std([config["x"] for config in configs]) < 0.1
    assert np.std([config["y"] for config in configs]) > 0.2


def test_a_run_begins_at_the_best_trial_whoever_suggested_it() -> None:
    """The best of twenty trials from elsewhere; the two best ones are 0.02 apart in each coordinate."""
    bench = ByHand(CMAESSearcher(SQUARE), bowl)
    far = [{"x": 0.9, "y": k / 20} for k in range(18)]
    for config in [*far[:9], {"x": 0.3, "y": 0.78}, {"x": 0.32, "y": 0.8}, *far[9:]]:
        bench.end(bench.start(config))
    begun = member(bench.suggestion())
    assert begun["start"] == [6, pytest.approx(0.02), [0.3, 0.78]]
    drawn = np.array([place(bench.suggestion(seed).config) for seed in range(200)])
    assert np.mean(drawn, axis=0) == pytest.approx([0.3, 0.78], abs=0.005)
    assert np.std(drawn, axis=0) == pytest.approx([0.02, 0.02], rel=0.15)


def test_a_better_trial_from_elsewhere_begins_a_new_run() -> None:
    bench = ByHand(CMAESSearcher(SQUARE), bowl)
    bench.run(20)
    pinned = bench.start({"x": 0.9, "y": 0.1})
    bench.end(pinned)
    assert member(bench.suggestion())["run"] == 1, "it is no better, so it changes nothing"
    bench.end(bench.start({"x": 0.3, "y": 0.8}))
    begun = member(bench.suggestion())
    assert (begun["run"], begun["start"][2]) == (2, [0.3, 0.8])
    assert begun["start"][0] == 6, "nothing is wrong with the population"


def test_failed_members_are_the_worst() -> None:
    """As if they had reported something that is worse than all others."""

    def failing(config: Config) -> float | None:
        return None if config["x"] > 0.45 else bowl(config)

    def bad(config: Config) -> float:
        return 1e300 + config["y"] if config["x"] > 0.45 else bowl(config)

    options: Any = {"initial_points": 1, "initial_config": {"x": 0.4, "y": 0.4}}
    failed = ByHand(CMAESSearcher(SQUARE, **options), failing).run(40)
    worst = ByHand(CMAESSearcher(SQUARE, **options), bad).run(40)
    assert sum(config["x"] > 0.45 for config in failed) > 2
    assert failed[:7] == worst[:7]
    assert np.median([bowl(config) for config in failed[30:]]) < 0.2 * bowl(failed[0])


def test_when_all_trials_fail_it_goes_on() -> None:
    configs = ByHand(CMAESSearcher(SQUARE), lambda _config: None).run(15)
    assert len({tuple(config.values()) for config in configs}) == 15


def test_only_the_order_of_the_losses_matters() -> None:
    space = Space({**SQUARE, "n": Int(1, 9), "kind": Choice(["a", "b", "c"])})
    plain, changed = (
        ByHand(CMAESSearcher(space), lambda config, change=change: change(bowl(config) + 0.01 * config["n"])).run(60)
        for change in (lambda loss: loss, lambda loss: -1e299 / (loss + 1.0))
    )
    assert plain == changed


def test_no_worker_waits_and_every_trial_counts() -> None:
    """Twelve workers, populations of six: each generation still takes six trials, no more."""
    course = Course(loss=lambda config, _step: bowl(config))
    played = play(BasicScheduler(CMAESSearcher(SQUARE)), course, new_trials=140, workers=12, seed=0)
    members = [each.notes["cma"] for each in played.started() if "cma" in each.notes]
    last = members[-1]
    in_run = [each for each in members if each["run"] == last["run"]]
    assert last["generation"] >= (len(in_run) - 12 - 6) / 6
    assert np.median([bowl(config) for config in played.configs()[-20:]]) < 0.01


def test_trials_that_are_stopped_early_teach_it_too() -> None:
    course = Course(steps=tuple(range(1, 10)), loss=lambda config, step: bowl(config) + 1.0 / step)
    for variant in ("stopping", "promotion"):
        scheduler = ASHA(CMAESSearcher(SQUARE), max_t=9, reduction_factor=3, variant=variant)
        played = play(scheduler, course, new_trials=100, workers=4, seed=1)
        states = list(played.states().values())
        assert states.count(TrialState.COMPLETED) < 60
        losses = [bowl(config) for config in played.configs()]
        assert np.median(losses[80:]) < 0.1 * np.median(losses[:8]), variant


def test_where_most_are_cut_those_that_got_farther_lead() -> None:
    """Those that were cut had lower losses by then, and had they gained as much as the others they would be ahead."""
    bench = ByHand(CMAESSearcher(SQUARE, population=4, sigma=0.3), bowl)
    drawn = []
    for k in range(45):
        drawn.append(bench.suggestion())
        is_cut = k % 3 > 0
        trial = bench.start({"x": (0.8 if is_cut else 0.2) + k / 1000, "y": 0.5})
        bench.stop(trial, *([5.0] if is_cut else [9.0, 4.0, 2.0 + k / 100]))
    assert not any(each.notes for each in drawn[:43]), "random ones until fifteen are known"
    assert member(bench.suggestion())["start"][2] == [0.2, 0.5]
    for _ in range(160):
        trial = bench.start()
        x = bench.configs[trial]["x"]
        bench.stop(trial, *([5.0 - x] if x > 0.2 else [9.0, 4.0, 3.0 + x]))
    assert np.median([config["x"] for config in bench.configs[-40:]]) < 0.02, "each generation is ranked so, too"


def test_a_flat_generation_ends_the_run_and_the_next_population_is_larger() -> None:
    bench = ByHand(CMAESSearcher(SQUARE), lambda _config: 0.5)
    bench.run(8 + 6 + 12 + 24)
    starts = {member(each)["run"]: member(each).get("start") for each in reversed(bench.suggestions[8:])}
    assert [starts[run][:2] for run in (1, 2, 3)] == [[6, 0.1], [12, 0.2], [24, 0.2]]
    assert starts[2][2] != starts[3][2], "each begins somewhere else"


def test_a_run_that_has_shrunk_to_a_point_is_followed_by_a_larger_one() -> None:
    bench = ByHand(CMAESSearcher(Space({"x": Float(0.0, 1.0)}), sigma=0.01), lambda config: abs(config["x"] - 0.52))
    bench.run(500)
    runs = [member(each)["run"] for each in bench.suggestions[8:]]
    assert max(runs) >= 2
    second = bench.suggestions[8 + runs.index(2)]
    assert member(second)["start"][0] == 8
    assert runs.index(2) > 100


def test_nothing_comes_twice_until_everything_has_come() -> None:
    space = Space(
        {"a": Int(0, 5), "kind": Choice(["x", "y"]), "b": Ordinal([1, 3, 9])}, conditions={"b": ("kind", "x")}
    )
    bench = ByHand(CMAESSearcher(space), lambda config: config["a"] + 0.1 * config.get("b", 0))
    bench.run(24)
    assert len({tuple(config.items()) for config in bench.configs}) == 24
    assert isinstance(bench.searcher.suggest(np.random.default_rng(0)), Exhausted)
    assert any("cma" in each.notes for each in bench.suggestions)


def test_a_million_levels() -> None:
    space = Space({"n": Int(0, 10**6), "m": Int(1, 10**6, log=True)})
    bench = ByHand(CMAESSearcher(space), lambda config: abs(config["n"] - 123_456) / 1e6 + config["m"] / 1e6)
    configs = bench.run(150)
    assert len({tuple(config.items()) for config in configs}) == 150
    assert min(abs(config["n"] - 123_456) for config in configs[100:]) < 5_000


def test_neighbouring_integers_and_other_categories_keep_coming() -> None:
    """The margin: late in a study all agrees, and still some draws differ."""
    space = Space({**SQUARE, "n": Int(1, 20), "kind": Choice(["a", "b", "c"])})

    def loss(config: Config) -> float:
        return bowl(config) + 0.05 * abs(config["n"] - 7) + (config["kind"] != "b")

    bench = ByHand(CMAESSearcher(space), loss)
    bench.run(250)
    late = [bench.suggestion(seed).config for seed in range(300)]
    numbers, kinds = [config["n"] for config in late], [config["kind"] for config in late]
    assert max(set(numbers), key=numbers.count) == 7
    assert max(set(kinds), key=kinds.count) == "b"
    assert {6, 7, 8} <= set(numbers)
    assert 3 <= len(late) - kinds.count("b") <= 100


def test_the_parts_of_a_conditional_space_are_learned() -> None:
    space = Space(
        {"kind": Choice(["good", "bad"]), "u": Float(0.0, 1.0), "v": Float(0.0, 1.0)},
        conditions={"u": ("kind", "good"), "v": ("kind", "bad")},
    )

    def loss(config: Config) -> float:
        return abs(config["u"] - 0.7) if config["kind"] == "good" else 1.0 + config["v"]

    configs = ByHand(CMAESSearcher(space), loss).run(120)
    late = [config for config in configs[80:] if config["kind"] == "good"]
    assert len(late) >= 24
    assert min(abs(config["u"] - 0.7) for config in late) < 0.005


def test_what_was_learned_before_an_edit_still_counts() -> None:
    bench = ByHand(CMAESSearcher(SQUARE), bowl)
    bench.run(60)
    edited = Space({"y": Float(0.5, 1.0), "x": Float(0.0, 1.0), "z": Float(0.0, 1.0)})
    bench.searcher.update(SpaceEdited(at=0.0, space=edited.to_json()))
    begun = bench.suggestion()
    assert "start" not in begun.notes.get("cma", {}), "no trial has all its dimensions, so there is no best one"
    for z in (0.1, 0.6):
        bench.end(bench.start({"y": 0.8, "x": 0.3, "z": z}))
    assert member(bench.suggestion())["start"][2] == pytest.approx([0.6, 0.3, 0.1])
    narrowed = Space({"x": Float(0.0, 0.2), "y": Float(0.0, 1.0)})
    again = ByHand(CMAESSearcher(SQUARE), bowl)
    again.run(60)
    again.searcher.update(SpaceEdited(at=0.0, space=narrowed.to_json()))
    best = min((config for config in again.configs if config["x"] <= 0.2), key=bowl)
    assert member(again.suggestion())["start"][2] == pytest.approx([best["x"] / 0.2, best["y"]])


def test_a_member_that_a_person_changes_is_none_any_more() -> None:
    bench = ByHand(CMAESSearcher(SQUARE, initial_points=1), bowl)
    bench.run(6)
    trial = bench.start()
    bench.searcher.update(Changed(at=0.0, trial=trial, attempt=1, step=0, changes={"x": 0.9}))
    bench.suggestions[trial] = Suggestion({**bench.configs[trial], "x": 0.9}, bench.suggestions[trial].notes)
    bench.end(trial)
    bench.run(1)
    assert [member(each)["generation"] for each in bench.suggestions[1:]] == [0] * 7
    assert member(bench.suggestion())["generation"] == 1


def test_settings() -> None:
    searcher = CMAESSearcher(SQUARE, sigma=0.2, initial_config={"x": 0.5, "y": 0.5})
    assert searcher.suggest(np.random.default_rng(0)).config == {"x": 0.5, "y": 0.5}
    spec = {each: value for each, value in searcher.spec().items() if each not in {"name", "class"}}
    assert spec == {"sigma": 0.2, "initial_points": 8, "points_to_evaluate": [{"x": 0.5, "y": 0.5}]}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"population": 3}, "population must be a whole number, at least 4, not 3"),
        ({"population": 6.0}, "population must be a whole number, at least 4, not 6.0"),
        ({"initial_points": 0}, "initial_points must be a whole number, at least 1, not 0"),
        ({"initial_points": True}, "initial_points must be a whole number, at least 1, not True"),
        ({"sigma": 0.0}, "sigma must be a number, above 0 and at most 1, not 0.0"),
        ({"sigma": 2}, "sigma must be a number, above 0 and at most 1, not 2"),
        ({"sigma": math.nan}, "sigma must be a number, above 0 and at most 1, not nan"),
        ({"sigma": "a"}, "sigma must be a number, above 0 and at most 1, not 'a'"),
    ],
)
def test_unusable_settings(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        CMAESSearcher(SQUARE, **settings)
