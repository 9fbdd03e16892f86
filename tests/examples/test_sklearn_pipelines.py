"""The search of pipelines, beside scikit-learn's."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest

SCRIPT = Path(__file__).parents[2] / "examples" / "sklearn" / "pipelines.py"


def test_it_runs_and_random_search_is_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(SCRIPT), run_name="__main__")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3 * 9
    theirs, ours = ([line.partition(" with: ")[0] for line in lines[first : first + 9]] for first in (0, 9))
    assert theirs[1:] == ours[1:]
    assert np.isfinite([float(line.split()[0]) for line in lines[19:]]).all()
