from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from edit_course import check_edits

from rung.analysis.comparison.runs import Budget
from rung.benchmarks.driver import drive
from rung.benchmarks.problems.catalogue import problem
from rung.errors import SettingError
from rung.events import Changed, Ended, Enqueued, Observed, SpaceEdited, Started
from rung.schedulers.asha import ASHA
from rung.schedulers.basic import BasicScheduler
from rung.searchers.random import RandomSearcher
from rung.searchers.tpe import TPESearcher
from rung.space import Choice, Constant, Float, Int, Space, linear
from rung.testing.play import Course, hashed_loss, play
from rung.testing.searcher_suite import SearcherSuite
from rung.types import Config, Exhausted, Suggestion, TrialState

SQUARE = Space({"x": Float(0.0, 1.0), "y": Float(0.0, 1.0)})


class TestTPE(SearcherSuite):
    def make(self, space: Space) -> TPESearcher:
        return TPESearcher(space, startup_trials=3)


class Bench:
    """Runs a searcher by hand, one trial after the other."""

    def __init__(self, searcher: TPESearcher, loss: Callable[[Config], float | None], seed: int = 0) -> None:
        self.searcher = searcher
        self._seed = 1_000 * seed
        self.configs: list[Config] = []
        self._loss = loss

    def suggestion(self, seed: int) -> Suggestion:
        suggestion = self.searcher.suggest(np.random.default_rng(seed))
        assert isinstance(suggestion, Suggestion)
        return suggestion

    def start(self, config: Config | None = None) -> int:
        trial = len(self.configs)
        given = self.suggestion(self._seed + trial) if config is None else Suggestion(config)
        self.configs.append(given.config)
        self.searcher.update(Started(at=0.0, trial=trial, attempt=1, config=given.config, notes=given.notes))
        return trial

    def end(self, trial: int) -> None:
        loss = self._loss(self.configs[trial])
        state = TrialState.FAILED if loss is None else TrialState.COMPLETED
        if loss is not None:
            self.searcher.update(Observed(at=0.0, trial=trial, attempt=1, step=1, metrics={}, loss=loss))
        self.searcher.update(Ended(at=0.0, trial=trial, attempt=1, state=state))

    def run(self, trials: int) -> list[Config]:
        for _ in range(trials):
            self.end(self.start())
        return self.configs


def bowl(config: Config) -> float:
    return (config["x"] - 0.3) ** 2 + (config["y"] - 0.8) ** 2


def distance(config: Config, x: float, y: float) -> float:
    return float(np.hypot(config["x"] - x, config["y"] - y))


def regret(make: Callable[[Space], Any], name: str, seed: int, budget: int = 50) -> float:
    given = problem(name)
    driven = drive(given, lambda: BasicScheduler(make(given.space)), Budget("evaluations", budget), seed=seed)
    assert not driven.failed, driven.failed
    best = driven.points[-1].best
    assert best is not None
    assert given.best is not None
    return best - given.best


@pytest.mark.parametrize(("name", "at_most"), [("branin", 0.2), ("hartmann6", 0.8), ("conditional", 0.11)])
def test_it_finds_better_configurations_than_random_search(name: str, at_most: float) -> None:
    ours = np.median([regret(TPESearcher, name, seed) for seed in range(7)])
    random = np.median([regret(RandomSearcher, name, seed) for seed in range(7)])
    assert ours < 0.7 * random
    assert ours < at_most


def test_the_first_trials_are_random() -> None:
    """Until as many have ended as it takes, it is RandomSearcher."""
    ours, random = Bench(TPESearcher(SQUARE, startup_trials=5), bowl), RandomSearcher(SQUARE)
    ours.run(5)
    assert ours.configs == [random.suggest(np.random.default_rng(seed)).config for seed in range(5)]
    assert ours.suggestion(5).config != random.suggest(np.random.default_rng(5)).config


def test_what_runs_keeps_others_away() -> None:
    """The trial that runs is put among the bad ones, so that the same stream gives another place."""
    gaps = []
    for seed in range(20):
        bench = Bench(TPESearcher(SQUARE), bowl)
        bench.run(20)
        for _ in range(3):
            bench.start(bench.suggestion(seed).config)
        places = [np.array([config["x"], config["y"]]) for config in bench.configs[-3:]]
        gaps += [float(np.abs(places[a] - places[b]).max()) for a, b in ((0, 1), (0, 2), (1, 2))]
    assert min(gaps) > 0.0
    assert np.median(gaps) > 0.02


def test_where_trials_fail_it_does_not_go() -> None:
    bench = Bench(TPESearcher(SQUARE), lambda config: None if config["x"] > 0.4 else bowl(config))
    bench.run(60)
    failed = [config["x"] > 0.4 for config in bench.configs]
    assert sum(failed[:10]) >= 4
    assert sum(failed[30:]) <= 10


def test_when_all_trials_fail_it_goes_on() -> None:
    configs = Bench(TPESearcher(SQUARE, startup_trials=2), lambda _config: None).run(15)
    assert len({(config["x"], config["y"]) for config in configs}) == 15


@pytest.mark.parametrize(
    "change", [lambda loss: 1e6 * loss - 3.0, lambda loss: loss**3, lambda loss: -1.0 / (loss + 1.0)]
)
def test_only_the_order_of_the_losses_matters(change: Callable[[float], float]) -> None:
    plain = Bench(TPESearcher(SQUARE), bowl).run(30)
    changed = Bench(TPESearcher(SQUARE), lambda config: change(bowl(config))).run(30)
    assert plain == changed


def test_nothing_comes_twice_until_everything_has_come() -> None:
    space = Space(
        {"a": Int(0, 5), "kind": Choice(["x", "y"]), "b": Int(1, 3)},
        conditions={"b": ("kind", "x")},
        constraints=[linear({"a": 1, "b": 1}, at_most=7)],
    )
    bench = Bench(TPESearcher(space, startup_trials=4), lambda config: config["a"] + 0.1 * config.get("b", 0))
    bench.run(23)
    assert len({tuple(config.items()) for config in bench.configs}) == 23
    assert all(space.is_allowed(config) for config in bench.configs)
    assert isinstance(bench.searcher.suggest(np.random.default_rng(0)), Exhausted)
    bench.searcher.update(Enqueued(at=0.0, config={"a": 0, "kind": "y"}))
    assert bench.suggestion(0).config == {"a": 0, "kind": "y"}


def test_a_million_levels() -> None:
    space = Space({"n": Int(0, 10**6), "m": Int(1, 10**6, log=True)})
    configs = Bench(TPESearcher(space), lambda config: abs(config["n"] - 123_456) / 1e6 + config["m"] / 1e6).run(60)
    assert len({tuple(config.items()) for config in configs}) == 60
    assert min(abs(config["n"] - 123_456) for config in configs) < 20_000


def test_a_conditional_space_is_learned_branch_by_branch() -> None:
    space = Space(
        {"kind": Choice(["good", "bad"]), "u": Float(0.0, 1.0), "v": Float(0.0, 1.0)},
        conditions={"u": ("kind", "good"), "v": ("kind", "bad")},
    )

    def loss(config: Config) -> float:
        return abs(config["u"] - 0.7) if config["kind"] == "good" else 1.0 + config["v"]

    configs = Bench(TPESearcher(space), loss).run(40)
    late = configs[20:]
    assert sum(config["kind"] == "good" for config in late) >= 15
    assert np.median([abs(config["u"] - 0.7) for config in late if config["kind"] == "good"]) < 0.1


def test_what_was_learned_before_an_edit_still_counts() -> None:
    edited = Space({"y": Float(0.5, 1.0), "x": Float(0.0, 1.0), "z": Float(0.0, 1.0)})
    bench = Bench(TPESearcher(SQUARE), bowl)
    bench.run(40)
    bench.searcher.update(SpaceEdited(at=0.0, space=edited.to_json()))
    after = [bench.suggestion(seed).config for seed in range(100, 120)]
    assert np.median([distance(config, 0.3, 0.8) for config in after]) < 0.25
    assert np.ptp([config["z"] for config in after]) > 0.5, "nothing is known of the new dimension"


def test_whatever_becomes_of_the_space_is_obeyed_and_replays() -> None:
    check_edits(lambda space: TPESearcher(space, startup_trials=3))


def edit(bench: Bench, space: Space) -> None:
    bench.searcher.update(SpaceEdited(at=0.0, space=space.to_json()))


def test_what_was_seen_outside_of_a_narrowed_space_shapes_what_comes_inside() -> None:
    """None of the trials lies inside; what was learned about the other dimension holds there too."""
    bench = Bench(TPESearcher(SQUARE), bowl)
    for point in np.random.default_rng(0).random((60, 2)):
        if not 0.3 <= point[0] <= 0.4:
            bench.end(bench.start(SQUARE.decode(point)))
    edit(bench, Space({"x": Float(0.3, 0.4), "y": Float(0.0, 1.0)}))
    after = [bench.suggestion(seed).config for seed in range(30)]
    assert all(0.3 <= config["x"] <= 0.4 for config in after)
    assert np.median([abs(config["y"] - 0.8) for config in after]) < 0.15, "of random ones it is 0.3"


def test_a_pinned_value_holds_exactly_and_the_nearest_trials_count_most() -> None:
    """The best y depends on the pinned x: far from it there is another one."""

    def loss(config: Config) -> float:
        return abs(config["y"] - (0.2 if config["x"] < 0.5 else 0.9)) + 0.5 * (config["x"] < 0.5)

    bench = Bench(TPESearcher(SQUARE), loss)
    bench.run(40)
    edit(bench, Space({"x": Constant(0.1), "y": Float(0.0, 1.0)}))
    configs = bench.run(40)[40:]
    assert {config["x"] for config in configs} == {0.1}
    assert np.median([abs(config["y"] - 0.2) for config in configs[20:]]) < 0.1


def test_when_the_best_lies_outside_the_best_inside_is_looked_for() -> None:
    bench = Bench(TPESearcher(SQUARE), bowl)
    bench.run(50)
    edit(bench, Space({"x": Float(0.6, 1.0), "y": Float(0.0, 1.0)}))
    configs = bench.run(40)[70:]
    assert np.median([bowl(config) for config in configs]) < 0.3**2 + 0.05


BELIEVED = Space({"x": Float(0.0, 1.0), "y": Float(0.0, 1.0)}, priors={"x": ("~0.35", "high")})


def test_with_priors_their_centre_comes_first_and_half_of_the_first_trials_from_them() -> None:
    bench = Bench(TPESearcher(BELIEVED), bowl)
    assert bench.suggestion(0).notes == {"centre": True}
    configs = bench.run(10)
    assert configs[0]["x"] == 0.35
    gaps = [abs(config["x"] - 0.35) for config in configs]
    assert max(gaps[2::2]) < 0.2
    assert max(gaps[1::2]) > 0.3
    assert np.ptp([config["y"] for config in configs]) > 0.5
    given = Bench(TPESearcher(BELIEVED, points_to_evaluate=[{"x": 0.9, "y": 0.9}]), bowl)
    assert [config["x"] for config in given.run(2)] == [0.9, 0.35]


def test_priors_that_come_among_the_first_trials_are_tried_next() -> None:
    bench = Bench(TPESearcher(BELIEVED), bowl)
    bench.run(3)
    edit(bench, Space({"x": Float(0.0, 1.0), "y": Float(0.0, 1.0)}, priors={"x": ("~0.7", "high")}))
    assert bench.run(1)[3]["x"] == 0.7


def test_a_centre_that_is_forbidden_or_was_tried_is_passed_over() -> None:
    space = Space({"n": Int(0, 5)}, priors={"n": 3})
    bench = Bench(TPESearcher(space, points_to_evaluate=[{"n": 3}]), lambda config: float(config["n"]))
    assert sorted(config["n"] for config in bench.run(6)) == [0, 1, 2, 3, 4, 5]


def test_what_a_person_believes_draws_suggestions_and_fades() -> None:
    def gap(n_since: int) -> float:
        bench = Bench(TPESearcher(SQUARE), bowl)
        points = np.random.default_rng(0).random((40, 2))
        for trial, point in enumerate(points):
            if trial == 40 - n_since:
                edit(bench, Space({"x": Float(0.0, 1.0), "y": Float(0.0, 1.0)}, priors={"x": ("~0.9", "high")}))
            bench.end(bench.start(SQUARE.decode(point)))
        return float(np.median([abs(bench.suggestion(seed).config["x"] - 0.9) for seed in range(20)]))

    assert gap(1) < 0.1
    assert gap(39) > 0.3


def test_a_good_belief_helps_and_a_wrong_one_does_not_ruin_the_search() -> None:
    def best(**priors: str) -> float:
        space = Space({"x": Float(0.0, 1.0), "y": Float(0.0, 1.0)}, priors=priors)
        return float(np.median([min(map(bowl, Bench(TPESearcher(space), bowl, seed).run(25))) for seed in range(7)]))

    plain = best()
    assert best(x="~0.32:high", y="~0.77:high") < plain / 3.0
    assert best(x="~1:high", y="~0:high") < 4.0 * plain


def test_a_trial_counts_with_the_configuration_that_it_was_changed_to() -> None:
    bench, told = (Bench(TPESearcher(SQUARE, startup_trials=4), bowl) for _ in range(2))
    for each in (bench, told):
        each.run(6)
    bench.suggestion(0)  # so that there is something to be forgotten
    bench.start({"x": 0.9, "y": 0.1})
    bench.searcher.update(Changed(at=0.0, trial=6, attempt=1, step=0, changes={"x": 0.31, "y": 0.79}))
    bench.configs[6] = {"x": 0.31, "y": 0.79}
    told.start({"x": 0.31, "y": 0.79})
    for each in (bench, told):
        each.end(6)
    assert bench.suggestion(7) == told.suggestion(7)


def test_trials_that_are_stopped_early_teach_it_too() -> None:
    """The loss falls with the step; few trials see the end, and later ones are better."""
    course = Course(steps=tuple(range(1, 10)), loss=lambda config, step: bowl(config) + 1.0 / step)
    played = play(ASHA(TPESearcher(SQUARE), max_t=9, reduction_factor=3), course, new_trials=100, workers=4, seed=1)
    states = list(played.states().values())
    assert states.count(TrialState.STOPPED) > 10
    losses = [bowl(config) for config in played.configs()]
    assert np.median(losses[60:]) < 0.3 * np.median(losses[:30])


def test_a_first_rung_that_says_nothing_misleads_nobody() -> None:
    course = Course(
        steps=range(1, 10), loss=lambda config, step: bowl(config) if step > 2 else 0.1 * hashed_loss(config, step)
    )
    scheduler = ASHA(TPESearcher(SQUARE), max_t=9, reduction_factor=3)
    losses = [bowl(config) for config in play(scheduler, course, new_trials=150, workers=4).configs()]
    assert np.median(losses[75:]) < 0.5 * np.median(losses[:40])


def test_where_most_are_cut_every_third_is_random_and_the_first_ones_are() -> None:
    course = Course(steps=range(1, 10), loss=lambda config, step: bowl(config) + 1.0 / step)
    cut, free = (
        play(ASHA(searcher, max_t=9, reduction_factor=3), course, new_trials=90, workers=1).configs()
        for searcher in (TPESearcher(SQUARE), RandomSearcher(SQUARE))
    )
    is_random = [config == other for config, other in zip(cut, free, strict=True)]
    n_first = is_random.index(False)
    assert n_first > 30
    assert [trial for trial in range(n_first, 90) if is_random[trial]] == [n for n in range(n_first, 90) if n % 3 == 0]


def test_more_candidates_and_less_prior_search_more_narrowly() -> None:
    def spread(**settings: Any) -> float:
        configs = Bench(TPESearcher(SQUARE, **settings), bowl).run(60)
        return float(np.mean([distance(config, 0.3, 0.8) for config in configs[20:]]))

    assert spread(prior_weight=0.3) < spread(prior_weight=10.0)
    assert spread(candidates=24) < spread(candidates=1)


def test_settings() -> None:
    searcher = TPESearcher(SQUARE, gamma=0.2, initial_config={"x": 0.5, "y": 0.5})
    assert searcher.suggest(np.random.default_rng(0)).config == {"x": 0.5, "y": 0.5}
    spec = {each: value for each, value in searcher.spec().items() if each not in {"name", "class"}}
    assert spec == {
        "startup_trials": 10,
        "gamma": 0.2,
        "candidates": 24,
        "prior_weight": 1.0,
        "points_to_evaluate": [{"x": 0.5, "y": 0.5}],
    }


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"startup_trials": 0}, "startup_trials must be a whole number, at least 1, not 0"),
        ({"candidates": 2.5}, "candidates must be a whole number, at least 1, not 2.5"),
        ({"candidates": True}, "candidates must be a whole number, at least 1, not True"),
        ({"gamma": 0.0}, "gamma must be a number, above 0 and at most 1, not 0.0"),
        ({"gamma": 1.5}, "gamma must be a number, above 0 and at most 1, not 1.5"),
        ({"gamma": "a"}, "gamma must be a number, above 0 and at most 1, not 'a'"),
        ({"prior_weight": float("inf")}, "prior_weight must be a finite number, above 0, not inf"),
        ({"prior_weight": float("nan")}, "prior_weight must be a finite number, above 0, not nan"),
    ],
)
def test_unusable_settings(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        TPESearcher(SQUARE, **settings)
