"""What is compared: runs of methods on problems, each with its any-time record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple, TypeAlias, get_args

from msgspec import Struct

from rung.types import Goal, Json

Axis: TypeAlias = Literal["evaluations", "steps", "simulated_s", "wall_s"]
"""What a run spends."""

AXES: Final[tuple[Axis, ...]] = get_args(Axis)


class Point(Struct, frozen=True, array_like=True):
    """Where a run stood when its incumbent changed, and at its end.

    n_evaluations: configurations begun. n_steps: trained, over all of them; a resumed trial adds only what is new.
    simulated_s: on the problem's own clock, workers taken into account. decide_s: what the method itself has taken to
    decide so far; wall_s: real seconds in all. best: the value of the incumbent, in the metric's own direction: without
    the noise where that is known, so that it may get worse; None before there is one.
    """

    n_evaluations: int
    n_steps: int
    simulated_s: float
    decide_s: float
    wall_s: float
    best: float | None

    def spent(self, axis: Axis) -> float:
        """How much of this was spent by then."""
        if axis == "evaluations":
            return self.n_evaluations
        if axis == "steps":
            return self.n_steps
        return self.simulated_s if axis == "simulated_s" else self.wall_s


class Budget(Struct, frozen=True):
    """How much a run could spend. axis: what limits it."""

    axis: Axis
    limit: float
    workers: int = 1


class Key(NamedTuple):
    """What names a run."""

    problem: str
    method: str
    seed: int

    def __str__(self) -> str:
        return f"{self.method} on {self.problem} with seed {self.seed}"


class Run(Struct, frozen=True, kw_only=True):
    """One method on one problem with one seed. The same three name the same run, which is never repeated.

    points: in order; the last one is the end. completed: the same where only the last reports of trials that came to
    their own end compete; empty where nobody has recorded it. space: its JSON form, or empty where nobody wrote it
    down. best_known, median: of the problem, in the metric's own direction. caveat: what a reader must know about the
    problem. cpu_s: of the whole run. versions: package -> version, of rung, the method and the problem. failed: why the
    run has no proper end, or empty. A failed run keeps what it had found until then.
    """

    problem: str
    method: str
    seed: int
    goal: Goal
    budget: Budget
    points: tuple[Point, ...]
    completed: tuple[Point, ...] = ()
    space: Mapping[str, Json] = {}
    best_known: float | None = None
    median: float | None = None
    caveat: str = ""
    cpu_s: float = 0.0
    failed: str = ""
    versions: Mapping[str, str] = {}
    notes: Mapping[str, Json] = {}

    @property
    def key(self) -> Key:
        """What names the run."""
        return Key(self.problem, self.method, self.seed)
