from itertools import islice

import numpy as np
import pytest

from rung.benchmarks.problems.sklearn_models import boosting, forest, svm
from rung.errors import MissingExtraError
from rung.testing.problem_suite import ProblemSuite

pytest.importorskip("sklearn")

BOOSTING = {"learning_rate": 0.1, "max_depth": 2, "subsample": 0.8, "max_features": 0.5, "min_samples_leaf": 5}
FOREST = {
    "criterion": "gini",
    "max_depth": 8,
    "max_features": 0.2,
    "min_samples_leaf": 1,
    "min_samples_split": 2,
}


class TestSvm(ProblemSuite):
    n_configs = 6
    has_real_costs = True

    def make(self):
        return svm()


def values(steps):
    return [step.value for step in steps]


def test_the_svm_is_that_of_a_cross_validation_by_scikit_learn():
    from sklearn.datasets import load_breast_cancer
    from sklearn.model_selection import StratifiedKFold, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    [step] = svm().train({"C": 10.0, "kernel": "rbf", "gamma": 0.01}, 4)
    state = int(np.random.SeedSequence(4).generate_state(1)[0])
    model = make_pipeline(StandardScaler(), SVC(C=10.0, kernel="rbf", gamma=0.01))
    folds = StratifiedKFold(5, shuffle=True, random_state=state)
    scores = cross_val_score(model, *load_breast_cancer(return_X_y=True), cv=folds)
    assert step.value == pytest.approx(1 - scores.mean())


def test_boosting_in_steps_is_boosting_at_once():
    """Staged predictions of a model that was fitted in one go, over the same folds."""
    from sklearn.datasets import load_diabetes
    from sklearn.ensemble import GradientBoostingRegressor
    from sklearn.model_selection import KFold

    x, y = load_diabetes(return_X_y=True)
    state = int(np.random.SeedSequence(4).generate_state(1)[0])
    errors = []
    for training, validation in KFold(5, shuffle=True, random_state=state).split(x):
        model = GradientBoostingRegressor(n_estimators=24, random_state=state, **BOOSTING).fit(x[training], y[training])
        staged = [((prediction - y[validation]) ** 2).mean() for prediction in model.staged_predict(x[validation])]
        errors.append(staged[7::8])
    assert values(islice(boosting().train(BOOSTING, 4), 3)) == pytest.approx(np.mean(errors, axis=0))


@pytest.mark.parametrize(("make", "config"), [(boosting, BOOSTING), (forest, FOREST)])
def test_models_that_grow_go_on_as_if_unbroken(make, config):
    whole = values(islice(make().train(config, 0), 4))
    assert whole[3] < whole[0]
    problem = make()
    begun = problem.train(config, 0)
    next(begun)
    begun.close()
    assert values(islice(problem.train(config, 0, after=1), 2)) == whole[1:3]
    assert values(islice(make().train(config, 0, after=3), 1)) == whole[3:]


def test_the_seed_decides_on_folds_and_trees():
    first = {next(forest().train(FOREST, seed)).value for seed in range(3)}
    assert len(first) > 1


def test_what_is_known_of_them():
    for problem, metric, steps in ((svm(), "error", 1), (forest(), "error", 27), (boosting(), "squared_error", 27)):
        assert (problem.goal.metric, problem.goal.mode, problem.n_steps) == (metric, "min", steps)
        assert problem.best < problem.median


def test_without_scikit_learn_the_extra_is_named(monkeypatch):
    monkeypatch.setattr("rung.benchmarks.problems.sklearn_models.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"svm needs an optional package. pip install 'rung\[sklearn\]'"):
        svm()
