import numpy as np
import pytest
from made_up_runs import ACCURACY, made_up_runs, run_of
from made_up_scenes import scene

from rung.analysis.comparison.comparing import compare_runs
from rung.analysis.comparison.strategies import (
    ADVICE,
    EARLY_STOPPING,
    Strategy,
    advice,
    conclusions,
    has_no_spread,
    result_of,
    trials_to_baseline,
    verdict_on,
)
from rung.registry import names_of

SPEEDS = {"grid": 0.1, "random": 0.5, "tpe": 0.55, "gp": 1.4}


def compared(runs, methods=None):
    return compare_runs(runs, methods=methods, n_resamples=300)


@pytest.fixture(scope="module")
def runs():
    return made_up_runs(problems=["p"], speeds=SPEEDS, n_seeds=12, n_evaluations=25)


@pytest.fixture(scope="module")
def comparison(runs):
    return compared(runs, list(SPEEDS))


def test_conclusions_begin_with_the_best_and_say_only_what_is_told_apart(comparison):
    told = {(pair.first, pair.second): pair.is_told for pair in comparison.pairs}
    assert told == {
        ("grid", "random"): True,
        ("grid", "tpe"): True,
        ("grid", "gp"): True,
        ("random", "tpe"): False,
        ("random", "gp"): True,
        ("tpe", "gp"): True,
    }
    first, second, *_ = conclusions(comparison, scene("grid", "random"))
    assert first == "gp is better than tpe, random and grid."
    assert second == "tpe and random are better than grid."


def test_what_is_open_is_said_to_be(runs):
    some = compared([run for run in runs if run.method in {"tpe", "random", "grid"}])
    assert conclusions(some, scene())[0] == (
        "tpe ended best on average, and is better than grid; 12 runs of each can't tell it from random."
    )
    two = compared([run for run in runs if run.method in {"tpe", "random"}])
    assert conclusions(two, scene())[0] == "tpe ended best on average, but 12 runs of each can't tell it from random."


def test_one_run_of_each_says_little(runs):
    alone = compared([run for run in runs if run.seed == 0])
    assert "one run of each says little" in conclusions(alone, scene())[0]


def test_equal_runs_are_equal():
    same = [run_of([0.5, 0.2], method=method, seed=seed) for method in ("a", "b") for seed in range(4)]
    assert conclusions(compared(same), scene())[0] == "All came out equal."


def test_the_values_that_each_has_tried(comparison):
    sentence = "With the same number of trials grid tried 3 different values of lr; random and tpe tried 8."
    assert sentence in conclusions(comparison, scene("grid", "random", "tpe"))
    assert not any("different value" in each for each in conclusions(comparison, scene(inputs=())))


@pytest.mark.parametrize("goal", ["min", "max"])
def test_the_pace_is_that_of_the_medians(goal):
    settings = {"goal": ACCURACY} if goal == "max" else {}
    runs = made_up_runs(problems=["p"], speeds=SPEEDS, n_seeds=5, n_evaluations=25, **settings)
    medians = {
        method: np.median([[abs(point.best) for point in run.points] for run in runs if run.method == method], axis=0)
        for method in SPEEDS
    }
    expected = {}
    for method, curve in medians.items():
        reached = np.flatnonzero(curve <= medians["random"][-1])
        expected[method] = int(reached[0]) + 1 if len(reached) else None
    assert expected["grid"] is None
    assert trials_to_baseline(compared(runs)) == expected


def test_the_pace_in_words(comparison):
    found = trials_to_baseline(comparison)
    order = sorted((count, method) for method, count in found.items() if count is not None)
    assert conclusions(comparison, scene())[-1] == (
        "After so many trials the medians were where that of random ended: "
        f"{', '.join(f'{method} {count}' for count, method in order)}; grid never."
    )


def test_without_random_search_there_is_no_pace(runs):
    others = compared([run for run in runs if run.method != "random"])
    assert trials_to_baseline(others) == {}
    assert not any("After so many" in each for each in conclusions(others, scene()))


def test_a_baseline_without_any_value_is_none():
    runs = [run_of([None, None], seed=seed) for seed in (0, 1)]
    runs += [run_of([0.5, 0.2], method="tpe", seed=seed) for seed in (0, 1)]
    assert trials_to_baseline(compared(runs)) == {}


def test_the_verdict_on_each(comparison):
    assert verdict_on(comparison, Strategy("tpe", "tpe", "tpe")) == "Here it was better than grid and worse than gp."
    assert verdict_on(comparison, Strategy("gp", "gp", "gp", remark="A remark.")) == (
        "Here it was better than tpe, random and grid. A remark."
    )


def test_a_strategy_that_is_not_told_apart_and_always_does_the_same():
    runs = [run_of([0.5, 0.2 + 0.1 * seed], method="random", seed=seed) for seed in range(3)]
    runs += [run_of([0.5, 0.3], method="grid", seed=seed) for seed in range(3)]
    found = compared(runs)
    assert has_no_spread(result_of(found, "grid"))
    assert not has_no_spread(result_of(found, "random"))
    assert verdict_on(found, Strategy("grid", "grid(points=2)", "grid")) == (
        "Here it is not told apart from any other. Every seed gave the same, so it has no band."
    )


def test_advice_is_general_and_empty_where_nobody_knows():
    assert advice(Strategy("g", "g", "grid")) == ADVICE["grid"]
    assert advice(Strategy("m", "m", "mine:Searcher")) == ""
    assert advice(Strategy("m", "m", "mine:Searcher", "asha")) == EARLY_STOPPING
    assert advice(Strategy("a", "asha+tpe", "tpe", "asha")) == f"{ADVICE['tpe']} {EARLY_STOPPING}"


def test_the_searchers_of_every_day_have_advice():
    assert {"grid", "random", "sobol", "tpe", "gp"} <= set(ADVICE) & set(names_of("searchers"))
