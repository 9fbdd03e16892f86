from __future__ import annotations

from pathlib import Path

import pytest
from cli_project import make_study
from running_study import meanwhile

from rung.store import open_store
from rung.types import TrialState


@pytest.fixture(autouse=True)
def looks_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rung.tuning.loop.INBOX_PERIOD_S", 0.0)


def states(store: Path) -> list[TrialState]:
    opened = open_store(str(store), create=False)
    found = [row.state for row in opened.tables.trials("lenet")]
    opened.close()
    return found


def test_the_running_trials_of_a_study_end_and_wait(invoke, invoke_json, tmp_path: Path) -> None:
    said = meanwhile(tmp_path / "rung.db", lambda: invoke("pause", "lenet").stdout, max_trials=3)
    assert said == (
        "Nothing more is started, and what runs is paused at its next checkpoint; "
        "without checkpoints it will begin anew. "
        "Go on with it by: rung resume lenet\n"
    )
    assert states(tmp_path / "rung.db") == [TrialState.WAITING]
    assert invoke_json("show", "lenet")["ended_why"] == "paused"


def test_one_trial_is_paused(invoke, tmp_path: Path) -> None:
    said = meanwhile(tmp_path / "rung.db", lambda: invoke("pause", "lenet#0").stdout, max_trials=2)
    assert said == "Trial 0 is paused at its next checkpoint; without checkpoints it will begin anew.\n"
    assert states(tmp_path / "rung.db") == [TrialState.PAUSED, TrialState.COMPLETED]


@pytest.mark.parametrize("what", ["lenet", "lenet#0"])
def test_where_nobody_runs_the_study(invoke, tmp_path: Path, what: str) -> None:
    make_study(tmp_path / "rung.db", trials=1)
    assert "rung: nobody is running 'lenet'" in invoke("pause", what, exit_code=1).stderr


def test_what_is_not_there(invoke, finished: Path) -> None:
    assert "no trial 8" in invoke("pause", "lenet#8", "--store", finished, exit_code=1).stderr
