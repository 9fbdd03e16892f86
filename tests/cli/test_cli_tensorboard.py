from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest
from cli_project import RUNG
from running_study import meanwhile

import rung

pytest.importorskip("tensorboard")
from rung.integrations.tensorboard._files import events_of
from rung.integrations.tensorboard._records import read_experiment


def test_a_study_is_written(invoke, finished: Path, tmp_path: Path) -> None:
    said = invoke("tensorboard", "lenet", "logs of lenet", "--store", finished).stdout
    assert said == "8 trials in logs of lenet. Show them by: tensorboard --logdir 'logs of lenet'\n"
    logdir = tmp_path / "logs of lenet"
    assert len(list(logdir.glob("trial-*"))) == 8
    found = read_experiment(events_of(logdir))
    assert found is not None
    assert list(found.columns) == ["lr", "opt", "seed"]
    before = {path: path.stat().st_size for path in logdir.rglob("events*")}
    assert invoke("tensorboard", "lenet", logdir, "-f", "--store", finished).stdout.startswith("8 trials in ")
    assert {path: path.stat().st_size for path in logdir.rglob("events*")} == before


def test_a_running_study_is_followed_to_its_end(tmp_path: Path) -> None:
    store, logdir = tmp_path / "rung.db", tmp_path / "logs"
    command = [*RUNG, "tensorboard", "lenet", str(logdir), "-f", "--store", str(store)]

    def watch_begun() -> subprocess.Popen[str]:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        while not reports_of(logdir):
            assert process.poll() is None, process.communicate()[0]
            time.sleep(0.02)
        return process

    with meanwhile(store, watch_begun) as process:
        output, _ = process.communicate(timeout=60)
    assert output.startswith("1 trial in ")
    (trial,) = rung.open_study("lenet", store).trials
    assert sorted(set(reports_of(logdir))) == list(range(1, trial.last_step + 1))


def reports_of(logdir: Path) -> list[int]:
    """The steps of the first trial's reports that stand there."""
    return [event.step for event in events_of(logdir / "trial-00000") if event.summary.value[:1] and event.step]


def test_bad_input(invoke, finished: Path, tmp_path: Path) -> None:
    assert "Did you mean 'lenet'?" in invoke("tensorboard", "lennet", "logs", "--store", finished, exit_code=1).stderr
    assert not (tmp_path / "logs").exists()
    (tmp_path / "file").touch()
    assert "is a file" in invoke("tensorboard", "lenet", "file", "--store", finished, exit_code=2).stderr
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "events.out.tfevents.1.other").touch()
    refused = invoke("tensorboard", "lenet", "taken", "--store", finished, exit_code=1).stderr
    assert "hint: Give each study a folder of its own" in refused


def test_a_folder_that_cannot_be_written(invoke, finished: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    refused = invoke("tensorboard", "lenet", "file/logs", "--store", finished, exit_code=1)
    assert "rung: file/logs can't be written: " in refused.stderr
    assert refused.stdout == ""
