"""What runs tried, of which everything is known: a grid, and points that search along one of two numbers."""

from __future__ import annotations

import math

import numpy as np

from rung.analysis.comparison.tried import Attempt, Box, Response, Scene
from rung.analysis.configs import Configs, Input, Tried
from rung.types import Goal, TrialState

ERROR = Goal("error")
INPUTS = (Input("lr", log=True, low=1e-4, high=1.0), Input("momentum", low=0.0, high=1.0))
LINE = Response((1e-4, 1e-3, 1e-2, 1e-1, 1.0), (0.9, 0.4, 0.1, 0.4, 0.9))
FLAT = Response((0.0, 0.5, 1.0), (0.5, 0.5, 0.5))


def scene(*methods, goal=ERROR, inputs=INPUTS, is_known=True, boxes=()):
    """A scene of these methods, of which ``grid`` has 9 points and the others 8 random ones; the third has no value."""
    attempts = tuple(attempt(method, goal=goal, inputs=inputs, boxes=boxes) for method in methods or ("grid", "random"))
    responses = (LINE, FLAT)[: len(inputs)] if is_known else ()
    return Scene(goal=goal, inputs=inputs, attempts=attempts, responses=responses)


def attempt(method, *, goal=ERROR, inputs=INPUTS, boxes=()):
    rng = np.random.default_rng(len(method))
    if method == "grid":
        points = [(x, y) for x in (1e-4, 1e-2, 1.0) for y in (0.0, 0.5, 1.0)]
    else:
        points = [(float(10**x), float(y)) for x, y in rng.uniform([-4, 0], [0, 1], (8, 2))]
    tried = tuple(
        Tried(
            trial=number,
            state=TrialState.COMPLETED,
            inputs=point[: len(inputs)],
            value=None if number == 2 else goal.value(0.1 * (math.log10(point[0]) + 2) ** 2),
        )
        for number, point in enumerate(points)
    )
    best = min(
        (each for each in tried if each.value is not None), key=lambda each: goal.loss({goal.metric: each.value})
    )
    return Attempt(
        method=method,
        seed=0,
        configs=Configs(goal=goal, inputs=inputs, tried=tried, best_trial=best.trial),
        boxes=tuple(map(Box, boxes)),
    )
