from __future__ import annotations

import importlib.metadata
import json

import msgspec
import pytest

from rung.analysis.comparison.runs import Budget
from rung.benchmarks.one_run import Assignment, execute, full_trainings, initial_points, seed_of
from rung.benchmarks.problems.catalogue import problem
from rung.errors import SettingError
from rung.space import Space

BUDGET = Budget("evaluations", 6)


def test_a_run_says_what_is_needed_to_make_it_again() -> None:
    on = problem("branin")
    run = execute(Assignment("branin", "asha+random", 3, BUDGET, n_initial=2, command="rung bench run"))
    assert (run.problem, run.method, run.seed, run.budget) == ("branin", "asha+random", 3, BUDGET)
    assert (run.best_known, run.median, run.caveat, run.failed) == (on.best, on.median, "", "")
    assert Space.from_json(run.space) == on.space
    assert run.versions["rung"] == importlib.metadata.version("rung")
    assert run.versions["numpy"] == importlib.metadata.version("numpy")
    assert run.notes["initial"] == 2
    assert run.notes["command"] == "rung bench run"
    assert run.notes["machine"]
    assert "traceback" not in run.notes
    assert run.cpu_s > 0
    assert run.points[-1].n_evaluations == 6
    assert json.loads(msgspec.json.encode(run))["points"][-1][0] == 6


def test_all_methods_begin_with_the_same_configurations(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = {
        method: execute(Assignment("curves:branin", method, 1, Budget("evaluations", 3), n_initial=3))
        for method in ("random", "sobol", "asha(max_t=1)+random")
    }
    ends = {method: run.points[-1].best for method, run in runs.items() if method != "asha(max_t=1)+random"}
    assert ends["random"] == ends["sobol"]
    more = {
        method: execute(Assignment("curves:branin", method, 1, Budget("evaluations", 9), n_initial=3)).points
        for method in ("random", "sobol")
    }
    assert more["random"] != more["sobol"]


def test_initial_points_follow_from_problem_and_seed() -> None:
    branin, ackley = problem("branin"), problem("ackley:2")
    assert initial_points(branin, 0, 4) == initial_points(branin, 0, 4)
    assert initial_points(branin, 0, 2) == initial_points(branin, 0, 4)[:2]
    assert initial_points(branin, 0, 4) != initial_points(branin, 1, 4)
    assert len({seed_of(on.name, seed) for on in (branin, ackley) for seed in range(50)}) == 100
    assert all(0 <= seed_of("branin", seed) < 2**31 for seed in range(100))


def test_a_small_space_has_no_more_points_than_it_has() -> None:
    class Coin:
        name = "coin"
        space = Space({"side": ["head", "tail"]})

    found = initial_points(Coin(), 0, 5)  # type: ignore[arg-type]
    assert sorted(config["side"] for config in found) == ["head", "tail"]


def test_a_failure_is_told_in_a_line_with_its_traceback_beside_it() -> None:
    run = execute(Assignment("branin", "sobol(points_to_evaluate=3)", 0, BUDGET, n_initial=0))
    assert run.failed
    assert "\n" not in run.failed
    assert "Traceback" in run.notes["traceback"]
    assert run.points == ()


def test_names_that_nobody_knows() -> None:
    with pytest.raises(SettingError, match="Did you mean 'branin'"):
        execute(Assignment("brannin", "random", 0, BUDGET, n_initial=0))
    with pytest.raises(SettingError, match="Did you mean 'random'"):
        execute(Assignment("branin", "rendom", 0, BUDGET, n_initial=0))


@pytest.mark.parametrize(
    ("budget", "count"),
    [
        (Budget("evaluations", 50), 50),
        (Budget("steps", 540), 20),
        (Budget("steps", 10), 1),
        (Budget("simulated_s", 3600.0), None),
        (Budget("wall_s", 60.0), None),
    ],
)
def test_a_method_knows_how_many_full_trainings_it_has(budget: Budget, count: int | None) -> None:
    assert full_trainings(budget, 27) == count
