import math
import statistics

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from rung.benchmarks.problems import catalogue, classical
from rung.errors import SettingError, SpaceError
from rung.testing.problem_suite import ProblemSuite

PROPERTY = settings(derandomize=True, deadline=None, max_examples=100)


class TestBranin(ProblemSuite):
    def make(self):
        return classical.branin()


class TestHartmann6(ProblemSuite):
    def make(self):
        return classical.hartmann6()


class TestRosenbrock(ProblemSuite):
    def make(self):
        return classical.rosenbrock("5")


class TestAckley(ProblemSuite):
    def make(self):
        return classical.ackley("10")


class TestMixed(ProblemSuite):
    def make(self):
        return classical.mixed()


class TestConditional(ProblemSuite):
    def make(self):
        return classical.conditional()


def value(problem, config):
    [step] = problem.train(config, 0)
    assert step.cost_s == 1.0
    return step.value


def at(problem, point):
    return value(problem, dict(zip(problem.space, map(float, point), strict=True)))


# Published minimisers and minima: Surjanovic and Bingham, Virtual Library of Simulation Experiments.


@pytest.mark.parametrize("point", [(-math.pi, 12.275), (math.pi, 2.275), (9.42478, 2.475)])
def test_branin_has_its_published_minima(point):
    assert at(classical.branin(), point) == pytest.approx(0.397887, abs=1e-6)
    assert classical.branin().best == pytest.approx(0.397887, abs=1e-6)


def test_hartmann6_has_its_published_minimum():
    assert at(classical.hartmann6(), (0.20169, 0.150011, 0.476874, 0.275332, 0.311652, 0.6573)) == pytest.approx(
        -3.32237, abs=1e-5
    )
    assert classical.hartmann6().best == pytest.approx(-3.32237, abs=5e-6)


@pytest.mark.parametrize("dimensions", ["2", "5", "20"])
def test_rosenbrock_and_ackley_have_their_published_minima(dimensions):
    count = int(dimensions)
    assert at(classical.rosenbrock(dimensions), [1.0] * count) == 0.0 == classical.rosenbrock(dimensions).best
    assert at(classical.ackley(dimensions), [0.0] * count) == pytest.approx(0.0, abs=1e-14)
    assert classical.ackley(dimensions).best == 0.0


# The formulas a second time, with arrays.


def branin_again(x):
    a, b, c, r, s, t = 1, 5.1 / (4 * np.pi**2), 5 / np.pi, 6, 10, 1 / (8 * np.pi)
    return a * (x[1] - b * x[0] ** 2 + c * x[0] - r) ** 2 + s * (1 - t) * np.cos(x[0]) + s


def hartmann6_again(x):
    scales = np.array(
        [[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]]
    )
    centres = np.array(
        [
            [0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886],
            [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
            [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650],
            [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381],
        ]
    )
    return -np.array([1, 1.2, 3, 3.2]) @ np.exp(-(scales * (np.asarray(x) - centres) ** 2).sum(axis=1))


def ackley_again(x):
    x = np.asarray(x)
    return -20 * np.exp(-0.2 * np.sqrt((x**2).mean())) - np.exp(np.cos(2 * np.pi * x).mean()) + 20 + np.e


AGAIN = {
    "branin": (classical.branin(), branin_again),
    "hartmann6": (classical.hartmann6(), hartmann6_again),
    "rosenbrock:5": (classical.rosenbrock("5"), optimize.rosen),
    "ackley:10": (classical.ackley("10"), ackley_again),
}


@pytest.mark.parametrize("name", AGAIN)
@PROPERTY
@given(seed=st.integers(0, 2**32))
def test_values_are_those_of_a_second_writing(name, seed):
    problem, again = AGAIN[name]
    config = problem.space.sample(np.random.default_rng(seed))
    assert value(problem, config) == pytest.approx(again(list(config.values())), rel=1e-12, abs=1e-12)
    assert value(problem, config) >= problem.best - 1e-12


@PROPERTY
@given(seed=st.integers(0, 2**32))
def test_mixed_is_its_three_functions_and_two_parabolas(seed):
    problem = classical.mixed()
    config = problem.space.sample(np.random.default_rng(seed))
    x1, x2 = config["x1"], config["x2"]
    expected = {
        "rosenbrock": optimize.rosen([x1, x2]) / 100
        + (config["layers"] - 2) ** 2 / 10
        + (math.log2(config["units"]) - 8) ** 2 / 5,
        "camel": (4 - 2.1 * x1**2 + x1**4 / 3) * x1**2
        + x1 * x2
        + (-4 + 4 * x2**2) * x2**2
        + (config["layers"] - 6) ** 2 / 10
        + (math.log2(config["units"]) - 6) ** 2 / 5,
        "ackley": ackley_again([x1, x2]) / 2
        + (config["layers"] - 4) ** 2 / 10
        + (math.log2(config["units"]) - 4) ** 2 / 5,
    }
    assert value(problem, config) == pytest.approx(expected[config["kind"]], rel=1e-12, abs=1e-12)
    assert value(problem, config) >= problem.best


def test_the_best_value_of_mixed_is_reached():
    problem = classical.mixed()
    start = {"kind": "camel", "layers": 6, "units": 64}
    found = optimize.minimize(
        lambda x: value(problem, {**start, "x1": x[0], "x2": x[1]}), [0.09, -0.71], method="Nelder-Mead", tol=1e-12
    )
    assert found.fun == pytest.approx(problem.best, abs=1e-12)
    assert problem.best == pytest.approx(-1.0316, abs=5e-5)  # as published for the six-hump camel


def test_the_four_leaves_of_the_tree():
    problem = classical.conditional()
    leaves = {(0, 0): ("x4", 0.1), (0, 1): ("x5", 0.2), (1, 0): ("x6", 0.3), (1, 1): ("x7", 0.4)}
    for (first, second), (leaf, least) in leaves.items():
        switch, shared = ("x2", "r8") if first == 0 else ("x3", "r9")
        config = {"x1": first, switch: second, leaf: 0.5, shared: 0.25}
        assert value(problem, config) == pytest.approx(0.25 + least + 0.25)
        assert value(problem, {**config, leaf: 0.0, shared: 0.0}) == least
    assert problem.best == 0.1
    with pytest.raises(SpaceError, match="inactive"):
        value(problem, {"x1": 0, "x2": 0, "x4": 0.0, "r8": 0.0, "x3": 1})


def test_the_median_is_that_of_random_configurations():
    problem = classical.branin()
    rng = np.random.default_rng(99)
    values = [value(problem, problem.space.sample(rng)) for _ in range(4000)]
    low, middle, high = statistics.quantiles(values, n=4)
    assert problem.quartiles == pytest.approx((low, middle, high), rel=0.1)
    assert problem.median == problem.quartiles[1] == pytest.approx(35.58, abs=0.01)


def test_the_middle_of_the_cube_is_no_solution():
    for problem in (classical.branin(), classical.hartmann6(), classical.rosenbrock("5"), classical.ackley("10")):
        assert value(problem, problem.space.decode([0.5] * len(problem.space))) > problem.best + 1.0


def test_names_lead_to_themselves():
    assert [classical.rosenbrock().name, classical.rosenbrock("03").name] == ["rosenbrock:2", "rosenbrock:3"]
    assert list(classical.ackley("3").space) == ["x1", "x2", "x3"]


@pytest.mark.parametrize("make", [classical.rosenbrock, classical.ackley])
@pytest.mark.parametrize("given", ["", "0", "x", "-3", "1001", "²", "2.0"])
def test_a_wrong_number_of_dimensions_is_refused(make, given):
    with pytest.raises(SettingError, match=rf"number of dimensions, from [12] to 1000, got '{given}'. Such as \w+:5"):
        make(given)


@pytest.mark.parametrize("name", classical.QUARTILES)
def test_quartiles_that_are_written_down_are_those_that_are_measured(name):
    known = catalogue.problem(name)
    assert known.quartiles == classical.QUARTILES[name]
    assert known.measured_quartiles() == pytest.approx(known.quartiles, rel=1e-9)


def test_other_quartiles_are_measured():
    assert catalogue.problem("ackley:2").quartiles == catalogue.problem("ackley:2").measured_quartiles()
