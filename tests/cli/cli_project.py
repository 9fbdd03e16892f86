"""A study that the tests of the command line look at, and how they call it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import rung
from rung.schedulers.asha import ASHA
from rung.searchers.random import RandomSearcher
from rung.tuner import Tuner

RUNG = (sys.executable, "-c", "from rung.cli.main import main; main()")
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
