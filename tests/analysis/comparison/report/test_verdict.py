import msgspec
from made_up_runs import made_up_runs, run_of

from rung.analysis.comparison.comparing import compare_runs
from rung.analysis.comparison.report.verdict import best_first, pairs_of, verdict

FAST = {"n_resamples": 300}
PROBLEMS = [f"p{number}" for number in range(8)]


def told(runs, **changes):
    return " ".join(verdict(compare_runs(runs, **{**FAST, **changes})))


def test_a_clear_winner():
    speeds = {"slow": 0.3, "fast": 1.3}
    found = compare_runs(made_up_runs(problems=PROBLEMS, speeds=speeds, n_seeds=10), **FAST)
    answer, *rest = verdict(found)
    mean = found.aggregates[0].mean
    assert best_first(found) == ("fast", "slow")
    assert answer == (
        f"fast did best over 8 problems: its mean normalised regret is {mean.estimate:.4f} "
        f"[{mean.low:.4f}, {mean.high:.4f}] (95 % interval for problems like these), where 0 is the best known value "
        "and 1 the median of random configurations."
    )
    apart, beyond = rest
    assert apart == (
        "fast is better than slow on these problems: the interval of the difference leaves out 0, and the signed-rank "
        "test over 80 pairs of runs agrees."
    )
    assert beyond == "That may be expected of other problems like these, too: the test over 8 problems agrees."


def test_a_pair_that_cannot_be_told_apart_needs_more_seeds():
    speeds = {"a": 0.8, "b": 0.83}
    found = compare_runs(made_up_runs(problems=["p"], speeds=speeds, n_seeds=10, is_known=False), **FAST)
    text = " ".join(verdict(found))
    further = found.pairs[0].seeds.further
    assert further > 0
    assert f"about {further} further seeds would tell them apart." in text
    assert "is open. The difference is −0." in text
    assert "0 is the best value of all these runs" in text


def test_pairs_are_seen_from_the_better_one():
    found = compare_runs(made_up_runs(problems=PROBLEMS, n_seeds=6), **FAST)
    pairs = pairs_of(found)
    assert [(each.better, each.other) for each in pairs] == [("gp", "tpe"), ("gp", "random"), ("tpe", "random")]
    turned = pairs[2]
    given = turned.pair
    assert (given.first, given.second) == ("random", "tpe")
    assert turned.difference.estimate == -given.difference.estimate < 0
    assert (turned.difference.low, turned.difference.high) == (-given.difference.high, -given.difference.low)
    assert turned.beyond.low == -given.difference_beyond.high
    assert turned.improvement == 1 - given.improvement > 0.5
    assert pairs[0].difference == pairs[0].pair.difference


def test_few_problems_say_nothing_of_others():
    some = told(made_up_runs(problems=PROBLEMS[:3], n_seeds=10))
    assert (
        "gp is better than every other method on these problems: the intervals of the differences leave out 0, and the "
        "signed-rank test over 30 pairs of runs, corrected for 3 pairs of methods, agrees. "
        "Whether that holds for other problems is open: 3 are too few to tell. All pairs are told apart."
    ) in some


def on_problems(gains):
    """Runs of old that end at 1, and of new that end lower by a gain per problem, give or take a little."""
    return [
        run_of([2.0, end], problem=f"p{number}", method=method, seed=seed, best_known=0.0, median=2.0)
        for number, gain in enumerate(gains)
        for seed in range(8)
        for method, end in (("old", 1.0), ("new", 1.0 - gain - 0.001 * seed))
    ]


def test_problems_that_do_not_agree_leave_others_open():
    text = told(on_problems([0.5, 0.4, 0.3, 0.2, -0.35, 0.1, -0.05, 0.6]))
    assert "new is better than old on these problems" in text
    assert "Whether that holds for other problems is open: the test over 8 problems does not confirm it." in text


def test_other_problems_like_these_are_named_for_whom_the_test_confirms():
    speeds = {"fast": 1.3, "slow": 0.3, "same": 1.25}
    found = compare_runs(made_up_runs(problems=PROBLEMS, speeds=speeds, n_seeds=10, noise=0.01), **FAST)
    unsure = [
        msgspec.structs.replace(pair, is_told_beyond=pair.is_told_beyond and "slow" in (pair.first, pair.second))
        for pair in found.pairs
    ]
    text = " ".join(verdict(msgspec.structs.replace(found, pairs=tuple(unsure))))
    assert "Of other problems like these it may be expected against slow only, by the test over 8 problems." in text


def test_an_interval_that_the_test_does_not_confirm_is_open():
    gains = [1.0, 1.1, 0.9, 1.05, -0.1, -0.11, -0.12, 0.95, -0.13, -0.14]
    runs = [run_of([3.0, 2.0], method="old", seed=seed) for seed in range(10)]
    runs += [run_of([3.0, 2.0 - gain], method="new", seed=seed) for seed, gain in enumerate(gains)]
    found = compare_runs(runs, **FAST)
    assert found.pairs[0].difference.excludes_zero
    text = " ".join(verdict(found))
    assert "Whether new is better than old is open." in text
    assert "can't be said (interval and test disagree, and which of them will change can't be foreseen)." in text
    assert "is better than old on" not in text


def test_pairs_among_the_others_are_counted():
    speeds = {"best": 1.4, "twin": 0.6, "other": 0.6, "last": 0.2}
    text = told(made_up_runs(problems=PROBLEMS, speeds=speeds, n_seeds=10))
    assert text.startswith("best did best")
    assert "Of the 3 pairs among the others, 2 are told apart." in text


def test_one_seed_on_one_problem_says_nothing():
    text = told([run_of([0.5, 0.4], method="a"), run_of([0.5, 0.2], method="b")])
    assert "b did best on branin: its mean normalised regret is 0.000 (with one run each there is no interval" in text
    assert "Whether b is better than a is open. With a single seed there is no interval of the difference." in text


def test_one_seed_on_many_problems_leaves_the_interval_over_problems():
    speeds = {"slow": 0.3, "fast": 1.3}
    text = told(made_up_runs(problems=PROBLEMS, speeds=speeds, n_seeds=1, noise=0.01))
    assert "fast is better than slow on these problems: the interval of the difference leaves out 0, and the" in text
    assert "is open" not in text


def test_equal_runs_are_not_told_apart():
    runs = [run_of([0.5, 0.4], method=method, seed=seed) for method in "ab" for seed in range(6)]
    assert "How many further seeds would tell them apart can't be said (all runs came out equal)." in told(runs)


def test_one_method_has_nothing_to_be_compared_with():
    text = told(made_up_runs(problems=["p"], speeds={"tpe": 0.8}, n_seeds=5))
    assert text.startswith(
        "There is one method, tpe, and nothing to compare it with. Its mean normalised regret on p is"
    )


def test_without_shared_problems_there_is_no_answer():
    runs = [run_of([0.5], method="a", problem="a"), run_of([0.5], method="b", problem="b")]
    assert told(runs) == "No problem has runs of all the methods, so there is no answer over all problems."
