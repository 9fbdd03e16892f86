"""What a comparison says about one problem."""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rung.analysis.comparison._gathering import Field
from rung.analysis.comparison.bootstrap import interval
from rung.analysis.comparison.pairing import record, signed_rank_tests
from rung.analysis.comparison.regret import Scale, reached, scale_of
from rung.analysis.comparison.result import Column, Curve, Duel, MethodResult, ProblemResult
from rung.analysis.comparison.runs import Axis

Array = NDArray[np.float64]


class Resampling(NamedTuple):
    """How intervals are made."""

    rng: np.random.Generator
    confidence: float
    n_resamples: int


def field_scale(field: Field) -> Scale:
    """The scale of a problem, from what is known about it or from its runs."""
    run = field.any_run
    best, median = (
        None if value is None else run.goal.loss({run.goal.metric: value}) for value in (run.best_known, run.median)
    )
    return scale_of(field.raw.reshape(-1, field.raw.shape[-1]), best=best, median=median)


def problem_result(field: Field, *, axis: Axis, how: Resampling) -> ProblemResult:
    """Curves, finals and duels on one problem."""
    goal = field.any_run.goal
    target = float(np.median(field.losses[:, :, -1]))
    return ProblemResult(
        problem=field.problem,
        goal=goal,
        budget=field.any_run.budget,
        seeds=field.seeds,
        grid=tuple(map(float, field.grid)),
        scale=field_scale(field),
        target=goal.value(target),
        methods=tuple(
            _method_result(field, index, axis=axis, target=target, how=how) for index in range(len(field.methods))
        ),
        duels=_duels(field),
        caveat=field.any_run.caveat,
    )


def _method_result(field: Field, index: int, *, axis: Axis, target: float, how: Resampling) -> MethodResult:
    goal = field.any_run.goal
    runs = field.runs[index]
    sign = goal.value(1.0)
    values = sign * field.losses[index]
    raw_finals = sign * field.raw[index, :, -1]
    has_any = bool(np.isfinite(raw_finals).any())
    ends = [run.points[-1].spent(axis) for run in runs if run.points]
    return MethodResult(
        method=field.methods[index],
        n_failed=sum(bool(run.failed) for run in runs),
        curve=_curve(values, has_begun(field.raw[index]) & has_any, end=max(ends, default=0.0), how=how),
        finals=tuple(float(value) if np.isfinite(value) else None for value in raw_finals),
        median=float(np.median(values[:, -1])) if has_any else None,
        mean=interval(values[:, -1], rng=how.rng, confidence=how.confidence, n_resamples=how.n_resamples)
        if has_any
        else None,
        reached=reached(field.raw[index], field.grid, target),
    )


def has_begun(raw: Array) -> NDArray[np.bool_]:
    """From where on all runs have a value, leaving aside those that never get one."""
    has_value = np.isfinite(raw)
    begun: NDArray[np.bool_] = np.all(has_value[has_value[:, -1]], axis=0)
    return begun


def column(numbers: Array, where: NDArray[np.bool_]) -> Column:
    """The numbers, and None elsewhere."""
    return tuple(float(number) if there else None for number, there in zip(numbers, where, strict=True))


def _curve(values: Array, where: NDArray[np.bool_], *, end: float, how: Resampling) -> Curve:
    n_seeds = len(values)
    drawn = how.rng.multinomial(n_seeds, np.full(n_seeds, 1 / n_seeds), size=how.n_resamples) / n_seeds
    tail = (1 - how.confidence) / 2
    low, high = np.quantile(drawn @ values, [tail, 1 - tail], axis=0)
    lower, median, upper = np.quantile(values, [0.25, 0.5, 0.75], axis=0)
    return Curve(
        mean=column(values.mean(axis=0), where),
        median=column(median, where),
        lower=column(lower, where),
        upper=column(upper, where),
        low=column(low, where),
        high=column(high, where),
        end=end,
    )


def _duels(field: Field) -> tuple[Duel, ...]:
    finals = field.losses[:, :, -1]
    pairs = list(combinations(range(len(field.methods)), 2))
    tests = signed_rank_tests([finals[one] - finals[two] for one, two in pairs])
    return tuple(
        Duel(
            first=field.methods[one],
            second=field.methods[two],
            record=record(finals[one], finals[two]),
            p=test.p,
            p_holm=test.p_holm,
            is_first_ahead=test.lean < 0,
        )
        for (one, two), test in zip(pairs, tests, strict=True)
    )
