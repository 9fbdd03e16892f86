"""What can be known to fail before anything runs uses up no trial."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import rung
from rung.errors import ObjectiveError, SettingError

SPACE = {"learning_rate": rung.uniform(0.0, 1.0)}
BROKEN = """
import os
import rung

if os.environ.get("TRIAL") == "fails":
    raise RuntimeError("no GPU here")


def train(learning_rate):
    return learning_rate
"""
STARTER = """
import os
import module
import rung

os.environ["TRIAL"] = TRIAL
space = {"learning_rate": rung.uniform(0.0, 1.0)}
rung.tune(module.train, space, max_trials=4, workers=2, store="k.db", study="s", progress="off", seed=1)
"""


def test_names_that_do_not_fit_are_told_before_a_trial_begins(tmp_path: Path) -> None:
    with pytest.raises(ObjectiveError, match="lambda takes lr, but the configuration also has"):
        rung.tune(lambda lr: lr, SPACE, max_trials=2, store=tmp_path / "k.db", study="s", progress="off")
    assert rung.tune(
        lambda learning_rate: learning_rate, SPACE, max_trials=2, store=tmp_path / "k.db", study="s", progress="off"
    ).incumbent


def test_a_study_has_no_mark_in_its_name() -> None:
    with pytest.raises(SettingError, match="'run#7' can't be the name of a study"):
        rung.tune(lambda learning_rate: 0.0, SPACE, max_trials=1, store="memory", study="run#7", progress="off")


def test_an_objective_that_cannot_be_imported_by_trials_uses_up_none(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text(BROKEN)

    def start(trial: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "starter.py").write_text(STARTER.replace("TRIAL\n", f"{trial!r}\n"))
        words = [sys.executable, "starter.py"]
        return subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)

    failed = start("fails")
    assert failed.returncode == 1
    assert "the objective can't be loaded in the processes of the trials: " in failed.stderr
    assert "RuntimeError: no GPU here" in failed.stderr
    with_store = rung.open_study("s", tmp_path / "k.db")
    assert {row.state.value for row in with_store.trials} == {"waiting"}
    assert with_store.row.ended_why == "objective"
    assert start("works").returncode == 0
    assert [row.state.value for row in with_store.trials] == ["completed"] * 4
