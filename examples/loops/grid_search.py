"""Grid search: every combination of a few values.

python examples/loops/grid_search.py
"""

from __future__ import annotations

import itertools

from training import train

import rung

LEARNING_RATES = [0.01, 0.1, 1.0]
UNITS = [32, 64, 128]


def as_in_tutorials() -> tuple[float, dict[str, float]]:
    """Nested loops by ``itertools.product``."""
    best_error, best = 1.0, {}
    for learning_rate, units in itertools.product(LEARNING_RATES, UNITS):
        error = train(learning_rate, units)
        print(f"  learning_rate={learning_rate} units={units}: error {error:.3f}")
        if error < best_error:
            best_error, best = error, {"learning_rate": learning_rate, "units": units}
    return best_error, best


def with_rung() -> rung.Study:
    """The same combinations in the same order; in four processes with ``workers=4``."""
    searcher = rung.GridSearcher({"learning_rate": LEARNING_RATES, "units": UNITS})
    return rung.Tuner(train, rung.BasicScheduler(searcher), study="grid").run()


if __name__ == "__main__":
    print("Grid search:")
    error, config = as_in_tutorials()
    print(f"best: {config} error={error:.4f}")
    study = with_rung()
    print(f"with rung: {dict(study.incumbent)} error={study.best.error:.4f}, {len(study.trials)} trials")
