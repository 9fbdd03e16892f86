"""What a scheduler's decision costs at 1,000 and at 100,000 trials.

    python benches/decisions.py [--trials 100000] [--window 500] [--rounds 3]

100 workers, max_t=81, reduction_factor=3, and a searcher that costs nothing. First a study is played, in which trials
report at the rungs only; then a fresh scheduler is told the same events, and asked for each start. Taken is the CPU
time of the last trials before each number, over the suggestions and the reports at rungs among them; the median of
the rounds.
"""

from __future__ import annotations

import argparse
import platform
import random
import statistics
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from compare import print_table

from rung.contracts import Scheduler
from rung.events import Ended, Observed, SearchEvent, Started
from rung.provenance import describe_machine
from rung.schedulers.asha import ASHA
from rung.schedulers.pasha import PASHA
from rung.types import Action, Proposal, Suggestion, TrialState

MAX_T = 81
LEVELS = (1, 3, 9, 27, 81)
WORKERS = 100


class _Nothing:
    """A searcher that always suggests the same and learns nothing."""

    space: Any = None

    def suggest(self, rng: np.random.Generator) -> Suggestion:  # noqa: ARG002  the shape that schedulers call
        return Suggestion({})

    def update(self, event: SearchEvent) -> None:
        pass

    def spec(self) -> dict[str, Any]:
        return {"name": "nothing"}


SCHEDULERS: dict[str, Callable[[], Scheduler]] = {
    "ASHA, stopping": lambda: ASHA(_Nothing(), max_t=MAX_T, grace_period=1),
    "ASHA, promotion": lambda: ASHA(_Nothing(), max_t=MAX_T, grace_period=1, variant="promotion"),
    "ASHA, stopping, adaptive": lambda: ASHA(_Nothing(), max_t=MAX_T),
    "PASHA, rankings that agree": lambda: PASHA(_Nothing(), max_t=MAX_T),
    "PASHA, rankings that don't": lambda: PASHA(_Nothing(), max_t=MAX_T),
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--trials", type=int, default=100_000)
    parser.add_argument("--window", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    print(f"Python {platform.python_version()}, NumPy {np.__version__}. {describe_machine()}.\n")
    few, many, window = arguments.trials // 100, arguments.trials, arguments.window
    rows = []
    for name, make in SCHEDULERS.items():
        noise = 0.0 if name.endswith(" agree") else 0.2
        log = list(played(make(), n_trials=many, noise=noise))
        rounds = [replayed(make(), log, at=(few, many), window=window) for _ in range(arguments.rounds)]
        first, last = (statistics.median(found) for found in zip(*rounds, strict=True))
        rows.append([name, f"{first:,.0f}", f"{last:,.0f}", f"{last / first:.2f}"])
    print_table(["scheduler", f"ns per decision at {few:,} trials", f"at {many:,}", "ratio"], rows)


def played(scheduler: Scheduler, *, n_trials: int, noise: float) -> Iterator[SearchEvent]:
    """The events of a study in which each worker takes its next step in turn."""
    draw, rng = random.Random(0), np.random.default_rng(0)
    qualities: list[float] = []
    at: dict[int, int] = {}  # trial -> index of the next level
    attempts: dict[int, int] = {}
    running: deque[tuple[int, int]] = deque()  # (trial, until)
    while True:
        while len(running) < WORKERS:
            proposal = scheduler.suggest(rng, new_trials=len(qualities) < n_trials)
            if not isinstance(proposal, Proposal):
                break
            number = len(qualities) if proposal.trial is None else proposal.trial
            if proposal.trial is None:
                qualities.append(draw.random())
            attempts[number] = attempts.get(number, 0) + 1
            cause = "new" if proposal.trial is None else "resumed"
            started = Started(
                at=0.0, trial=number, attempt=attempts[number], config={}, cause=cause, until=proposal.until
            )
            scheduler.update(started)
            yield started
            running.append((number, proposal.until or MAX_T))
        if not running:
            return
        number, until = running.popleft()
        step = LEVELS[at.get(number, 0)]
        at[number] = at.get(number, 0) + 1
        loss = qualities[number] + noise * draw.random() + 1 / step
        report = Observed(at=0.0, trial=number, attempt=attempts[number], step=step, metrics={}, loss=loss)
        decisions = scheduler.update(report)
        yield report
        if step < until and not decisions:
            running.append((number, until))
            continue
        state = TrialState.COMPLETED
        if decisions:
            state = TrialState.PAUSED if decisions[0].action is Action.PAUSE else TrialState.STOPPED
        ended = Ended(at=0.0, trial=number, attempt=attempts[number], state=state, reason="scheduler")
        scheduler.update(ended)
        yield ended


def replayed(scheduler: Scheduler, log: Sequence[SearchEvent], *, at: tuple[int, ...], window: int) -> list[float]:
    """Nanoseconds per decision over the last ``window`` trials before each number in ``at``."""
    rng = np.random.default_rng(0)
    found: list[float] = []
    n_trials, n_decisions, began = 0, 0, 0
    for event in log:
        is_start = isinstance(event, Started)
        if is_start:
            scheduler.suggest(rng, new_trials=True)
        scheduler.update(event)
        n_decisions += is_start or isinstance(event, Observed)
        if is_start and event.cause == "new":
            n_trials += 1
            if n_trials + window in at:
                n_decisions, began = 0, time.process_time_ns()
            elif n_trials in at:
                found.append((time.process_time_ns() - began) / n_decisions)
    return found


if __name__ == "__main__":
    main()
