from made_up_runs import run_of

from rung.analysis.comparison.runs import AXES, Key, Point


def test_a_point_says_what_was_spent_along_each_axis():
    point = Point(3, 27, 30.0, 1.5, 6.0, 0.5)
    assert [point.spent(axis) for axis in AXES] == [3, 27, 30.0, 6.0]


def test_problem_method_and_seed_name_a_run():
    run = run_of([0.5], method="tpe", seed=7)
    assert run.key == Key("branin", "tpe", 7)
    assert str(run.key) == "tpe on branin with seed 7"
