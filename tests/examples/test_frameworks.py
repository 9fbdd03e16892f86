"""The studies with frameworks run, and pause their trials."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from rung.types import TrialState

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.filterwarnings("ignore:.*LeafSpec.* is deprecated:FutureWarning")  # in Lightning's own code
def test_lightning(capsys: pytest.CaptureFixture[str]) -> None:
    for package in ("lightning", "sklearn"):
        pytest.importorskip(package)
    main = runpy.run_path(str(EXAMPLES / "lightning" / "train.py"))["main"]
    study = main(["--trials", "4", "--epochs", "3"])
    states = [trial.state for trial in study.trials]
    assert {TrialState.PAUSED, TrialState.COMPLETED} <= set(states)
    assert study.incumbent_error < 0.5
    assert capsys.readouterr().out.splitlines()[-1].startswith("best: ")


def test_transformers(capsys: pytest.CaptureFixture[str]) -> None:
    for package in ("transformers", "accelerate"):
        pytest.importorskip(package)
    main = runpy.run_path(str(EXAMPLES / "transformers" / "train.py"))["main"]
    study = main(["--trials", "4", "--epochs", "3", "--texts", "256"])
    assert {TrialState.PAUSED, TrialState.COMPLETED} <= {trial.state for trial in study.trials}
    assert study.incumbent_error < 2.5  # guessing gives log(32) = 3.47
    assert capsys.readouterr().out.splitlines()[-1].startswith("best: ")
