"""A metric that is no number ends its trial there and then, and nothing that comes later counts."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import rung
from rung.backends.processes import Processes
from rung.types import TrialState


def told(x: float) -> float:
    for step in range(1, 7):
        rung.report(error=math.nan if step == 3 else x / step)
    return 0.0


def yielded(x: float) -> Iterator[float]:
    for step in range(1, 7):
        yield math.inf if step == 3 else x / step


def looped(trial: rung.Trial) -> None:
    for epoch in trial.epochs(6):
        trial.report(error=-math.inf if epoch == 3 else trial.config["x"] / epoch)


@pytest.mark.parametrize("objective", [told, yielded, looped])
@pytest.mark.parametrize("is_inline", [True, False])
@pytest.mark.parametrize("scheduler", ["basic", "asha"])
def test_nothing_after_it_counts(tmp_path: Path, objective: Any, scheduler: str, *, is_inline: bool) -> None:
    searcher = rung.RandomSearcher({"x": rung.uniform(1.0, 2.0)})
    built = rung.BasicScheduler(searcher) if scheduler == "basic" else rung.ASHA(searcher, max_t=6, grace_period=4)
    backend = None if is_inline else Processes(1)
    with rung.Tuner(objective, built, store=tmp_path / "k.db", study="s", seed=1, backend=backend) as tuner:
        study = tuner.run(2)
        for row in study.trials:
            assert (row.state, row.reason, row.last_step) == (TrialState.FAILED, "nan", 3)
            assert [step for step, _ in study.curve(row.number)] == [1, 2, 3]
            assert row.best_step == 2
