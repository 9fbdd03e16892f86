"""Boosted trees by successive halving: many configurations a few rounds, the best of them longer.

python examples/xgboost/train.py

A trial that pauses keeps its booster, so the rounds that it has are not trained again. The study stays in rung.db: run
the script again after a crash, and it goes on.
"""

from __future__ import annotations

import xgboost
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

import rung
from rung.integrations.xgboost import Report

ROUNDS = 81
CELLS = load_breast_cancer(return_X_y=True)
X, X_TEST, Y, Y_TEST = train_test_split(*CELLS, test_size=0.25, random_state=0, stratify=CELLS[1])
X, X_VALID, Y, Y_VALID = train_test_split(X, Y, test_size=0.33, random_state=0, stratify=Y)

SPACE = {
    "eta": rung.loguniform(0.01, 1),
    "max_depth": rung.randint(1, 9),
    "min_child_weight": rung.loguniform(0.1, 20),
    "lambda": rung.loguniform(0.01, 100),
}


def boost(config: rung.Config, rounds: int, *callbacks: xgboost.callback.TrainingCallback) -> xgboost.Booster:
    validation = xgboost.DMatrix(X_VALID, Y_VALID, nthread=1)
    return xgboost.train(
        {"objective": "binary:logistic", "nthread": 1, **config},
        xgboost.DMatrix(X, Y, nthread=1),
        rounds,
        evals=[(validation, "validation")],
        verbose_eval=False,
        callbacks=callbacks,
    )


def train(trial: rung.Trial) -> None:
    boost(trial.config, ROUNDS, Report("validation-logloss"))


def main() -> None:
    scheduler = rung.SuccessiveHalving(rung.RandomSearcher(SPACE), max_t=ROUNDS, grace_period=3)
    tuner = rung.Tuner(train, scheduler, metric="logloss", store="rung.db", study="cells", seed=0)
    with tuner:
        study = tuner.run(max_trials=27)
    rounds = sum(trial.last_step for trial in study.trials)
    print(f"{len(study.trials)} configurations in {rounds} rounds; each of them in full: {len(study.trials) * ROUNDS}")
    best = study.best
    print(f"best: {best.error:.4f} with {dict(best.config)}")
    booster = boost(best.config, best.step)
    guesses = booster.predict(xgboost.DMatrix(X_TEST, nthread=1)) > 0.5
    print(f"test error: {(guesses != Y_TEST).mean():.4f}")


if __name__ == "__main__":
    main()
