# ruff: noqa: ARG002, NPY002, PLR0917  # the classes of the book keep their arguments, and draw from the global generator
"""The exercises of chapter 19.2: a network with dropout, and a searcher that learns from the past.

    python examples/d2l/exercises.py --trials 20 --epochs 50 --workers 2

The searcher is written in the book's style and runs in rung's own tuner: with a log, in processes, and resumable.
"""

from __future__ import annotations

import argparse
import functools
from typing import Any

import numpy as np
from scipy import stats
from torch import Tensor, nn

from rung.integrations import d2l

CONFIG_SPACE = {
    "num_hiddens_1": stats.randint(8, 1025),
    "num_hiddens_2": stats.randint(8, 1025),
    "dropout_1": stats.uniform(0, 0.95),
    "dropout_2": stats.uniform(0, 0.95),
    "lr": stats.loguniform(1e-2, 1),
    "batch_size": stats.randint(16, 385),
}
INITIAL_CONFIG = {
    "num_hiddens_1": 256,
    "num_hiddens_2": 256,
    "dropout_1": 0.5,
    "dropout_2": 0.5,
    "lr": 0.1,
    "batch_size": 256,
}


class DropoutMLP(d2l.Classifier):
    """Two hidden layers, each with dropout behind it."""

    def __init__(
        self, num_outputs: int, num_hiddens_1: int, num_hiddens_2: int, dropout_1: float, dropout_2: float, lr: float
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.net = nn.Sequential(
            nn.Flatten(),
            *(nn.LazyLinear(num_hiddens_1), nn.ReLU(), nn.Dropout(dropout_1)),
            *(nn.LazyLinear(num_hiddens_2), nn.ReLU(), nn.Dropout(dropout_2)),
            nn.LazyLinear(num_outputs),
        )


def hpo_objective_dropout_mlp(batch_size: int, max_epochs: int = 50, **hyperparameters: Any) -> Tensor:
    """Hyperparameters of the model in, validation error out."""
    model = DropoutMLP(num_outputs=10, **hyperparameters)
    data = d2l.FashionMNIST(batch_size=batch_size)
    trainer = d2l.HPOTrainer(max_epochs=max_epochs, num_gpus=0)
    trainer.fit(model=model, data=data)
    return trainer.validation_error()


class LocalSearcher(d2l.HPOSearcher):
    """Random search at first; then, with probability ``probab_local``, one value of the best is drawn anew."""

    def __init__(
        self,
        config_space: dict[str, Any],
        initial_config: dict[str, Any] | None = None,
        probab_local: float = 0.5,
        num_init_random: int = 5,
    ) -> None:
        self.save_hyperparameters()
        self.at_random = d2l.RandomSearcher(config_space, initial_config)
        self.sampled = 0
        self.best_config: dict[str, Any] | None = None
        self.best_error = float("inf")

    def sample_configuration(self) -> dict[str, Any]:
        """A configuration that differs from the best in one value, or a random one."""
        self.sampled += 1
        drawn = self.at_random.sample_configuration()
        is_early = self.sampled <= self.num_init_random or self.best_config is None
        if is_early or np.random.uniform() >= self.probab_local:
            return drawn
        name = np.random.choice(list(self.config_space))
        return {**self.best_config, name: drawn[name]}

    def update(self, config: dict[str, Any], error: float, additional_info: Any = None) -> None:
        """Keep the best configuration."""
        if error < self.best_error:
            self.best_config, self.best_error = config, error


def main(arguments: list[str] | None = None) -> d2l.HPOTuner:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--epochs", type=int, default=50)
    parser.add_argument("--workers", type=int, help="processes; without, the trials run in this one")
    parser.add_argument("--store", default="memory", help="a file keeps the study: the same command goes on with it")
    options = parser.parse_args(arguments)
    tuner = d2l.HPOTuner(
        scheduler=d2l.BasicScheduler(LocalSearcher(CONFIG_SPACE, INITIAL_CONFIG)),
        objective=functools.partial(hpo_objective_dropout_mlp, max_epochs=options.epochs),
        store=options.store,
        study="dropout",
        workers=options.workers,
    )
    tuner.run(number_of_trials=options.trials)
    print(f"best error {tuner.incumbent_error:.4f} with {tuner.incumbent}")
    return tuner


if __name__ == "__main__":
    main()
