"""What a decision of FreezeThaw costs, fits included: CPU milliseconds.

    python benches/freeze_thaw.py [--small] [--readings 100 300 500] [--rounds 3]

Seven floats, curves that fall with the step, and a study that is played until the scheduler has that many readings.
What is measured then are the decisions by which it grows by a tenth, so that the mean contains the share of a fit. Each
side is a process of its own with one thread; sides take turns.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import sys
import time
from functools import partial

from compare import Result, median, print_circumstances, print_table, run_side, take_turns

NAMES = tuple("abcdefg")
MAX_T = 52


def loss(config: dict[str, float], step: int) -> float:
    end = sum(k * (config[name] - 0.3) ** 2 for k, name in enumerate(NAMES, 1)) + math.sin(8.0 * config["a"])
    return end + 3.0 * (0.5 + config["b"]) / math.sqrt(step)


def decide(n_readings: int) -> list[float]:
    """CPU seconds of each decision from ``n_readings`` on."""
    import numpy as np

    from rung.events import Ended, Observed, Started
    from rung.schedulers.freeze_thaw import FreezeThaw
    from rung.searchers.random import RandomSearcher
    from rung.space import Float, Space
    from rung.types import Proposal, TrialState

    scheduler = FreezeThaw(RandomSearcher(Space(dict.fromkeys(NAMES, Float(0.0, 1.0)))), max_t=MAX_T)
    times, n_trials, attempts = [], 0, dict[int, int]()
    for draw in range(n_readings + n_readings // 10):
        begun = time.process_time()
        proposal = scheduler.suggest(np.random.default_rng(draw), new_trials=True)
        times.append(time.process_time() - begun)
        assert isinstance(proposal, Proposal)
        assert proposal.until is not None
        trial = n_trials if proposal.trial is None else proposal.trial
        n_trials += proposal.trial is None
        attempt = attempts[trial] = attempts.get(trial, 0) + 1
        config, until = dict(proposal.config), proposal.until
        cause, state = ("new" if attempt == 1 else "resumed"), TrialState.PAUSED
        scheduler.update(
            Started(at=0, trial=trial, attempt=attempt, config=config, cause=cause, until=until, notes=proposal.notes)
        )
        value = loss(config, until)
        scheduler.update(Observed(at=0, trial=trial, attempt=attempt, step=until, metrics={}, loss=value))
        if until == MAX_T:
            state = TrialState.COMPLETED
        scheduler.update(Ended(at=0, trial=trial, attempt=attempt, state=state))
    return times[n_readings:]


def measure(n_readings: int) -> Result:
    times = decide(n_readings)
    return {
        "decisions": len(times),
        "mean_ms": 1e3 * statistics.mean(times),
        "median_ms": 1e3 * statistics.median(times),
        "longest_ms": 1e3 * max(times),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", choices=["rung"], help="measure in this process")
    parser.add_argument("--readings", type=int, nargs="+", default=[100, 300, 500])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--small", action="store_true", help="one round with 50 readings")
    arguments = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # inherited by the sides
    if arguments.side:
        print(json.dumps(measure(arguments.readings[0])))
        return
    sizes, rounds = ([50], 1) if arguments.small else (arguments.readings, arguments.rounds)
    sides = {f"{n}": partial(run_side, sys.executable, __file__, side="rung", readings=n) for n in sizes}
    results = take_turns(sides, rounds)
    print_circumstances(sys.executable)
    fields = ("mean_ms", "median_ms", "longest_ms")
    print_table(
        ["readings", "mean, ms", "median", "longest"],
        [[n, *(f"{median(results[f'{n}'], field):.0f}" for field in fields)] for n in sizes],
    )


if __name__ == "__main__":
    main()
