from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import rung
from rung import ASHA, GridSearcher, SuccessiveHalving, Tuner
from rung.errors import SettingError
from rung.integrations.lightgbm import Report
from rung.store import MemoryStore
from rung.study import Study
from rung.types import TrialState

lgb = pytest.importorskip("lightgbm")

RNG = np.random.default_rng(0)
X = RNG.random((300, 5))
Y = (X[:, 0] + X[:, 1] * X[:, 2] + 0.2 * RNG.standard_normal(300) > 0.8).astype(int)
METRIC = "validation-binary_logloss"
RATES = (0.05, 0.5, 0.2)  # the second one is the best after each round
ROUNDS = 9


def boosted(rate: float, *callbacks: Any, rounds: int = ROUNDS, begin: Any = None, **params: Any) -> Any:
    """A booster, and what LightGBM says it has evaluated."""
    evaluations: dict[str, Any] = {}
    training = lgb.Dataset(X[:200], Y[:200])
    booster = lgb.train(
        {"objective": "binary", "num_leaves": 7, "num_threads": 1, "verbosity": -1, "learning_rate": rate, **params},
        training,
        rounds,
        valid_sets=[lgb.Dataset(X[200:], Y[200:], reference=training)],
        valid_names=["validation"],
        init_model=begin,
        callbacks=[lgb.record_evaluation(evaluations), *callbacks],
    )
    return booster, evaluations["validation"]


def saved(rate: float, rounds: int = ROUNDS, **params: Any) -> Any:
    report = Report(METRIC, rounds=rounds)
    return boosted(rate, report, rounds=report.rounds_left, begin=report.init_model, **params)


def studied(train: Callable[..., Any], scheduler: Any) -> Study:
    with Tuner(train, scheduler, store=MemoryStore(), study="s", seed=0) as tuner:
        return tuner.run()


def halving() -> SuccessiveHalving:
    """All trials pause after one round, and the best of them goes on, with another pause after three."""
    return SuccessiveHalving(GridSearcher({"rate": list(RATES)}), max_t=ROUNDS, n=3)


@pytest.mark.parametrize("objective", ["binary", "regression"])
def test_a_paused_training_goes_on_as_if_it_had_never_been(objective: str) -> None:
    metric = {"binary": "binary_logloss", "regression": "l2"}[objective]
    boosters: list[Any] = []

    def train(rate: float) -> None:
        report = Report(f"validation-{metric}", rounds=ROUNDS)
        begin = report.init_model  # before or after the number of rounds
        boosters.append(boosted(rate, report, rounds=report.rounds_left, begin=begin, objective=objective)[0])

    study = studied(train, halving())
    assert [(trial.attempt, trial.last_step) for trial in study.trials] == [(1, 1), (3, 9), (1, 1)]
    whole, evaluations = boosted(0.5, objective=objective)
    assert boosters[-1].current_iteration() == 9
    assert boosters[-1].predict(X).tobytes() == whole.predict(X).tobytes()
    assert [metrics["error"] for _, metrics in study.curve(1)] == evaluations[metric]


def test_a_trial_that_is_stopped_keeps_all_its_rounds() -> None:
    boosters: list[Any] = []

    def train(rate: float) -> None:
        boosters.append(saved(rate)[0])

    scheduler = ASHA(GridSearcher({"rate": [0.5, 0.05]}), max_t=9, grace_period=3, reduction_factor=2)
    study = studied(train, scheduler)
    assert [(trial.state, trial.last_step) for trial in study.trials] == [
        (TrialState.COMPLETED, 9),
        (TrialState.STOPPED, 3),
    ]
    assert [booster.num_trees() for booster in boosters] == [9, 3]
    assert [booster.best_iteration for booster in boosters] == [0, 3]  # as without and with an early end
    assert boosters[1].best_score["validation"] == {"binary_logloss": study.trials[1].best_loss}


def test_early_stopping_of_lightgbm_has_its_say() -> None:
    """At the last round it chooses the best, and where it ends the training the round is reported."""
    boosters: list[Any] = []

    def train(rate: float, patience: int) -> None:
        report = Report(METRIC)
        boosters.append(boosted(rate, lgb.early_stopping(patience, verbose=False), report, rounds=30)[0])

    scheduler = ASHA(GridSearcher({"rate": [0.8], "patience": [2, 100]}), max_t=30)
    study = studied(train, scheduler)
    _, evaluations = boosted(0.8, rounds=30)
    best = int(np.argmin(evaluations["binary_logloss"])) + 1
    assert best < 28
    assert [booster.best_iteration for booster in boosters] == [best, best]
    assert [trial.last_step for trial in study.trials] == [best + 2, 30]


def test_without_the_number_of_rounds_a_trial_begins_anew() -> None:
    boosters: list[Any] = []

    def train(rate: float) -> None:
        boosters.append(boosted(rate, Report(METRIC), begin=Report(METRIC).init_model)[0])

    study = studied(train, halving())
    assert [booster.num_trees() for booster in boosters] == [1, 1, 1, 3, 9]
    assert [metrics["error"] for _, metrics in study.curve(1)] == boosted(0.5)[1]["binary_logloss"]


def test_a_training_that_leaves_out_what_was_restored() -> None:
    messages: list[str] = []

    def train(rate: float) -> None:
        if rung.trial().attempt > 1:
            with pytest.raises(SettingError, match="goes on after 1 rounds, but the training began after 0") as caught:
                boosted(rate, Report(METRIC, rounds=9))
            messages.append(str(caught.value))
            raise ValueError
        boosted(rate, Report(METRIC, rounds=9))

    studied(train, halving())
    assert "init_model=report.init_model" in messages[0]
    with pytest.raises(SettingError, match="not told how many rounds"):
        _ = Report(METRIC).rounds_left


def test_outside_a_study_nothing_happens() -> None:
    report = Report(METRIC, rounds=5)
    for _ in range(2):  # also for another training
        assert (report.rounds_left, report.init_model) == (5, None)
        booster, _ = boosted(0.3, report, rounds=5)
        assert booster.predict(X).tobytes() == boosted(0.3, rounds=5)[0].predict(X).tobytes()


def test_an_unknown_metric() -> None:
    def train(rate: float) -> float:
        with pytest.raises(SettingError, match=r"no 'auc', but validation-binary_logloss.*Report\('validation-binary"):
            boosted(rate, Report("auc"))
        return 1.0

    study = rung.tune(train, {"rate": [0.1]}, max_trials=1, store="memory", progress="off")
    assert study.trials[0].state is TrialState.COMPLETED


@pytest.mark.filterwarnings("ignore:The argument 'eval_set' is deprecated")  # what replaces it is new in 4.7
def test_an_estimator_of_scikit_learn() -> None:
    pytest.importorskip("sklearn")

    def train(rate: float) -> None:
        report = Report("validation-binary_logloss", rounds=ROUNDS)
        model = lgb.LGBMClassifier(n_estimators=report.rounds_left, learning_rate=rate, n_jobs=1, verbosity=-1)
        model.fit(
            *(X[:200], Y[:200]),
            eval_set=[(X[200:], Y[200:])],
            eval_names=["validation"],
            callbacks=[report],
            init_model=report.init_model,
        )

    study = studied(train, halving())
    assert [(trial.attempt, trial.last_step) for trial in study.trials] == [(1, 1), (3, 9), (1, 1)]


def test_a_cross_validation_reports_means() -> None:
    tables: list[Any] = []
    params = {"objective": "binary", "num_leaves": 7, "num_threads": 1, "verbosity": -1}

    def train(rate: float) -> None:
        folds = [(np.arange(150), np.arange(150, 300)), (np.arange(150, 300), np.arange(150))]
        report = Report("valid-binary_logloss-mean")
        given = {**params, "learning_rate": rate}
        tables.append(lgb.cv(given, lgb.Dataset(X, Y), 4, folds=folds, callbacks=[report]))
        with pytest.raises(SettingError, match="cross-validation can't be saved"):
            lgb.cv(given, lgb.Dataset(X, Y), 4, folds=folds, callbacks=[Report(rounds=4)])

    study = rung.tune(train, {"rate": [0.1]}, max_trials=1, store="memory", progress="off")
    curve = [metrics for _, metrics in study.curve(0)]
    assert [each["error"] for each in curve] == tables[0]["valid binary_logloss-mean"]
    assert [each["valid-binary_logloss-stdv"] for each in curve] == tables[0]["valid binary_logloss-stdv"]


def test_lightgbm_is_imported_when_it_is_used() -> None:
    code = (
        "import sys\n"
        "from rung.integrations.lightgbm import Report\n"
        "assert 'lightgbm' not in sys.modules\n"
        "sys.modules['lightgbm'] = None\n"
        "try:\n    Report()\nexcept ImportError as error:\n    print(type(error).__name__, error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    expected = "MissingExtraError lightgbm.Report needs an optional package. pip install 'rung[lightgbm]'\n"
    assert done.stdout == expected
