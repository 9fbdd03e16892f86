"""Runs whose truth is known: the loss after n evaluations falls like a power of n, faster for better methods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from rung.analysis.comparison.runs import Budget, Point, Run
from rung.types import Goal

ERROR = Goal("error")
ACCURACY = Goal("accuracy", "max")
SPEEDS = {"random": 0.5, "tpe": 0.8, "gp": 1.1}


def run_of(values: Sequence[float | None], **changes: object) -> Run:
    """A run that had these best values after 1, 2, … evaluations of 9 steps, 10 simulated and 2 real seconds each."""
    points = tuple(Point(n, 9 * n, 10.0 * n, 0.5 * n, 2.0 * n, value) for n, value in enumerate(values, 1))
    budget = Budget("evaluations", float(len(values) or 1))
    given = {
        "problem": "branin", "method": "random", "seed": 0, "goal": ERROR, "budget": budget, "points": points,
    }  # fmt: skip
    return Run(**{**given, **changes})


def made_up_runs(
    *,
    problems: Sequence[str] = ("branin", "hartmann6", "rosenbrock"),
    speeds: Mapping[str, float] = SPEEDS,
    n_seeds: int = 10,
    n_evaluations: int = 40,
    goal: Goal = ERROR,
    noise: float = 0.35,
    is_known: bool = True,
) -> list[Run]:
    """Runs of every method on every problem: regret n ** -speed times a factor drawn for each seed."""
    runs = []
    for number, problem in enumerate(problems):
        scale = 10.0**number
        for method, speed in speeds.items():
            for seed in range(n_seeds):
                rng = np.random.default_rng([number, sum(map(ord, method)), seed])
                n = np.arange(1, n_evaluations + 1)
                steps = np.floor(n**0.8) + 1  # better only now and then
                factor = np.exp(noise * (rng.normal() + 0.3 * rng.normal(size=n_evaluations)))
                losses = scale * (1 + np.minimum.accumulate(2 * factor * steps**-speed))
                decide_s = 0.001 if method == "random" else 0.2
                points = tuple(
                    Point(i, 9 * i, 10.0 * i, decide_s * i, 1.0 * i, goal.value(loss))
                    for i, loss in zip(n.tolist(), losses.tolist(), strict=True)
                )
                runs.append(
                    Run(
                        problem=problem,
                        method=method,
                        seed=seed,
                        goal=goal,
                        budget=Budget("evaluations", n_evaluations),
                        points=points,
                        best_known=goal.value(scale) if is_known else None,
                        median=goal.value(3 * scale) if is_known else None,
                        cpu_s=1.2 * n_evaluations,
                        versions={"rung": "0.1.0"},
                    )
                )
    return runs
