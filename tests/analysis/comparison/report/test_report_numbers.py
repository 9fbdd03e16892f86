import math

import pytest

from rung.analysis.comparison.bootstrap import Interval
from rung.analysis.comparison.report import numbers
from rung.analysis.comparison.runs import Budget


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (None, "–"),
        (math.nan, "–"),
        (0.0, "0"),
        (0.1, "0.100"),
        (0.99996, "1.00"),
        (-0.0123, "−0.0123"),
        (12.345, "12.3"),
        (1234.5, "1,234"),
        (-3.21e-7, "−3.21e−7"),
        (2.5e9, "2.50e9"),
    ],
)
def test_a_value_has_three_significant_digits(number, shown):
    assert numbers.value(number) == shown


def test_a_value_has_more_digits_where_it_takes_them():
    assert numbers.value(0.9231, beside=[0.9278]) == "0.9231"
    assert numbers.value(123.41, beside=[123.43]) == "123.410"


def test_an_interval_has_one_number_of_decimals():
    assert numbers.interval(Interval(0.1234, 0.0812, 0.17)) == "0.123 [0.081, 0.170]"
    assert numbers.interval(Interval(-0.0014, -0.0119, 0.0084)) == "−0.0014 [−0.0119, 0.0084]"
    assert numbers.interval(Interval(2e-6, 0.0, 4e-6)) == "2.00e−6 [0, 4.00e−6]"
    assert numbers.interval(None) == "–"


def test_a_column_has_one_number_of_decimals():
    wide, narrow = Interval(0.186, 0.17, 0.203), Interval(0.0311, 0.027, 0.0352)
    assert numbers.intervals([wide, None, narrow]) == ("0.1860 [0.1700, 0.2030]", "–", "0.0311 [0.0270, 0.0352]")
    assert numbers.values([0.5, 0.25, None]) == ("0.500", "0.250", "–")
    assert numbers.values([1e-5, 0.5]) == ("1.00e−5", "0.500")
    assert numbers.values([None]) == ("–",)


def test_a_very_narrow_interval_does_not_blow_up_its_column():
    column = [Interval(0.4, 0.3, 0.5), Interval(0.1, 0.0999999, 0.1000001)]
    assert numbers.intervals(column)[0] == "0.40000 [0.30000, 0.50000]"


@pytest.mark.parametrize(("p", "shown"), [(0.0004, "< 0.001"), (0.0126, "0.013"), (1.0, "1.000")])
def test_p_values(p, shown):
    assert numbers.p_value(p) == shown


@pytest.mark.parametrize(
    ("share", "shown"), [(None, "–"), (0, "0 %"), (0.0001, "< 0.1 %"), (0.054, "5.4 %"), (0.0999, "10 %"), (1, "100 %")]
)
def test_shares(share, shown):
    assert numbers.percent(share) == shown


@pytest.mark.parametrize(
    ("duration", "shown"),
    [
        (None, "–"),
        (0, "0 s"),
        (1e-9, "< 0.001 ms"),
        (0.00099999, "1.00 ms"),
        (0.0123, "12.3 ms"),
        (0.9999, "1.00 s"),
        (59.94, "59.9 s"),
        (310, "5 min 10 s"),
        (3599.7, "1 h 0 min"),
        (2 * 3600 + 20 * 60, "2 h 20 min"),
        (10 * 86400 + 3600, "10 days 1 h"),
    ],
)
def test_durations(duration, shown):
    assert numbers.seconds(duration) == shown


def test_places_on_an_axis_and_budgets():
    assert numbers.spent(None, "steps") == "–"
    assert numbers.spent(1200, "steps") == "1,200"
    assert numbers.spent(12.34, "evaluations") == "12.3"
    assert numbers.spent(90, "simulated_s") == "90.0 s"
    assert numbers.budget(Budget("evaluations", 50)) == "50 evaluations"
    assert numbers.budget(Budget("evaluations", 1, workers=4)) == "1 evaluation, 4 workers"
    assert numbers.budget(Budget("simulated_s", 7200)) == "2 h 0 min simulated"


def test_words():
    assert numbers.counted(1, "seed") == "1 seed"
    assert numbers.counted(2000, "seed") == "2,000 seeds"
    assert numbers.counted(2, "study", "studies") == "2 studies"
    assert numbers.listed([]) == ""
    assert numbers.listed(["a"]) == "a"
    assert numbers.listed(["a", "b", "c"], last="or") == "a, b or c"
    assert numbers.ranges([7, 0, 1, 2, 2, 9, 10]) == "0–2, 7, 9, 10"
