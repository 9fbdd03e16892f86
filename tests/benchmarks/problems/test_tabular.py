import statistics

import numpy as np
import pytest

from rung.benchmarks.problems.table_files import save_table
from rung.benchmarks.problems.tabular import Table
from rung.errors import SpaceError
from rung.space import Choice, Float, Int, Ordinal, Space
from rung.testing.problem_suite import ProblemSuite
from rung.types import Goal

GRID = Space({"kind": Choice(["sgd", "adam"]), "lr": Ordinal([0.001, 0.01, 0.1]), "layers": Int(1, 2)})
GRID_CONFIGS = [
    {"kind": kind, "lr": lr, "layers": layers}
    for layers in (1, 2)
    for lr in (0.1, 0.001, 0.01)
    for kind in ("adam", "sgd")
]
GRID_VALUES = np.random.default_rng(0).uniform(0.1, 0.9, (12, 4))
GRID_COSTS = np.random.default_rng(1).uniform(1.0, 5.0, (12, 4))

WIDE = Space({"kind": Choice(["sgd", "adam", "lion"]), "lr": Float(1e-4, 1.0, log=True), "share": Float(0, 10)})


@pytest.fixture
def grid(tmp_path):
    path = tmp_path / "grid.npz"
    save_table(
        path, space=GRID, goal=Goal("accuracy", "max"), configs=GRID_CONFIGS, values=GRID_VALUES, costs=GRID_COSTS
    )
    return path


@pytest.fixture
def scattered(tmp_path):
    path = tmp_path / "scattered.npz"
    rng = np.random.default_rng(2)
    configs = [WIDE.sample(rng) for _ in range(50)]
    values = rng.uniform(0, 1, (50, 2))
    save_table(path, space=WIDE, goal=Goal("error"), configs=configs, values=values, costs=values + 1, lookup="nearest")
    return path, configs, values


class TestExact(ProblemSuite):
    @pytest.fixture(autouse=True)
    def take(self, grid):
        self.path = grid

    def make(self):
        return Table(self.path)


class TestNearest(ProblemSuite):
    @pytest.fixture(autouse=True)
    def take(self, scattered):
        self.path = scattered[0]

    def make(self):
        return Table(self.path)


def test_every_configuration_of_a_grid_gets_its_own_row(grid):
    problem = Table(grid)
    assert problem.name == f"table:{grid}"
    for row, config in enumerate(GRID_CONFIGS):
        steps = list(problem.train(config, 0))
        assert [step.value for step in steps] == GRID_VALUES[row].tolist()
        assert [step.cost_s for step in steps] == GRID_COSTS[row].tolist()


def test_best_and_median_are_those_of_the_rows(grid, scattered):
    assert Table(grid).best == GRID_VALUES.max()
    assert Table(grid).median == pytest.approx(statistics.median(GRID_VALUES[:, -1].tolist()))
    path, _, values = scattered
    assert Table(path).best == values.min()


def test_an_ordinal_value_that_is_not_listed_is_refused(grid):
    with pytest.raises(SpaceError, match=r"0\.02 is not one of"):
        next(Table(grid).train({"kind": "sgd", "lr": 0.02, "layers": 1}, 0))


def test_other_configurations_get_the_nearest_row(scattered):
    path, configs, values = scattered
    problem = Table(path)

    def distance(one, other):  # by hand: log scale over four decades, a range of ten, a mismatch is one
        rates = (np.log10(one["lr"]) - np.log10(other["lr"])) / 4
        return rates**2 + ((one["share"] - other["share"]) / 10) ** 2 + (one["kind"] != other["kind"])

    rng = np.random.default_rng(3)
    for _ in range(200):
        config = WIDE.sample(rng)
        nearest = min(range(50), key=lambda row: distance(config, configs[row]))
        assert [step.value for step in problem.train(config, 0)] == values[nearest].tolist()
    for row, config in enumerate(configs):
        assert next(problem.train(config, 0)).value == values[row, 0]


def test_of_several_nearest_rows_the_first_counts(tmp_path):
    path = tmp_path / "t.npz"
    configs = [{"x": 0.75}, {"x": 0.25}]
    save_table(
        path,
        space=Space({"x": Float(0, 1)}),
        goal=Goal("e"),
        configs=configs,
        values=[[1], [2]],
        costs=[[1], [1]],
        lookup="nearest",
    )
    assert next(Table(path).train({"x": 0.5}, 0)).value == 1.0
