"""What all searches here have in common: scikit-learn's own, with a study in the middle."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import joblib  # type: ignore[import-untyped]
import numpy as np
import sklearn
from msgspec import Struct
from sklearn.base import is_classifier
from sklearn.model_selection._search import BaseSearchCV
from sklearn.utils.validation import _num_samples

from rung._trial import outside_of_trials
from rung.integrations._versions import need
from rung.integrations.sklearn._record import open_record
from rung.integrations.sklearn._rows import best_row, filled
from rung.integrations.sklearn._searching import Evaluations, Plan, search, sensible_batch
from rung.schedulers.basic import BasicScheduler
from rung.searchers.manual import ManualSearcher

if TYPE_CHECKING:
    from collections.abc import Callable

    from rung.integrations.sklearn._params import Params
    from rung.types import Config

need("scikit-learn", sklearn.__version__, (1, 9))  # the first whose searches say which splits they take

IN_MEMORY: Final = "memory"
_ADDRESS: Final = re.compile(r" at 0x[0-9a-f]+")  # of a function in memory, another one in each process


class Seen(Struct, frozen=True, kw_only=True):
    """What a plan must know of the data. mark: stands for data, splits and estimator; None where nothing is kept."""

    n_samples: int
    n_classes: int
    mark: str | None


class StudySearchCV(BaseSearchCV):  # type: ignore[misc]  # scikit-learn has no types
    """A search of scikit-learn whose candidates come from a study. A subclass says which by ``_plan``."""

    store: str | Path
    study: str | None
    _seen: Seen

    @abstractmethod
    def _plan(self) -> Plan:
        """What to search, as new; called once in each ``fit``."""

    def fit(self, X: Any, y: Any = None, **params: Any) -> Self:  # noqa: N803  # scikit-learn's name
        """Search, and with ``refit`` train the best candidate on all the data; params: as of scikit-learn's searches.

        What an estimator reports while it is fitted goes to no trial, even where the search is part of one.
        """
        with outside_of_trials():
            super().fit(X, y, **params)
        return self

    def _check_input_parameters(self, X: Any, y: Any, split_params: Mapping[str, Any]) -> None:  # noqa: N803
        mark = None
        if self.study is not None:
            splits = list(self._checked_cv_orig.split(X, y, **split_params))
            about = (X, y, splits, _ADDRESS.sub("", repr((self.estimator, self.scoring))))
            mark = f"sklearn-{joblib.hash(about)[:16]}"
        n_classes = len(np.unique(y)) if is_classifier(self.estimator) and y is not None else 1
        self._seen = Seen(n_samples=_num_samples(X), n_classes=n_classes, mark=mark)

    def _batch(self) -> int:
        """How many candidates to evaluate at a time, by default."""
        return sensible_batch(self.n_splits_, joblib.effective_n_jobs(self.n_jobs))

    def _plan_of(self, params: Params, configs: Iterable[Config]) -> Plan:
        """A plan of candidates that are known before; all at once where nothing is kept on the way."""
        points = list(configs)
        return Plan(
            params=params,
            scheduler=BasicScheduler(ManualSearcher(params.space, points_to_evaluate=points)),
            n_trials=len(points),
            batch_size=len(points) if str(self.store) == IN_MEMORY else self._batch(),
        )

    def _run_search(self, evaluate_candidates: Callable[..., dict[str, Any]]) -> None:
        plan = self._plan()
        evaluations = Evaluations(
            evaluate_candidates,
            plan,
            splitter=self._checked_cv_orig,
            n_splits=self.n_splits_,
            is_stratified=is_classifier(self.estimator),
            error_score=self.error_score,
        )
        with open_record(
            plan.scheduler,
            store=self.store,
            study=self.study,
            seed=plan.seed,
            n_trials=plan.n_trials,
            resource=plan.resource,
            mark=self._seen.mark,
        ) as record:
            self.study_ = record.study
            rows = search(plan, record, evaluations, refit=self.refit, error_score=self.error_score)
        if evaluations.results is None:
            assert evaluations.error is not None, "a study has at least one trial"
            raise evaluations.error
        error_score = np.nan if self.error_score == "raise" else self.error_score
        fits = filled(rows, self.n_splits_, error_score, with_train=self.return_train_score)
        columns: dict[str, list[Any]] = {"trial": [row.trial for row in rows]}
        if plan.resource is not None:
            columns["n_resources"] = [row.resource for row in rows]
        formatted = super()._format_results([dict(row.params) for row in rows], self.n_splits_, fits, columns)
        evaluations.results.clear()  # what was returned to scikit-learn is what it will take for ``cv_results_``
        evaluations.results.update(formatted)

    def _format_results(
        self, candidate_params: Any, n_splits: int, out: Sequence[Mapping[str, Any]], more_results: Any = None
    ) -> dict[str, Any]:
        """Keep the fits so far; the table is made once, at the end, with the rows that scikit-learn doesn't know."""
        del candidate_params, n_splits, more_results
        return {"out": out}

    @staticmethod
    def _select_best_index(refit: Any, refit_metric: str, results: Mapping[str, Any]) -> int:
        if "n_resources" in results and not callable(refit):
            return best_row(results, refit_metric)
        return int(BaseSearchCV._select_best_index(refit, refit_metric, results))  # noqa: SLF001  # its base
