"""One ask of GPSearcher beside one of Optuna's GPSampler, with what fitting costs: CPU milliseconds.

    python benches/gp_ask.py [--small] [--trials 50 200 1000] [--rounds 3] [--peer-python PYTHON]

Seven floats and a smooth function with a ripple. A study of random trials is made first, which is not counted, nor is
the first ask, which imports what it needs. Then asks and tells take turns. rung fits anew when a study has grown by a
tenth, so that the mean over as many asks contains its share; Optuna fits at each, and five asks are enough. Each side
is a process of its own with one thread; sides take turns.
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

from compare import Result, median, print_circumstances, print_table, run_side, take_turns

NAMES = tuple("abcdefg")
SIDES = ("rung", "optuna")


def loss(config: dict[str, float]) -> float:
    return sum(k * (config[name] - 0.3) ** 2 for k, name in enumerate(NAMES, 1)) + math.sin(8.0 * config["a"])


def random_configs(n: int) -> list[dict[str, float]]:
    rng = random.Random(0)
    return [{name: rng.random() for name in NAMES} for _ in range(n)]


def ask_rung(n_trials: int) -> list[float]:
    import numpy as np

    from rung.events import Ended, Observed, Started
    from rung.searchers.gp import GPSearcher
    from rung.space import Float, Space
    from rung.types import Suggestion, TrialState

    searcher = GPSearcher(Space(dict.fromkeys(NAMES, Float(0.0, 1.0))))

    def tell(trial: int, suggestion: Suggestion) -> None:
        config = dict(suggestion.config)
        searcher.update(Started(at=0.0, trial=trial, attempt=1, config=config, notes=suggestion.notes))
        searcher.update(Observed(at=0.0, trial=trial, attempt=1, step=1, metrics={}, loss=loss(config)))
        searcher.update(Ended(at=0.0, trial=trial, attempt=1, state=TrialState.COMPLETED))

    for trial, config in enumerate(random_configs(n_trials)):
        tell(trial, Suggestion(config))
    times = []
    for trial in range(n_trials, n_trials + n_trials // 10 + 1):
        begun = time.process_time()
        suggestion = searcher.suggest(np.random.default_rng(trial))
        times.append(time.process_time() - begun)
        assert isinstance(suggestion, Suggestion)
        tell(trial, suggestion)
    return times


def ask_optuna(n_trials: int) -> list[float]:
    import warnings

    import optuna
    import torch

    torch.set_num_threads(1)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    space = {name: optuna.distributions.FloatDistribution(0.0, 1.0) for name in NAMES}
    study = optuna.create_study(sampler=optuna.samplers.GPSampler(seed=0))
    for config in random_configs(n_trials):
        study.add_trial(optuna.trial.create_trial(params=config, distributions=space, value=loss(config)))
    times = []
    for _ in range(6):
        begun = time.process_time()
        trial = study.ask(space)
        times.append(time.process_time() - begun)
        study.tell(trial, loss(trial.params))
    return times


def measure(side: str, n_trials: int) -> Result:
    times = (ask_rung if side == "rung" else ask_optuna)(n_trials)[1:]
    return {"asks": len(times), "mean_ms": 1e3 * statistics.mean(times), "longest_ms": 1e3 * max(times)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", choices=SIDES, help="measure one side only")
    parser.add_argument("--trials", type=int, nargs="+", default=[50, 200, 1000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--small", action="store_true", help="one round with 50 trials")
    parser.add_argument("--peer-python", default=sys.executable)
    arguments = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # inherited by the sides
    if arguments.side:
        print(json.dumps(measure(arguments.side, arguments.trials[0])))
    else:
        compare(arguments)


def compare(arguments: argparse.Namespace) -> None:
    sizes, rounds = ([50], 1) if arguments.small else (arguments.trials, arguments.rounds)
    pythons = {"rung": sys.executable, "optuna": arguments.peer_python}
    sides: dict[str, Callable[[], Result]] = {
        f"{side}, {n}": partial(run_side, pythons[side], __file__, side=side, trials=n) for n in sizes for side in SIDES
    }
    results = take_turns(sides, rounds)
    print_circumstances(arguments.peer_python)
    head = ["trials", "rung, ms", "longest", "Optuna, ms", "longest", "Optuna / rung"]
    print_table(head, [row_of(n, results[f"rung, {n}"], results[f"optuna, {n}"]) for n in sizes])


def row_of(n: int, ours: list[Result], peers: list[Result]) -> list[object]:
    times = [median(each, field) for each in (ours, peers) for field in ("mean_ms", "longest_ms")]
    return [n, *(f"{each:.0f}" for each in times), f"{times[2] / times[0]:.1f}"]


if __name__ == "__main__":
    main()
