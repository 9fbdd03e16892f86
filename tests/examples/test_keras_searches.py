"""Searches of a Keras network by scikeras: they run, and a grid is the one of scikit-learn."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "examples" / "keras" / "searches.py"
DRIVER = """
import runpy
import sys
from sklearn.model_selection import GridSearchCV

sys.argv = [sys.argv[1], "--quick"]
example = runpy.run_path(sys.argv[0], run_name="__main__")
cells, kinds = example["make_classification"](120, 8, n_informative=5, random_state=example["SEED"])
for title in ("optimizer", "dropout"):
    estimator, grid = example["grids"](1)[title]
    example["show"](f"theirs: {title}", GridSearchCV(estimator, grid, cv=3), cells, kinds)
"""


def test_they_run_and_a_grid_is_the_one_of_scikit_learn(tmp_path: Path) -> None:
    for package in ("keras", "scikeras", "sklearn"):
        if importlib.util.find_spec(package) is None:  # importing Keras here would choose its backend for all tests
            pytest.skip(f"{package} is not installed")
    ours = {"KERAS_BACKEND": "torch", "KERAS_HOME": str(tmp_path), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, SCRIPT], env=os.environ | ours, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    blocks = blocks_of(done.stdout.splitlines())
    assert len(blocks) == 7 + 2 + 2
    assert all(best.startswith("Best: 0.") for best, *_ in blocks.values())
    assert [len(blocks[title]) - 1 for title in ("Random search", "A searcher that learns")] == [4, 4]
    for title in ("optimizer", "dropout"):
        assert blocks[f"Grid: {title}"] == blocks[f"theirs: {title}"]


def blocks_of(lines: list[str]) -> dict[str, list[str]]:
    """The lines below each title: the best, then the candidates."""
    blocks: dict[str, list[str]] = {}
    below: list[str] = []
    for line in lines:
        if line.startswith("Best: ") or " with: " in line:
            below.append(line)
        else:
            below = blocks[line] = []
    return blocks
