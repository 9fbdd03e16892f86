"""Rows of ``cv_results_``, and the same as metrics of a trial's report."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from msgspec import Struct

if TYPE_CHECKING:
    from rung.types import Config

METRIC: Final = "score"
"""What a study of a search is judged by: the mean test score of the metric that the best estimator is chosen by."""

FAILED: Final = "failed"
"""Among the metrics of a candidate of which all fits have failed."""

_NAME: Final = re.compile(r"split(\d+)_(fit_time|score_time|test|train)(?:_(.*))?")
_ALONE: Final = "score"  # the name of the only metric in ``cv_results_``
_KEPT: Final = ("fit_time", "score_time", "test_scores", "train_scores")


class Row(Struct, frozen=True, kw_only=True):
    """One candidate evaluated once.

    fits: per split its times and scores, with the keys of scikit-learn's; None when all fits have failed. resource: how
    much was given to it, where that is searched over.
    """

    trial: int
    config: Config
    params: Mapping[str, Any]
    fits: Sequence[Mapping[str, Any]] | None
    resource: int | None = None


def kept(fit: Mapping[str, Any]) -> dict[str, Any]:
    """What a table is made of, from all that scikit-learn says about a fit."""
    return {key: fit[key] for key in _KEPT if key in fit}


def metrics_of(row: Row, refit: object, error_score: float) -> dict[str, float]:
    """What the study is told of a row: the score that is to be high, then all numbers of each split."""
    if row.fits is None:
        return {METRIC: error_score, FAILED: 1.0}
    metrics = {METRIC: mean_score(row.fits, refit)}
    for number, fit in enumerate(row.fits):
        for key, value in fit.items():
            if isinstance(value, Mapping):
                metrics |= {f"split{number}_{key[:-7]}_{name}": float(score) for name, score in value.items()}
            elif key.endswith("_scores"):
                metrics[f"split{number}_{key[:-7]}"] = float(value)
            else:
                metrics[f"split{number}_{key}"] = float(value)
    return metrics


def mean_score(fits: Sequence[Mapping[str, Any]], refit: object) -> float:
    """The mean over the splits of the metric that ``refit`` names, or of the first one."""
    scores = [fit["test_scores"] for fit in fits]
    if isinstance(scores[0], Mapping):
        name = refit if isinstance(refit, str) else next(iter(scores[0]))
        scores = [each[name] for each in scores]
    return float(np.mean(scores))


def fits_of(metrics: Mapping[str, float]) -> list[dict[str, Any]] | None:
    """The splits of a row from what the study was told of it; None where there are none."""
    fits: dict[int, dict[str, Any]] = {}
    for name, value in metrics.items():
        if (found := _NAME.fullmatch(name)) is None:
            continue
        fit = fits.setdefault(int(found[1]), {})
        if found[2].endswith("_time"):
            fit[found[2]] = value
        elif found[3] is None:
            fit[f"{found[2]}_scores"] = value
        else:
            fit.setdefault(f"{found[2]}_scores", {})[found[3]] = value
    return [fits[number] for number in sorted(fits)] or None


def filled(rows: Sequence[Row], n_splits: int, error_score: float, *, with_train: bool) -> list[Mapping[str, Any]]:
    """The fits of all rows in order, with ``error_score`` where all fits of a row have failed. Not all rows have."""
    scores = next(row.fits[0]["test_scores"] for row in rows if row.fits is not None)
    score = dict.fromkeys(scores, error_score) if isinstance(scores, Mapping) else error_score
    failed = {"fit_time": math.nan, "score_time": math.nan, "test_scores": score}
    if with_train:
        failed["train_scores"] = score
    return [fit for row in rows for fit in (row.fits or [failed] * n_splits)]


def best_row(results: Mapping[str, Any], metric: str) -> int:
    """The index of the row with the best mean test score among those with the most of the resource."""
    scores, resources = results[f"mean_test_{metric}"], results["n_resources"]
    scored = np.flatnonzero(~np.isnan(scores))
    if not len(scored):
        return 0
    last = scored[resources[scored] == resources[scored].max()]
    return int(last[np.argmax(scores[last])])
