from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import rung
from rung import ASHA, BasicScheduler, GridSearcher, SuccessiveHalving, Tuner
from rung.errors import MissingExtraError, SettingError
from rung.store import MemoryStore
from rung.study import Study
from rung.types import TrialState

xgb = pytest.importorskip("xgboost")
from rung.integrations.xgboost import Report  # noqa: E402

RNG = np.random.default_rng(0)
X = RNG.random((300, 5))
Y = (X[:, 0] + X[:, 1] * X[:, 2] + 0.2 * RNG.standard_normal(300) > 0.8).astype(int)
RATES = (0.05, 0.8, 0.2)  # the second one is the best after each round
ROUNDS = 9
Trained = tuple[Any, dict[str, Any]]


def data(part: slice) -> Any:
    return xgb.DMatrix(X[part], Y[part], nthread=1)


def boosted(eta: float, *callbacks: Any, rounds: int = ROUNDS, **options: Any) -> Trained:
    """A booster, and what XGBoost says it has evaluated."""
    evaluations: dict[str, Any] = {}
    training, validation = data(slice(200)), data(slice(200, None))
    params = {"objective": "binary:logistic", "nthread": 1, "eta": eta, **options.pop("params", {})}
    booster = xgb.train(
        params,
        training,
        rounds,
        evals=[(training, "train"), (validation, "validation")],
        evals_result=evaluations,
        verbose_eval=False,
        callbacks=callbacks,
        **options,
    )
    return booster, evaluations


def studied(train: Callable[[float], Any], scheduler: Any) -> Study:
    with Tuner(train, scheduler, store=MemoryStore(), study="s", seed=0) as tuner:
        return tuner.run()


def halving(*rates: float, rounds: int = ROUNDS, first: int = 1) -> SuccessiveHalving:
    """All trials pause after the ``first`` rounds, and the best of them goes on, with more pauses."""
    return SuccessiveHalving(GridSearcher({"eta": list(rates)}), max_t=rounds, grace_period=first, n=len(rates))


def predictions(booster: Any) -> Any:
    return booster.predict(data(slice(200, None))).tobytes()


def test_a_paused_training_goes_on_as_if_it_had_never_been() -> None:
    runs: list[tuple[float, Trained]] = []

    def train(eta: float) -> None:
        runs.append((eta, boosted(eta, Report("validation-logloss"))))

    study = studied(train, halving(*RATES))
    assert [(trial.attempt, trial.last_step) for trial in study.trials] == [(1, 1), (3, 9), (1, 1)]
    assert [booster.num_boosted_rounds() for eta, (booster, _) in runs if eta == 0.8] == [1, 3, 9]
    whole, evaluations = boosted(0.8)
    continued, ours = runs[-1][1]
    assert predictions(continued) == predictions(whole)
    assert ours == evaluations  # of all rounds, although the last run has trained but six
    curve = study.curve(1)
    assert [step for step, _ in curve] == [*range(1, 10)]
    assert [metrics["error"] for _, metrics in curve] == evaluations["validation"]["logloss"]
    assert [metrics["train-logloss"] for _, metrics in curve] == evaluations["train"]["logloss"]


@pytest.mark.parametrize(
    "params",
    [
        {"tree_method": "exact"},
        {"booster": "gblinear"},
        {"booster": "dart", "rate_drop": 0.5, "seed_per_iteration": True},
        {"objective": "multi:softprob", "num_class": 2, "eval_metric": ["mlogloss", "merror"]},
    ],
    ids=["exact", "linear", "dart", "classes"],
)
def test_other_boosters(params: dict[str, Any]) -> None:
    boosters: list[Any] = []
    metric = "validation-mlogloss" if "num_class" in params else "validation-logloss"

    def train(eta: float) -> None:
        boosters.append(boosted(eta, Report(metric), params=params)[0])

    study = studied(train, halving(*RATES))
    winner = max(study.trials, key=lambda trial: trial.last_step)
    assert winner.last_step == 9
    assert predictions(boosters[-1]) == predictions(boosted(winner.config["eta"], params=params)[0])


def test_a_trial_that_is_stopped_ends_with_the_rounds_it_has() -> None:
    boosters: list[Any] = []

    def train(eta: float) -> None:
        boosters.append(boosted(eta, Report("validation-logloss"))[0])

    study = studied(train, ASHA(GridSearcher({"eta": [0.8, 0.05]}), max_t=9, grace_period=3, reduction_factor=2))
    assert [(trial.state, trial.last_step) for trial in study.trials] == [
        (TrialState.COMPLETED, 9),
        (TrialState.STOPPED, 3),
    ]
    assert [booster.num_boosted_rounds() for booster in boosters] == [9, 3]


def test_other_callbacks_see_one_training() -> None:
    """Early stopping remembers nothing from run to run, yet stops where it would have."""
    stopped: list[Any] = []

    def train(eta: float) -> None:
        stopping = xgb.callback.EarlyStopping(rounds=4, metric_name="logloss", data_name="validation")
        schedule = xgb.callback.LearningRateScheduler(lambda done: eta / (done + 1))
        stopped.append(boosted(eta, Report("train-logloss"), stopping, schedule, rounds=30)[0])

    trials = studied(train, halving(0.05, 0.8, rounds=30, first=2)).trials
    assert trials[1].attempt > 1, trials[1].message
    stopping = xgb.callback.EarlyStopping(rounds=4, metric_name="logloss", data_name="validation")
    schedule = xgb.callback.LearningRateScheduler(lambda done: 0.8 / (done + 1))
    alone, _ = boosted(0.8, stopping, schedule, rounds=30)
    assert alone.num_boosted_rounds() < 30
    assert (stopped[-1].best_iteration, stopped[-1].best_score) == (alone.best_iteration, alone.best_score)
    assert predictions(stopped[-1]) == predictions(alone)


def test_a_run_that_was_lost_goes_on_from_the_last_checkpoint() -> None:
    rounds: list[int] = []

    class Crash(xgb.callback.TrainingCallback):  # type: ignore[misc, name-defined]  # the import may be skipped
        def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
            rounds.append(model.num_boosted_rounds())
            if rounds == [*range(1, 9)]:
                raise MemoryError
            return False

    def train(eta: float) -> None:
        report = Report("validation-logloss", every=3)
        rung.trial().batch_size_backoff(lambda _: boosted(eta, Crash(), report), 8)

    study = studied(train, BasicScheduler(GridSearcher({"eta": [0.3]})))
    assert rounds == [*range(1, 9), *[6] * 6, 7, 8, 9]
    assert [metrics["error"] for _, metrics in study.curve(0)] == boosted(0.3)[1]["validation"]["logloss"]


@pytest.mark.parametrize("patience", [0, 2], ids=["all rounds", "patience"])
def test_the_last_round_is_saved_of_which_xgboost_says_nothing(patience: int) -> None:
    boosters: list[Any] = []

    def train(eta: float) -> None:
        stopping = [xgb.callback.EarlyStopping(rounds=patience, min_delta=9.0)] if patience else []
        boosters.append(boosted(eta, Report("train-logloss"), *stopping)[0])

    study = studied(train, BasicScheduler(GridSearcher({"eta": [0.3]})))
    assert study.best is not None
    assert study.best.step == boosters[0].num_boosted_rounds() == (3 if patience else 9)
    saved = xgb.Booster(model_file=bytearray(study.load_best()["booster"]["model"].tobytes()))
    assert predictions(saved) == predictions(boosters[0])


def test_outside_a_study_nothing_happens() -> None:
    assert predictions(boosted(0.3, Report("validation-logloss"))[0]) == predictions(boosted(0.3)[0])


def test_an_unknown_metric() -> None:
    messages: list[str] = []

    def train(eta: float) -> float:
        with pytest.raises(SettingError, match="train-logloss, validation-logloss") as caught:
            boosted(eta, Report("logloss"))
        messages.append(str(caught.value))
        return 1.0

    rung.tune(train, {"eta": RATES}, max_trials=1, store="memory", progress="off")
    assert "'validation-logloss'" in messages[0]


def test_an_estimator_of_scikit_learn() -> None:
    base = pytest.importorskip("sklearn.base")
    prototype = xgb.XGBClassifier(
        n_estimators=4, max_depth=2, n_jobs=1, callbacks=[Report("validation_0-logloss")], verbosity=0
    )

    def train(eta: float) -> None:
        model = base.clone(prototype).set_params(learning_rate=eta)
        model.fit(X[:200], Y[:200], eval_set=[(X[200:], Y[200:])], verbose=False)
        assert pickle.dumps(model)  # without the trial that it was fitted in

    study = rung.tune(train, {"eta": RATES}, searcher="grid", max_trials=2, store="memory", progress="off")
    assert [trial.last_step for trial in study.trials] == [4, 4]


def test_a_cross_validation_reports_means() -> None:
    results: list[Any] = []

    def train(eta: float) -> None:
        params = {"objective": "binary:logistic", "nthread": 1, "eta": eta}
        results.append(xgb.cv(params, data(slice(None)), 4, nfold=2, callbacks=[Report("test-logloss-mean")]))

    study = rung.tune(train, {"eta": RATES}, searcher="grid", max_trials=1, store="memory", progress="off")
    table = {name: list(values) for name, values in dict(results[0]).items()}
    curve = [dict(metrics) for _, metrics in study.curve(0)]
    assert [each.pop("error") for each in curve] == table["test-logloss-mean"]
    assert curve == [{name: values[each] for name, values in table.items()} for each in range(4)]


def test_xgboost_is_imported_when_it_is_used() -> None:
    code = (
        "import sys\n"
        "import rung.integrations.xgboost as ours\n"
        "assert 'xgboost' not in sys.modules\n"
        "sys.modules['xgboost'] = None\n"
        "try:\n    ours.Report\nexcept ImportError as error:\n    print(type(error).__name__, error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    expected = f"{MissingExtraError.__name__} xgboost.Report needs an optional package. pip install 'rung[xgboost]'\n"
    assert done.stdout == expected
