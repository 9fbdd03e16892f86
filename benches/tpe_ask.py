"""What the next suggestion of TPE costs after many trials, beside Optuna's TPE with its defaults.

    python benches/tpe_ask.py [--trials 100 1000 10000] [--asks 20] [--rounds 5] [--peer-python PYTHON]

Seven dimensions: four floats, two of them on log scales, two integers, one of them on a log scale, and a category. Both
sides know the same random configurations with the same losses; from there suggestions and results take turns, as in a
study that goes on. Each side runs in a process of its own, with one thread; the CPU time of an ask is taken, and that
of telling its result: the median over the asks, and then over the rounds, in which the sides take turns.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from compare import median, print_circumstances, print_table, run_side, take_turns

SIDES = ("rung", "optuna")
OPTIMISERS = ("sgd", "adam", "lion")
Config = dict[str, Any]


def random_config(rng: random.Random) -> Config:
    return {
        "rate": 10.0 ** rng.uniform(-5.0, 0.0),
        "decay": 10.0 ** rng.uniform(-6.0, -1.0),
        "dropout": rng.uniform(0.0, 0.9),
        "momentum": rng.uniform(0.0, 0.99),
        "units": round(2.0 ** rng.uniform(4.0, 10.0)),
        "layers": rng.randint(1, 8),
        "optimiser": rng.choice(OPTIMISERS),
    }


def loss_of(config: Config) -> float:
    misfit = (math.log10(config["rate"]) + 2.0) ** 2 + (math.log10(config["decay"]) + 4.0) ** 2
    misfit += (config["dropout"] - 0.2) ** 2 + (config["momentum"] - 0.9) ** 2
    misfit += (math.log2(config["units"]) - 7.0) ** 2 + 0.3 * abs(config["layers"] - 3)
    return misfit + 0.5 * OPTIMISERS.index(config["optimiser"])


def ours(trials: int) -> tuple[Callable[[], Config], Callable[[Config], None]]:
    import numpy as np

    from rung.events import Ended, Observed, Started
    from rung.searchers.tpe import TPESearcher
    from rung.space import Choice, Float, Int, Space
    from rung.types import TrialState

    space = Space(
        {
            "rate": Float(1e-5, 1.0, log=True),
            "decay": Float(1e-6, 1e-1, log=True),
            "dropout": Float(0.0, 0.9),
            "momentum": Float(0.0, 0.99),
            "units": Int(16, 1024, log=True),
            "layers": Int(1, 8),
            "optimiser": Choice(OPTIMISERS),
        }
    )
    searcher, rng, told = TPESearcher(space), random.Random(0), 0

    def ask() -> Config:
        return searcher.suggest(np.random.default_rng(told)).config

    def tell(config: Config) -> None:
        nonlocal told
        searcher.update(Started(at=0.0, trial=told, attempt=1, config=config))
        loss = loss_of(config)
        searcher.update(Observed(at=0.0, trial=told, attempt=1, step=1, metrics={"loss": loss}, loss=loss))
        searcher.update(Ended(at=0.0, trial=told, attempt=1, state=TrialState.COMPLETED))
        told += 1

    for _ in range(trials):
        tell(random_config(rng))
    return ask, tell


def theirs(trials: int) -> tuple[Callable[[], Config], Callable[[Config], None]]:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    distributions: dict[str, Any] = {
        "rate": optuna.distributions.FloatDistribution(1e-5, 1.0, log=True),
        "decay": optuna.distributions.FloatDistribution(1e-6, 1e-1, log=True),
        "dropout": optuna.distributions.FloatDistribution(0.0, 0.9),
        "momentum": optuna.distributions.FloatDistribution(0.0, 0.99),
        "units": optuna.distributions.IntDistribution(16, 1024, log=True),
        "layers": optuna.distributions.IntDistribution(1, 8),
        "optimiser": optuna.distributions.CategoricalDistribution(OPTIMISERS),
    }
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0))
    rng, asked = random.Random(0), []
    for config in (random_config(rng) for _ in range(trials)):
        study.add_trial(optuna.trial.create_trial(params=config, distributions=distributions, value=loss_of(config)))

    def ask() -> Config:
        asked.append(study.ask(distributions))
        return asked[-1].params

    def tell(config: Config) -> None:
        study.tell(asked[-1], loss_of(config))

    return ask, tell


def measure(side: str, trials: int, asks: int) -> dict[str, float]:
    ask, tell = (ours if side == "rung" else theirs)(trials)
    ask_s, tell_s = [], []
    for index in range(asks + 1):
        began = time.process_time()
        config = ask()
        asked = time.process_time()
        tell(config)
        if index:  # the first ask takes in all that was told before, as after a restart
            ask_s.append(asked - began)
            tell_s.append(time.process_time() - asked)
    return {"ask_s": statistics.median(ask_s), "tell_s": statistics.median(tell_s)}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--side", choices=SIDES)
    parser.add_argument("--trials", type=int, nargs="+", default=[100, 1000, 10_000])
    parser.add_argument("--asks", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peer-python", default=sys.executable)
    given = parser.parse_args()
    if given.side:
        print(json.dumps(measure(given.side, given.trials[0], given.asks)))
        return
    print_circumstances(given.peer_python)
    rows = []
    for trials in given.trials:
        pythons = {"rung": sys.executable, "optuna": given.peer_python}
        results = take_turns(
            {
                side: partial(run_side, pythons[side], __file__, side=side, trials=trials, asks=given.asks)
                for side in SIDES
            },
            given.rounds,
        )
        ratios = [
            theirs["ask_s"] / ours["ask_s"] for ours, theirs in zip(results["rung"], results["optuna"], strict=True)
        ]
        times = [f"{1e3 * median(results[side], field):.2f}" for field in ("ask_s", "tell_s") for side in SIDES]
        ratio = f"{statistics.median(ratios):.1f} ({min(ratios):.1f} to {max(ratios):.1f})"
        rows.append([trials, *times[:2], ratio, *times[2:]])
    head = ["trials", "rung, ms CPU per ask", "optuna", "x faster (range)", "rung, ms CPU per tell", "optuna"]
    print_table(head, rows)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy is imported, here and in the sides
    main()
