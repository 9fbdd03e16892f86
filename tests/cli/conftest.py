from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import rung
from rung.cli.main import main
from rung.schedulers.asha import ASHA
from rung.searchers.random import RandomSearcher
from rung.tuner import Tuner

SPACE = {"lr": rung.loguniform(1e-3, 1.0), "opt": ["adam", "sgd"], "seed": 5}


def trained(lr: float, opt: str, seed: int, max_epochs: int = 9) -> Iterator[dict[str, float]]:
    """Reports an error that falls to lr; fails where lr is high."""
    assert seed == 5
    if lr > 0.2:
        raise RuntimeError("diverged")
    for epoch in range(1, max_epochs + 1):
        yield {"error": lr + 1 / epoch, "accuracy": 1 - lr}


def make_study(store: Path, name: str = "lenet", trials: int = 8) -> None:
    scheduler = ASHA(RandomSearcher(SPACE), max_t=9)
    with Tuner(
        trained, scheduler, store=store, study=name, seed=3, limits=rung.Limits(failures_in_a_row=None)
    ) as tuner:
        tuner.run(max_trials=trials)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the study ``lenet`` of eight trials; not to be written to."""
    store = tmp_path_factory.mktemp("store") / "rung.db"
    make_study(store)
    return store


RUNG = (sys.executable, "-c", "from rung.cli.main import main; main()")
Invoke = Callable[..., Result]


@pytest.fixture
def invoke(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    """Runs ``rung`` with these words in an empty working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RUNG_STORE", raising=False)

    def call(*words: object, exit_code: int = 0) -> Result:
        result = CliRunner().invoke(main, [str(word) for word in words])
        assert result.exit_code == exit_code, result.output
        return result

    return call


@pytest.fixture
def execute(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs ``rung`` with these words in a process of its own, in the same directory."""

    def call(*words: object, exit_code: int = 0, folder: Path = tmp_path) -> subprocess.CompletedProcess[str]:
        command = [*RUNG, *map(str, words)]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == exit_code, done.stdout + done.stderr
        return done

    return call


@pytest.fixture
def invoke_json(invoke: Invoke) -> Callable[..., Any]:
    """The same with ``--json`` behind; gives what was printed."""

    def call(*words: object, exit_code: int = 0) -> Any:
        return json.loads(invoke(*words, "--json", exit_code=exit_code).stdout, parse_constant=pytest.fail)

    return call
