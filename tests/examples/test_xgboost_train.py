"""The study of boosted trees: halving saves rounds, and what it finds is better than XGBoost's own parameters."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "examples" / "xgboost" / "train.py"


def test_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("xgboost")
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(SCRIPT), run_name="__main__")
    first, best, test = capsys.readouterr().out.splitlines()
    assert first == "27 configurations in 243 rounds; each of them in full: 2187"
    found = re.fullmatch(r"best: (0\.\d{4}) with \{'eta': .*, 'lambda': .*\}", best)
    assert found is not None
    assert float(found[1]) < 0.108  # what XGBoost's own parameters come to at their best
    assert float(test.removeprefix("test error: ")) < 0.1
