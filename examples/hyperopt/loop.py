"""A loop as hyperopt's tutorials write it: the import is rung's, and all else is as it was.

    python examples/hyperopt/loop.py

The network's hidden layer, its learning rate and its batch size are searched; ``fmin`` gives the indices of choices,
which the end of the script turns into values, once by hand and once by ``space_eval``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rung.integrations.hyperopt import STATUS_FAIL, STATUS_OK, Trials, fmin, hp, space_eval, tpe

RATES = [0.1, 0.01, 0.001]
SPACE = {
    "lr": hp.choice("lr", RATES),
    "units": hp.quniform("units", 4, 32, 4),
    "batch_size": hp.choice("batch_size", [16, 32]),
}
EPOCHS = 5


def points(seed: int) -> tuple[Any, Any]:
    """Points in a square, and whether they lie in a ring."""
    x = np.random.default_rng(seed).uniform(-1, 1, (256, 2))
    radius = np.linalg.norm(x, axis=1)
    return x, ((radius > 0.4) & (radius < 0.9)).astype(float)


def objective(params: dict[str, Any]) -> dict[str, Any]:
    """Train a network with one hidden layer; its error on other points is the loss."""
    rng, (x, y) = np.random.default_rng(0), points(1)
    units, batch_size = int(params["units"]), params["batch_size"]
    inner, outer = rng.normal(0, 1, (3, units)), rng.normal(0, 1 / units, units)
    inputs = np.column_stack([x, np.ones(len(x))])
    for _ in range(EPOCHS):
        for batch in np.array_split(rng.permutation(len(x)), len(x) // batch_size):
            hidden = np.maximum(inputs[batch] @ inner, 0)
            slope = 1 / (1 + np.exp(-hidden @ outer)) - y[batch]
            inner -= params["lr"] * inputs[batch].T @ (np.outer(slope, outer) * (hidden > 0))
            outer -= params["lr"] * hidden.T @ slope
    x, y = points(2)
    error = float(np.mean(((np.maximum(np.column_stack([x, np.ones(len(x))]) @ inner, 0) @ outer) > 0) != y))
    status = STATUS_OK if np.isfinite(outer).all() else STATUS_FAIL
    return {"loss": error, "status": status, "model": (inner, outer)}


def main() -> None:
    """Search, then show what was best."""
    trials = Trials()
    best = fmin(objective, SPACE, algo=tpe.suggest, max_evals=15, trials=trials, rstate=np.random.default_rng(0))
    if best["lr"] == 0:
        learning_rate = 0.1
    elif best["lr"] == 1:
        learning_rate = 0.01
    else:
        learning_rate = 0.001
    print("best:", best, "learning rate:", learning_rate)
    print("best values:", space_eval(SPACE, best))
    inner, _ = trials.best_trial["result"]["model"]
    print("best model:", inner.shape[1], "units, error", min(trials.losses()))


if __name__ == "__main__":
    main()
