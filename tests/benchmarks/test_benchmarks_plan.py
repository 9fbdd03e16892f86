from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from rung.analysis.comparison.runs import Budget, Key, Run
from rung.benchmarks import plan as planning
from rung.benchmarks.one_run import execute
from rung.benchmarks.plan import Plan, plan_benchmark
from rung.benchmarks.problems.table_files import save_table
from rung.benchmarks.results import Results
from rung.errors import MissingExtraError, SettingError
from rung.space import Ordinal, Space
from rung.types import Goal

FOLDER = Path("results")


def made(**changes: object) -> Plan:
    settings = {"methods": ["random", "sobol"], "problems": ["branin", "mixed"], "seeds": 2, "budget": 4, **changes}
    return plan_benchmark(**settings)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def run() -> Run:
    return execute(made().assignments[0])


def test_a_beginning_of_the_plan_is_balanced() -> None:
    plan = made()
    assert [each.key for each in plan.assignments] == [
        Key(problem, method, seed)
        for seed in (0, 1)
        for problem in ("branin", "mixed")
        for method in ("random", "sobol")
    ]
    assert {each.budget for each in plan.assignments} == {Budget("evaluations", 4)}
    assert {each.n_initial for each in plan.assignments} == {3}


def test_budgets_follow_the_problem() -> None:
    plan = made(problems=["branin", "curves:branin"], budget="trainings:4", workers=2)
    assert {each.problem: each.budget for each in plan.assignments} == {
        "branin": Budget("steps", 4, 2),
        "curves:branin": Budget("steps", 108, 2),
    }


def test_names_count_once_and_sets_stand_for_their_members() -> None:
    plan = made(methods=["random", " random"], problems=["mixed", "classical"], seeds="3-3")
    assert [each.name for each in plan.methods] == ["random"]
    assert [each.name for each in plan.problems][:2] == ["mixed", "branin"]
    assert len(plan.assignments) == 6


def test_finished_runs_are_left_out(run: Run) -> None:
    plan = made()
    failed = msgspec.structs.replace(run, seed=1, failed="It crashed.")
    results = Results((run, failed))
    assert [each.key for each in plan.assignments if each not in plan.left(results)] == [run.key, failed.key]
    assert failed.key in {each.key for each in plan.left(results, retry_failed=True)}
    assert run.key not in {each.key for each in plan.left(results, retry_failed=True)}


def test_results_of_the_same_task_are_welcome(run: Run) -> None:
    made().refuse_others(Results((run,)), FOLDER)
    made(problems=["mixed"], budget=99).refuse_others(Results((run,)), FOLDER)


def wider(space: object) -> object:
    form = msgspec.json.decode(msgspec.json.encode(space))
    form["dimensions"][0]["high"] = 100
    return form


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        ({"budget": Budget("evaluations", 30)}, "their budget was evaluations:30, and evaluations:4 is asked for"),
        ({"budget": Budget("evaluations", 4, 2)}, "evaluations:4 with 2 workers, and evaluations:4 is asked for"),
        ({"budget": Budget("simulated_s", 60)}, "their budget was simulated:1min, and"),
        ({"goal": Goal("value", "max")}, "their goal was value (max), and now it is value (min)"),
        ({"notes": {"initial": 1}}, "they began with 1 given configurations, and 3 are asked for"),
        ({"best_known": 0.0}, "the best known value was 0.0, and now it is 0.397887"),
        ({"median": None}, "the median was None, and now it is"),
        ({"space": {}}, "in their space 'x1' was not there, and now it is"),
        ({"space": "wider"}, re.escape("in their space 'x1' was") + r'.*"high":100.*, and now it is.*"high":10'),
    ],
)
def test_results_of_another_task_are_refused(run: Run, changes: dict[str, object], difference: str) -> None:
    if changes.get("space") == "wider":
        changes = {"space": wider(run.space)}
    else:
        difference = re.escape(difference)
    other = msgspec.structs.replace(run, **changes)
    with pytest.raises(
        SettingError, match=f"results has runs on branin that differ from those asked for: .*{difference}"
    ):
        made().refuse_others(Results((other,)), FOLDER)


def test_a_small_space_may_have_fewer_initial_configurations(tmp_path: Path) -> None:
    space, configs = Space({"x": Ordinal([1, 2])}), [{"x": 1}, {"x": 2}]
    path = tmp_path / "small.npz"
    values = [[0.2], [0.1]]
    save_table(path, space=space, goal=Goal("error"), configs=configs, values=values, costs=values)
    plan = made(problems=[f"table:{path}"], budget=2)
    run = execute(plan.assignments[0])
    assert run.notes["initial"] == 2
    plan.refuse_others(Results((run,)), FOLDER)
    with pytest.raises(SettingError, match="they began with 2 given configurations, and 1 are asked for"):
        made(problems=[f"table:{path}"], budget=2, n_initial=1).refuse_others(Results((run,)), FOLDER)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"methods": ["rendom"]}, "There is no method named 'rendom'. Did you mean 'random'?"),
        ({"problems": ["brainin"]}, "There is no problem 'brainin'. Did you mean 'branin'?"),
        ({"methods": []}, "No method was named. `rung bench list` says what there is."),
        ({"problems": []}, "No problem was named."),
        ({"n_initial": -1}, "n_initial must be a whole number, at least 0, not -1."),
        ({"seeds": "x"}, "seeds='x' can't be read."),
        ({"budget": "x"}, "The budget 'x' has no whole number"),
    ],
)
def test_plans_that_make_no_sense(changes: dict[str, object], sentence: str) -> None:
    with pytest.raises(SettingError, match=re.escape(sentence)):
        made(**changes)


class TestWithoutAPackage:
    """One method's package is not installed."""

    @pytest.fixture(autouse=True)
    def absent(self, monkeypatch: pytest.MonkeyPatch) -> None:
        real = planning.method

        def method(name: str) -> object:
            if name == "optuna:tpe":
                raise MissingExtraError(name, "optuna")
            return real(name)

        monkeypatch.setattr(planning, "method", method)

    def test_it_is_skipped(self) -> None:
        plan = made(methods=["optuna:tpe", "random"])
        assert [each.name for each in plan.methods] == ["random"]
        assert plan.skipped == (("optuna:tpe", "optuna:tpe needs an optional package.", "pip install 'rung[optuna]'"),)
        assert {each.method for each in plan.assignments} == {"random"}

    def test_nothing_is_left_without_it(self) -> None:
        with pytest.raises(MissingExtraError, match=re.escape("optuna:tpe needs an optional package.")):
            made(methods=["optuna:tpe"])
