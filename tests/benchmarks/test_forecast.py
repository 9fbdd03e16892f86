from __future__ import annotations

import pytest

from rung.analysis.comparison.runs import Key
from rung.benchmarks._forecast import Forecast


@pytest.fixture
def forecast() -> Forecast:
    made = Forecast()
    made.add(Key("branin", "random", 0), 1.0)
    made.add(Key("branin", "random", 1), 3.0)
    made.add(Key("hartmann6", "gp", 0), 20.0)
    return made


@pytest.mark.parametrize(
    ("problem", "method", "seconds"),
    [
        ("branin", "random", 2.0),  # its own runs
        ("ackley", "random", 2.0),  # those of the method
        ("ackley", "gp", 20.0),
        ("branin", "tpe", 2.0),  # those on the problem
        ("hartmann6", "random", 20.0),  # of the two the longer: the problem may be slow,
        ("branin", "gp", 20.0),  # or the method
        ("ackley", "tpe", 8.0),  # all: (1 + 3 + 20) / 3
    ],
)
def test_what_comes_nearest_counts(forecast: Forecast, problem: str, method: str, seconds: float) -> None:
    assert forecast.expected(Key(problem, method, 9)) == seconds


def test_the_rest_is_shared_by_the_jobs(forecast: Forecast) -> None:
    left = [Key("branin", "random", 2), Key("hartmann6", "gp", 1)]
    assert forecast.left(left, jobs=2) == pytest.approx((2.0 + 20.0) / 2)
    assert forecast.left([], jobs=2) == 0


def test_nothing_is_known_at_first() -> None:
    assert Forecast().left([Key("branin", "random", 0)], jobs=1) is None
