"""A study that waits for a person, in a shell of its own, steered from another one."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

RUNG = (sys.executable, "-c", "from rung.cli.main import main; main()")
SCRIPT = "import rung\nrung.report(error=rung.config(lr=1.0, opt='sgd')['lr'])\n"
FUNCTION = "def plain(lr, opt):\n    return lr\n"
SPACE = ("-s", "lr=log:1e-3:1", "-s", "opt=adam,sgd", "--searcher", "manual", "-n", "mine", "--trials", "9", "--json")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "train.py").write_text(SCRIPT)
    (tmp_path / "model.py").write_text(FUNCTION)
    return tmp_path


def rung(folder: Path, *words: str) -> str:
    done = subprocess.run([*RUNG, *words], cwd=folder, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def events_of(process: subprocess.Popen[str]) -> Iterator[dict[str, Any]]:
    assert process.stdout is not None
    for line in process.stdout:
        yield json.loads(line)


def until(events: Iterator[dict[str, Any]], kind: str) -> dict[str, Any]:
    return next(event for event in events if event["type"] == kind)


@pytest.mark.parametrize("what", [("-w", "2", "--", sys.executable, "train.py"), ("model.py:plain",)])
def test_it_waits_and_goes_on(folder: Path, what: tuple[str, ...]) -> None:
    command = [*RUNG, "run", *SPACE, *what]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        events = events_of(process)
        until(events, "session_started")
        assert rung(folder, "add", "mine", "lr=0.5", "opt=sgd") == "Tried next: lr=0.5 opt=sgd.\n"
        assert until(events, "started")["config"] == {"lr": 0.5, "opt": "sgd"}
        assert until(events, "ended")["state"] == "completed"
        assert rung(folder, "edit", "mine", "--pin", "opt=adam").endswith("The space of mine changes.\n")
        assert rung(folder, "add", "mine", "lr=0.25") == "Tried next: lr=0.25 opt=adam.\n"
        assert until(events, "started")["config"] == {"lr": 0.25, "opt": "adam"}
        until(events, "ended")
        assert rung(folder, "stop", "mine").startswith("Nothing more is started")
        assert until(events, "session_ended")["why"] == "stopped"
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0
    lines = [line for line in said.splitlines() if line.startswith("The study waits: ")]
    assert 1 <= len(lines) <= 3  # at first, and after each of the two
    assert "Give it one by `rung add mine NAME=VALUE …`" in lines[0]
    assert "The study 'mine' is as its log says." in rung(folder, "verify", "mine")
