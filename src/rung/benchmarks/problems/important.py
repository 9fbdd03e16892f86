"""A problem of which one number matters, and the others next to nothing, as of most hyperparameters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from rung.benchmarks.problems.classical import Function
from rung.errors import SettingError
from rung.space import Float, Space

BEST_IMPORTANT: Final = 0.3125
"""A sixteenth away from the nearest of five columns from 0 to 1: as far as a place is on average."""

BEST_UNIMPORTANT: Final = 0.7
WIDTH: Final = 0.15  # of the valley, as a standard deviation
DEPTH: Final = 0.05  # of what the unimportant numbers can add, over that of the valley
_MOST_DIMENSIONS: Final = 1000


def important(dimensions: str = "2") -> Function:
    """Floats in [0, 1]: a valley along ``important``, and a shallow bowl along all the others. The least value is 0.

    dimensions: of them all, from 2 on. In the manner of f(x, y) = g(x) + h(y) with a small h, by which Bergstra and
    Bengio 2012 ("Random search for hyper-parameter optimization", figure 1) show what a grid wastes.
    """
    if not (dimensions.isascii() and dimensions.isdigit() and 2 <= int(dimensions) <= _MOST_DIMENSIONS):
        raise SettingError(
            f"important takes its number of dimensions, from 2 to {_MOST_DIMENSIONS}, got {dimensions!r}.",
            hint="Such as important:2.",
        )
    others = int(dimensions) - 1
    names = ["unimportant"] if others == 1 else [f"unimportant_{number}" for number in range(1, others + 1)]
    space = Space({name: Float(0.0, 1.0) for name in ("important", *names)})
    return Function(
        f"important:{others + 1}",
        space,
        lambda config: _value(config["important"], [config[name] for name in names]),
        0.0,
    )


def _value(first: float, others: Sequence[float]) -> float:
    valley = -math.expm1(-((first - BEST_IMPORTANT) ** 2) / (2.0 * WIDTH**2))
    return valley + DEPTH * sum((each - BEST_UNIMPORTANT) ** 2 for each in others) / len(others)
