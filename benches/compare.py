"""What the benches against a peer share: sides in processes of their own that take turns, and a table."""

from __future__ import annotations

import json
import platform
import shlex
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from rung.provenance import describe_machine

Result = dict[str, float]


def run_side(python: str, script: str, **options: object) -> Result:
    """What one side prints: a JSON object of numbers."""
    command = [python, script]
    for name, value in options.items():
        command += [f"--{name.replace('_', '-')}", str(value)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{shlex.join(command)} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def take_turns(sides: dict[str, Callable[[], Result]], rounds: int) -> dict[str, list[Result]]:
    """Runs all sides once, then all of them again …, so that a busy minute of the machine hits them alike."""
    results: dict[str, list[Result]] = {name: [] for name in sides}
    for number in range(rounds):
        for name, side in sides.items():
            results[name].append(side())
            print(f"round {number + 1} of {rounds}: {name}: {results[name][-1]}", file=sys.stderr, flush=True)
    return results


def median(results: Iterable[Result], field: str) -> float:
    return statistics.median(result[field] for result in results)


def print_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    print("| " + " | ".join(head) + " |")
    print("| --- |" + " ---: |" * (len(head) - 1))
    for row in rows:
        print("| " + " | ".join(map(str, row)) + " |")


def print_circumstances(peer_python: str) -> None:
    """The machine, the versions, and the command that was given."""
    versions = f"Python {platform.python_version()}, {version_of(sys.executable, 'rung')}, SQLite {sqlite_version()}"
    peers = ", ".join(version_of(peer_python, name) for name in ("optuna", "sqlalchemy"))
    print(f"{versions}; {peers}. {describe_machine()}.")
    print(f"Command: `python {shlex.join(['benches/' + Path(sys.argv[0]).name, *sys.argv[1:]])}`\n")


def version_of(python: str, package: str) -> str:
    code = f"import importlib.metadata as m; print(m.version({package!r}))"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    return f"{package} {done.stdout.strip()}"


def sqlite_version() -> str:
    import sqlite3

    return sqlite3.sqlite_version
