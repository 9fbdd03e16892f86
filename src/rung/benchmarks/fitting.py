"""Strategies that are told how much they may try: a grid is as fine as its trials allow."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping

from rung.analysis.comparison.repeats import repeatable_spec
from rung.analysis.comparison.strategies import Strategy
from rung.searchers.grid import combinations
from rung.space import Space


def fitted(name: str, space: Space, trials: int, *, max_t: int) -> Strategy:
    """The strategy of that name for so many trials; a grid that says how fine it is keeps to that.

    max_t: the steps of a full training. SettingError for what can't be read, and for unknown names and options.
    """
    form = repeatable_spec(name, max_t=max_t)
    parts = {"searcher": form["searcher"]["name"], "scheduler": form["name"]}
    if form["searcher"] != {"name": "grid"}:
        return Strategy(name, name, **parts)
    points = grid_within(space, trials)
    counts = {each: len(domain.grid(points[each])) for each, domain in space.items()}
    finest = max(points.values())
    is_even = all(counts[each] == len(domain.grid(finest)) for each, domain in space.items())
    option = finest if is_even else json.dumps(points, separators=(",", ":"))
    method = f"{name.removesuffix('()')}(points={option})"
    return Strategy(name, method, **parts, remark=_remark(counts, _n_combinations(space, points, trials), trials))


def grid_within(space: Space, budget: int) -> dict[str, int]:
    """How many points a grid has along each dimension, so that it is about the largest with so many combinations.

    All dimensions get about as many, the earlier ones rather one more; a choice has always all of its values. Where
    they alone are too many, everything else gets one point, and the grid is too large.
    """
    points = dict.fromkeys(space.names, 1)
    while True:
        for name in sorted(points, key=points.__getitem__):
            finer = {**points, name: points[name] + 1}
            has_more = len(space[name].grid(finer[name])) > len(space[name].grid(points[name]))
            if has_more and finer[name] <= budget and _n_combinations(space, finer, budget) <= budget:
                points = finer
                break
        else:
            return points


def _n_combinations(space: Space, points: Mapping[str, int], most: int) -> int:
    """How many there are, counted to just above ``most``."""
    return sum(1 for _ in itertools.islice(combinations(space, points), most + 1))


def _remark(counts: Mapping[str, int], n_combinations: int, trials: int) -> str:
    """What a reader must know about a grid. counts: values of each dimension."""
    if n_combinations > trials:
        return f"Even its coarsest grid has more than {trials} combinations, of which it tried the first ones."
    sides = " × ".join(f"{count} of {name}" for name, count in counts.items() if count > 1)
    if not sides:
        return "Its grid is a single point."
    rest = f"; {trials - n_combinations} of the {trials} trials were left over" if n_combinations < trials else ""
    return f"Its values: {sides}, in the order of nested loops{rest}."
