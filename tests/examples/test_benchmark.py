"""The example of a searcher in a benchmark runs, and its searcher keeps what searchers promise."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from rung.benchmarks.results import read

FOLDER = Path(__file__).parents[2] / "examples" / "benchmark"


def test_it_compares_the_searcher_with_random_search(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib")
    monkeypatch.syspath_prepend(str(FOLDER))
    names = runpy.run_path(str(FOLDER / "own_searcher.py"))
    names["main"](["--seeds", "2", "--budget", "8", "--problems", "branin", "--out", str(tmp_path)])
    runs = read(tmp_path / "runs.jsonl").runs
    assert {run.method for run in runs} == {"random", "own_searcher:Walk"}
    assert not any(run.failed for run in runs)
    assert {run.points[-1].n_evaluations for run in runs} == {8}
    said = capsys.readouterr().out
    assert "did best on branin" in said
    assert (tmp_path / "report.html").stat().st_size > 10_000
