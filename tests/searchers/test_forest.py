from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from by_hand import ByHand
from edit_course import check_edits
from scipy.stats import qmc

from rung.errors import MissingExtraError, SettingError
from rung.events import Changed, Observed, Started
from rung.schedulers.asha import ASHA
from rung.schedulers.basic import BasicScheduler
from rung.searchers.forest import ForestSearcher
from rung.searchers.random import RandomSearcher
from rung.space import Choice, Float, Int, Space, at_least, linear
from rung.testing.play import Course, Played, play
from rung.testing.searcher_suite import SearcherSuite
from rung.tuning.engine import draw_generator
from rung.types import Config, Exhausted

pytest.importorskip("sklearn")

SQUARE = Space({"x": Float(0, 1), "y": Float(0, 1)})
TREE = Space(
    {"kind": Choice(["a", "b"]), "x": Float(0, 1), "n": Int(1, 64, log=True)},
    conditions={"x": ("kind", "a"), "n": ("kind", "b")},
)
LABELS = Space({f"c{k}": Choice(list(range(6))) for k in range(5)})


class TestForest(SearcherSuite):
    def make(self, space: Space) -> ForestSearcher:
        return ForestSearcher(space, trees=2, candidates=10, initial_points=3)


def bowl(config: Config) -> float:
    return float((config["x"] - 0.3) ** 2 + (config["y"] - 0.8) ** 2)


BOWL = Course(loss=lambda config, step: bowl(config))


def played(searcher: Any, course: Course = BOWL, **options: Any) -> Played:
    return play(BasicScheduler(searcher), course, **{"workers": 1, **options})


def median_best(make: Any, course: Course, n: int) -> float:
    def best(seed: int) -> float:
        log = played(make(), course, new_trials=n, seed=seed).log
        return min(event.loss for event in log if isinstance(event, Observed) and event.loss is not None)

    return float(np.median([best(seed) for seed in range(5)]))


def test_it_finds_the_bottom_of_a_bowl() -> None:
    ours, random = (median_best(lambda kind=kind: kind(SQUARE), BOWL, 25) for kind in (ForestSearcher, RandomSearcher))
    assert ours < random / 3


def test_it_finds_good_categories() -> None:
    course = Course(loss=lambda config, step: sum((5 * value + k) % 6 for k, value in enumerate(config.values())))
    ours, random = (
        median_best(lambda kind=kind: kind(LABELS), course, 40) for kind in (ForestSearcher, RandomSearcher)
    )
    assert ours <= random - 2


def test_it_finds_the_better_branch_of_a_conditional_space() -> None:
    def loss(config: Config, step: int) -> float:
        return (config["x"] - 0.7) ** 2 + 0.1 if config["kind"] == "a" else abs(math.log2(config["n"]) - 4.0) / 6.0

    assert median_best(lambda: ForestSearcher(TREE), Course(loss=loss), 25) == 0.0


def test_with_constraints_it_stays_where_they_hold() -> None:
    space = Space(dict(SQUARE), constraints=[linear({"x": 1, "y": 1}, at_most=0.9)])
    configs = played(ForestSearcher(space), new_trials=25).configs()
    assert all(space.is_allowed(config) for config in configs)
    assert min(map(bowl, configs)) < 0.03  # 0.02 on the border


@pytest.mark.parametrize("workers", [1, 4])
def test_no_config_comes_twice_while_there_is_another(workers: int) -> None:
    space = Space({"a": Int(0, 4), "kind": Choice(["x", "y"]), "fixed": 1})
    course = Course(loss=lambda config, step: config["a"] + (config["kind"] == "x"))
    result = played(ForestSearcher(space), course, new_trials=30, workers=workers)
    assert sorted((config["a"], config["kind"]) for config in result.configs()) == [
        (a, kind) for a in range(5) for kind in "xy"
    ]
    assert result.why == "every configuration has been tried"


def test_nor_in_a_space_that_is_too_large_to_be_listed() -> None:
    space = Space({name: Int(0, 15) for name in "abc"})
    course = Course(loss=lambda config, step: sum(config.values()))
    configs = played(ForestSearcher(space), course, new_trials=60).configs()
    assert len({tuple(config.values()) for config in configs}) == 60
    assert min(sum(config.values()) for config in configs) <= 2


def test_when_all_candidates_have_been_tried_comes_another() -> None:
    space = Space({"n": Int(0, 1_500)})
    study = ByHand(ForestSearcher(space, candidates=1), lambda config: config["n"])
    for n in range(0, 1_500, 2):
        study.start({"n": n})
    study.end(0)
    for _ in range(20):
        assert study.run(1)[-1]["n"] not in range(0, 1_500, 2)


def test_what_is_suggested_while_others_run_lies_apart() -> None:
    study = ByHand(ForestSearcher(SQUARE), bowl)
    study.run(10)
    for _ in range(6):
        study.start()
    points = SQUARE.encode(study.configs[-6:])
    gaps = np.linalg.norm(points[:, None] - points, axis=2) + np.eye(6)
    assert gaps.min() > 1e-3


def test_the_first_points_are_a_sobol_sequence_that_the_log_names() -> None:
    starts = played(ForestSearcher(SQUARE, initial_points=8), new_trials=9).started()
    scramble = starts[0].notes["scramble"]
    assert [dict(event.notes) for event in starts] == [
        {"sobol": 0, "scramble": scramble},
        *({"sobol": index} for index in range(1, 8)),
        {},
    ]
    expected = qmc.Sobol(2, seed=np.random.default_rng(scramble)).random(8)
    np.testing.assert_array_equal(SQUARE.encode([event.config for event in starts[:8]]), expected)


def test_points_to_start_with_count_among_the_first() -> None:
    given = [{"x": 0.1, "y": 0.1}, {"x": 0.2, "y": 0.2}]
    starts = played(ForestSearcher(SQUARE, initial_points=4, points_to_evaluate=given), new_trials=6).started()
    assert [dict(event.config) for event in starts[:2]] == given
    assert ["sobol" in event.notes for event in starts] == [False, False, True, True, False, False]


def test_only_the_order_of_losses_matters() -> None:
    bent = Course(loss=lambda config, step: math.exp(20.0 * bowl(config)) - 1e6)
    first, second = (played(ForestSearcher(SQUARE), course, new_trials=15).configs() for course in (BOWL, bent))
    assert first == second


def test_it_avoids_where_trials_fail() -> None:
    study = ByHand(ForestSearcher(SQUARE), lambda config: None if config["x"] < 0.5 else config["y"])
    configs = study.run(40)
    assert np.mean([config["x"] < 0.45 for config in configs[20:]]) < 0.2


def test_larger_leaves_do_not_believe_a_lucky_trial() -> None:
    def loss(config: Config) -> float:
        return -1.0 if config == {"x": 0.9, "y": 0.1} else bowl(config)

    def share_near_luck(leaf_size: int) -> float:
        study = ByHand(ForestSearcher(SQUARE, leaf_size=leaf_size), loss)
        study.end(study.start({"x": 0.9, "y": 0.1}))
        return float(np.mean([config["x"] > 0.75 for config in study.run(30)]))

    assert share_near_luck(3) < 0.5 * share_near_luck(1)


def test_until_something_is_reported_the_sequence_goes_on() -> None:
    starts = played(ForestSearcher(SQUARE), Course(steps=()), new_trials=8).started()
    assert [event.notes["sobol"] for event in starts] == list(range(8))


def test_trials_that_are_stopped_early_are_reckoned_to_the_end() -> None:
    course = Course(steps=range(1, 10), loss=lambda config, step: bowl(config) + 5.0 / step)
    log = play(ASHA(ForestSearcher(SQUARE), max_t=9, reduction_factor=3), course, new_trials=70, workers=3).log
    configs = [event.config for event in log if isinstance(event, Started) and event.cause == "new"]
    assert np.median([bowl(config) for config in configs[45:]]) < 0.3 * np.median([bowl(each) for each in configs[:10]])


def test_whatever_becomes_of_the_space_is_obeyed_and_replays() -> None:
    check_edits(lambda space: ForestSearcher(space, trees=3, candidates=20, initial_points=3))


def test_it_begins_where_a_person_believes_the_best_to_be() -> None:
    space = Space(dict(SQUARE), priors={"x": ("~0.25", "high")})
    study = ByHand(ForestSearcher(space), bowl)
    configs = study.run(8)
    assert configs[0] == {"x": pytest.approx(0.25), "y": 0.5}
    assert all(abs(config["x"] - 0.25) > 1e-6 for config in configs[1:5])
    assert all(abs(config["x"] - 0.25) < 0.15 for config in configs[5:])


def test_nothing_forbidden_is_begun_with() -> None:
    space = Space(dict(SQUARE), constraints=[linear({"x": 1}, at_most=0.2)], priors={"x": "~0.25"})
    assert all(config["x"] <= 0.2 for config in ByHand(ForestSearcher(space), bowl).run(8))


def test_a_changed_config_counts_as_tried() -> None:
    searcher = ForestSearcher(Space({"kind": Choice(["a", "b"])}))
    searcher.update(Started(at=0.0, trial=0, attempt=1, config={"kind": "a"}))
    searcher.update(Changed(at=0.0, trial=0, attempt=1, step=0, changes={"kind": "b"}))
    assert searcher.suggest(draw_generator(0, 0)) == Exhausted()


@pytest.mark.parametrize(
    "space",
    [
        Space({"long": Int(0, 10**6), "kind": Choice([f"k{k}" for k in range(40)])}),
        Space({"many": Choice(list(range(2_000))), "x": Float(0, 1)}),
        Space({"x": Float(0, 1), "y": Float(0, 1)}, conditions={"y": ("x", at_least(0.3))}),
    ],
    ids=["long ints", "thousands of categories", "a number as parent"],
)
def test_unusual_spaces(space: Space) -> None:
    configs = played(ForestSearcher(space, initial_points=3), Course(), new_trials=12).configs()
    assert len({json.dumps(config) for config in configs}) == 12
    assert all(space.is_allowed(config) for config in configs)


def test_the_json_form_has_all_options() -> None:
    given = {"trees": 4, "leaf_size": 2, "candidates": 30, "initial_points": 3}
    spec = ForestSearcher(SQUARE, **given, initial_config={"x": 0.5, "y": 0.5}).spec()
    assert {**given, "points_to_evaluate": [{"x": 0.5, "y": 0.5}]} == {
        name: value for name, value in spec.items() if name not in {"name", "class"}
    }


@pytest.mark.parametrize("name", ["trees", "leaf_size", "candidates", "initial_points"])
@pytest.mark.parametrize("value", [0, 2.0, True, "many"])
def test_unusable_options(name: str, value: Any) -> None:
    with pytest.raises(SettingError, match=rf"{name} must be a whole number, at least 1, not {value!r}\. Give for"):
        ForestSearcher(SQUARE, **{name: value})


def test_without_scikit_learn_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rung.searchers.forest.find_spec", lambda name: None)
    with pytest.raises(
        MissingExtraError, match=r"ForestSearcher needs an optional package\. pip install 'rung\[sklearn\]'"
    ):
        ForestSearcher(SQUARE)
