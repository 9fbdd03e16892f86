"""What a reader must know besides: warnings, overheads and versions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Final

import numpy as np

from rung.analysis.comparison._gathering import Field
from rung.analysis.comparison.pairing import least_p
from rung.analysis.comparison.result import Overhead
from rung.analysis.comparison.runs import Axis, Run

FEW_SEEDS: Final = 10
NOTABLE: Final = 1.1  # times as many steps per evaluation


def remarks_on(
    runs: Sequence[Run],
    fields: Sequence[Field],
    shared: Sequence[Field],
    methods: tuple[str, ...],
    *,
    axis: Axis,
    alpha: float,
) -> tuple[str, ...]:
    """Sentences on what weakens the comparison. shared: the problems that count in what is said over all of them."""
    return (
        *_few(fields, len(shared), methods, alpha=alpha),
        *_incomplete(fields, methods),
        *_doubtful(fields, shared),
        *(_lengths(runs) if axis == "evaluations" else ()),
        *_failures(runs),
        *_mixed_versions(runs),
    )


def overheads(runs: Sequence[Run], methods: Sequence[str]) -> tuple[Overhead, ...]:
    """What each method itself costs, averaged over all its runs that have a record."""
    return tuple(_overhead(method, [run for run in runs if run.method == method and run.points]) for method in methods)


def versions_of(runs: Sequence[Run]) -> Mapping[str, tuple[str, ...]]:
    """Package -> the versions with which the runs were made; more than one is worth a look."""
    found: dict[str, set[str]] = {}
    for run in runs:
        for package, version in run.versions.items():
            found.setdefault(package, set()).add(version)
    return {package: tuple(sorted(found[package])) for package in sorted(found)}


def _overhead(method: str, runs: Sequence[Run]) -> Overhead:
    if not runs:
        return Overhead(method, 0.0, 0.0, None, 0.0, 0.0)
    ends = [run.points[-1] for run in runs]
    decide_s, wall_s = sum(end.decide_s for end in ends), sum(end.wall_s for end in ends)
    return Overhead(
        method=method,
        decide_s=decide_s / len(ends),
        decide_s_per_evaluation=decide_s / max(1, sum(end.n_evaluations for end in ends)),
        share=decide_s / wall_s if wall_s > 0 else None,
        wall_s=wall_s / len(ends),
        cpu_s=float(np.mean([run.cpu_s for run in runs])),
    )


def _few(fields: Sequence[Field], shared: int, methods: tuple[str, ...], *, alpha: float) -> list[str]:
    fewest = min(fields, key=lambda field: len(field.seeds))
    seeds = len(fewest.seeds)
    n_pairs = math.comb(len(methods), 2)
    found = []
    if seeds < FEW_SEEDS:
        few = f"only {seeds} seed{'' if seeds == 1 else 's'}"
        there_is = "There is" if seeds == 1 else "There are"
        where = there_is if len(fields) == 1 else f"{fewest.problem} has"
        found.append(
            f"{where} {few}: differences between methods may be luck. "
            + (_advised(methods, seeds, alpha=alpha) if len(fields) == 1 else f"{FEW_SEEDS} or more are advised.")
        )
    least = least_p(shared, n_pairs)
    if shared > 1 and n_pairs and least >= alpha:
        found.append(
            f"{shared} problems are too few for tests over problems between {n_pairs} pair"
            f"{'' if n_pairs == 1 else 's'} of methods: no p value could come below {least:.2g}."
        )
    return found


def _advised(methods: tuple[str, ...], seeds: int, *, alpha: float) -> str:
    """How many seeds there should be on a single problem, and how many it takes for anything to be told apart."""
    n_pairs = math.comb(len(methods), 2)
    least = next(n for n in count(1) if least_p(n, n_pairs) < alpha)
    told = f" With fewer than {least} no two of {len(methods)} methods can be told apart." if seeds < least else ""
    return f"{max(FEW_SEEDS, least)} or more are advised.{told}"


def _incomplete(fields: Sequence[Field], methods: tuple[str, ...]) -> list[str]:
    return [
        f"{field.problem}: no runs of {', '.join(sorted(set(methods) - set(field.methods)))}, "
        "so it is left out of what is said over all problems."
        for field in fields
        if field.methods != methods
    ]


def _doubtful(fields: Sequence[Field], shared: Sequence[Field]) -> list[str]:
    doubtful = [field.problem for field in fields if field.any_run.caveat]
    if not doubtful:
        return []
    if any(field.any_run.caveat for field in shared):
        return ["All problems that could be summed up have caveats: see each."]
    return [f"{', '.join(doubtful)}: left out of what is said over all problems, because of what is said there."]


def _failures(runs: Sequence[Run]) -> list[str]:
    failed = [run for run in runs if run.failed]
    methods = sorted({run.method for run in failed})
    counts = ", ".join(f"{method} {sum(run.method == method for run in failed)}" for method in methods)
    if not failed:
        return []
    return [f"Runs failed ({counts}). They keep what they had found; where that is nothing, they count as the worst."]


def _mixed_versions(runs: Sequence[Run]) -> list[str]:
    mixed = [f"{package} ({', '.join(each)})" for package, each in versions_of(runs).items() if len(each) > 1]
    return [f"The runs were made with different versions of {', '.join(mixed)}."] if mixed else []


def _lengths(runs: Sequence[Run]) -> list[str]:
    """Where evaluations of one method train longer than those of another, since each counts as one."""
    spent: dict[str, tuple[int, int]] = {}
    for run in runs:
        for end in run.points[-1:]:
            steps, evaluations = spent.get(run.method, (0, 0))
            spent[run.method] = (steps + end.n_steps, evaluations + end.n_evaluations)
    lengths = {method: steps / evaluations for method, (steps, evaluations) in spent.items() if evaluations}
    if not lengths or max(lengths.values()) <= NOTABLE * min(lengths.values()):
        return []
    told = ", ".join(f"{method} {length:.3g}" for method, length in lengths.items())
    return [f"An evaluation counts as one, however long it was trained. Steps per evaluation: {told}."]
