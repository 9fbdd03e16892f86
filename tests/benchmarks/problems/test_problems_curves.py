import numpy as np
import pytest
from scipy.stats import spearmanr

from rung.benchmarks.problems import classical
from rung.benchmarks.problems.curves import Curves
from rung.testing.problem_suite import ProblemSuite

INNER = {
    each.name: each
    for each in (
        classical.branin(),
        classical.hartmann6(),
        classical.rosenbrock("5"),
        classical.ackley("10"),
        classical.mixed(),
        classical.conditional(),
    )
}


class TestCurvesOfBranin(ProblemSuite):
    def make(self):
        return Curves(classical.branin())


class TestCurvesOfTheConditionalOne(ProblemSuite):
    def make(self):
        return Curves(classical.conditional())


def random_curves(problem, count):
    rng = np.random.default_rng(1)
    configs = [problem.space.sample(rng) for _ in range(count)]
    return configs, [list(problem.train(config, 0)) for config in configs]


@pytest.mark.parametrize("name", INNER)
def test_curves_fall_to_the_value_behind_them(name):
    problem, inner = Curves(INNER[name]), INNER[name]
    for config, steps in zip(*random_curves(problem, 30), strict=True):
        values = [step.value for step in steps]
        assert values == sorted(values, reverse=True)
        assert values[-1] == next(inner.train(config, 0)).value
    assert (problem.best, problem.median) == (inner.best, inner.median)


@pytest.mark.parametrize("name", INNER)
def test_early_steps_rank_imperfectly_and_later_ones_better(name):
    _, curves = random_curves(Curves(INNER[name]), 600)
    table = np.array([[step.value for step in steps] for steps in curves])
    at = {step: spearmanr(table[:, step - 1], table[:, -1]).statistic for step in (1, 3, 9, 27)}
    assert 0.6 < at[1] < 0.85
    assert 0.78 < at[3] < 0.92
    assert 0.9 < at[9] < 0.99
    assert at[1] < at[3] < at[9] < at[27] == pytest.approx(1.0)


def test_the_curve_is_a_power_law_with_its_own_rate():
    """Three steps determine the three numbers behind a curve; the others must lie on it."""
    _, curves = random_curves(Curves(classical.branin()), 20)
    steps = np.arange(1, 28)
    rates = []
    for each in curves:
        values = np.array([step.value for step in each])
        behind = (values - values[-1]) / (values[0] - values[-1])
        candidates = np.linspace(0.25, 2.1, 4000)
        [expected] = [(9.0**-candidates - 27.0**-candidates) / (1 - 27.0**-candidates)]
        rate = candidates[np.abs(expected - behind[8]).argmin()]
        rates.append(rate)
        assert behind == pytest.approx((steps**-rate - 27**-rate) / (1 - 27**-rate), abs=2e-3)
    assert min(rates) < 0.5
    assert max(rates) > 1.2


def test_seconds_for_a_step_differ_between_configurations_only():
    _, curves = random_curves(Curves(classical.hartmann6()), 200)
    costs = [{step.cost_s for step in steps} for steps in curves]
    assert all(len(each) == 1 for each in costs)
    seconds = sorted(each.pop() for each in costs)
    assert 0.5 <= seconds[0] < 0.6
    assert 1.7 < seconds[-1] <= 2.0


def test_near_configurations_have_near_curves():
    problem = Curves(classical.branin())
    first, second = (list(problem.train({"x1": x1, "x2": 7.0}, 0)) for x1 in (2.0, 2.0 + 1e-6))
    for one, other in zip(first, second, strict=True):
        assert one.value == pytest.approx(other.value, rel=1e-4)
        assert one.cost_s == pytest.approx(other.cost_s, rel=1e-4)
