"""The strategies on the same problem, with the same number of epochs, over several seeds.

    python examples/loops/compare.py --seeds 5

Prints the table of docs/strategies.md. Four hyperparameters are searched, of which only the learning rate matters much.
"""

from __future__ import annotations

import argparse
import statistics
import warnings
from collections.abc import Callable
from typing import Any

from coarse_to_fine import narrowed
from training import images, train

import rung

SPACE = {
    "learning_rate": rung.loguniform(1e-4, 10),
    "units": rung.lograndint(16, 257),
    "dropout": rung.uniform(0, 0.6),
    "batch_size": rung.lograndint(16, 257),
}
LINEAR = SPACE | {"learning_rate": rung.uniform(1e-4, 10)}
EPOCHS = 4
Objective = Callable[..., float]


def run(searcher: Any, trials: int, seed: int) -> rung.Study:
    return rung.Tuner(train, rung.BasicScheduler(searcher), seed=seed).run(trials)


def grid(trials: int, seed: int) -> list[rung.Study]:
    """As many points of each dimension as the trials allow; a grid has no seed."""
    del seed
    points = max(1, int(trials ** (1 / len(SPACE)) + 1e-9))
    return [run(rung.GridSearcher(SPACE, points=points), trials, 0)]


def grid_over_two(trials: int, seed: int) -> list[rung.Study]:
    """A person who knows which two matter: the others keep a usual value."""
    del seed
    space = SPACE | {"dropout": 0.2, "batch_size": 64}
    return [run(rung.GridSearcher(space, points=max(1, int(trials**0.5 + 1e-9))), trials, 0)]


def at_random(trials: int, seed: int) -> list[rung.Study]:
    return [run(rung.RandomSearcher(SPACE), trials, seed)]


def at_random_on_a_linear_scale(trials: int, seed: int) -> list[rung.Study]:
    return [run(rung.RandomSearcher(LINEAR), trials, seed)]


def sobol(trials: int, seed: int) -> list[rung.Study]:
    return [run(rung.SobolSearcher(SPACE), trials, seed)]


def in_two_rounds(trials: int, seed: int) -> list[rung.Study]:
    """Half of the trials everywhere, the other half with a narrower range of learning rates around the best."""
    first = run(rung.RandomSearcher(SPACE), trials // 2, seed)
    best = dict(first.incumbent)
    low, high = narrowed(1e-4, 10, best["learning_rate"])
    space = SPACE | {"learning_rate": rung.loguniform(low, high)}
    return [first, run(rung.RandomSearcher(space), trials - trials // 2, seed + 1_000)]


def with_early_stopping(trials: int, seed: int) -> list[rung.Study]:
    """More configurations in the same number of epochs, as most of them end early."""
    searcher = rung.RandomSearcher(SPACE)
    scheduler = rung.ASHA(searcher, max_t=EPOCHS, grace_period=1, reduction_factor=2)
    tuner = rung.Tuner(train, scheduler, seed=seed)
    while sum(trial.last_step for trial in tuner.run(1).trials) < trials * EPOCHS:
        pass
    return [tuner.study]


STRATEGIES = {
    "grid over all four": grid,
    "grid over two, the others by guess": grid_over_two,
    "random, learning rate on a linear scale": at_random_on_a_linear_scale,
    "random": at_random,
    "Sobol": sobol,
    "random in two rounds, coarse to fine": in_two_rounds,
    "random with early stopping (ASHA)": with_early_stopping,
}


def main(arguments: list[str] | None = None) -> dict[str, list[float]]:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--trials", type=int, default=16, help="of four epochs each; the same budget for all")
    options = parser.parse_args(arguments)
    print(images().summary)
    print(f"{options.trials} trials of {EPOCHS} epochs, {options.seeds} seeds\n")
    print("| strategy | configurations | median error | best to worst seed |\n| --- | --- | --- | --- |")
    errors = {}
    for name, strategy in STRATEGIES.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # that of the grid is part of what is shown
            rounds = [strategy(options.trials, seed) for seed in range(options.seeds)]
        errors[name] = sorted(min(study.best.error for study in studies) for studies in rounds)
        tried = statistics.median(sum(len(study.trials) for study in studies) for studies in rounds)
        low, high = errors[name][0], errors[name][-1]
        print(f"| {name} | {tried:g} | {statistics.median(errors[name]):.3f} | {low:.3f} to {high:.3f} |", flush=True)
    return errors


if __name__ == "__main__":
    main()
