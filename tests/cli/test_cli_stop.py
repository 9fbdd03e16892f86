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


def states(store: Path) -> tuple[str | None, list[TrialState]]:
    """Why the study ended, and the states of its trials."""
    opened = open_store(str(store), create=False)
    found = opened.tables.study("lenet").ended_why, [row.state for row in opened.tables.trials("lenet")]
    opened.close()
    return found


def test_the_running_trials_of_a_study_finish(invoke, tmp_path: Path) -> None:
    said = meanwhile(tmp_path / "rung.db", lambda: invoke("stop", "lenet").stdout, max_trials=3)
    assert said == ("Nothing more is started, and what runs comes to its end. Go on with it by: rung resume lenet\n")
    assert states(tmp_path / "rung.db") == ("stopped", [TrialState.COMPLETED])


def test_now_they_are_ended(invoke, tmp_path: Path) -> None:
    said = meanwhile(tmp_path / "rung.db", lambda: invoke("stop", "lenet", "--now").stdout, max_trials=3)
    assert said.startswith("Nothing more is started, and what runs is ended and waits. ")
    assert states(tmp_path / "rung.db") == ("stopped", [TrialState.WAITING])


def test_one_trial_is_stopped_for_good(invoke, tmp_path: Path) -> None:
    said = meanwhile(tmp_path / "rung.db", lambda: invoke("stop", "lenet#0").stdout, max_trials=2)
    assert said == "Trial 0 is stopped.\n"
    assert states(tmp_path / "rung.db") == ("done", [TrialState.STOPPED, TrialState.COMPLETED])


def test_a_study_that_nobody_runs(invoke, tmp_path: Path) -> None:
    make_study(tmp_path / "rung.db", trials=1)
    assert invoke("stop", "lenet", exit_code=1).stderr == (
        "rung: nobody is running 'lenet', so nothing of it runs.\nhint: `rung ls` says which run.\n"
    )


def test_now_is_for_studies(invoke, finished: Path) -> None:
    result = invoke("stop", "lenet#0", "--now", "--store", finished, exit_code=2)
    assert result.stderr == (
        "rung: --now is for a whole study.\nhint: `rung stop lenet#0` ends the trial at its next report.\n"
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("lennet",), "Did you mean 'lenet'?"),
        (("lenet#8",), "numbered from 0 to 7"),
        (("lennet#0",), "Did you mean 'lenet'?"),
    ],
)
def test_what_is_not_there(invoke, finished: Path, words: tuple[str, ...], message: str) -> None:
    assert message in invoke("stop", *words, "--store", finished, exit_code=1).stderr


def test_no_store(invoke) -> None:
    assert "There is no store at" in invoke("stop", "lenet", exit_code=1).stderr
    assert not Path("rung.db").exists()
