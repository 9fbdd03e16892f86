"""Grid and random search as scikit-learn has them, with a study that keeps what was tried."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, final

from sklearn.model_selection import ParameterGrid, ParameterSampler

from rung.integrations.sklearn._params import Params
from rung.integrations.sklearn._searching import Plan
from rung.integrations.sklearn._study_search import IN_MEMORY, StudySearchCV


@final
class GridSearchCV(StudySearchCV):
    """Evaluates all combinations of a grid, in the order of scikit-learn's class of that name and with its arguments.

    param_grid: a mapping from parameters to values, or a list of such mappings. store, study: where the study is kept,
    and its name; with a name, a ``fit`` with the same data goes on with what is there. ``cv_results_`` has the numbers
    of scikit-learn's, and ``trial``.
    """

    def __init__(
        self,
        estimator: Any,
        param_grid: Mapping[str, Any] | Sequence[Mapping[str, Any]],
        *,
        scoring: Any = None,
        n_jobs: int | None = None,
        refit: Any = True,
        cv: Any = None,
        verbose: int = 0,
        pre_dispatch: int | str = "2*n_jobs",
        error_score: Any = math.nan,
        return_train_score: bool = False,
        store: str | Path = IN_MEMORY,
        study: str | None = None,
    ) -> None:
        super().__init__(
            estimator=estimator,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.param_grid = param_grid
        self.store = store
        self.study = study

    def _plan(self) -> Plan:
        ParameterGrid(self.param_grid)  # its errors are those that scripts know
        params = Params(_sorted(self.param_grid))
        return self._plan_of(params, ParameterGrid(params.as_distributions()))


@final
class RandomizedSearchCV(StudySearchCV):
    """Evaluates the candidates that scikit-learn's class of that name draws, with its arguments.

    param_distributions: a mapping from parameters to lists or ``scipy.stats`` distributions, or a list of such
    mappings. n_iter: how many candidates. random_state: with the same one, the candidates are those of scikit-learn.
    store, study: as in ``GridSearchCV``; to go on with a study, random_state must be an int. To search with what was
    learned on the way, give the same distributions to ``SearchCV``.
    """

    def __init__(
        self,
        estimator: Any,
        param_distributions: Mapping[str, Any] | Sequence[Mapping[str, Any]],
        *,
        n_iter: int = 10,
        scoring: Any = None,
        n_jobs: int | None = None,
        refit: Any = True,
        cv: Any = None,
        verbose: int = 0,
        pre_dispatch: int | str = "2*n_jobs",
        random_state: Any = None,
        error_score: Any = math.nan,
        return_train_score: bool = False,
        store: str | Path = IN_MEMORY,
        study: str | None = None,
    ) -> None:
        super().__init__(
            estimator=estimator,
            scoring=scoring,
            n_jobs=n_jobs,
            refit=refit,
            cv=cv,
            verbose=verbose,
            pre_dispatch=pre_dispatch,
            error_score=error_score,
            return_train_score=return_train_score,
        )
        self.param_distributions = param_distributions
        self.n_iter = n_iter
        self.random_state = random_state
        self.store = store
        self.study = study

    def _plan(self) -> Plan:
        ParameterSampler(self.param_distributions, self.n_iter)  # its errors are those that scripts know
        params = Params(_sorted(self.param_distributions))
        drawn = ParameterSampler(params.as_distributions(), self.n_iter, random_state=self.random_state)
        return self._plan_of(params, drawn)


def _sorted(given: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The mappings with their parameters in the order in which scikit-learn goes through them."""
    return [dict(sorted(each.items())) for each in ([given] if isinstance(given, Mapping) else given)]
