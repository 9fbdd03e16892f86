"""Scripts for scikit-learn's grid and random search run with the import changed, and print the same."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats
from sklearn import model_selection
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.feature_selection import SelectKBest, f_classif, mutual_info_classif
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

import rung
from rung.errors import SpaceError
from rung.integrations import sklearn as ours

X, Y = make_classification(n_samples=90, n_features=6, n_informative=4, random_state=0)
TREE = DecisionTreeClassifier(random_state=0)
PIPELINE = Pipeline([("select", SelectKBest(k=3)), ("clf", LogisticRegression())])

GRIDS: list[Any] = [
    (SVC(), {"kernel": ["linear", "rbf"], "C": [10, 1, 0.5]}),
    (SVC(), [{"kernel": ["linear"], "C": np.logspace(-2, 2, 3)}, {"gamma": (0.1, 0.2), "C": range(1, 3)}]),
    (SVC(), [{"C": [1, 2]}]),
    (TREE, {"class_weight": [None, "balanced", {0: 1, 1: 5}], "max_depth": [None, 2]}),
    (PIPELINE, {"select__score_func": [f_classif, mutual_info_classif], "select__k": [3, "all"]}),
    (PIPELINE, [{"clf": [SVC()], "clf__C": [1, 2]}, {"clf": [TREE, LogisticRegression(C=0.1)], "select__k": [2, 4]}]),
    (TREE, {}),
]
DISTRIBUTIONS: list[Any] = [
    (SVC(), {"C": stats.loguniform(1e-2, 1e2), "gamma": stats.uniform(0.1, 0.5), "kernel": ["rbf", "linear"]}),
    (TREE, {"max_depth": stats.randint(1, 4), "ccp_alpha": stats.expon(scale=0.01), "criterion": ["gini", "entropy"]}),
    (PIPELINE, [{"clf": [SVC()], "clf__C": stats.loguniform(1e-1, 10)}, {"clf": [TREE], "clf__max_depth": [1, 2, 3]}]),
    (SVC(), {"C": [1, 2, 3, 4], "kernel": ["linear", "rbf", "poly"]}),
]


def assert_same(ours: Any, theirs: Any) -> None:
    for name, values in theirs.cv_results_.items():
        if "_time" in name:
            assert ours.cv_results_[name].shape == values.shape
        elif name == "params":
            assert [shown(each) for each in ours.cv_results_[name]] == [shown(each) for each in values]
        else:
            np.testing.assert_array_equal(ours.cv_results_[name].astype(str), values.astype(str))
            assert getattr(ours.cv_results_[name], "dtype", None) == values.dtype
    assert (ours.best_index_, ours.best_score_) == (theirs.best_index_, theirs.best_score_)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))


def shown(params: dict[str, Any]) -> dict[str, str]:
    return {
        name: str(value.item() if isinstance(value, np.generic) else value) for name, value in params.items()
    }  # which numbers they are; NumPy's own types may become Python's


@pytest.mark.parametrize(("estimator", "grid"), GRIDS)
def test_grids_give_the_same_table(estimator: Any, grid: Any) -> None:
    options = {"cv": 2, "return_train_score": True}
    if "mutual_info" in str(grid):
        grid = grid | {"select__score_func": [f_classif]}
    mine = ours.GridSearchCV(estimator, grid, **options).fit(X, Y)
    assert_same(mine, model_selection.GridSearchCV(estimator, grid, **options).fit(X, Y))
    assert list(mine.cv_results_["trial"]) == list(range(len(mine.cv_results_["params"])))


@pytest.mark.parametrize(("estimator", "distributions"), DISTRIBUTIONS)
def test_random_search_draws_the_same_candidates(estimator: Any, distributions: Any) -> None:
    options = {"cv": 2, "n_iter": 6, "random_state": 3, "scoring": ["accuracy", "f1"], "refit": "f1"}
    mine = ours.RandomizedSearchCV(estimator, distributions, **options).fit(X, Y)
    assert_same(mine, model_selection.RandomizedSearchCV(estimator, distributions, **options).fit(X, Y))


def test_what_tutorials_print(capsys: pytest.CaptureFixture[str]) -> None:
    texts = []
    for module in (ours, model_selection):
        grid = module.GridSearchCV(estimator=TREE, param_grid={"max_depth": [1, 2, 3]}, n_jobs=1, cv=3)
        grid_result = grid.fit(X, Y)
        print(f"Best: {grid_result.best_score_:f} using {grid_result.best_params_}")
        means = grid_result.cv_results_["mean_test_score"]
        stds = grid_result.cv_results_["std_test_score"]
        params = grid_result.cv_results_["params"]
        for mean, stdev, param in zip(means, stds, params, strict=True):
            print(f"{mean:f} ({stdev:f}) with: {param!r}")
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1]
    assert texts[0].count("with: {'max_depth': ") == 3


def test_more_iterations_than_there_are_candidates() -> None:
    search = ours.RandomizedSearchCV(TREE, {"max_depth": [1, 2, 3]}, n_iter=10, cv=2)
    with pytest.warns(UserWarning, match="smaller than n_iter=10"):
        search.fit(X, Y)
    assert sorted(params["max_depth"] for params in search.cv_results_["params"]) == [1, 2, 3]


@pytest.mark.parametrize("grid", [{"max_depth": 3}, {"max_depth": []}, {"max_depth": "auto"}])
def test_errors_are_those_of_scikit_learn(grid: Any) -> None:
    messages = []
    for module in (ours, model_selection):
        with pytest.raises((TypeError, ValueError)) as raised:
            module.GridSearchCV(TREE, grid).fit(X, Y)
        messages.append(str(raised.value))
    assert messages[0] == messages[1]


def test_what_a_study_can_not_say() -> None:
    class Own:
        def rvs(self, random_state: Any = None) -> float:
            return 1.0

    with pytest.raises(SpaceError, match=r"Own .* can't be used as a domain"):
        ours.RandomizedSearchCV(TREE, {"ccp_alpha": Own()}).fit(X, Y)
    with pytest.raises(SpaceError, match="has 1 more than once"):
        ours.GridSearchCV(TREE, {"max_depth": [1, 1]}).fit(X, Y)


def test_they_are_kept_and_gone_on_with(tmp_path: Path) -> None:
    options: dict[str, Any] = {"store": f"sqlite:///{tmp_path}/rung.db", "study": "grid", "cv": 2}
    fits: list[int] = []

    class Crashes(DecisionTreeClassifier):
        def fit(self, X: Any, y: Any) -> Any:  # noqa: N803
            fits.append(1)
            if len(fits) == 6:
                raise KeyboardInterrupt
            return super().fit(X, y)

    search = ours.GridSearchCV(Crashes(random_state=0), {"max_depth": [1, 2, 3, 4]}, refit=False, **options)
    with pytest.raises(KeyboardInterrupt):
        search.fit(X, Y)
    again = clone(search).fit(X, Y)
    assert len(fits) == 6 + 4, "two candidates were there"
    plain = model_selection.GridSearchCV(TREE, {"max_depth": [1, 2, 3, 4]}, cv=2).fit(X, Y)
    np.testing.assert_array_equal(again.cv_results_["mean_test_score"], plain.cv_results_["mean_test_score"])
    assert [trial.config for trial in rung.open_study("grid", options["store"]).trials] == again.cv_results_["params"]


def test_all_candidates_are_one_batch(capsys: pytest.CaptureFixture[str]) -> None:
    ours.GridSearchCV(TREE, {"max_depth": [1, 2, 3]}, cv=2, verbose=1).fit(X, Y)
    assert "Fitting 2 folds for each of 3 candidates" in capsys.readouterr().out


def test_a_candidate_that_fails_in_a_batch() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mine, theirs = (
            module.GridSearchCV(SVC(), {"C": [-1, 1]}, cv=2).fit(X, Y) for module in (ours, model_selection)
        )
    np.testing.assert_array_equal(mine.cv_results_["mean_test_score"], theirs.cv_results_["mean_test_score"])
    assert mine.best_params_ == {"C": 1}
