from __future__ import annotations

import re

import pytest

from rung.analysis.comparison.runs import Budget
from rung.benchmarks.budgets import budget_text, read_budget
from rung.benchmarks.problems.catalogue import problem
from rung.errors import SettingError


@pytest.mark.parametrize(
    ("text", "budget"),
    [
        (50, Budget("evaluations", 50)),
        ("50", Budget("evaluations", 50)),
        (" evaluations: 50 ", Budget("evaluations", 50)),
        ("steps:2000", Budget("steps", 2000)),
        ("trainings:20", Budget("steps", 20 * 27)),
        ("simulated:2h", Budget("simulated_s", 7200)),
        ("wall:1.5min", Budget("wall_s", 90)),
        ("wall:30", Budget("wall_s", 30)),
    ],
)
def test_budgets_are_read(text: str | int, budget: Budget) -> None:
    assert read_budget(text).on(problem("curves:branin")) == budget


def test_a_training_is_as_long_as_the_problems() -> None:
    allowance = read_budget("trainings:20", workers=4)
    assert allowance.on(problem("branin")) == Budget("steps", 20, workers=4)


@pytest.mark.parametrize("text", ["evaluations:50", "steps:540", "simulated:2h", "wall:1min30s"])
def test_a_budget_is_told_as_it_is_written(text: str) -> None:
    branin = problem("branin")
    assert budget_text(read_budget(text).on(branin)) == text
    assert budget_text(read_budget(text, workers=3).on(branin)) == f"{text} with 3 workers"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("step:20", "is counted in 'step', which is not known. Did you mean steps?"),
        ("parsecs:20", "is counted in 'parsecs', which is not known. Write 50"),
        ("evaluations:0", "has no whole number of evaluations."),
        ("-5", "has no whole number of evaluations."),
        ("steps:1.5", "has no whole number of steps."),
        ("steps:", "has no whole number of steps."),
        ("", "has no whole number of evaluations."),
        ("simulated:soon", "budget simulated='soon' is not a duration. Write 90"),
        ("wall:0", "budget wall='0' is not a duration."),
    ],
)
def test_budgets_that_mean_nothing(text: str, sentence: str) -> None:
    with pytest.raises(SettingError, match=re.escape(sentence)):
        read_budget(text)


def test_there_is_a_worker() -> None:
    with pytest.raises(SettingError, match="workers must be a whole number, at least 1, not 0"):
        read_budget("50", workers=0)
