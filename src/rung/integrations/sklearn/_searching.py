"""The search of a study by scikit-learn's cross-validation: batches are asked for, evaluated, and told."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any, Final, final

from msgspec import Struct
from sklearn.exceptions import FitFailedWarning

from rung.integrations.sklearn._record import Due, Record
from rung.integrations.sklearn._rows import FAILED, Row, fits_of, kept, metrics_of
from rung.integrations.sklearn._splits import SameSplits, SmallerSplits

if TYPE_CHECKING:
    from rung.contracts import Scheduler
    from rung.integrations.sklearn._params import Params

N_SAMPLES: Final = "n_samples"
_ENOUGH: Final = 0.8  # of the processes that are to have work at any time
_ALL_FAILED: Final = "\nAll the "  # how scikit-learn begins when no fit of a batch has worked

Evaluate = Callable[..., dict[str, Any]]


class Plan(Struct, frozen=True, kw_only=True):
    """What is searched, and how. batch_size: candidates at a time. n_samples: that there are."""

    params: Params
    scheduler: Scheduler
    n_trials: int
    batch_size: int
    seed: int | None = None
    resource: str | None = None
    n_samples: int = 1


def sensible_batch(n_splits: int, n_jobs: int) -> int:
    """The fewest candidates with which processes have work for 80 % of the time, if all fits take as long."""
    return next(size for size in count(1) if size * n_splits >= _ENOUGH * n_jobs * math.ceil(size * n_splits / n_jobs))


@final
class Evaluations:
    """Has scikit-learn evaluate candidates. Its answers are rows; ``results`` is the dict that it keeps as its own.

    splitter: of the search. A candidate of which all fits fail is a row without fits, and a FitFailedWarning; ``error``
    is what scikit-learn said to the last one.
    """

    def __init__(
        self, evaluate: Evaluate, plan: Plan, *, splitter: Any, n_splits: int, is_stratified: bool, error_score: object
    ) -> None:
        self.results: dict[str, Any] | None = None
        self.error: ValueError | None = None
        self._evaluate, self._plan, self._n_splits = evaluate, plan, n_splits
        self._splits, self._is_stratified, self._error_score = SameSplits(splitter), is_stratified, error_score

    def rows(self, due: Sequence[Due]) -> list[Row]:
        """Evaluate trials that all get as much of the resource."""
        resource = due[0].resource
        candidates = [self.params_of(each) for each in due]
        fits = self._fits(candidates, self._splits_with(resource))
        return [
            Row(trial=each.trial, config=each.config, params=params, fits=own, resource=resource)
            for each, params, own in zip(due, candidates, fits, strict=True)
        ]

    def params_of(self, due: Due) -> dict[str, Any]:
        """The parameters that a trial sets, the resource among them if it is one."""
        params = self._plan.params.of(due.config)
        if self._plan.resource is not None and self._plan.resource != N_SAMPLES:
            params[self._plan.resource] = due.resource
        return params

    def _fits(
        self, candidates: list[dict[str, Any]], splits: SameSplits | SmallerSplits
    ) -> list[list[dict[str, Any]] | None]:
        try:
            self.results = self._evaluate(candidates, splits)
        except ValueError as error:
            if self._error_score == "raise" or not str(error).startswith(_ALL_FAILED):
                raise
            self.error = error
            warnings.warn(str(error), FitFailedWarning, stacklevel=2)
            return [None] * len(candidates)
        n_fits = len(candidates) * self._n_splits
        newest = [kept(fit) for fit in self.results["out"][-n_fits:]]
        return [newest[first : first + self._n_splits] for first in range(0, n_fits, self._n_splits)]

    def _splits_with(self, resource: int | None) -> SameSplits | SmallerSplits:
        if resource is None or self._plan.resource != N_SAMPLES:
            return self._splits
        share = min(1.0, resource / self._plan.n_samples)
        return SmallerSplits(self._splits, share, seed=self._plan.seed or 0, is_stratified=self._is_stratified)


def search(plan: Plan, record: Record, evaluations: Evaluations, *, refit: object, error_score: object) -> list[Row]:
    """Evaluate what the study wants, batch after batch; the rows of this session and those before it."""
    given_up = float(error_score) if isinstance(error_score, int | float) else math.nan
    rows = _past_rows(plan, record, evaluations)
    due = record.left_open()
    while True:
        due += record.ask(plan.batch_size - len(due))
        if not due:
            break
        left: list[Due] = []
        for together in _by_resource(due):
            for each, row in zip(together, evaluations.rows(together), strict=True):
                rows.append(row)
                following = record.tell(each, metrics_of(row, refit, given_up))
                left += [] if following is None else [following]
        due = left
    if evaluations.results is None and evaluations.error is None and rows:
        last = rows.pop()  # scikit-learn makes no table without having evaluated something itself
        rows += evaluations.rows([Due(last.trial, last.config, last.resource)])
    return rows


def _past_rows(plan: Plan, record: Record, evaluations: Evaluations) -> list[Row]:
    """What earlier sessions of the study have evaluated."""
    rows = []
    for trial, config, step, metrics in record.past():
        due = Due(trial, config, None if plan.resource is None else step)
        params, fits = evaluations.params_of(due), fits_of(metrics)
        if fits is None and FAILED not in metrics:
            continue  # a result that a person brought
        rows.append(Row(trial=trial, config=config, params=params, fits=fits, resource=due.resource))
    return rows


def _by_resource(due: Sequence[Due]) -> list[list[Due]]:
    """Those that get as much of the resource together, in the order of the first of each."""
    groups: Mapping[int | None, list[Due]] = {each.resource: [] for each in due}
    for each in due:
        groups[each.resource].append(each)
    return list(groups.values())
