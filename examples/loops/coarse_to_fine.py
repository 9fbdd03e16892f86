"""Coarse to fine: a wide search first, then another one around the best of it.

python examples/loops/coarse_to_fine.py
"""

from __future__ import annotations

import math
import random

from training import train

import rung

ROUNDS = 3
TRIALS = 5  # of each round
LOW, HIGH = 1e-4, 10.0
SHRINK = 3  # each round is so many times as narrow on the scale of logarithms


def narrowed(low: float, high: float, best: float) -> tuple[float, float]:
    """A range around the best value, ``SHRINK`` times as narrow, within the old one."""
    reach = (high / low) ** (1 / (2 * SHRINK))
    return max(low, best / reach), min(high, best * reach)


def as_in_tutorials() -> tuple[float, float]:
    """Draw, look, narrow, draw again."""
    draw = random.Random(0)  # noqa: S311  nothing secret
    low, high = LOW, HIGH
    best_error, best = math.inf, math.nan
    for _ in range(ROUNDS):
        for _ in range(TRIALS):
            learning_rate = math.exp(draw.uniform(math.log(low), math.log(high)))
            error = train(learning_rate)
            if error < best_error:
                best_error, best = error, learning_rate
        print(f"  between {low:.2g} and {high:.2g}: best so far {best:.3g}, error {best_error:.3f}")
        low, high = narrowed(low, high, best)
    return best_error, best


def with_rung() -> rung.Study:
    """A study for each round; a round begins with the best configuration of the one before."""
    low, high, initial = LOW, HIGH, None
    for number in range(1, ROUNDS + 1):
        searcher = rung.RandomSearcher({"learning_rate": rung.loguniform(low, high)}, initial_config=initial)
        study = rung.Tuner(train, rung.BasicScheduler(searcher), study=f"round-{number}", seed=number).run(TRIALS)
        initial = dict(study.incumbent)
        low, high = narrowed(low, high, initial["learning_rate"])
    return study


if __name__ == "__main__":
    print("Coarse to fine:")
    error, learning_rate = as_in_tutorials()
    print(f"best: learning_rate={learning_rate:.4f} error={error:.4f}")
    study = with_rung()
    print(f"with rung: {dict(study.incumbent)} error={study.best.error:.4f}")
