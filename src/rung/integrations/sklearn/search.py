"""Hyperparameter search with rung's searchers and schedulers, as an estimator of scikit-learn."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, final

from sklearn.utils import check_random_state

from rung.checks import whole_number
from rung.errors import SettingError
from rung.integrations.sklearn._method import Lengths, make_scheduler
from rung.integrations.sklearn._params import Params
from rung.integrations.sklearn._searching import N_SAMPLES, Plan
from rung.integrations.sklearn._study_search import IN_MEMORY, StudySearchCV

if TYPE_CHECKING:
    from rung.contracts import Scheduler, Searcher
    from rung.space import Space

_DIVISORS: Final = (27, 9, 3, 1)  # of the most of a resource by the least; rungs at a reduction of 3 end at the most
_SAMPLES_PER_CLASS: Final = 2  # in each split, at the least


@final
class SearchCV(StudySearchCV):
    """Searches an estimator's hyperparameters by cross-validation; takes the place of ``RandomizedSearchCV``.

    space: a mapping from parameters to domains, lists, arrays or ``scipy.stats`` distributions; a list of such
    mappings; a ``rung.Space``, for conditions. Values may be estimators and other objects, which stand in the study by
    names: those of ``rung.choice({"svm": SVC()})``, or of a list their texts. ``Estimators`` chooses a model together
    with its own hyperparameters. searcher, scheduler: names, possibly with options as in ``tpe(startup_trials=5)``, or
    objects, which are copied. The scheduler ``auto`` is ``basic``, and with a resource ``asha``.

    n_trials: how many candidates there are, in a study that is gone on with those of before counted.
    resource: what the better candidates get more of: ``n_samples``, or a parameter of the estimator such as
    ``n_estimators``. min_resource: what each gets at first, by default max_resource divided by 27, or by 9 or 3 where
    that would be less than 2 samples per class and split. max_resource: of samples all by default. With fewer samples
    each fold has fewer training samples; the test samples are always all there. The best candidate is one of those
    that got most.

    batch_size: candidates that are evaluated before the searcher learns from them; by default as many as keep
    ``n_jobs`` processes busy for 80 % of the time. store, study: where the study is kept, and its name; with a name, a
    ``fit`` with the same data goes on with what is there, and is refused with other data. random_state: an int makes
    candidates, and samples of the resource, the same again. All else is scikit-learn's: scoring (with several metrics
    the one that ``refit`` names is searched for, else the first), n_jobs, refit, cv, verbose, pre_dispatch,
    error_score, return_train_score.

    ``cv_results_`` has the keys of scikit-learn's, and ``trial``, the number in the study; with a resource a row for
    each evaluation, and ``n_resources``. study_: the study's name. A cv that draws its splits anew is asked once, so
    all candidates have the same ones. A candidate of which all fits fail doesn't end the search, unless all do.
    """

    def __init__(
        self,
        estimator: Any,
        space: Space | Mapping[str, Any] | Sequence[Mapping[str, Any]],
        *,
        searcher: str | Searcher = "auto",
        scheduler: str | Scheduler = "auto",
        n_trials: int = 20,
        resource: str | None = None,
        min_resource: int | None = None,
        max_resource: int | None = None,
        batch_size: int | None = None,
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
        self.space = space
        self.searcher = searcher
        self.scheduler = scheduler
        self.n_trials = n_trials
        self.resource = resource
        self.min_resource = min_resource
        self.max_resource = max_resource
        self.batch_size = batch_size
        self.random_state = random_state
        self.store = store
        self.study = study

    def _plan(self) -> Plan:
        params = Params(self.space)
        n_trials, batch_size = whole_number("n_trials", self.n_trials, at_least=1, example=20), self.batch_size
        if batch_size is not None:
            batch_size = whole_number("batch_size", batch_size, at_least=1, example="4, or leave it out")
        lengths = self._lengths(params)
        return Plan(
            params=params,
            scheduler=make_scheduler(self.searcher, self.scheduler, params.space, lengths),
            n_trials=n_trials,
            batch_size=batch_size or self._batch(),
            seed=None if self.random_state is None else int(check_random_state(self.random_state).randint(2**31 - 1)),
            resource=self.resource,
            n_samples=self._seen.n_samples,
        )

    def _lengths(self, params: Params) -> Lengths | None:
        """How much of the resource there is; SettingError when that can't be said."""
        if self.resource is None:
            if self.min_resource is not None or self.max_resource is not None:
                raise SettingError(
                    "min_resource and max_resource are of no resource.", hint='Give resource="n_samples".'
                )
            return None
        is_samples = self.resource == N_SAMPLES
        if not is_samples and self.resource not in self.estimator.get_params():
            raise SettingError(
                f"{type(self.estimator).__name__} has no parameter {self.resource!r}.",
                hint='Give one of its numbers, such as "n_estimators", or "n_samples".',
            )
        if params.sets(self.resource):
            raise SettingError(f"{self.resource!r} is the resource, and searched as well.", hint="Do one of the two.")
        if self.max_resource is None and not is_samples:
            raise SettingError(f"nothing says how much {self.resource!r} is at most.", hint="Give max_resource=….")
        most = self._seen.n_samples
        if self.max_resource is not None:
            most = whole_number("max_resource", self.max_resource, at_least=1, example=200)
        if is_samples and most > self._seen.n_samples:
            raise SettingError(f"max_resource={most} is more than the {self._seen.n_samples} samples that there are.")
        workable = _SAMPLES_PER_CLASS * self._seen.n_classes * self.n_splits_ if is_samples else 1
        least = next((part for by in _DIVISORS if (part := math.ceil(most / by)) >= workable), most)
        if self.min_resource is not None:
            least = whole_number("min_resource", self.min_resource, at_least=1, example="20, or leave it out")
        return Lengths(least, most)
