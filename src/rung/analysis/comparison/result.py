"""What a comparison found, as frozen values that become JSON: no infinities, None where there is nothing to say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import msgspec
from msgspec import Struct

from rung.analysis.comparison.bootstrap import Interval
from rung.analysis.comparison.pairing import Record
from rung.analysis.comparison.power import Seeds
from rung.analysis.comparison.ranking import Friedman
from rung.analysis.comparison.regret import Reached, Scale
from rung.analysis.comparison.runs import Axis, Budget
from rung.types import Goal, Json

Column: TypeAlias = tuple[float | None, ...]
"""One number per place of a grid; None before all runs have a value."""


class Curve(Struct, frozen=True):
    """A method's any-time curve on one problem, in the metric's own direction.

    lower, upper: quartiles of the runs. low, high: bootstrap interval of the mean. end: where the last run ended, since
    a run keeps its value on the rest of the grid.
    """

    mean: Column
    median: Column
    lower: Column
    upper: Column
    low: Column
    high: Column
    end: float


class MethodResult(Struct, frozen=True):
    """One method on one problem. mean: of the final values, with its interval; None with fewer than two seeds.

    n_failed: runs without a proper end. finals: in the order of the problem's seeds; None for a run without any value.
    """

    method: str
    n_failed: int
    curve: Curve
    finals: Column
    median: float | None
    mean: Interval | None
    reached: Reached


class Duel(Struct, frozen=True):
    """Two methods on one problem, over its seeds. p: of the signed-rank test; p_holm: corrected for all pairs there.

    is_first_ahead: in the sense of the test, by ranks of the differences and not by their number.
    """

    first: str
    second: str
    record: Record
    p: float
    p_holm: float
    is_first_ahead: bool


class ProblemResult(Struct, frozen=True):
    """One problem.

    seeds: those that all its methods have; no others are used. target: the median final value of all runs, in the
    metric's own direction. scale: by which regret is measured, as losses.
    """

    problem: str
    goal: Goal
    budget: Budget
    seeds: tuple[int, ...]
    grid: tuple[float, ...]
    scale: Scale
    target: float
    methods: tuple[MethodResult, ...]
    duels: tuple[Duel, ...]
    caveat: str = ""


class Aggregate(Struct, frozen=True):
    """One method over all problems, each with the same weight.

    regret, low, high: mean normalised regret along the grid, and its interval with seeds resampled on these problems.
    rank: average rank along it. All are None while some run that will have a value on some problem has none yet.
    mean: the final regret with problems resampled too. interquartile_mean: of all final regrets, seeds resampled.
    """

    method: str
    regret: Column
    low: Column
    high: Column
    rank: Column
    mean: Interval | None
    interquartile_mean: Interval | None


class Pair(Struct, frozen=True):
    """Two methods over all problems.

    improvement: how likely a run of the first is better. difference: of mean normalised regret, first minus second, so
    that below 0 the first is better; seeds resampled on these problems. p: of the signed-rank test over pairs of runs;
    p_holm: corrected for all pairs of methods. The same with ``beyond`` speaks of problems like these: with problems
    resampled too, and of the test over problems; None where there is one problem.
    is_told: one is really better: the interval leaves out 0, and the corrected test is sure of the same direction.
    seeds: how many more it would take on these problems to tell.
    """

    first: str
    second: str
    record: Record
    improvement: float
    difference: Interval | None
    difference_beyond: Interval | None
    p: float
    p_holm: float
    p_beyond: float | None
    p_beyond_holm: float | None
    is_told: bool
    is_told_beyond: bool
    seeds: Seeds

    @property
    def interval(self) -> Interval | None:
        """That of the difference on these problems; where some have a single seed, on problems like these."""
        return self.difference or self.difference_beyond


class Overhead(Struct, frozen=True):
    """What a method itself costs, on average over its runs. share: of wall-clock time that went into decisions."""

    method: str
    decide_s: float
    decide_s_per_evaluation: float
    share: float | None
    wall_s: float
    cpu_s: float


class Comparison(Struct, frozen=True, kw_only=True):
    """All that a report on these runs needs.

    problems: all of them. shared: those on which every method has runs, without those that have a caveat where there
    are others; only these are in aggregates, pairs and the test. grid: of the aggregates; in the unit of the axis where
    all problems end at the same place, else as a share of each problem's end (is_share). blocks: what tests over all
    problems count, ``problems``, or ``seeds`` where there is one problem. warnings: sentences for people. seed: of the
    resampling.
    """

    axis: Axis
    methods: tuple[str, ...]
    problems: tuple[ProblemResult, ...]
    shared: tuple[str, ...]
    grid: tuple[float, ...]
    is_share: bool
    aggregates: tuple[Aggregate, ...]
    blocks: str
    friedman: Friedman | None
    pairs: tuple[Pair, ...]
    overheads: tuple[Overhead, ...]
    versions: Mapping[str, tuple[str, ...]]
    warnings: tuple[str, ...]
    confidence: float
    alpha: float
    n_resamples: int
    seed: int

    def to_json(self) -> dict[str, Json]:
        """Objects, lists and finite numbers."""
        form: dict[str, Json] = msgspec.json.decode(msgspec.json.encode(self))
        return form
