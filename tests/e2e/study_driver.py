"""A study in a process of its own, to be killed. Usage: study_driver.py DATABASE {stopping,promotion,basic} WORKERS."""

from __future__ import annotations

import math
import os
import sys
import time
from pathlib import Path

import rung

SPACE = {"x": rung.uniform(-1.0, 1.0), "rate": rung.loguniform(1e-3, 1.0), "units": rung.lograndint(4, 512)}
TRIALS = 24
MAX_T = 9
SEED = 11


class Counter:
    """Something with a state to save: the sum of all values so far."""

    def __init__(self) -> None:
        self.total = 0.0

    def state_dict(self) -> dict[str, float]:
        return {"total": self.total}

    def load_state_dict(self, state: dict[str, float]) -> None:
        self.total = state["total"]


def objective(trial: rung.Trial) -> None:
    """Deterministic, stateful over epochs: a run continued from the wrong checkpoint ends elsewhere."""
    config = trial.config
    model = Counter()
    for epoch in trial.epochs(MAX_T, model=model):
        model.total += config["x"] ** 2 + abs(math.log10(config["rate"]) + 2) / epoch + 1 / config["units"]
        time.sleep(float(os.environ.get("EPOCH_SECONDS", "0")))  # so that a study lasts long enough to be killed
        trial.report(error=model.total / epoch, total=model.total)
        acknowledge(trial, epoch)


def acknowledge(trial: rung.Trial, epoch: int) -> None:
    """Leave word on disk that this report was acknowledged; one write, so it is there or it is not."""
    path = os.environ.get("ACKNOWLEDGED")
    if path:
        with Path(path).open("ab", buffering=0) as file:
            file.write(f"{trial.number} {epoch} {trial.attempt}\n".encode())


def scheduler_of(variant: str) -> rung.BasicScheduler | rung.ASHA:
    searcher = rung.RandomSearcher(SPACE)
    if variant == "basic":
        return rung.BasicScheduler(searcher)
    return rung.ASHA(searcher, max_t=MAX_T, grace_period=1, reduction_factor=3, variant=variant)


def main() -> None:
    database, variant, workers = sys.argv[1], sys.argv[2], int(sys.argv[3])
    tuner = rung.Tuner(
        objective,
        scheduler_of(variant),
        store=f"sqlite:///{database}",
        study="killed",
        seed=SEED,
        workers=workers or None,
        limits=rung.Limits(max_kills=100),
    )
    print("ready", flush=True)
    tuner.run(max_trials=TRIALS)
    print("done", flush=True)


if __name__ == "__main__":
    main()
