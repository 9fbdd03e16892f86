"""Population based training and PB2 against random search with the same epochs, on scikit-learn's digits.

python benches/pbt.py [--seeds 20] [--epochs 30] [--interval 3] [--population 8]

Each method trains eight networks of one hidden layer side by side, 30 epochs each, by SGD with momentum; searched are
the learning rate and the weight decay. All methods begin a seed with the same eight configurations and first weights,
so the pairs differ only in what is done with them. What counts is the test loss (cross-entropy) of the weights that
were best in validation. ``alone`` is the validation loss at the end of one training from other first weights along what
the winner has gone through, a schedule or, for random search, one configuration up to its best epoch.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import nn

import rung
from rung.analysis.comparison.bootstrap import interval
from rung.events import Observed
from rung.schedulers.replay import Replay

SPACE = {"lr": rung.loguniform(1e-4, 1.0), "weight_decay": rung.loguniform(1e-6, 1e-1)}
BATCH = 50
PARTS = {"train": slice(0, 1000), "valid": slice(1000, 1400), "test": slice(1400, None)}


class Digits:
    """Images and labels in an order that is drawn once."""

    def __init__(self) -> None:
        digits = load_digits()
        order = np.random.default_rng(0).permutation(len(digits.target))
        self.images = torch.tensor(digits.data[order] / 16.0, dtype=torch.float32)
        self.labels = torch.tensor(digits.target[order])

    def loss(self, model: nn.Module, part: str) -> float:
        """The mean cross-entropy."""
        with torch.no_grad():
            rows = PARTS[part]
            return nn.functional.cross_entropy(model(self.images[rows]), self.labels[rows]).item()


def network() -> nn.Module:
    return nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))


def training(digits: Digits, epochs: int, every: int) -> Callable[[rung.Trial], None]:
    def fit(trial: rung.Trial) -> None:
        torch.random.set_rng_state(torch.Generator().manual_seed(trial.seed).get_state())
        model = network()
        optimizer = torch.optim.SGD(
            model.parameters(), lr=trial.config["lr"], momentum=0.9, weight_decay=trial.config["weight_decay"]
        )
        images, labels = digits.images[PARTS["train"]], digits.labels[PARTS["train"]]
        for epoch in trial.epochs(epochs, every=every, model=model, optimizer=optimizer):
            for batch in torch.randperm(len(labels)).split(BATCH):
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(images[batch]), labels[batch]).backward()
                optimizer.step()
            if epoch % every == 0:  # where there is a checkpoint
                loss = digits.loss(model, "valid")
                trial.report(error=loss if np.isfinite(loss) else 1e9)

    return fit


def begun(method: str, epochs: int, population: int, every: int) -> Any:
    searcher = rung.RandomSearcher(SPACE)
    if method == "random":
        return rung.BasicScheduler(searcher)
    kind = {"pbt": rung.PopulationBasedTraining, "pb2": rung.PB2}[method]
    return kind(searcher, max_t=epochs, population=population, interval=every)


def test_loss(study: rung.Study, digits: Digits) -> float:
    """Of the weights that were best in validation."""
    model = network()
    model.load_state_dict(study.load_best()["model"])
    return digits.loss(model, "test")


def alone(study: rung.Study, fit: Callable[[rung.Trial], None], store: Path, seed: int) -> float:
    """The validation loss at the end of one training along the winner's schedule, with other first weights."""
    line = study.lineage()
    stretches = [(part.to_step, part.config) for part in line.segments]
    scheduler = Replay(rung.RandomSearcher(SPACE), stretches=stretches)
    with rung.Tuner(fit, scheduler, store=store, study=f"{study.name}~replay", seed=1000 + seed) as tuner:
        error = tuner.run().trials[-1].last_loss
    assert error is not None
    return error


def measured(seed: int, arguments: argparse.Namespace, digits: Digits) -> dict[str, dict[str, float]]:
    fit = training(digits, arguments.epochs, arguments.interval)
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "pbt.db"
        for method in ("random", "pbt", "pb2"):
            scheduler = begun(method, arguments.epochs, arguments.population, arguments.interval)
            limit = arguments.population if method == "random" else None
            cpu = time.process_time()
            with rung.Tuner(fit, scheduler, store=store, study=method, seed=seed) as tuner:
                study = tuner.run(max_trials=limit)
            cpu = time.process_time() - cpu
            assert study.best is not None
            found[method] = {
                "valid": study.best.error,
                "test": test_loss(study, digits),
                "replay": alone(study, fit, store, seed),
                "epochs": arguments.interval * sum(isinstance(event, Observed) for event in study.events()),
                "cpu": cpu,
            }
    return found


def row(words: str, values: Sequence[float]) -> None:
    between = interval(values, np.mean, rng=np.random.default_rng(0))
    assert between is not None
    lower = f"{sum(value < 0 for value in values)} of {len(values)}"
    print(f"| {words} | {between.estimate:+.4f} | {between.low:+.4f} … {between.high:+.4f} | {lower} |")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--interval", type=int, default=3)
    parser.add_argument("--population", type=int, default=8)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    digits = Digits()
    runs = [measured(seed, arguments, digits) for seed in range(arguments.seeds)]
    print("| method | validation loss | test loss | alone | epochs | CPU seconds |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for method in ("random", "pbt", "pb2"):
        means = [np.mean([run[method][what] for run in runs]) for what in ("valid", "test", "replay", "epochs", "cpu")]
        print(f"| {method} | {means[0]:.4f} | {means[1]:.4f} | {means[2]:.4f} | {means[3]:.0f} | {means[4]:.1f} |")
    print("\n| paired difference | mean | 95% interval | lower in |")
    print("| --- | ---: | ---: | ---: |")
    for method, other in (("pbt", "random"), ("pb2", "random"), ("pb2", "pbt")):
        for what, words in (("test", "test loss"), ("replay", "alone")):
            row(f"{method} − {other}, {words}", [run[method][what] - run[other][what] for run in runs])


if __name__ == "__main__":
    main()
