import itertools
import statistics

import numpy as np
import pytest

from rung.benchmarks.problems import classical
from rung.benchmarks.problems.curves import Curves
from rung.benchmarks.problems.measured import Measured
from rung.benchmarks.problems.noisy import Noisy
from rung.errors import SettingError
from rung.space import Float, Space
from rung.testing.problem_suite import ProblemSuite
from rung.types import Goal


class TestNoisyBranin(ProblemSuite):
    def make(self):
        return Noisy(classical.branin())


class TestNoisyCurves(ProblemSuite):
    def make(self):
        return Noisy(Curves(classical.conditional()))


def noise(problem, config, seed):
    [step] = problem.train(config, seed)
    return step.value - step.truth


def test_the_truth_is_the_value_without_noise():
    problem, bare = Noisy(Curves(classical.branin())), Curves(classical.branin())
    config = {"x1": 1.0, "x2": 2.0}
    assert [step.truth for step in problem.train(config, 5)] == [step.value for step in bare.train(config, 5)]
    assert [step.cost_s for step in problem.train(config, 5)] == [step.cost_s for step in bare.train(config, 5)]


def test_noise_is_normal_with_a_tenth_of_the_way_to_the_median():
    problem = Noisy(classical.branin())
    std = (problem.median - problem.best) / 10
    drawn = [noise(problem, {"x1": 1.0, "x2": 2.0}, seed) / std for seed in range(2000)]
    assert statistics.mean(drawn) == pytest.approx(0.0, abs=0.07)
    assert statistics.stdev(drawn) == pytest.approx(1.0, abs=0.05)
    assert sum(abs(each) < 1.0 for each in drawn) / len(drawn) == pytest.approx(0.683, abs=0.03)


def test_noise_differs_by_seed_configuration_and_step():
    problem = Noisy(Curves(classical.branin()))
    steps = [
        list(problem.train({"x1": x1, "x2": 2.0}, seed))
        for x1, seed in itertools.product([1.0, np.nextafter(1, 2)], [0, 1])
    ]
    drawn = [step.value - step.truth for training in steps for step in training]
    assert len(set(drawn)) == len(drawn) == 4 * problem.n_steps


def test_a_problem_whose_best_value_is_unknown_is_refused():
    unknown = Measured("mine", Space({"x": Float(0, 1)}), Goal("error"), 1, begin=lambda config, seed: None)
    with pytest.raises(SettingError, match="mine would be measured by its best value"):
        Noisy(unknown)


def test_noise_upon_noise_is_judged_without_either():
    problem = Noisy(Noisy(classical.branin()))
    (step,) = problem.train({"x1": 1.0, "x2": 2.0}, 0)
    (without,) = classical.branin().train({"x1": 1.0, "x2": 2.0}, 0)
    assert step.truth == without.value
