"""The example of a comparison runs, and what it has run is there for more seeds and for the command line."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import rung

pytest.importorskip("sklearn")
FOLDER = Path(__file__).parents[2] / "examples" / "compare"


@pytest.fixture
def better(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(FOLDER))
    yield importlib.import_module("better")
    del sys.modules["better"]


def test_more_seeds_add_what_is_missing(better: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    small = ["--trials", "3", "--seeds"]
    first = better.main([*small, "1"])
    assert "One run of each says little" in str(first)
    capsys.readouterr()
    second = better.main([*small, "2"])
    assert "Already there: 3 of 6 runs." in capsys.readouterr().out
    assert {row["runs"] for row in second.table()} == {2}
    assert rung.compare("digits~*", store="better.db").table()[0]["mean"] == second.table()[0]["mean"]
    assert "Digits: which way to search?" in Path("better.html").read_text()


def test_a_training_depends_on_its_hyperparameters_alone(better: ModuleType) -> None:
    curves = [list(better.train(0.01, 1e-4)) for _ in range(2)]
    assert curves[0] == curves[1]
    assert len(curves[0]) == better.EPOCHS
