from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

import pytest

from rung.benchmarks._imports import modules_of
from rung.benchmarks.plan import plan_benchmark

_IMPORTED_BY_A_RUN = """
import importlib, sys
for name in {modules!r}:
    importlib.import_module(name)
from rung.analysis.comparison.runs import Budget
from rung.benchmarks.one_run import Assignment, execute
before = set(sys.modules)
execute(Assignment({problem!r}, {method!r}, 0, Budget("evaluations", 2), n_initial=1))
print(*sorted(name.partition(".")[0] for name in set(sys.modules) - before))
"""


def test_a_run_finds_heavy_packages_imported() -> None:
    plan = plan_benchmark(["sobol"], ["branin"], seeds=1, budget=2)
    code = _IMPORTED_BY_A_RUN.format(modules=modules_of(plan.methods, plan.problems), problem="branin", method="sobol")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "scipy" not in done.stdout.split()


def test_problems_made_of_others_need_what_those_need() -> None:
    pytest.importorskip("sklearn")
    plan = plan_benchmark(["random"], ["noisy:svm"], seeds=1, budget=2)
    needed = "rung.benchmarks.problems._cross_validation"
    assert needed in modules_of(plan.methods, plan.problems)
    assert find_spec(needed) is not None
