"""Estimators as a dimension, and what stands for values that no log can hold."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import SVC

import rung
from rung.errors import SettingError, SpaceError
from rung.integrations import sklearn as integration
from rung.integrations.sklearn import Estimators
from rung.integrations.sklearn._params import Params
from rung.integrations.sklearn._values import as_dimension

MODELS = Estimators({"svm": (SVC(), {"C": rung.loguniform(0.1, 10)}), "bayes": GaussianNB()})


def test_dimensions_and_conditions() -> None:
    space = rung.Space({"clf": MODELS, "k": [1, 2]})
    assert space.names == ("clf", "clf.svm.C", "k")
    assert space.is_allowed({"clf": "svm", "clf.svm.C": 1.0, "k": 1})
    assert space.is_allowed({"clf": "bayes", "k": 1})
    assert not space.is_allowed({"clf": "bayes", "clf.svm.C": 1.0, "k": 1})


def test_parameters_of_configurations() -> None:
    params = Params({"clf": MODELS}).of({"clf": "svm", "clf.svm.C": 2.0})
    assert params.pop("clf") is MODELS._estimators["svm"]
    assert params == {"clf__C": 2.0}


def test_alternatives_hold_estimators() -> None:
    space = Params([{"clf": MODELS}, {"clf": [SVC(kernel="linear")], "clf__C": [1, 2]}])
    assert space.of({"alternative": 0, "0.clf": "svm", "0.clf.svm.C": 2.0}).keys() == {"clf", "clf__C"}
    assert space.of({"alternative": 1, "1.clf": "SVC(kernel='linear')", "1.clf__C": 2})["clf__C"] == 2
    rng = np.random.default_rng(0)
    drawn = [space.space.sample(rng) for _ in range(50)]
    assert {tuple(sorted(space.of(config))) for config in drawn} == {("clf",), ("clf", "clf__C")}
    assert all(space.space.is_allowed(config) for config in drawn)


def test_a_parameter_called_alternative_is_one() -> None:
    assert Params({"alternative": [1, 2]}).of({"alternative": 2}) == {"alternative": 2}


@pytest.mark.parametrize("given", [{}, [SVC()], {"svm": (SVC(), [1])}, {"svm": (SVC(), {}, 1)}])
def test_what_is_no_choice_of_estimators(given: Any) -> None:
    with pytest.raises(SpaceError, match=r"Estimators takes a mapping|is no estimator"):
        Estimators(given)


def test_it_is_copied_with_a_search() -> None:
    search = clone(integration.SearchCV(SVC(), {"clf": MODELS}))
    assert repr(search.space["clf"]) == repr(MODELS)
    assert "'svm': (SVC(), {'C': Float(0.1, 10" in repr(MODELS)


class TestValues:
    def test_what_a_log_can_hold_stays(self) -> None:
        assert as_dimension(np.array([1.0, 2.0])).values == (1.0, 2.0)
        assert as_dimension([None, True, "a", 1, np.int64(3)]).values == (None, True, "a", 1, 3)
        assert not as_dimension(range(3)).objects

    def test_all_else_has_a_name(self) -> None:
        long = tuple(range(100))
        values = [(50, 20), None, len, SVC(C=2), {"a": 1}, np.nan, object(), long, SVC, "x"]
        names = as_dimension(values).objects
        expected = ["(50, 20)", "None", "len", "SVC(C=2)", "{'a': 1}", "nan", "object", "tuple", "SVC", "x"]
        assert list(names) == expected
        assert all(given is kept for given, kept in zip(values, names.values(), strict=True))

    def test_the_same_name_twice(self) -> None:
        assert list(as_dimension([object(), object(), object()]).objects) == ["object", "object #2", "object #3"]

    def test_domains_are_themselves(self) -> None:
        for given in (rung.uniform(0, 1), 3, "rbf", MODELS):
            assert as_dimension(given) is given


def test_names_are_there_before_scikit_learn() -> None:
    assert set(dir(integration)) == {"Estimators", "GridSearchCV", "PartialFit", "RandomizedSearchCV", "SearchCV"}
    with pytest.raises(AttributeError, match="no attribute 'Searcher'"):
        integration.Searcher  # noqa: B018


def test_searches_need_a_scikit_learn_that_has_what_they_build_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sklearn, "__version__", "1.8.0")
    monkeypatch.delitem(sys.modules, "rung.integrations.sklearn._study_search", raising=False)
    with pytest.raises(SettingError, match=r"scikit-learn 1\.8\.0 is too old\. It takes 1\.9: pip"):
        importlib.import_module("rung.integrations.sklearn._study_search")
