"""Random search: so many draws, each from its own range and on its own scale.

python examples/loops/random_search.py
"""

from __future__ import annotations

import random

from training import train

import rung

TRIALS = 9
UNITS = [32, 64, 128]


def as_in_tutorials() -> tuple[float, dict[str, float]]:
    """``random.choice`` for what is a list, a power of ten for what has a scale."""
    draw = random.Random(0)  # noqa: S311  nothing secret
    best_error, best = 1.0, {}
    for _ in range(TRIALS):
        learning_rate, units = 10 ** draw.uniform(-3, 0.5), draw.choice(UNITS)
        error = train(learning_rate, units)
        print(f"  learning_rate={learning_rate:.4f} units={units}: error {error:.3f}")
        if error < best_error:
            best_error, best = error, {"learning_rate": learning_rate, "units": units}
    return best_error, best


def with_rung() -> rung.Study:
    """The same distributions; ``store="rung.db"`` keeps the study, and the same call goes on with it."""
    space = {"learning_rate": rung.loguniform(10**-3, 10**0.5), "units": UNITS}
    return rung.Tuner(train, rung.BasicScheduler(rung.RandomSearcher(space)), study="random", seed=0).run(TRIALS)


if __name__ == "__main__":
    print("Random search:")
    error, config = as_in_tutorials()
    print(f"best: {config} error={error:.4f}")
    study = with_rung()
    print(f"with rung: {dict(study.incumbent)} error={study.best.error:.4f}, {len(study.trials)} trials")
