"""Test functions of global optimisation, whose minima are known."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final, final

from rung.benchmarks.problem import Step
from rung.benchmarks.problems import _formulas as formulas
from rung.errors import SettingError
from rung.space import Choice, Float, Int, Space
from rung.types import Goal

if TYPE_CHECKING:
    from rung.types import Config

N_DRAWS: Final = 10_000  # random configurations behind a median
QUARTILES: Final[Mapping[str, tuple[float, float, float]]] = {
    "ackley:10": (20.15741599681742, 20.632117555129955, 20.99045409628585),
    "branin": (16.267692466075054, 35.583397083322204, 80.64789482679912),
    "conditional": (0.7555329739465577, 1.065962850956066, 1.3549641505835015),
    "hartmann6": (-0.3114799003879215, -0.09849815315854003, -0.023838966104635338),
    "mixed": (2.9331085058963935, 4.521049305076061, 7.51843425804011),
    "rosenbrock:5": (134725.62273146363, 414006.32520795346, 794170.2904311147),
}
"""What ``measured_quartiles`` gives: a tenth of a second that each process would spend."""
_MOST_DIMENSIONS = 1000


@final
@dataclass(frozen=True)
class Function:
    """A function to be minimised. A value costs one second of simulated time."""

    name: str
    space: Space
    formula: Callable[[Config], float]
    best: float
    goal: Goal = field(default=Goal("value"), init=False)
    n_steps: int = field(default=1, init=False)
    caveat: str = field(default="", init=False)

    @property
    def median(self) -> float:
        """The median over 10,000 random configurations, the same ones each time."""
        return self.quartiles[1]

    @cached_property
    def quartiles(self) -> tuple[float, float, float]:
        """Lower quartile, median and upper quartile over the same 10,000 random configurations."""
        return QUARTILES.get(self.name) or self.measured_quartiles()

    def measured_quartiles(self) -> tuple[float, float, float]:
        """The quartiles, reckoned anew."""
        import numpy as np

        rng = np.random.default_rng(0)
        values = (self.formula(self.space.sample(rng)) for _ in range(N_DRAWS))
        low, middle, high = statistics.quantiles(values, n=4)
        return low, middle, high

    def train(self, config: Config, seed: int, *, after: int = 0) -> Iterator[Step]:
        """The one value."""
        del seed  # nothing is random
        valid = self.space.validate(config)
        if after < self.n_steps:
            yield Step(self.formula(valid), 1.0)


def branin() -> Function:
    """Two floats, three equal minima. See ``_formulas`` for the sources."""
    space = Space({"x1": Float(-5.0, 10.0), "x2": Float(0.0, 15.0)})
    return Function("branin", space, lambda x: formulas.branin(x["x1"], x["x2"]), formulas.BRANIN_BEST)


def hartmann6() -> Function:
    """Six floats, six local minima."""
    return _of_floats("hartmann6", _cube(6, Float(0.0, 1.0)), formulas.hartmann6, formulas.HARTMANN6_BEST)


def rosenbrock(dimensions: str = "2") -> Function:
    """Floats in [-5, 10], and a minimum at the end of a curved valley. ``rosenbrock:5`` has five."""
    count = _count("rosenbrock", dimensions, least=2)
    return _of_floats(f"rosenbrock:{count}", _cube(count, Float(-5.0, 10.0)), formulas.rosenbrock, 0.0)


def ackley(dimensions: str = "2") -> Function:
    """Floats in [-15, 30], and many local minima. The range is not symmetric, so that the middle is no solution."""
    count = _count("ackley", dimensions, least=1)
    return _of_floats(f"ackley:{count}", _cube(count, Float(-15.0, 30.0)), formulas.ackley, 0.0)


def mixed() -> Function:
    """A category, two floats and two integers, one of them on a log scale; the category decides what suits."""
    space = Space(
        {
            "kind": Choice(formulas.MIXED_KINDS),
            "x1": Float(-2.0, 2.0),
            "x2": Float(-2.0, 2.0),
            "layers": Int(1, 8),
            "units": Int(8, 512, log=True),
        }
    )
    return Function("mixed", space, lambda x: formulas.mixed(**x), formulas.MIXED_BEST)


def conditional() -> Function:
    """Three switches in a tree and six floats, of which two are active."""
    space = Space(
        {
            **{f"x{index}": Choice([0, 1]) for index in (1, 2, 3)},
            **{f"x{index}": Float(-1.0, 1.0) for index in (4, 5, 6, 7)},
            **{f"r{index}": Float(0.0, 1.0) for index in (8, 9)},
        },
        conditions={
            "x2": ("x1", 0),
            "x3": ("x1", 1),
            "r8": ("x1", 0),
            "r9": ("x1", 1),
            "x4": ("x2", 0),
            "x5": ("x2", 1),
            "x6": ("x3", 0),
            "x7": ("x3", 1),
        },
    )
    return Function("conditional", space, formulas.tree, formulas.TREE_BEST)


def _cube(count: int, each: Float) -> Space:
    return Space({f"x{index}": each for index in range(1, count + 1)})


def _of_floats(name: str, space: Space, formula: Callable[[list[float]], float], best: float) -> Function:
    return Function(name, space, lambda x: formula(list(x.values())), best)


def _count(name: str, given: str, *, least: int) -> int:
    if not (given.isascii() and given.isdigit() and least <= int(given) <= _MOST_DIMENSIONS):
        raise SettingError(
            f"{name} takes its number of dimensions, from {least} to {_MOST_DIMENSIONS}, got {given!r}.",
            hint=f"Such as {name}:5.",
        )
    return int(given)
