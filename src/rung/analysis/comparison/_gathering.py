"""From runs to arrays: what may be compared, on which seeds, and the losses on each problem's grid."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from rung.analysis.comparison.anytime import grid_up_to, losses_of, with_worst
from rung.analysis.comparison.runs import AXES, Axis, Run
from rung.errors import SettingError
from rung.types import Json

Array = NDArray[np.float64]

LARGEST_GRID: Final = 200
GRID: Final = 100


class Field(NamedTuple):
    """The runs on one problem, over the seeds that all its methods have.

    runs: per method one per seed. raw, losses: (methods, seeds, places); raw is infinite where there is no value, and
    losses counts that as just worse than the worst.
    """

    problem: str
    methods: tuple[str, ...]
    seeds: tuple[int, ...]
    runs: tuple[tuple[Run, ...], ...]
    grid: Array
    raw: Array
    losses: Array

    @property
    def any_run(self) -> Run:
        """One of them: all have the same goal, budget and space."""
        return self.runs[0][0]


def fields_of(
    runs: Sequence[Run], methods: Sequence[str], *, axis: Axis, n_points: int | None
) -> tuple[list[Field], list[str]]:
    """The runs per problem, and what a reader must know about those that are not in it; in the order of names.

    methods: all there are, in the order in which they stand in each field.
    n_points: of each grid; by default one per evaluation or step where there are few, else 100.
    """
    fields: list[Field] = []
    remarks: list[str] = []
    places = n_points or _n_points(runs, axis)
    for problem, found in sorted(_by_problem(runs).items()):
        seeds_of = {method: found[method] for method in methods if method in found}
        _refuse_differences(problem, [run for seeds in seeds_of.values() for run in seeds.values()])
        common = sorted(set.intersection(*(set(seeds) for seeds in seeds_of.values())))
        dropped = {method: len(seeds) - len(common) for method, seeds in seeds_of.items() if len(seeds) > len(common)}
        if dropped:
            who = ", ".join(f"{method} {count}" for method, count in dropped.items())
            remarks.append(f"{problem}: runs whose seed not every method has are left out ({who}).")
        if not common:
            continue
        chosen = tuple(tuple(seeds[seed] for seed in common) for seeds in seeds_of.values())
        end = _end_of(chosen, axis)
        if end <= 0:
            raise SettingError(
                f"{problem}: the runs spent no {axis}.", hint=f"Compare along another axis: {', '.join(AXES)}."
            )
        grid = grid_up_to(end, places)
        raw = np.array([[losses_of(run, axis, grid) for run in each] for each in chosen])
        if not np.isfinite(raw).any():
            remarks.append(f"{problem}: no run has a value, so it is left out.")
            continue
        fields.append(Field(problem, tuple(seeds_of), tuple(common), chosen, grid, raw, with_worst(raw)))
    return fields, remarks


def shared_among(fields: Sequence[Field], methods: tuple[str, ...]) -> list[Field]:
    """The problems for a summary: every method has runs there, and there is no caveat, unless all of them have one."""
    complete = [field for field in fields if field.methods == methods]
    return [field for field in complete if not field.any_run.caveat] or complete


def axis_of(runs: Sequence[Run], axis: str | None) -> Axis:
    """The axis asked for, or else that of the budgets. SettingError for another word, or none where budgets differ."""
    budgets = sorted({run.budget.axis for run in runs})
    if axis is None and len(budgets) == 1:
        return budgets[0]
    for known in AXES:
        if axis == known:
            return known
    if axis is None:
        raise SettingError(f"The budgets are counted in {' and '.join(budgets)}.", hint="Say along which to compare.")
    raise SettingError(f"axis={axis!r} is not known.", hint=f"Use one of {', '.join(AXES)}.")


def _by_problem(runs: Iterable[Run]) -> dict[str, dict[str, dict[int, Run]]]:
    found: dict[str, dict[str, dict[int, Run]]] = {}
    for run in runs:
        seeds = found.setdefault(run.problem, {}).setdefault(run.method, {})
        if run.seed in seeds:
            raise SettingError(f"There are two runs of {run.key}.", hint="Give one of them.")
        seeds[run.seed] = run
    return found


def _n_points(runs: Sequence[Run], axis: Axis) -> int:
    """A place per unit where it is counted and ends are small."""
    if axis in {"evaluations", "steps"}:
        end = max((run.points[-1].spent(axis) for run in runs if run.points), default=0.0)
        limit = max((run.budget.limit for run in runs if run.budget.axis == axis), default=end)
        if 1 <= limit <= LARGEST_GRID:
            return int(limit)
    return GRID


def _end_of(runs: Iterable[Iterable[Run]], axis: Axis) -> float:
    """Where the grid ends: the budget where it limits this axis, else where the longest run ended."""
    flat = [run for each in runs for run in each]
    if flat[0].budget.axis == axis:
        return flat[0].budget.limit
    return max((run.points[-1].spent(axis) for run in flat if run.points), default=0.0)


COMPARED: Final = {
    "goal": "goals",
    "budget": "budgets",
    "space": "spaces",
    "best_known": "best known values",
    "median": "medians",
}


def _refuse_differences(problem: str, runs: Sequence[Run]) -> None:
    first = runs[0]
    for other in runs[1:]:
        for field, noun in COMPARED.items():
            left, right = (msgspec.to_builtins(getattr(run, field)) for run in (first, other))
            if left != right:
                raise SettingError(
                    f"{problem}: the {noun} of {_who(first)} and {_who(other)} differ: {_difference(left, right)}.",
                    hint="Compare only runs that had the same problem to solve with the same means.",
                )


def _who(run: Run) -> str:
    return f"{run.method} (seed {run.seed})"


def _difference(left: Json, right: Json, path: str = "") -> str:
    """The first place at which two JSON values differ, and what stands there in each."""
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        for key in {**left, **right}:
            if left.get(key, _MISSING) != right.get(key, _MISSING):
                return _difference(left.get(key, _MISSING), right.get(key, _MISSING), _joined(path, key))
    if isinstance(left, list) and isinstance(right, list):
        for index, (one, two) in enumerate(zip(left, right, strict=False)):
            if one != two:
                return _difference(one, two, _joined(path, _label(one, two, index)))
        longer, which = (left, "the first") if len(left) > len(right) else (right, "the second")
        index = min(len(left), len(right))
        return f"{_joined(path, _label(longer[index], longer[index], index))} is in {which} only"
    return f"{path} is {_shown(left)} and {_shown(right)}".lstrip().removeprefix("is ")


_MISSING: Final = "nothing"


def _label(one: Any, two: Any, index: int) -> str:
    names = {each.get("name") for each in (one, two) if isinstance(each, Mapping)}
    name = names.pop() if len(names) == 1 else None
    return str(index) if name is None else str(name)


def _joined(path: str, key: str) -> str:
    return f"{path}.{key}" if path else str(key)


def _shown(value: Json) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text if len(text) <= 80 else f"{text[:79]}…"
