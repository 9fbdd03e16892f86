"""A tuner in a process of its own that starts trials and waits to be killed: ``FOLDER KIND``, KIND fork, spawn or script."""

from __future__ import annotations

import multiprocessing
import sys
import time
from pathlib import Path

import misbehaviour

from rung.backends.processes import Processes
from rung.objective import as_objective
from rung.types import Job

if __name__ == "__main__":
    folder, kind = Path(sys.argv[1]), sys.argv[2]
    backend = Processes(3, start="fork" if kind != "spawn" else "spawn")
    if kind == "script":
        code = "import sys, misbehaviour; misbehaviour.hangs(sys.argv[2])"
        target = [sys.executable, "-c", f"import sys; sys.path[:] = {sys.path}; {code}"]
    elif kind == "import":
        target = f"{folder}/slow.py:train"
        Path(folder, "slow.py").write_text("def train(folder): pass\n")
    else:
        target = misbehaviour.hangs
    objective = as_objective(target)
    if kind == "import":
        code = f"import sys, misbehaviour; misbehaviour.hangs({str(folder)!r})\n"
        Path(folder, "slow.py").write_text(code)
    backend.open("doomed", objective, folder)
    for trial, what in enumerate([misbehaviour.hangs, misbehaviour.ignores_everything]):
        job = Job(
            study="doomed",
            trial=trial,
            attempt=1,
            config={"folder": str(folder)},
            metric="error",
            seed=0,
            folder=f"{folder}/{trial}",
        )
        backend.start(job)
    # A forked helper of the tuner keeps its files open, and so the line to the fork-server, when the tuner is killed.
    helper = multiprocessing.get_context("fork").Process(target=time.sleep, args=(1000,), daemon=True)
    helper.start()
    Path(folder, "helper").write_text(str(helper.pid))
    while True:
        backend.poll(1.0, lambda facts: print(facts, flush=True))
