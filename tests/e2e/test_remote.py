"""Workers and people in other processes, against a running tuner."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from killing import wait_until

from rung.commands import ChangeTrial, Enqueue, StopStudy, StopTrial
from rung.contracts import Store
from rung.errors import StoreNotFoundError, StudyNotFoundError
from rung.events import Changed, CommandHandled, Event, Observed, SessionStarted
from rung.rows import TrialRow
from rung.store import open_store
from rung.types import TrialState

HERE = Path(__file__).parent
CLIENT = """
import sys
from rung.commands import *
from rung.store import open_store
store = open_store(sys.argv[1], create=False)
print(store.post("remote", eval(sys.argv[2])))
store.close()
"""


class Stage:
    """The folder, the gates and the processes of one test."""

    def __init__(self, folder: Path) -> None:
        self.database = folder / "remote.db"
        self.gates = folder / "gates"
        self.mail = folder / "mail"
        self.gates.mkdir()
        self.mail.mkdir()
        self.processes: list[subprocess.Popen[str]] = []

    def launch(self, script: str, *arguments: object, **environment: str) -> subprocess.Popen[str]:
        command = [sys.executable, str(HERE / script), *map(str, arguments)]
        everything = {**os.environ, "GATES": str(self.gates), **environment}
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=everything, cwd=HERE)
        self.processes.append(process)
        return process

    def tuner(self, trials: int = 2, **environment: str) -> subprocess.Popen[str]:
        return self.launch("remote_driver.py", self.database, self.mail, trials, **environment)

    def worker(self) -> subprocess.Popen[str]:
        return self.launch("remote_worker.py", self.mail)

    def open_gate(self, name: object) -> None:
        (self.gates / str(name)).touch()

    def post(self, command: object) -> None:
        """Post from yet another process, as the command line or a dashboard does."""
        subprocess.run([sys.executable, "-c", CLIENT, str(self.database), repr(command)], check=True, timeout=60)

    def events(self) -> list[Event]:
        return self.read(lambda store: [event for _, event in store.read("remote")])

    def trials(self) -> list[TrialRow]:
        return self.read(lambda store: list(store.tables.trials("remote")))

    def has(self, kind: type, count: int = 1) -> bool:
        return sum(isinstance(event, kind) for event in self.events()) >= count

    def read(self, what: Callable[[Store], list[Any]]) -> list[Any]:
        """Nothing while the tuner has not come as far as to create the study."""
        try:
            store = open_store(str(self.database), create=False)
        except StoreNotFoundError:
            return []
        try:
            return what(store)
        except StudyNotFoundError:
            return []
        finally:
            store.close()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    stage = Stage(tmp_path)
    yield stage
    (stage.mail / "over").touch()
    for process in stage.processes:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def finish(process: subprocess.Popen[str]) -> None:
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert output.endswith("done\n")


def test_a_restarted_tuner_adopts_the_runs_that_went_on_without_it(stage: Stage) -> None:
    stage.worker()
    stage.worker()
    first = stage.tuner()
    stage.open_gate(1)
    wait_until(lambda: stage.has(Observed, 2), seconds=30)
    first.send_signal(signal.SIGKILL)
    first.wait()
    stage.open_gate(2)
    wait_until(lambda: len(list((stage.mail / "facts").glob("[0-9]*"))) >= 2)  # they went on alone
    stage.open_gate(3)
    finish(stage.tuner())
    trials = stage.trials()
    assert [trial.attempt for trial in trials] == [1, 1]
    assert {trial.state for trial in trials} <= {TrialState.COMPLETED, TrialState.STOPPED}
    assert stage.has(SessionStarted, 2)


def test_facts_that_arrive_twice_count_once(stage: Stage) -> None:
    stage.worker()
    first = stage.tuner(1, DIE_BEFORE_FORGETTING="1")
    stage.open_gate(1)
    first.wait(timeout=60)
    assert first.returncode == -signal.SIGKILL
    assert stage.has(Observed)
    assert list((stage.mail / "facts").glob("[0-9]*"))  # committed, and still in the mail
    stage.open_gate(2)
    stage.open_gate(3)
    finish(stage.tuner(1))
    steps = [event.step for event in stage.events() if isinstance(event, Observed)]
    assert steps == sorted(set(steps)) == [1, 2, 3]


def test_people_steer_from_other_processes(stage: Stage) -> None:
    stage.worker()
    stage.worker()
    tuner = stage.tuner(4)
    wait_until(lambda: len(stage.trials()) == 2, seconds=30)
    stage.post(Enqueue({"x": 1.25}))
    stage.post(StopTrial(0))
    stage.post(ChangeTrial(1, {"x": 1.5}))
    stage.post(StopTrial(99))
    stage.post(Enqueue({"x": 77.0}))
    wait_until(lambda: stage.has(CommandHandled, 3) and stage.has(Changed), seconds=30)
    refused = [event.refused for event in stage.events() if isinstance(event, CommandHandled) and event.refused]
    assert any("99" in why for why in refused)
    assert any("77" in why for why in refused)
    for epoch in (1, 2, 3):
        stage.open_gate(epoch)
    finish(tuner)
    trials = stage.trials()
    assert (trials[0].state, trials[0].reason) == (TrialState.STOPPED, "person")
    assert trials[1].config == {"x": 1.5}
    assert trials[2].config == {"x": 1.25}


def test_a_study_is_stopped_from_elsewhere_and_resumed(stage: Stage) -> None:
    stage.worker()
    tuner = stage.tuner(3)
    wait_until(lambda: len(stage.trials()) == 2, seconds=30)
    stage.post(StopStudy(how="now"))
    finish(tuner)
    assert {trial.state for trial in stage.trials()} == {TrialState.WAITING}
    for epoch in (1, 2, 3):
        stage.open_gate(epoch)
    finish(stage.tuner(3))
    assert all(trial.state.is_final for trial in stage.trials())
