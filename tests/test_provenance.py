from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import shlex
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rung import provenance
from rung.provenance import collect_provenance, describe_machine, usable_cores


def git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=Someone", "-c", "user.email=someone@example.org"]
    return subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    git(tmp_path, "init", "-q")
    (tmp_path / "train.py").write_text("print()\n")
    git(tmp_path, "add", "train.py")
    git(tmp_path, "commit", "-q", "-m", "first")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_what_is_collected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "orig_argv", ["python", "-m", "train", "--data", "my data"])
    found = collect_provenance()
    assert shlex.split(found["command"]) == [sys.executable, "-m", "train", "--data", "my data"]
    assert found["directory"] == str(Path.cwd())
    assert found["host"] == socket.gethostname()
    assert found["python"] == platform.python_version()
    assert found["platform"] == platform.platform()
    assert found["packages"]["numpy"] == importlib.metadata.version("numpy")
    assert json.loads(json.dumps(found)) == found


def test_packages_that_are_not_there_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        if name == "rung":
            return "9.9"
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    assert collect_provenance()["packages"] == {"rung": "9.9"}


def test_the_commit(repository: Path) -> None:
    head = git(repository, "rev-parse", "HEAD").strip()
    assert collect_provenance()["git"] == {"commit": head, "dirty": False}


def test_changes_make_it_dirty_and_new_files_do_not(repository: Path) -> None:
    (repository / "notes.txt").write_text("new")
    assert collect_provenance()["git"]["dirty"] is False
    (repository / "train.py").write_text("print(1)\n")
    assert collect_provenance()["git"]["dirty"] is True


def test_outside_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert collect_provenance()["git"] is None


def test_without_git(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.devnull)
    assert collect_provenance()["git"] is None


def test_a_git_that_hangs_is_not_waited_for(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(command: Any, *, timeout: float, **options: Any) -> Any:
        raise subprocess.TimeoutExpired(command, timeout)

    monkeypatch.setattr(provenance.subprocess, "run", run)
    assert collect_provenance()["git"] is None


def test_a_machine_in_a_line(tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("processor\t: 0\nmodel name\t: Fast One @ 3 GHz\nmodel name\t: Fast One @ 3 GHz\n")
    assert describe_machine(cpuinfo) == f"{os.cpu_count()} cores (Fast One @ 3 GHz), {platform.system()}"
    elsewhere = describe_machine(tmp_path / "nothing")
    assert elsewhere == f"{os.cpu_count()} cores ({platform.processor() or platform.machine()}), {platform.system()}"


def test_cores_are_those_that_may_be_used() -> None:
    assert usable_cores() >= 1
    one = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})"
    code = f"{one}; from rung.provenance import usable_cores; print(usable_cores())"
    if sys.platform == "linux":
        assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "1\n"
