from __future__ import annotations

import pickle
import sys
from pathlib import Path

import msgspec
import pytest

from rung.analysis.comparison.runs import Budget, Run
from rung.benchmarks._worker import Worker
from rung.benchmarks.one_run import Assignment

ASSIGNMENT = Assignment("branin", "random", 0, Budget("evaluations", 2), n_initial=1)


def test_it_makes_the_run_and_returns_what_it_took(tmp_path: Path) -> None:
    into = tmp_path / "run.json"
    cost = Worker(())(msgspec.to_builtins(ASSIGNMENT), str(into))
    run = msgspec.json.decode(into.read_bytes(), type=Run)
    assert (run.key, run.failed, run.cpu_s) == (ASSIGNMENT.key, "", cost)


def test_it_imports_where_it_arrives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "needed_by_a_run.py").touch()
    (tmp_path / "broken_at_import.py").write_text("1 / 0\n")
    packed = pickle.dumps(Worker(["needed_by_a_run", "broken_at_import"]))
    monkeypatch.syspath_prepend(str(tmp_path))
    assert "needed_by_a_run" not in sys.modules
    pickle.loads(packed)
    assert "needed_by_a_run" in sys.modules
    monkeypatch.delitem(sys.modules, "needed_by_a_run")
