"""A study that runs in this thread while a test does something to it from another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any, TypeVar

import rung
from rung.events import Observed
from rung.schedulers.basic import BasicScheduler
from rung.searchers.random import RandomSearcher
from rung.tuner import Tuner

_Result = TypeVar("_Result")
_STEP_S = 0.003
_MOST_STEPS = 20_000  # no test goes on for ever, but a busy machine gets its time


def meanwhile(store: Path, body: Callable[[], _Result], *, name: str = "lenet", max_trials: int = 1) -> _Result:
    """Run a study of trials that report until ``body`` is through; it begins with the first report."""
    futures: list[Future[_Result]] = []

    def trained(lr: float) -> Iterator[dict[str, float]]:
        for _ in range(_MOST_STEPS):
            yield {"error": lr}
            if futures and wait(futures, timeout=_STEP_S).done:
                return

    with ThreadPoolExecutor(1) as executor:

        def begin(event: Any, _ledger: Any) -> None:
            if isinstance(event, Observed) and not futures:
                futures.append(executor.submit(body))

        scheduler = BasicScheduler(RandomSearcher({"lr": rung.loguniform(1e-3, 1.0)}))
        with Tuner(trained, scheduler, store=store, study=name, seed=1, observers=[begin]) as tuner:
            tuner.run(max_trials=max_trials)
    return futures[0].result(timeout=60)
