"""From runs to a comparison."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Final

import numpy as np

from rung.analysis.comparison._gathering import axis_of, fields_of, shared_among
from rung.analysis.comparison._on_problem import Resampling, problem_result
from rung.analysis.comparison._overall import Overall
from rung.analysis.comparison._remarks import overheads, remarks_on, versions_of
from rung.analysis.comparison.bootstrap import CONFIDENCE, N_RESAMPLES
from rung.analysis.comparison.ranking import friedman
from rung.analysis.comparison.result import Comparison
from rung.analysis.comparison.runs import Run
from rung.errors import SettingError

ALPHA: Final = 0.05


def compare_runs(
    runs: Sequence[Run],
    *,
    methods: Sequence[str] | None = None,
    axis: str | None = None,
    n_points: int | None = None,
    confidence: float = CONFIDENCE,
    alpha: float = ALPHA,
    n_resamples: int = N_RESAMPLES,
    seed: int = 0,
) -> Comparison:
    """What these runs say about which method is better.

    methods: which, in the order in which they shall stand; by default all, by name. axis: along which, by default that
    of the budgets. n_points: of the grid. seed: of the resampling; the same runs, in whatever order, and the same seed
    give the same comparison. A run without any value counts as just worse than the worst value on its problem. Problems
    with a caveat count for themselves only, unless there are no others.
    SettingError where there is nothing to compare, or runs on one problem had different budgets, spaces or goals.
    """
    names = _chosen(runs, methods)
    kept = [run for run in runs if run.method in names]
    along = axis_of(kept, axis)
    fields, left_out = fields_of(kept, names, axis=along, n_points=n_points)
    if not fields:
        raise SettingError("These runs can't be compared.", hint=" ".join(left_out))
    how = Resampling(np.random.default_rng(seed), confidence, n_resamples)
    shared = shared_among(fields, names)
    overall = Overall(shared, names, how, alpha=alpha)
    return Comparison(
        axis=along,
        methods=names,
        problems=tuple(problem_result(field, axis=along, how=how) for field in fields),
        shared=tuple(field.problem for field in shared),
        grid=overall.grid,
        is_share=overall.is_share,
        aggregates=overall.aggregates(),
        blocks="problems" if len(shared) > 1 else "seeds",
        friedman=friedman(overall.blocks.T, alpha=alpha),
        pairs=overall.pairs(),
        overheads=overheads(kept, names),
        versions=versions_of(kept),
        warnings=(*left_out, *remarks_on(kept, fields, shared, names, axis=along, alpha=alpha)),
        confidence=confidence,
        alpha=alpha,
        n_resamples=n_resamples,
        seed=seed,
    )


def _chosen(runs: Sequence[Run], methods: Sequence[str] | None) -> tuple[str, ...]:
    there_are = sorted({run.method for run in runs})
    if not there_are:
        raise SettingError("There are no runs to compare.", hint="Run the methods first.")
    chosen = tuple(dict.fromkeys(there_are if methods is None else methods))
    for name in chosen:
        if name not in there_are:
            near = difflib.get_close_matches(name, there_are, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else f"There are runs of {', '.join(there_are)}."
            raise SettingError(f"There is no run of the method {name!r}.", hint=hint)
    if not chosen:
        raise SettingError("No method was named.", hint=f"There are runs of {', '.join(there_are)}.")
    return chosen
