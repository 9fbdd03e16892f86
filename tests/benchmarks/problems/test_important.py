import math

import numpy as np
import pytest

from rung.benchmarks.problems import catalogue
from rung.benchmarks.problems.important import BEST_IMPORTANT, BEST_UNIMPORTANT, important
from rung.errors import SettingError
from rung.testing.problem_suite import ProblemSuite


class TestImportant(ProblemSuite):
    def make(self):
        return important("3")


def value(problem, **config):
    (step,) = problem.train(config, 0)
    return step.value


def test_values_are_those_of_a_second_writing():
    problem = important("3")
    rng = np.random.default_rng(0)
    for x, u, v in rng.uniform(size=(50, 3)).tolist():
        expected = 1 - math.exp(-((x - 0.3125) ** 2) / 0.045) + 0.025 * ((u - 0.7) ** 2 + (v - 0.7) ** 2)
        assert value(problem, important=x, unimportant_1=u, unimportant_2=v) == pytest.approx(expected, abs=1e-12)


def test_the_best_value_is_reached():
    problem = important()
    assert value(problem, important=BEST_IMPORTANT, unimportant=BEST_UNIMPORTANT) == problem.best == 0.0


def test_one_number_matters_and_the_others_next_to_nothing():
    problem = important()
    along = np.linspace(0, 1, 101).tolist()
    matters = [value(problem, important=x, unimportant=BEST_UNIMPORTANT) for x in along]
    matters_not = [value(problem, important=BEST_IMPORTANT, unimportant=u) for u in along]
    assert np.ptp(matters) > 0.9
    assert np.ptp(matters_not) < 0.03


def test_five_columns_are_neither_lucky_nor_unlucky():
    columns = np.linspace(0, 1, 5)
    anywhere = np.linspace(0, 1, 100_001)
    distances = np.abs(anywhere[:, None] - columns).min(axis=1)
    assert np.abs(columns - BEST_IMPORTANT).min() == pytest.approx(distances.mean(), abs=1e-5)


def test_names_lead_to_it():
    assert catalogue.problem("important").name == "important:2"
    assert [each.name for each in catalogue.problems(["textbook"])] == ["important:2"]
    assert list(catalogue.problem("important:2").space) == ["important", "unimportant"]
    assert list(catalogue.problem("important:3").space) == ["important", "unimportant_1", "unimportant_2"]


@pytest.mark.parametrize("given", ["", "1", "x", "1001", "²"])
def test_a_wrong_number_of_dimensions_is_refused(given):
    with pytest.raises(SettingError, match=rf"from 2 to 1000, got '{given}'. Such as important:2"):
        important(given)
