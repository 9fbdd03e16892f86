from __future__ import annotations

import json

import msgspec
import numpy as np
import pytest
from made_up_runs import ACCURACY, ERROR, made_up_runs, run_of

from rung.analysis.comparison.answers import answers, sentence, summary
from rung.analysis.comparison.comparing import compare_runs

SPREAD = (0.11, -0.05, 0.02, 0.09, -0.08, 0.04, -0.03, 0.07, -0.01, 0.05)


def pairs_of(gains, *, goal=ERROR, problem="branin"):
    """Runs of random that end at 1 plus some spread, and of tpe that end better by these."""
    sign = goal.value(1.0)
    ends = [1 + SPREAD[seed % len(SPREAD)] for seed in range(len(gains))]
    return [
        run_of([2.0 - (goal.mode == "max") * 2.0, end], goal=goal, problem=problem, method=method, seed=seed)
        for seed, (gain, start) in enumerate(zip(gains, ends, strict=True))
        for method, end in (("random", start), ("tpe", start - sign * gain))
    ]


def found(runs, **settings):
    return compare_runs(runs, n_resamples=500, **settings)


def only(comparison):
    (answer,) = answers(comparison)
    return answer


def test_a_true_difference_is_told_in_units_of_the_metric():
    gains = np.array([0.3, 0.2, 0.25, 0.35, 0.22, 0.28, 0.31, 0.19, 0.27, 0.24])
    comparison = found(pairs_of(gains))
    answer = only(comparison)
    assert (answer.ahead, answer.behind, answer.is_told) == ("tpe", "random", True)
    assert answer.by == pytest.approx(gains.mean())
    assert answer.low == pytest.approx(gains.mean() - 2 * gains.std() / np.sqrt(10), abs=0.01)
    assert answer.high == pytest.approx(gains.mean() + 2 * gains.std() / np.sqrt(10), abs=0.01)
    assert answer.p == pytest.approx(2 / 2**10)  # of the exact test, when all pairs agree
    assert (answer.n_ahead, answer.n_pairs, answer.further, answer.why_not) == (10, 10, 0, "")
    words = sentence(comparison, answer)
    assert words.startswith("tpe is better than random: its error ended 0.26")
    assert words.endswith("ahead in 10 of them; p = 0.002.")
    assert " lower on average over 10 pairs of runs (95 % interval 0.2" in words


def test_where_nothing_can_be_told_it_says_how_many_more_runs_it_would_take():
    gains = [0.3, -0.2, 0.25, -0.15, 0.22, -0.28, 0.31, 0.19, -0.07, 0.1]
    comparison = found(pairs_of(gains))
    answer = only(comparison)
    assert (answer.ahead, answer.is_told) == ("tpe", False)
    assert answer.low < 0 < answer.by < answer.high
    assert answer.further > 10
    words = sentence(comparison, answer)
    assert words.startswith("Whether tpe is better than random can't be told: its error ended 0.067 lower on average")
    assert "but 0 is in the interval (p = 0." in words
    assert words.endswith(f"About {answer.further} more runs of each would tell, if the difference is as it looks now.")


def test_the_one_that_is_worse_stands_behind_wherever_it_was_named():
    gains = [-0.3, -0.2, -0.25, -0.35, -0.22, -0.28, -0.31]
    for methods in (("random", "tpe"), ("tpe", "random")):
        answer = only(found(pairs_of(gains), methods=methods))
        assert (answer.ahead, answer.behind, answer.is_told, answer.n_ahead) == ("random", "tpe", True, 7)
        assert answer.by == pytest.approx(-np.mean(gains))
        assert 0 < answer.low < answer.by < answer.high


def test_higher_may_be_better():
    comparison = found(pairs_of([0.3, 0.2, 0.25, 0.35, 0.22, 0.28], goal=ACCURACY))
    assert only(comparison).ahead == "tpe"
    assert "its accuracy ended 0.267 higher on average" in sentence(comparison, only(comparison))


def test_five_pairs_can_not_satisfy_the_test_and_the_sixth_can():
    comparison = found(pairs_of([0.3, 0.2, 0.25, 0.35, 0.22]))
    answer = only(comparison)
    assert answer.low > 0
    assert (answer.is_told, answer.further) == (False, 1)
    words = sentence(comparison, answer)
    assert (
        "ahead in 5 of them, but so few can't satisfy the signed-rank test, even where all agree (p = 0.062)" in words
    )
    assert words.endswith("About 1 more run of each would tell, if the difference is as it looks now.")
    assert only(found(pairs_of([0.3, 0.2, 0.25, 0.35, 0.22, 0.3]))).is_told


def test_an_interval_that_the_test_does_not_confirm_is_not_enough():
    gains = [1.0, 1.1, 0.9, 1.05, -0.1, -0.11, -0.12, 0.95, -0.13, -0.14]
    comparison = found(pairs_of(gains))
    answer = only(comparison)
    assert answer.low > 0
    assert answer.p > 0.05
    assert not answer.is_told
    assert "but the signed-rank test does not agree (p = 0." in sentence(comparison, answer)


def test_too_few_to_guess_from():
    comparison = found(pairs_of([0.3, -0.2, 0.25]))
    assert only(comparison).further is None
    words = sentence(comparison, only(comparison))
    assert words.endswith("How many more runs of each would tell? Fewer than 5 seeds are too few to guess from.")


def test_a_close_call():
    comparison = found(pairs_of([0.3, -0.2, 0.25, -0.15, 0.22, -0.28, 0.31, 0.19, -0.07, 0.1]))
    close = msgspec.structs.replace(only(comparison), further=0)
    assert sentence(comparison, close).endswith("It is a close call: a few more runs of each are likely to tell.")


def test_one_run_each_says_little():
    comparison = found(pairs_of([0.3]))
    answer = only(comparison)
    assert (answer.ahead, answer.is_told, answer.low, answer.high) == ("tpe", False, None, None)
    assert answer.by == pytest.approx(0.3)
    assert sentence(comparison, answer) == (
        "tpe ended with error 0.810, random ended with error 1.11. "
        "One run of each says little: another seed may turn it round. Ten of each are advised."
    )


def test_one_run_without_a_value():
    comparison = found([run_of([None, None], method="random"), run_of([2.0, 1.0], method="tpe")])
    assert (only(comparison).ahead, only(comparison).by) == ("tpe", None)
    words = sentence(comparison, only(comparison))
    assert words.startswith("tpe ended with error 1.00, random ended without a value. One run of each says little")


def test_equal_runs():
    comparison = found(pairs_of([0.0] * 6))
    assert only(comparison).by == 0
    assert sentence(comparison, only(comparison)) == "random and tpe came out equal over 6 pairs of runs."
    balanced = found(pairs_of([0.25, -0.25] * 3))
    equal = msgspec.structs.replace(only(balanced), by=0.0)
    assert sentence(balanced, equal).endswith(" came out equal on average over 6 pairs of runs.")


def test_over_problems_it_speaks_of_regret_on_these():
    comparison = found(made_up_runs(speeds={"random": 0.5, "gp": 1.1}, n_seeds=6))
    answer = only(comparison)
    pair = comparison.pairs[0]
    assert (pair.first, pair.second) == ("gp", "random")
    assert (answer.ahead, answer.is_told, answer.by) == ("gp", True, -pair.difference.estimate)
    assert (answer.low, answer.high) == (-pair.difference.high, -pair.difference.low)
    words = sentence(comparison, answer)
    assert words.startswith("gp is better than random: its mean normalised regret on 3 problems is ")
    assert " over 18 pairs of runs (" in words


def test_over_problems_with_one_run_each_the_interval_is_over_problems():
    few, many = (
        found(
            made_up_runs(problems=[f"p{number}" for number in range(n)], speeds={"random": 0.5, "gp": 1.1}, n_seeds=1)
        )
        for n in (3, 8)
    )
    assert only(few).by == -few.pairs[0].difference_beyond.estimate
    assert "so few can't satisfy the signed-rank test, even where all agree (p = 0.250)" in sentence(few, only(few))
    assert not only(few).is_told
    assert only(many).is_told


def test_more_runs_are_on_every_problem():
    comparison = found(made_up_runs(speeds={"random": 0.8, "gp": 0.83}, n_seeds=6))
    answer = only(comparison)
    assert answer.further > 0
    assert f"About {answer.further} more runs of each on every problem would tell" in sentence(comparison, answer)


def test_a_mean_that_few_large_differences_turn_is_not_enough():
    gains = [*np.linspace(3, 4, 6), *np.linspace(-0.2, -0.1, 34)]
    comparison = found(pairs_of(gains))
    answer = only(comparison)
    assert (answer.ahead, answer.n_ahead) == ("tpe", 6)
    assert answer.low > 0
    assert answer.p < comparison.alpha  # the test is sure, but of the opposite
    assert not answer.is_told
    words = sentence(comparison, answer)
    assert words.endswith(" Interval and test disagree, and which of them will change can't be foreseen.")


def test_many_pairs_of_methods_need_more_on_several_problems_too():
    """With ten methods chance alone often gives an interval without 0 somewhere; the corrected test holds it back."""
    rng = np.random.default_rng(3)
    runs = [
        run_of([2.0, float(rng.normal(1, 0.1))], problem=problem, method=f"m{number}", seed=seed)
        for problem in ("p", "q")
        for number in range(10)
        for seed in range(10)
    ]
    comparison = found(runs)
    assert any(pair.difference.excludes_zero for pair in comparison.pairs)
    assert not any(answer.is_told for answer in answers(comparison))


def test_the_correction_for_many_pairs_makes_the_least_number_grow():
    gains = [0.3, 0.2, 0.25, 0.35, 0.22]
    runs = pairs_of(gains)
    third = [msgspec.structs.replace(run, method="gp") for run in runs if run.method == "tpe"]
    found_by = {(each.ahead, each.behind): each for each in answers(found([*runs, *third]))}
    assert found_by["gp", "random"].further == 2  # 2 / 2**7 * 3 pairs is the first below 0.05


def test_the_summary_says_what_was_compared_and_what_weakens_it():
    comparison = found(pairs_of([0.3, 0.2, 0.25]))
    lines = summary(comparison).splitlines()
    assert lines[0] == "branin: error, lower is better; 2 evaluations, 3 runs of each."
    assert lines[1] == sentence(comparison, only(comparison))
    assert lines[2].startswith("Note: There are only 3 seeds")
    assert len(lines) == 3


def test_the_summary_says_where_curves_run_along_something_else_than_the_budget():
    runs = pairs_of([0.3, 0.2, 0.25])
    told = "Curves run along steps; the answer is about where the runs ended."
    lines = summary(found(runs, axis="steps")).splitlines()
    assert lines[2] == told
    assert not any("however long it was trained" in line for line in lines)
    assert told not in summary(found(runs))
    assert "Curves run along wall-clock time; " in summary(found(runs, axis="wall_s"))


def test_answers_become_json():
    for gains in ([0.3], [0.0, 0.0], [0.3, 0.1, -0.2]):
        form = msgspec.to_builtins(answers(found(pairs_of(gains))))
        assert json.loads(json.dumps(form, allow_nan=False)) == list(form)
