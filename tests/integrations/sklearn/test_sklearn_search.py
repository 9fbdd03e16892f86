"""SearchCV stands where scikit-learn's searches stand."""

from __future__ import annotations

import contextlib
import math
import pickle
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn
from scipy import sparse, stats
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.datasets import make_classification
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import FitFailedWarning
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    RandomizedSearchCV,
    ShuffleSplit,
    StratifiedKFold,
    cross_val_score,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.estimator_checks import estimator_checks_generator

import rung
from rung.commands import Record, StopTrial
from rung.errors import SettingError, SpaceError, StudyMismatchError
from rung.integrations.sklearn import Estimators, GridSearchCV, SearchCV
from rung.integrations.sklearn import RandomizedSearchCV as OurRandomizedSearchCV
from rung.store import open_store
from rung.types import TrialState

X, Y = make_classification(n_samples=120, n_features=6, n_informative=4, random_state=0)
SPACE = {"max_depth": rung.randint(1, 6), "min_samples_leaf": [1, 2, 5, 10]}
TREE = DecisionTreeClassifier(random_state=0)


def made(**options: Any) -> SearchCV:
    given: dict[str, Any] = {"searcher": "random", "n_trials": 5, "cv": 3, "random_state": 0} | options
    return SearchCV(given.pop("estimator", TREE), given.pop("space", SPACE), **given)


def without_times(results: dict[str, Any]) -> dict[str, str]:
    return {name: str(values) for name, values in results.items() if "time" not in name}


LOGISTIC = {"C": rung.loguniform(0.1, 1.0)}
SEARCHES = [
    SearchCV(LogisticRegression(), LOGISTIC, searcher="random", n_trials=2, cv=2),
    GridSearchCV(Ridge(), {"alpha": [0.1, 1.0]}, cv=2, error_score="raise"),
    OurRandomizedSearchCV(Ridge(), {"alpha": [0.1, 1.0]}, n_iter=2, cv=2, error_score="raise"),
]


def contract() -> Iterator[Any]:
    """All checks but those of array APIs, for which packages are needed that do nothing here."""
    for search in SEARCHES:
        for number, (estimator, check) in enumerate(estimator_checks_generator(search)):
            name = check.func.__name__
            # What scikit-learn's own searches are excused from as well: the warning of the one inside isn't caught.
            is_excused = name == "check_supervised_y_2d" and isinstance(search.estimator, Ridge)
            if not name.startswith("check_array_api"):
                marks = [pytest.mark.xfail] if is_excused else []
                yield pytest.param(estimator, check, id=f"{type(search).__name__}-{name}-{number}", marks=marks)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("estimator", "check"), list(contract()))
def test_estimator_contract(estimator: Any, check: Any) -> None:
    check(estimator)


class TestResults:
    def test_keys_are_those_of_scikit_learn(self) -> None:
        scoring = {"accuracy": "accuracy", "log": "neg_log_loss"}
        options = {"scoring": scoring, "refit": "log", "return_train_score": True}
        ours = made(**options).fit(X, Y)
        theirs = RandomizedSearchCV(TREE, {"max_depth": [1, 2], "min_samples_leaf": [1, 2]}, cv=3, n_iter=3, **options)
        assert ours.cv_results_.keys() == theirs.fit(X, Y).cv_results_.keys() | {"trial"}
        assert {name for name in vars(theirs) if name.endswith("_")} <= set(vars(ours))

    def test_a_row_for_each_trial(self) -> None:
        search = made().fit(X, Y)
        results = search.cv_results_
        assert list(results["trial"]) == [0, 1, 2, 3, 4]
        assert all(len(column) == 5 for column in results.values())
        splits = np.array([results[f"split{i}_test_score"] for i in range(3)])
        np.testing.assert_allclose(results["mean_test_score"], splits.mean(axis=0))
        np.testing.assert_allclose(results["std_test_score"], splits.std(axis=0))
        assert search.best_index_ == results["mean_test_score"].argmax()
        assert search.best_score_ == results["mean_test_score"].max()
        assert search.best_params_ == results["params"][search.best_index_]
        assert search.best_estimator_.get_params()["max_depth"] == search.best_params_["max_depth"]
        assert isinstance(results["param_max_depth"], np.ma.MaskedArray)
        pd.DataFrame(results)

    def test_scores_are_those_of_cross_validation(self) -> None:
        search = made(n_trials=2, refit=False).fit(X, Y)
        for index, params in enumerate(search.cv_results_["params"]):
            scores = cross_val_score(clone(TREE).set_params(**params), X, Y, cv=3)
            assert [search.cv_results_[f"split{i}_test_score"][index] for i in range(3)] == list(scores)
        assert not hasattr(search, "best_estimator_")

    def test_the_metric_that_refit_names_is_searched_for(self, tmp_path: Path) -> None:
        store = f"sqlite:///{tmp_path}/rung.db"
        scoring = ["accuracy", "neg_log_loss"]
        for refit, metric in (("neg_log_loss", "neg_log_loss"), (False, "accuracy"), (best_by_accuracy, "accuracy")):
            search = made(scoring=scoring, refit=refit, store=store, n_trials=2).fit(X, Y)
            told = [record.error for record in rung.open_study(search.study_, store).records]
            np.testing.assert_allclose(told, search.cv_results_[f"mean_test_{metric}"])
        assert search.best_index_ == 1

    def test_a_scorer_of_several_metrics(self) -> None:
        search = made(scoring=two_scores, refit="b").fit(X, Y)
        np.testing.assert_allclose(search.cv_results_["mean_test_b"], -search.cv_results_["mean_test_a"])
        assert search.best_index_ == search.cv_results_["mean_test_a"].argmin()

    @pytest.mark.parametrize("cv", [ShuffleSplit(3), KFold(3, shuffle=True), ((range(60), range(60, 120)),)])
    def test_all_candidates_have_the_same_splits(self, cv: Any) -> None:
        search = made(estimator=DummyClassifier(), space={"strategy": rung.choice(["prior", "most_frequent"])}, cv=cv)
        results = search.fit(X, Y).cv_results_
        for split in range(search.n_splits_):
            assert len(set(results[f"split{split}_test_score"])) == 1


def best_by_accuracy(results: dict[str, Any]) -> int:
    return 1


def two_scores(estimator: Any, X: Any, y: Any) -> dict[str, float]:  # noqa: N803
    score = accuracy_score(y, estimator.predict(X))
    return {"a": score, "b": -score}


class TestDropIn:
    def test_clone_and_pickle(self) -> None:
        search = made(estimator=TREE, space={"max_depth": rung.randint(1, 6)})
        twin = clone(search)
        assert twin.get_params()["n_trials"] == 5
        fitted = search.fit(X, Y)
        back = pickle.loads(pickle.dumps(fitted))
        np.testing.assert_array_equal(back.predict(X), fitted.predict(X))
        assert without_times(back.cv_results_) == without_times(twin.fit(X, Y).cv_results_)

    def test_the_same_random_state_makes_the_same_search(self) -> None:
        for searcher in ("random", "tpe(startup_trials=2)"):
            first, second = (made(searcher=searcher).fit(X, Y) for _ in range(2))
            assert without_times(first.cv_results_) == without_times(second.cv_results_)
        other = made(random_state=1).fit(X, Y)
        assert other.cv_results_["params"] != first.cv_results_["params"]
        made(random_state=np.random.RandomState(0)).fit(X, Y)
        made(random_state=None).fit(X, Y)

    def test_inside_cross_validation(self) -> None:
        scores = cross_val_score(made(), X, Y, cv=2)
        assert (scores > 0.5).all()

    def test_a_pipeline_inside_and_outside(self) -> None:
        inner = Pipeline([("select", SelectKBest()), ("tree", TREE)])
        search = made(estimator=inner, space={"select__k": [2, 4, 6], "tree__max_depth": rung.randint(1, 6)})
        outer = Pipeline([("scale", StandardScaler()), ("search", search)]).fit(X, Y)
        assert set(outer["search"].best_params_) == {"select__k", "tree__max_depth"}
        assert outer.predict_proba(X).shape == (120, 2)

    def test_processes(self) -> None:
        alone, shared = made(batch_size=2).fit(X, Y), made(n_jobs=2, batch_size=2).fit(X, Y)
        assert without_times(alone.cv_results_) == without_times(shared.cv_results_)

    def test_frames_sparse_and_groups(self) -> None:
        frame = pd.DataFrame(X, columns=list("abcdef"))
        assert list(made().fit(frame, Y).feature_names_in_) == list("abcdef")
        made(resource="n_samples").fit(sparse.csr_matrix(X), Y)
        made(resource="n_samples").fit(X, np.column_stack([Y, 1 - Y]))
        made(cv=GroupKFold(2)).fit(X, Y, groups=np.arange(120) % 2)
        made(cv=GroupKFold(2), resource="n_samples").fit(X, Y, groups=np.arange(120) % 2)

    def test_sample_weights(self) -> None:
        weights = np.where(Y == 0, 1.0, 1e-9)
        estimator, space = DummyClassifier(strategy="prior"), {"strategy": ["prior", "most_frequent"]}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # some versions say that scores are not weighted
            search = made(estimator=estimator, space=space).fit(X, Y, sample_weight=weights)
        assert search.predict(X).max() == 0

    def test_metadata_routing(self) -> None:
        with sklearn.config_context(enable_metadata_routing=True):
            estimator = DummyClassifier(strategy="prior").set_fit_request(sample_weight=True)
            estimator.set_score_request(sample_weight=False)
            search = made(estimator=estimator, space={"strategy": ["prior", "most_frequent"]})
            search.fit(X, Y, sample_weight=np.where(Y == 0, 1.0, 1e-9))
            assert search.predict(X).max() == 0

    def test_without_labels(self) -> None:
        from sklearn.neighbors import KernelDensity

        search = made(estimator=KernelDensity(), space={"bandwidth": stats.loguniform(0.1, 10)}, resource="n_samples")
        assert search.fit(X).best_params_["bandwidth"] > 0

    def test_searchers_learn(self) -> None:
        """Of a parabola in one parameter a model finds more than random search does."""
        space = {"x": rung.uniform(0.0, 1.0)}
        best = {
            name: made(estimator=Parabola(), space=space, searcher=name, n_trials=20, cv=2).fit(X, Y).best_score_
            for name in ("random", "gp")
        }
        assert best["gp"] > -1e-4 > best["random"]


class Parabola(ClassifierMixin, BaseEstimator):
    def __init__(self, x: float = 0.5) -> None:
        self.x = x

    def fit(self, X: Any, y: Any) -> Parabola:  # noqa: N803
        self.classes_ = np.unique(y)
        return self

    def predict(self, X: Any) -> Any:  # noqa: N803
        return np.zeros(len(X))

    def score(self, X: Any, y: Any) -> float:  # noqa: N803
        return -((self.x - 0.31) ** 2)


class Fails(DummyClassifier):
    """Fails in all fits where x < 0.5, and in fits with an even first sample where x is exactly 0.75."""

    def __init__(self, x: float = 0.0, strategy: str = "prior") -> None:
        super().__init__(strategy=strategy)
        self.x = x

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Fails:  # noqa: N803
        if self.x < 0.5 or (self.x == 0.75 and len(X) != 80):
            raise ValueError("too small")
        return super().fit(X, y)


class TestFailures:
    def test_a_candidate_that_fails_is_the_worst(self) -> None:
        search = made(estimator=Fails(), space={"x": [0.1, 0.6, 0.2, 0.7]}, searcher="grid", n_trials=4)
        with (
            pytest.warns(FitFailedWarning, match="All the 3 fits failed") as said,
            pytest.warns(UserWarning, match="fin"),
        ):
            search.fit(X, Y)
        assert len([each for each in said if "All the" in str(each.message)]) == 2
        assert list(np.isnan(search.cv_results_["mean_test_score"])) == [True, False, True, False]
        assert list(search.cv_results_["rank_test_score"]) == [3, 1, 3, 1]
        assert search.best_params_["x"] == 0.6

    def test_the_last_one_fails_and_error_score(self) -> None:
        search = made(estimator=Fails(), space={"x": [0.6, 0.1]}, searcher="grid", n_trials=2, error_score=-1.0)
        search.set_params(scoring=["accuracy", "f1"], refit="f1", return_train_score=True)
        with pytest.warns(FitFailedWarning):
            search.fit(X, Y)
        for name in ("mean_test_accuracy", "mean_test_f1", "mean_train_f1", "split2_test_f1"):
            assert search.cv_results_[name][1] == -1.0
        assert math.isnan(search.cv_results_["mean_fit_time"][1])

    def test_when_all_fail_scikit_learn_says_so(self) -> None:
        search = made(estimator=Fails(), space={"x": [0.1, 0.2]}, searcher="grid", n_trials=2)
        with pytest.warns(FitFailedWarning), pytest.raises(ValueError, match="All the 3 fits failed"):
            search.fit(X, Y)

    def test_an_error_is_raised_on_demand(self) -> None:
        search = made(estimator=Fails(), space={"x": [0.1]}, error_score="raise")
        with pytest.raises(ValueError, match="too small"):
            search.fit(X, Y)

    def test_another_error_is_not_taken_for_a_failed_fit(self) -> None:
        with pytest.raises(ValueError, match="n_splits=500"):
            made(cv=KFold(500)).fit(X, Y)

    def test_one_split_fails(self) -> None:
        cv = [(np.arange(80), np.arange(80, 120)), (np.arange(70), np.arange(80, 120))]
        search = made(estimator=Fails(), space={"x": [0.75, 0.9]}, searcher="grid", n_trials=2, cv=cv)
        with pytest.warns(FitFailedWarning, match="1 fits failed out"), pytest.warns(UserWarning, match="non-finite"):
            search.fit(X, Y)
        assert search.best_params_ == {"x": 0.9}
        assert math.isnan(search.cv_results_["split1_test_score"][0])
        assert search.cv_results_["split0_test_score"][0] > 0


class TestSpaces:
    def test_models_with_their_own_hyperparameters(self) -> None:
        models = Estimators(
            {
                "svm": (SVC(), {"C": stats.loguniform(0.1, 10), "kernel": ["linear", "rbf"]}),
                "tree": (TREE, {"max_depth": rung.randint(1, 6)}),
                "bayes": GaussianNB(),
            }
        )
        pipeline = Pipeline([("scale", "passthrough"), ("clf", SVC())])
        space = {"scale": ["passthrough", StandardScaler()], "clf": models}
        search = made(estimator=pipeline, space=space, n_trials=12).fit(X, Y)
        found = set()
        for params in search.cv_results_["params"]:
            kind = type(params["clf"]).__name__
            found.add(kind)
            own = {"SVC": {"clf__C", "clf__kernel"}, "DecisionTreeClassifier": {"clf__max_depth"}, "GaussianNB": set()}
            assert params.keys() - {"scale", "clf"} == own[kind]
        assert found == {"SVC", "DecisionTreeClassifier", "GaussianNB"}
        assert isinstance(search.best_estimator_["clf"], type(search.best_params_["clf"]))
        assert not hasattr(models._estimators["svm"], "support_"), "what was given is not fitted"
        assert search.cv_results_["param_clf__C"].mask.any()

    def test_a_space_with_conditions(self) -> None:
        space = rung.Space(
            {"kernel": ["linear", "rbf"], "gamma": rung.loguniform(0.01, 1)}, conditions={"gamma": ("kernel", "rbf")}
        )
        results = made(estimator=SVC(), space=space).fit(X, Y).cv_results_
        assert {("gamma" in params) == (params["kernel"] == "rbf") for params in results["params"]} == {True}

    def test_names_given_to_objects(self, tmp_path: Path) -> None:
        store = f"sqlite:///{tmp_path}/rung.db"
        space = {"clf": rung.choice({"a tree": TREE, "bayes": GaussianNB()})}
        search = made(estimator=Pipeline([("clf", TREE)]), space=space, store=store, searcher="grid", n_trials=2)
        search.fit(X, Y)
        assert [trial.config["clf"] for trial in rung.open_study("search", store).trials] == ["a tree", "bayes"]
        assert [type(each["clf"]) for each in search.cv_results_["params"]] == [DecisionTreeClassifier, GaussianNB]

    def test_parts_are_copied(self) -> None:
        space = rung.Space(SPACE)
        searcher = rung.RandomSearcher(space)
        search = made(space=space, searcher=searcher)
        assert without_times(search.fit(X, Y).cv_results_) == without_times(clone(search).fit(X, Y).cv_results_)
        scheduler = rung.ASHA(rung.RandomSearcher(space), max_t=120, grace_period=40)
        made(space=space, searcher="auto", scheduler=scheduler, resource="n_samples").fit(X, Y)
        with pytest.raises(SettingError, match="ASHA has a searcher already"):
            made(space=space, scheduler=scheduler, resource="n_samples").fit(X, Y)
        with pytest.raises(SettingError, match="the space differs from that of RandomSearcher"):
            made(searcher=rung.RandomSearcher({"max_depth": [1, 2]})).fit(X, Y)

    @pytest.mark.parametrize("space", ["max_depth", [], [{"a": [1]}, 3], None])
    def test_no_space(self, space: Any) -> None:
        with pytest.raises(SpaceError, match="is no search space"):
            made(space=space).fit(X, Y)


class TestResource:
    def test_samples(self) -> None:
        sizes: list[int] = []

        class Counts(DummyClassifier):
            def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:  # noqa: N803
                sizes.append(len(X))
                return super().fit(X, y)

        search = made(
            estimator=Counts(), space={"strategy": ["prior", "most_frequent"]}, scheduler="halving(n=4)", n_trials=4,
            resource="n_samples", min_resource=12, max_resource=108, refit=False,
        ).fit(X, Y)  # fmt: skip
        assert list(search.cv_results_["n_resources"]) == [12] * 4 + [36] + [108]
        assert sizes == [8] * 12 + [24] * 3 + [72] * 3

    def test_a_parameter(self) -> None:
        forest = RandomForestClassifier(random_state=0)
        search = made(
            estimator=forest, space=SPACE, resource="n_estimators", max_resource=9, scheduler="halving", n_trials=9
        ).fit(X, Y)
        given = search.cv_results_["n_resources"]
        assert list(given) == [1] * 9 + [3] * 3 + [9]
        assert [params["n_estimators"] for params in search.cv_results_["params"]] == list(given)
        assert search.best_params_["n_estimators"] == 9
        assert search.best_score_ == search.cv_results_["mean_test_score"][-1]

    @pytest.mark.parametrize("scheduler", ["auto", "hyperband", "asha(variant=promotion)", "asha(grace_period=30)"])
    def test_the_best_is_one_of_those_that_got_most(self, scheduler: str) -> None:
        search = made(scheduler=scheduler, resource="n_samples", n_trials=8).fit(X, Y)
        given = search.cv_results_["n_resources"]
        assert given[search.best_index_] == given.max()
        assert len(given) > 8
        assert sorted(set(search.cv_results_["trial"])) == list(range(8))
        most = search.cv_results_["mean_test_score"][given == given.max()]
        assert search.best_score_ == most.max()

    def test_by_default_samples_are_enough_for_each_class(self) -> None:
        search = made(resource="n_samples", cv=4, scheduler="halving").fit(X, Y)
        assert sorted(set(search.cv_results_["n_resources"])) == [40, 120], "120 / 9 is less than 2 · 2 · 4"

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"resource": "trees"}, "no parameter 'trees'"),
            ({"resource": "max_depth", "max_resource": 3}, "is the resource, and searched as well"),
            ({"resource": "max_leaf_nodes"}, "nothing says how much 'max_leaf_nodes' is at most"),
            ({"resource": "n_samples", "max_resource": 121}, "more than the 120 samples"),
            ({"resource": "n_samples", "min_resource": 0}, "min_resource must be a whole number, at least 1, not 0"),
            ({"resource": "n_samples", "scheduler": "basic"}, "doesn't say how much of 'n_samples'"),
            ({"resource": "n_samples", "scheduler": "median"}, "doesn't say how much of 'n_samples'"),
            ({"scheduler": "halving(max_t=9)"}, "nothing says of what"),
            ({"min_resource": 3}, "are of no resource"),
            ({"n_trials": 0}, "n_trials must be a whole number, at least 1, not 0"),
            ({"batch_size": True}, "batch_size must be a whole number, at least 1, not True"),
            ({"searcher": "tpee"}, "no searcher named 'tpee'"),
        ],
    )
    def test_what_makes_no_sense(self, options: dict[str, Any], message: str) -> None:
        with pytest.raises(SettingError, match=message):
            made(**options).fit(X, Y)


def searched(ccp_alpha: float) -> float:
    search = made(estimator=Reporting(random_state=0, ccp_alpha=ccp_alpha), n_trials=2).fit(X, Y)
    return float(1 - search.best_score_)


class Reporting(DecisionTreeClassifier):
    def fit(self, X: Any, y: Any) -> Any:  # noqa: N803
        rung.report(0.5)
        return super().fit(X, y)


@pytest.mark.parametrize("workers", [None, 1])
def test_a_trial_may_consist_of_a_search(workers: int | None) -> None:
    found = rung.tune(
        searched, {"ccp_alpha": [0.0]}, max_trials=1, workers=workers, store="memory", progress="off"
    )  # fmt: skip
    (row,) = found.trials
    assert (row.state, row.message, row.last_step, row.last_loss) == (TrialState.COMPLETED, "", 1, searched(0.0))


class TestStudies:
    def test_it_goes_on_where_it_was(self, tmp_path: Path) -> None:
        options = {"store": f"sqlite:///{tmp_path}/rung.db", "study": "trees", "return_train_score": True}
        counted: list[int] = []

        class Counts(DecisionTreeClassifier):
            def fit(self, X: Any, y: Any) -> Any:  # noqa: N803
                counted.append(1)
                return super().fit(X, y)

        first = made(estimator=Counts(random_state=0), n_trials=3, refit=False, **options).fit(X, Y)
        assert len(counted) == 9
        again = made(estimator=Counts(random_state=0), n_trials=5, refit=False, **options).fit(X, Y)
        assert len(counted) == 15, "three candidates were there"
        for name, values in first.cv_results_.items():
            if not name.startswith("rank"):
                assert str(list(again.cv_results_[name][:3])) == str(list(values)), name
        whole = made(return_train_score=True).fit(X, Y)
        assert without_times(again.cv_results_) == without_times(whole.cv_results_)
        counted.clear()
        done = made(estimator=Counts(random_state=0), n_trials=5, **options).fit(X, Y)
        assert len(counted) == 4, "the last candidate once more, and the best one on all data"
        assert without_times(done.cv_results_) == without_times(whole.cv_results_)

    def test_a_crash_loses_one_batch(self, tmp_path: Path) -> None:
        options = {"store": f"sqlite:///{tmp_path}/rung.db", "study": "trees", "resource": "n_samples"}
        crashing: list[int] = []

        class Crashes(DecisionTreeClassifier):
            def fit(self, X: Any, y: Any) -> Any:  # noqa: N803
                crashing.append(1)
                if len(crashing) == 17:
                    raise KeyboardInterrupt
                return super().fit(X, y)

        with pytest.raises(KeyboardInterrupt):
            made(estimator=Crashes(random_state=0), **options).fit(X, Y)
        after = made(estimator=Crashes(random_state=0), **options).fit(X, Y)
        assert len(crashing) - 17 < 3 * len(after.cv_results_["trial"]), "what was known was not evaluated again"
        whole = made(resource="n_samples").fit(X, Y)
        assert without_times(after.cv_results_) == without_times(whole.cv_results_)

    def test_failures_are_remembered(self, tmp_path: Path) -> None:
        options = {"store": f"sqlite:///{tmp_path}/rung.db", "study": "x", "searcher": "grid", "cv": 2}
        estimator, space = Fails(), {"x": [0.1, 0.6, 0.7]}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made(estimator=estimator, space=space, n_trials=2, **options).fit(X, Y)
            search = made(estimator=estimator, space=space, n_trials=3, **options).fit(X, Y)
        assert list(np.isnan(search.cv_results_["mean_test_score"])) == [True, False, False]

    @pytest.mark.filterwarnings("ignore::sklearn.exceptions.FitFailedWarning")
    def test_error_scores_are_remembered(self, tmp_path: Path) -> None:
        options = {"store": f"sqlite:///{tmp_path}/rung.db", "study": "x", "searcher": "grid", "error_score": -2}
        for n_trials in (2, 3):
            search = made(estimator=Fails(), space={"x": [0.1, 0.6, 0.7]}, n_trials=n_trials, **options).fit(X, Y)
            assert list(search.cv_results_["mean_test_score"][:2] == -2) == [True, False]

    def test_what_people_do_meanwhile(self, tmp_path: Path) -> None:
        """They stop a trial that is being evaluated, and record a result of their own."""
        store = f"sqlite:///{tmp_path}/rung.db"
        fits: list[int] = []

        class Watched(DecisionTreeClassifier):
            def fit(self, X: Any, y: Any) -> Any:  # noqa: N803
                fits.append(1)
                if len(fits) == 5:
                    with contextlib.closing(open_store(store, create=False)) as opened:
                        opened.post("trees", StopTrial(1))
                        own = {"max_depth": 2, "min_samples_leaf": 1}
                        opened.post(
                            "trees", Record(config=own, reports=((1, {"score": 0.5}),), state=TrialState.COMPLETED)
                        )
                return super().fit(X, y)

        options = {"estimator": Watched(random_state=0), "store": store, "study": "trees"}
        search = made(n_trials=4, **options).fit(X, Y)
        assert list(search.cv_results_["trial"]) == [0, 1, 3]
        states = [str(trial.state) for trial in rung.open_study("trees", store).trials]
        assert states == ["completed", "stopped", "completed", "completed"]
        again = made(n_trials=5, **options).fit(X, Y)
        assert list(again.cv_results_["trial"]) == [0, 1, 3, 4], "what was brought has no splits"

    def test_other_data_are_refused(self, tmp_path: Path) -> None:
        options = {"store": f"sqlite:///{tmp_path}/rung.db", "study": "trees"}
        made(**options).fit(X, Y)
        for search, data in (
            (made(**options), (X[:100], Y[:100])),
            (made(**options, cv=StratifiedKFold(3, shuffle=True)), (X, Y)),
            (made(**options, estimator=DecisionTreeClassifier(random_state=1)), (X, Y)),
        ):
            with pytest.raises(StudyMismatchError, match="'trees' is about other data, other splits or another"):
                search.fit(*data)

    def test_a_function_is_the_same_in_another_process(self, tmp_path: Path) -> None:
        """Its address is another one there, as it is for a second function made here."""

        def scorer() -> Any:
            return lambda estimator, X, y: accuracy_score(y, estimator.predict(X))  # noqa: N803

        options = {"store": f"sqlite:///{tmp_path}/rung.db", "study": "trees"}
        first, second = scorer(), scorer()
        made(**options, n_trials=2, scoring=first).fit(X, Y)
        again = made(**options, n_trials=3, scoring=second).fit(X, Y)
        assert len(again.cv_results_["trial"]) == 3
        with pytest.raises(StudyMismatchError):
            made(**options, n_trials=3, scoring="f1").fit(X, Y)

    def test_each_fit_without_a_name_is_a_study_of_its_own(self, tmp_path: Path) -> None:
        store = f"sqlite:///{tmp_path}/rung.db"
        cross_val_score(made(store=store, n_trials=2), X, Y, cv=2)
        assert rung.open_study("search-2", store).row.n_begun == 2


def test_a_batch_keeps_processes_busy() -> None:
    from rung.integrations.sklearn._searching import sensible_batch

    assert [sensible_batch(5, n_jobs) for n_jobs in (1, 2, 4, 8, 16)] == [1, 1, 2, 3, 3]
    for n_splits in range(1, 12):
        for n_jobs in range(1, 40):
            busy = [b * n_splits / (n_jobs * math.ceil(b * n_splits / n_jobs)) for b in range(1, n_jobs + 1)]
            assert sensible_batch(n_splits, n_jobs) == 1 + next(i for i, share in enumerate(busy) if share > 0.8 - 1e-9)
