from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cli_project import RUNG, make_study
from click.testing import CliRunner, Result

from rung.cli.main import main


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the study ``lenet`` of eight trials; not to be written to."""
    store = tmp_path_factory.mktemp("store") / "rung.db"
    make_study(store)
    return store


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
