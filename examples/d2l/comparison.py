# ruff: noqa: NPY002  # the searchers of the book draw from the global generator
"""Chapter 19.2.6: two algorithms are compared by running each with several seeds, never by one run of each.

    python examples/d2l/comparison.py --seeds 5 --trials 10

The picture has, for each algorithm, the median of the incumbent's error over the seeds, and the middle half as a band.
"""

from __future__ import annotations

import argparse
import contextlib
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from exercises import CONFIG_SPACE, LocalSearcher, hpo_objective_dropout_mlp
from matplotlib.figure import Figure

from rung.integrations import d2l

SEARCHERS = {
    "random search": lambda: d2l.RandomSearcher(CONFIG_SPACE),
    "local search": lambda: LocalSearcher(CONFIG_SPACE, probab_local=0.7, num_init_random=4),
}


def trajectory(
    new_searcher: Callable[[], d2l.HPOSearcher], objective: Callable[..., object], *, seed: int, trials: int
) -> list[float]:
    """The incumbent's error after each trial. The book's searchers draw from global generators, so these are seeded."""
    np.random.seed(seed)
    torch.manual_seed(seed)
    tuner = d2l.HPOTuner(d2l.BasicScheduler(new_searcher()), objective)
    with contextlib.redirect_stdout(io.StringIO()):
        tuner.run(number_of_trials=trials)
    return tuner.incumbent_trajectory


def compare(
    searchers: Mapping[str, Callable[[], d2l.HPOSearcher]],
    objective: Callable[..., object],
    *,
    seeds: Sequence[int],
    trials: int,
) -> dict[str, np.ndarray]:
    """Name -> incumbent's errors, (seeds, trials). All algorithms get the same seeds and as many trials."""
    return {
        name: np.array([trajectory(new, objective, seed=seed, trials=trials) for seed in seeds])
        for name, new in searchers.items()
    }


def draw(errors: Mapping[str, np.ndarray], path: Path) -> Path:
    """Median and quartiles of each algorithm against the number of trials."""
    figure = Figure(figsize=(5, 3.2), layout="constrained")
    axes = figure.subplots()
    for name, each in errors.items():
        low, middle, high = np.quantile(each, [0.25, 0.5, 0.75], axis=0)
        at = np.arange(1, each.shape[1] + 1)
        (line,) = axes.plot(at, middle, drawstyle="steps-post", label=name)
        axes.fill_between(at, low, high, step="post", alpha=0.2, color=line.get_color(), linewidth=0)
    axes.set(xlabel="trials", ylabel="error of the incumbent")
    axes.legend()
    figure.savefig(path, dpi=150)
    return path


def main(arguments: list[str] | None = None) -> dict[str, np.ndarray]:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--trials", type=int, default=10)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("comparison.png"))
    options = parser.parse_args(arguments)

    def objective(**hyperparameters: float) -> object:
        return hpo_objective_dropout_mlp(max_epochs=options.epochs, **hyperparameters)

    errors = compare(SEARCHERS, objective, seeds=range(options.seeds), trials=options.trials)
    for name, each in errors.items():
        low, middle, high = np.quantile(each[:, -1], [0.25, 0.5, 0.75])
        print(f"{name:15} error after {options.trials} trials: {middle:.4f} (middle half {low:.4f} to {high:.4f})")
    wins = (errors["local search"][:, -1] < errors["random search"][:, -1]).sum()
    print(f"local search is better for {wins} of {options.seeds} seeds")
    print(f"Picture: {draw(errors, options.out)}")
    return errors


if __name__ == "__main__":
    main()
