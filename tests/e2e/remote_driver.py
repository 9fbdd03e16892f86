"""Usage: remote_driver.py DATABASE FOLDER TRIALS: a tuner whose workers are other processes that it doesn't own."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import rung
from rung.runtime.objective import as_objective


def objective(trial: rung.Trial) -> None:
    """Three epochs, each of which waits for its gate to be opened."""
    gates = Path(os.environ["GATES"])
    for epoch in trial.epochs(3):
        while not (gates / str(epoch)).exists() and not (gates / f"{trial.number}-{epoch}").exists():
            time.sleep(0.002)
        trial.report(error=trial.config["x"] / epoch)


def main() -> None:
    from folder_backend import FolderBackend

    database, folder, trials = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    scheduler = rung.ASHA(rung.RandomSearcher({"x": rung.uniform(1.0, 2.0)}), max_t=3, grace_period=2)
    tuner = rung.Tuner(
        as_objective(f"{__file__}:objective"),
        scheduler,
        store=f"sqlite:///{database}",
        study="remote",
        backend=FolderBackend(folder, slots=2),
        seed=3,
    )
    tuner.run(max_trials=trials)
    print("done", flush=True)


if __name__ == "__main__":
    main()
