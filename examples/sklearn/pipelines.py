"""Which features and which model: scikit-learn's random search, and rung's search over the same pipelines.

python examples/sklearn/pipelines.py
"""

from __future__ import annotations

from typing import Any

from scipy import stats
from sklearn import model_selection
from sklearn.datasets import load_breast_cancer
from sklearn.decomposition import PCA
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from rung import choice, randint
from rung.integrations.sklearn import Estimators, RandomizedSearchCV, SearchCV

TRIALS = 8
CELLS, KINDS = (each[:300] for each in load_breast_cancer(return_X_y=True))
PIPELINE = Pipeline([("scale", StandardScaler()), ("features", PCA(10)), ("model", SVC())])
C = stats.loguniform(1e-3, 1e2)


def random_search(kind: Any) -> Any:
    """A script for scikit-learn; ``kind`` is the class, theirs or ours."""
    distributions = [
        {"model": [SVC()], "model__C": C, "features__n_components": stats.randint(2, 30)},
        {"model": [LogisticRegression(max_iter=500)], "model__C": C, "features__n_components": stats.randint(2, 30)},
    ]
    return kind(PIPELINE, distributions, n_iter=TRIALS, cv=3, random_state=0).fit(CELLS, KINDS)


def search_of_pipelines() -> SearchCV:
    """Two ways to get features and two models, each with what it needs, and a searcher that learns."""
    n_features = randint(2, 30)
    space = {
        "scale": choice({"scaled": StandardScaler(), "as it is": "passthrough"}),
        "features": Estimators(
            {"pca": (PCA(), {"n_components": n_features}), "best": (SelectKBest(), {"k": n_features})}
        ),
        "model": Estimators({"svm": (SVC(), {"C": C}), "logistic": (LogisticRegression(max_iter=500), {"C": C})}),
    }
    return SearchCV(PIPELINE, space, searcher="tpe(startup_trials=4)", n_trials=TRIALS, cv=3, random_state=0).fit(
        CELLS, KINDS
    )


def show(title: str, search: Any) -> None:
    """The best candidate, then a line for each."""
    print(f"{title}: {search.best_score_:.4f}")
    table = search.cv_results_
    for mean, std, params in zip(table["mean_test_score"], table["std_test_score"], table["params"], strict=True):
        print(f"  {mean:.4f} ({std:.4f}) with: {params}")


if __name__ == "__main__":
    show("scikit-learn's random search", random_search(model_selection.RandomizedSearchCV))
    show("the same, kept as a study", random_search(RandomizedSearchCV))
    show("pipelines", search_of_pipelines())
