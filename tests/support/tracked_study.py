"""The study that exports to tracking services are tested with."""

from __future__ import annotations

from typing import Any

import rung
from rung.schedulers.asha import ASHA
from rung.searchers.random import RandomSearcher
from rung.store import MemoryStore
from rung.tuner import Tuner

SPACE = rung.Space({"lr": rung.loguniform(1e-3, 1.0), "opt": ["sgd", None], "sizes": [[8, 8], [16]]})
REST = {"opt": "sgd", "sizes": [8, 8]}
FIRST, WORSE, BAD = {"lr": 0.1, **REST}, {"lr": 0.2, **REST}, {"lr": 0.9, **REST}


def train(trial: Any) -> None:
    """The error dips at step 2; accuracy comes with step 3 only."""
    lr = trial.config["lr"]
    if lr > 0.5:
        raise RuntimeError("diverged")
    for step in range(1, 4):
        also = {"accuracy": 1 - lr} if step == 3 else {}
        trial.report(error=lr + abs(step - 2) / 8, **also)


def make_tuner(points: list[Any], *observers: Any, store: Any = None, name: str = "lenet", **options: Any) -> Tuner:
    searcher = RandomSearcher(SPACE, points_to_evaluate=points)
    halving = ASHA(searcher, max_t=3, reduction_factor=2, variant=options.pop("variant", "stopping"))
    limits = rung.Limits(failures_in_a_row=None)
    store = store or MemoryStore()
    return Tuner(train, halving, store=store, study=name, seed=3, limits=limits, observers=observers, **options)
