"""Is early stopping better than training everything to the end? And Sobol points than random ones? For this model here.

    python examples/compare/better.py --seeds 10

A linear classifier on the handwritten digits of scikit-learn. Repeats are kept in better.db: with more seeds, the same
command only adds what is missing. ``rung compare "digits~*" --store better.db`` looks at them again.
"""

from __future__ import annotations

import argparse
import functools
from collections.abc import Iterator

import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import train_test_split

import rung

SPACE = {"learning_rate": rung.loguniform(1e-4, 10), "penalty": rung.loguniform(1e-7, 1)}
METHODS = ("random", "sobol", "asha(reduction_factor=2)+random")
EPOCHS = 4


@functools.cache
def digits() -> list[np.ndarray]:
    """Images and labels to train with and to validate with."""
    images, labels = load_digits(return_X_y=True)
    return train_test_split(images / 16, labels, test_size=0.3, random_state=0, stratify=labels)


def train(learning_rate: float, penalty: float, max_epochs: int = EPOCHS) -> Iterator[dict[str, float]]:
    """The share of validation images that are read wrongly, after each epoch."""
    images, others, labels, others_labels = digits()
    model = SGDClassifier(alpha=penalty, learning_rate="constant", eta0=learning_rate, random_state=0)
    for _ in range(max_epochs):
        model.partial_fit(images, labels, classes=np.arange(10))
        yield {"error": 1 - model.score(others, others_labels)}


def main(arguments: list[str] | None = None) -> rung.StudyComparison:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--trials", type=int, default=12)
    options = parser.parse_args(arguments)
    study = rung.tune(
        train, SPACE, scheduler="basic", max_trials=options.trials, seed=0, store="better.db", study="digits",
        progress="off",
    )  # fmt: skip
    found = study.compare(*METHODS, seeds=options.seeds)
    print(found)
    print(f"\nreport: {found.report('better.html', title='Digits: which way to search?')}")
    return found


if __name__ == "__main__":
    main()
