from __future__ import annotations

from pathlib import Path

import pytest

from rung.cli import _session
from rung.errors import ObjectiveError
from rung.rows import StudyRow
from rung.tuning.starter import Limits
from rung.types import Goal, TrialState


def test_limits_come_back_from_their_settings() -> None:
    assert _session.stored_limits({}) == Limits()
    stored = {"limits": {"trial_seconds": 5.0, "failures_in_a_row": None, "of_a_newer_rung": 1}}
    assert _session.stored_limits(stored) == Limits(trial_seconds=5.0, failures_in_a_row=None)


@pytest.mark.parametrize(
    ("counts", "answer"),
    [
        ({}, True),
        ({TrialState.FAILED: 2}, False),
        ({TrialState.FAILED: 2, TrialState.COMPLETED: 1}, True),
        ({TrialState.FAILED: 2, TrialState.WAITING: 1}, True),
        ({TrialState.COMPLETED: 1}, True),
    ],
)
def test_success(counts: dict[TrialState, int], answer: bool) -> None:
    row = StudyRow(
        name="s", goal=Goal("e"), seed=0, space={}, searcher={}, scheduler={}, objective=None, created_unix=0.0
    )
    row.counts = counts
    assert _session._has_succeeded(row) is answer


def test_a_program_is_looked_for_before_anything_runs() -> None:
    with pytest.raises(ObjectiveError, match="there is no program 'no-such-program'"):
        _session.load_objective(["no-such-program", "x"])
    assert _session.load_objective(["sh", "-c", "true"]).argv == ("sh", "-c", "true")


def test_the_working_directory_comes_before_the_folder_of_the_study(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.path", ["/somewhere"])
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "looked_for.py").write_text(f"def f(x): return {name!r}\n")
    monkeypatch.chdir(tmp_path / "here")
    objective = _session.load_objective("looked_for:f", str(tmp_path / "there"))
    assert objective.target is not None
    assert objective.target(x=1) == "here"
