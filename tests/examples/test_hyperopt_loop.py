"""The loop of hyperopt's tutorials runs with its import changed."""

from __future__ import annotations

import ast
import runpy
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "examples" / "hyperopt" / "loop.py"


def test_the_values_decoded_by_hand_are_those_of_space_eval(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(SCRIPT), run_name="__main__")
    best, values, model = capsys.readouterr().out.splitlines()[-3:]
    indices = ast.literal_eval(best.removeprefix("best: ").partition(" learning rate: ")[0])
    rate = float(best.rpartition(" ")[2])
    found = ast.literal_eval(values.removeprefix("best values: "))
    assert found["lr"] == rate == [0.1, 0.01, 0.001][indices["lr"]]
    assert found["batch_size"] == [16, 32][indices["batch_size"]]
    assert found["units"] == indices["units"] == int(model.removeprefix("best model: ").partition(" units")[0])
    assert list(tmp_path.iterdir()) == []


def test_hyperopt_itself_understands_the_script(monkeypatch, capsys):
    hyperopt = pytest.importorskip("hyperopt")
    import rung.integrations.hyperopt as ours

    for name in ("STATUS_FAIL", "STATUS_OK", "Trials", "fmin", "hp", "space_eval", "tpe"):
        monkeypatch.setattr(ours, name, getattr(hyperopt, name))
    runpy.run_path(str(SCRIPT), run_name="__main__")
    assert "best values: {'batch_size'" in capsys.readouterr().out
