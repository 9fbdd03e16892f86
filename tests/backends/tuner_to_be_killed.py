"""A tuner that starts two trials and waits to be killed: ``FOLDER KIND``, KIND one of fork, spawn, script, import.

For import, the import of the objective never ends.
"""

from __future__ import annotations

import multiprocessing
import sys
import time
from pathlib import Path

import misbehaviour

from rung.backends.processes import Processes
from rung.runtime.objective import Objective, as_objective
from rung.types import Job


def objective_of(kind: str, folder: Path) -> Objective:
    path = f"import sys; sys.path[:] = {sys.path}; import misbehaviour"
    if kind == "script":
        return as_objective([sys.executable, "-c", f"{path}; misbehaviour.hangs({str(folder)!r})"])
    if kind == "import":
        module = folder / "endless.py"
        module.write_text("def train(folder): pass\n")
        objective = as_objective(f"{module}:train")
        module.write_text(f"{path}; misbehaviour.hangs({str(folder)!r})\n")
        return objective
    return as_objective(misbehaviour.hangs)


def main(folder: Path, kind: str) -> None:
    backend = Processes(2, start="spawn" if kind == "spawn" else "fork")
    backend.open("doomed", objective_of(kind, folder), folder)
    for trial in range(2):
        config = {"folder": str(folder)}
        backend.start(
            Job(study="doomed", trial=trial, attempt=1, config=config, metric="error", seed=0, folder=str(folder))
        )
    # What the tuner forks has the tuner's files open, among them the line to the fork-server, and outlives the tuner.
    helper = multiprocessing.get_context("fork").Process(target=time.sleep, args=(1000,))
    helper.start()
    (folder / "helper").write_text(str(helper.pid))
    while True:
        backend.poll(1.0, print)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
