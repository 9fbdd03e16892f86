"""What a search costs beside scikit-learn's RandomizedSearchCV with the same candidates, in one process.

    python benches/search_cv.py [--candidates 30] [--rounds 7]

CPU time of ``fit`` without the last training. Sides take turns, the first one changes from round to round, and the
least of each side is printed: on a busy machine all else is the others' doing. ``SearchCV`` evaluates one candidate at
a time, as it does for searchers that learn.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy import stats
from sklearn.datasets import load_digits
from sklearn.model_selection import ParameterSampler, RandomizedSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import SVC

from rung import ManualSearcher
from rung.integrations import sklearn as ours

FITS: Mapping[str, tuple[Any, Mapping[str, Any], int]] = {
    "SVC, 600 digits": (SVC(), {"C": stats.loguniform(1e-2, 1e2), "gamma": stats.loguniform(1e-4, 1e-2)}, 600),
    "SVC, 200 digits": (SVC(), {"C": stats.loguniform(1e-2, 1e2), "gamma": stats.loguniform(1e-4, 1e-2)}, 200),
    "GaussianNB, 200 digits": (GaussianNB(), {"var_smoothing": stats.loguniform(1e-9, 1e-3)}, 200),
}
"""Name -> estimator, distributions, samples."""


def sides(estimator: Any, distributions: Mapping[str, Any], n: int) -> dict[str, Callable[[], Any]]:
    points = [
        {name: float(value) for name, value in each.items()}
        for each in ParameterSampler(distributions, n, random_state=0)
    ]
    common = {"cv": 3, "refit": False}

    def one_by_one() -> ours.SearchCV:
        searcher = ManualSearcher(dict(distributions), points_to_evaluate=points)
        return ours.SearchCV(estimator, distributions, searcher=searcher, n_trials=n, batch_size=1, **common)

    return {
        "scikit-learn": lambda: RandomizedSearchCV(estimator, distributions, n_iter=n, random_state=0, **common),
        "RandomizedSearchCV": lambda: ours.RandomizedSearchCV(
            estimator, distributions, n_iter=n, random_state=0, **common
        ),
        "SearchCV": one_by_one,
    }


def measured(make: Callable[[], Any], n_samples: int) -> tuple[float, np.ndarray]:
    images, digits = load_digits(return_X_y=True)
    search = make()
    began = time.process_time()
    search.fit(images[:n_samples], digits[:n_samples])
    return time.process_time() - began, search.cv_results_["mean_test_score"]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--candidates", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    print("| fits | scikit-learn, CPU ms per candidate | RandomizedSearchCV | SearchCV | ratios |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for name, (estimator, distributions, n_samples) in FITS.items():
        each = sides(estimator, distributions, arguments.candidates)
        seconds: dict[str, list[float]] = {side: [] for side in each}
        for turn in range(arguments.rounds):
            order = list(each)[turn % 3 :] + list(each)[: turn % 3]
            scores = {}
            for side in order:
                took, scores[side] = measured(each[side], n_samples)
                seconds[side].append(took)
            assert all(np.array_equal(scores[side], scores["scikit-learn"]) for side in each), "the same candidates"
        peer, *mine = (min(seconds[side]) / arguments.candidates * 1e3 for side in each)
        ratios = [own / peer for own in mine]
        shown = ", ".join(f"{ratio:.3f}" for ratio in ratios)
        print(f"| {name} | {peer:.2f} | {mine[0]:.2f} | {mine[1]:.2f} | {shown} |")


if __name__ == "__main__":
    main()
