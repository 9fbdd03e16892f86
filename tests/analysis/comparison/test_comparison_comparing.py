import random

import msgspec
import numpy as np
import pytest
from made_up_runs import ACCURACY, ERROR, SPEEDS, made_up_runs, run_of
from msgspec import structs
from scipy import stats

from rung.analysis.comparison.comparing import compare_runs
from rung.analysis.comparison.runs import Budget
from rung.errors import SettingError

FAST = {"n_resamples": 200}


def changed(run, **changes):
    return msgspec.structs.replace(run, **changes)


@pytest.fixture(scope="module")
def runs():
    return made_up_runs(n_seeds=10, n_evaluations=30)


@pytest.fixture(scope="module")
def found(runs):
    return compare_runs(runs)


def test_the_truth_is_found(found):
    assert found.methods == ("gp", "random", "tpe")
    final = {each.method: each.mean.estimate for each in found.aggregates}
    assert final["gp"] < final["tpe"] < final["random"]
    gp_random = next(pair for pair in found.pairs if (pair.first, pair.second) == ("gp", "random"))
    assert gp_random.difference.high < 0
    assert gp_random.difference_beyond.high < 0
    assert gp_random.record.wins >= 29
    assert gp_random.improvement > 0.95
    assert gp_random.seeds.further == 0
    assert found.friedman.ranks == (1, 3, 2)
    assert (found.blocks, found.friedman.n_blocks) == ("problems", 3)


def test_every_number_follows_from_the_runs(runs, found):
    branin = found.problems[0]
    assert (branin.problem, branin.goal, branin.seeds) == ("branin", ERROR, tuple(range(10)))
    finals = np.array([run.points[-1].best for run in runs if (run.problem, run.method) == ("branin", "tpe")])
    tpe = branin.methods[2]
    assert tpe.finals == tuple(finals)
    assert tpe.median == np.median(finals)
    assert tpe.mean.estimate == pytest.approx(finals.mean())
    assert tpe.curve.mean[-1] == pytest.approx(finals.mean())
    assert (tpe.curve.lower[-1], tpe.curve.upper[-1]) == pytest.approx(tuple(np.quantile(finals, [0.25, 0.75])))
    others = np.array([run.points[-1].best for run in runs if (run.problem, run.method) == ("branin", "random")])
    duel = next(duel for duel in branin.duels if (duel.first, duel.second) == ("random", "tpe"))
    assert duel.p == pytest.approx(stats.wilcoxon(others, finals).pvalue)
    assert duel.record.losses == int(np.sum(finals < others))
    everything = [run.points[-1].best for run in runs if run.problem == "branin"]
    assert branin.target == pytest.approx(np.median(everything))


def test_regret_is_measured_by_what_is_known_of_each_problem(runs, found):
    assert [problem.scale.is_known for problem in found.problems] == [True] * 3
    regrets = [
        (run.points[-1].best - run.best_known) / (run.median - run.best_known) for run in runs if run.method == "gp"
    ]
    gp = found.aggregates[0]
    assert gp.mean.estimate == pytest.approx(np.mean(regrets))
    assert gp.regret[-1] == pytest.approx(gp.mean.estimate)
    assert gp.mean.low < gp.low[-1] < gp.regret[-1] < gp.high[-1] < gp.mean.high  # problems differ too
    assert gp.interquartile_mean.estimate == pytest.approx(stats.trim_mean(regrets, 0.25))
    assert gp.interquartile_mean.low < gp.interquartile_mean.estimate < gp.interquartile_mean.high


def test_a_place_of_the_grid_for_each_evaluation(found):
    assert found.axis == "evaluations"
    assert found.grid == tuple(range(1, 31))
    assert found.problems[0].grid == found.grid
    assert not found.is_share


def test_ranks_are_averages_over_seeds_and_problems(found):
    assert np.sum([each.rank for each in found.aggregates], axis=0) == pytest.approx(6)
    assert found.aggregates[0].rank[-1] < 1.1


def test_overhead_of_each_method(found):
    random_one, tpe = found.overheads[1:]
    assert tpe.decide_s == pytest.approx(30 * 0.2)
    assert tpe.decide_s_per_evaluation == pytest.approx(0.2)
    assert tpe.share == pytest.approx(0.2)
    assert random_one.decide_s_per_evaluation == pytest.approx(0.001)
    assert tpe.cpu_s == pytest.approx(36)


def test_the_order_of_the_lines_does_not_matter_and_the_seed_does(runs):
    shuffled = random.Random(1).sample(runs, len(runs))
    one = compare_runs(runs, seed=3, **FAST)
    assert compare_runs(shuffled, seed=3, **FAST) == one
    assert compare_runs(runs, seed=4, **FAST) != one


def test_accuracy_is_compared_like_error(runs):
    mirrored = made_up_runs(n_seeds=10, n_evaluations=30, goal=ACCURACY)
    one, other = compare_runs(runs, **FAST), compare_runs(mirrored, **FAST)
    assert other.pairs == one.pairs
    assert other.friedman == one.friedman
    curve, mirror = one.problems[0].methods[0].curve, other.problems[0].methods[0].curve
    assert np.array(mirror.mean) == pytest.approx(-np.array(curve.mean))
    assert np.array(mirror.upper) == pytest.approx(-np.array(curve.lower))
    assert np.all(np.array(mirror.low) <= np.array(mirror.high))


def test_methods_are_chosen_and_ordered(runs):
    found = compare_runs(runs, methods=["tpe", "random"], **FAST)
    assert found.methods == ("tpe", "random")
    assert [(pair.first, pair.second) for pair in found.pairs] == [("tpe", "random")]
    assert [each.method for each in found.problems[0].methods] == ["tpe", "random"]


def test_one_problem_is_compared_over_its_seeds():
    found = compare_runs(made_up_runs(problems=["lenet"], n_evaluations=10, is_known=False), **FAST)
    assert (found.blocks, found.friedman.n_blocks) == ("seeds", 10)
    assert found.pairs[0].difference_beyond is None
    assert not found.problems[0].scale.is_known
    assert found.warnings == ()


def test_one_method_has_nobody_to_be_compared_with():
    found = compare_runs(made_up_runs(speeds={"random": 0.5}, n_evaluations=10), **FAST)
    assert (found.pairs, found.friedman) == ((), None)
    assert found.aggregates[0].rank[-1] == 1


def test_one_seed_has_no_intervals_and_a_warning():
    found = compare_runs(made_up_runs(problems=["lenet"], n_seeds=1, n_evaluations=10), **FAST)
    assert found.friedman is None
    assert found.problems[0].methods[0].mean is None
    assert (found.aggregates[0].mean, found.aggregates[0].interquartile_mean) == (None, None)
    assert found.pairs[0].difference is None
    assert found.pairs[0].p == 1
    assert "too few" in found.pairs[0].seeds.reason
    assert found.warnings[0].startswith("There is only 1 seed: ")


@pytest.mark.parametrize(("n_methods", "least"), [(2, 6), (5, 9)])
def test_a_warning_says_how_many_seeds_it_takes_for_so_many_methods(n_methods, least):
    """The signed-rank test over n pairs has at best p = 2 / 2^n; times the number of pairs, it must be below 0.05."""
    methods = "abcde"[:n_methods]
    told = f" With fewer than {least} no two of {n_methods} methods can be told apart."
    for seeds in (least - 1, least):
        runs = [
            run_of([0.5, 0.1 * n], method=method, seed=seed)
            for n, method in enumerate(methods)
            for seed in range(seeds)
        ]
        found = compare_runs(runs, **FAST)
        assert found.warnings[0].endswith(" 10 or more are advised." + (told if seeds < least else ""))
        assert any(pair.is_told for pair in found.pairs) == (seeds == least)


def test_equal_runs_are_ties():
    runs = [run_of([0.5, 0.4], method=method, seed=seed) for method in ("a", "b") for seed in range(6)]
    found = compare_runs(runs, **FAST)
    assert found.pairs[0].record.ties == 6
    assert (found.pairs[0].p, found.pairs[0].improvement) == (1, 0.5)
    assert found.pairs[0].seeds.further is None
    assert found.friedman.ranks == (1.5, 1.5)
    assert found.friedman.groups == ((0, 1),)


def test_other_axes_end_where_the_longest_run_ended():
    runs = [run_of([0.5] * length, seed=0, method=method) for method, length in (("a", 4), ("b", 4))]
    found = compare_runs(runs, axis="wall_s", **FAST)
    assert (found.grid[-1], len(found.grid)) == (8.0, 100)
    curve = found.problems[0].methods[0].curve
    assert curve.end == 8.0
    assert curve.mean[23] is None  # 1.92 s, before the first evaluation was over
    assert curve.mean[24] == 0.5
    assert found.aggregates[0].regret[23] is None
    assert found.aggregates[0].rank[24] == 1.5


def test_problems_with_other_budgets_are_brought_together_as_shares():
    runs = [*made_up_runs(problems=["short"], n_evaluations=10), *made_up_runs(problems=["long"], n_evaluations=20)]
    found = compare_runs(runs, **FAST)
    assert found.is_share
    assert (len(found.grid), found.grid[-1]) == (20, 1.0)
    assert [problem.grid[-1] for problem in found.problems] == [20, 10]
    assert found.problems[1].methods[0].curve.mean[0] is None  # half an evaluation


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"budget": Budget("evaluations", 3.0)},
            r"budgets of a \(seed 0\) and b \(seed 0\) differ: limit is 2.0 and 3.0",
        ),
        ({"budget": Budget("evaluations", 2.0, workers=4)}, "workers is 1 and 4"),
        ({"goal": ACCURACY}, "goals of .* differ: metric is error and accuracy"),
        ({"space": {"dimensions": [{"name": "lr", "low": 0.1}]}}, "dimensions.lr.low is 0.01 and 0.1"),
        ({"space": {"dimensions": []}}, "dimensions.lr is in the first only"),
        ({"space": {}}, "spaces of .* differ: dimensions is .* and nothing"),
        ({"best_known": 0.3}, "best known values of .* differ: 0.1 and 0.3"),
        ({"median": None}, "medians of .* differ: 1.0 and null"),
    ],
)
def test_different_problems_under_one_name_are_refused_with_the_difference(changes, message):
    space = {"dimensions": [{"name": "lr", "low": 0.01}]}
    runs = [run_of([0.5, 0.4], method=method, space=space, best_known=0.1, median=1.0) for method in ("a", "b")]
    with pytest.raises(SettingError, match=message):
        compare_runs([runs[0], changed(runs[1], **changes)])


@pytest.mark.parametrize(
    ("runs", "settings", "message"),
    [
        ([], {}, "no runs to compare"),
        ([run_of([0.5]), run_of([0.4])], {}, "two runs of random on branin with seed 0"),
        ([run_of([0.5])], {"axis": "epochs"}, "axis='epochs' is not known. Use one of evaluations, steps"),
        ([run_of([0.5])], {"methods": ["randon"]}, "no run of the method 'randon'. Did you mean 'random'"),
        ([run_of([0.5])], {"methods": ["tpe"]}, "no run of the method 'tpe'. There are runs of random"),
        ([run_of([0.5])], {"methods": []}, "No method was named"),
        ([run_of([None])], {}, "can't be compared. branin: no run has a value"),
        (
            [run_of([0.5]), run_of([0.5], method="b", seed=1)],
            {},
            "seed not every method has .*random 1, b 1|b 1, random 1",
        ),
        ([run_of([0.5], budget=Budget("steps", 0.0))], {}, "branin: the runs spent no steps"),
        (
            [run_of([0.5]), run_of([0.5], problem="b", budget=Budget("steps", 9.0))],
            {},
            "budgets are counted in evaluations and steps. Say along which",
        ),
    ],
)
def test_what_cannot_be_compared(runs, settings, message):
    with pytest.raises(SettingError, match=message):
        compare_runs(runs, **settings)


def test_runs_without_a_partner_are_left_out_and_named(runs):
    found = compare_runs([run for run in runs if run.key != ("branin", "tpe", 4)], **FAST)
    assert found.problems[0].seeds == (0, 1, 2, 3, 5, 6, 7, 8, 9)
    assert found.problems[1].seeds == tuple(range(10))
    assert "branin: runs whose seed not every method has are left out (gp 1, random 1)." in found.warnings
    assert any(warning.startswith("branin has only 9 seeds") for warning in found.warnings)


def test_a_problem_that_lacks_a_method_is_shown_but_not_in_what_is_said_over_all(runs):
    found = compare_runs([run for run in runs if run.key[:2] != ("branin", "tpe")], **FAST)
    assert [each.method for each in found.problems[0].methods] == ["gp", "random"]
    assert found.shared == ("hartmann6", "rosenbrock")
    assert any("branin: no runs of tpe, so it is left out" in warning for warning in found.warnings)


def test_methods_that_share_no_problem(runs):
    apart = [run for run in runs if (run.method == "gp") == (run.problem == "branin")]
    found = compare_runs(apart, **FAST)
    assert (found.shared, found.grid, found.aggregates, found.pairs, found.friedman) == ((), (), (), (), None)
    assert len(found.problems) == 3


def test_a_failed_run_keeps_what_it_had_and_one_without_a_value_is_the_worst():
    good = [run_of([0.9, 0.5, 0.4], method="good", seed=seed) for seed in range(3)]
    bad = [
        run_of([0.8], method="bad", seed=0, failed="out of memory", budget=good[0].budget),
        run_of([None], method="bad", seed=1, failed="out of memory", budget=good[0].budget),
        run_of([], method="bad", seed=2, failed="killed", budget=good[0].budget),
    ]
    found = compare_runs([*good, *bad], **FAST)
    result = found.problems[0].methods[0]
    assert (result.method, result.n_failed, result.finals) == ("bad", 3, (0.8, None, None))
    assert result.curve.mean[-1] == pytest.approx((0.8 + 0.9 + 0.9) / 3)
    assert result.median == pytest.approx(0.9)
    assert found.pairs[0].record.losses == 3
    assert any("Runs failed (bad 3)" in warning for warning in found.warnings)
    assert found.overheads[0].decide_s == 0.5


def test_a_method_without_any_value_is_drawn_nowhere_and_ranks_last():
    good = [run_of([0.9, 0.5], method="good", seed=seed) for seed in range(3)]
    bad = [run_of([None, None], method="bad", seed=seed, failed="broken") for seed in range(3)]
    found = compare_runs([*good, *bad], **FAST)
    bad_result = found.problems[0].methods[0]
    assert (bad_result.curve.mean, bad_result.median, bad_result.mean) == ((None, None), None, None)
    assert bad_result.reached.share == 0
    assert found.aggregates[0].rank == (2, 2)
    assert found.friedman.ranks == (2, 1)


def test_a_method_of_which_no_run_has_a_record():
    runs = [run_of([0.9, 0.5], method="good"), run_of([], method="bad", budget=Budget("evaluations", 2.0))]
    overhead = compare_runs(runs, **FAST).overheads[0]
    assert (overhead.method, overhead.decide_s, overhead.share) == ("bad", 0.0, None)


def test_too_few_problems_for_a_test_are_named():
    found = compare_runs(made_up_runs(n_evaluations=5, problems=["a", "b", "c"], speeds=SPEEDS), **FAST)
    assert (
        "3 problems are too few for tests over problems between 3 pairs of methods: no p value could come below 0.75."
    ) in found.warnings


def test_different_versions_are_named(runs):
    found = compare_runs([changed(runs[0], versions={"rung": "0.2.0"}), *runs[1:]], **FAST)
    assert found.versions == {"rung": ("0.1.0", "0.2.0")}
    assert "The runs were made with different versions of rung (0.1.0, 0.2.0)." in found.warnings


def test_problems_with_caveats_are_left_out_of_summaries():
    runs = [
        structs.replace(run, caveat="Its best values lie in a corner." if run.problem == "hartmann6" else "")
        for run in made_up_runs()
    ]
    found = compare_runs(runs, **FAST)
    assert found.shared == ("branin", "rosenbrock")
    assert [each.problem for each in found.problems] == ["branin", "hartmann6", "rosenbrock"]
    without = compare_runs([run for run in runs if not run.caveat], **FAST)
    for one, other in zip(found.aggregates, without.aggregates, strict=True):
        assert (one.method, one.regret, one.rank) == (other.method, other.regret, other.rank)
    assert "hartmann6: left out of what is said over all problems, because of what is said there." in found.warnings


def test_where_all_problems_have_caveats_they_are_summed_up_all_the_same():
    runs = [structs.replace(run, caveat="A surrogate.") for run in made_up_runs()]
    found = compare_runs(runs, **FAST)
    assert found.shared == ("branin", "hartmann6", "rosenbrock")
    assert "All problems that could be summed up have caveats: see each." in found.warnings


def test_caveats_travel_with_their_problems():
    found = compare_runs([run_of([0.5], caveat="A surrogate.")], **FAST)
    assert found.problems[0].caveat == "A surrogate."


def test_different_lengths_of_training_are_told_where_evaluations_are_counted():
    whole = [run_of([2.0, 1.0], method="whole", seed=seed) for seed in range(3)]
    halved = [
        changed(run, method="halved", points=tuple(changed(point, n_steps=point.n_evaluations) for point in run.points))
        for run in whole
    ]
    none = [run_of([], method="none", seed=seed, budget=Budget("evaluations", 2.0)) for seed in range(3)]
    remark = "An evaluation counts as one, however long it was trained. Steps per evaluation: whole 9, halved 1."
    methods = ("whole", "halved", "none")
    assert remark in compare_runs([*whole, *halved, *none], methods=methods, **FAST).warnings
    assert remark not in compare_runs([*whole, *halved, *none], methods=methods, axis="steps", **FAST).warnings
    assert "Steps per" not in " ".join(compare_runs([*whole, *none], **FAST).warnings)


def test_pairs_are_tested_over_runs_and_over_problems():
    found = compare_runs(made_up_runs(problems="abcdefg", speeds={"gp": 1.0, "tpe": 0.8}, n_seeds=6), **FAST)
    (pair,) = found.pairs
    regrets = np.array(
        [
            [(np.array(each.finals) - problem.scale.best) / (problem.scale.median - problem.scale.best)]
            for problem in found.problems
            for each in problem.methods
        ]
    ).reshape(7, 2, 6)
    differences = regrets[:, 0] - regrets[:, 1]
    assert pair.p == pytest.approx(stats.wilcoxon(differences.ravel()).pvalue)
    assert pair.p_beyond == pytest.approx(stats.wilcoxon(differences.mean(axis=1)).pvalue)
    assert (pair.p_holm, pair.p_beyond_holm) == (pair.p, pair.p_beyond)  # of one pair of methods
    assert pair.is_told
    assert pair.is_told_beyond == (pair.difference_beyond.excludes_zero and pair.p_beyond < 0.05)
    assert pair.interval is pair.difference


def test_on_one_problem_nothing_is_said_of_others():
    found = compare_runs(made_up_runs(problems=["p"], n_seeds=8), **FAST)
    assert {(pair.p_beyond, pair.p_beyond_holm, pair.is_told_beyond) for pair in found.pairs} == {(None, None, False)}
