"""How a copy's hyperparameters differ from its parent's: each a small step away, or drawn anew."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, NamedTuple

from rung.space.categories import Choice, Constant, Ordinal
from rung.space.integers import Int
from rung.space.reals import Float

if TYPE_CHECKING:
    import numpy as np

    from rung.space import Space
    from rung.space.domain import Domain
    from rung.types import Config, Json

    Move = Callable[[str, Domain, Json], Json]
    """The new value of a hyperparameter, from its name, domain and value."""

_MOST_TRIES = 100  # that a constraint may refuse, before the copy keeps its parent's values


class Steps(NamedTuple):
    """resample: the chance with which a value is drawn anew. factors: one of which a number is multiplied by."""

    resample: float
    factors: Sequence[float]


def explored(config: Config, space: Space, fixed: Collection[str], move: Move, rng: np.random.Generator) -> Config:
    """A configuration of the space, each value moved but for the fixed ones; without a value there, one is drawn.

    With the parent's values where none is found that keeps to the constraints.
    """
    for _ in range(_MOST_TRIES):
        child = _moved(config, space, fixed, move, rng)
        if space.is_allowed(child):
            return child
    return config


def _moved(config: Config, space: Space, fixed: Collection[str], move: Move, rng: np.random.Generator) -> Config:
    values: dict[str, Json] = {}
    for name, domain in space.items():
        if name not in config or not domain.contains(config[name]):
            values[name] = domain.from_unit(rng.random())
        else:
            values[name] = config[name] if name in fixed else move(name, domain, config[name])
    places = [domain.to_unit(values[name]) for name, domain in space.items()]
    return {name: values[name] for name in space.decode(places)}  # which tells what is active, not the digits


def stepped(domain: Domain, value: Json, steps: Steps, rng: np.random.Generator) -> Json:
    """A value nearby, or with chance ``steps.resample`` any one of the domain.

    A number is multiplied by one of the factors, within its bounds, and on its grid it moves by one step at least; 0
    moves along the unit interval instead. What is ordered otherwise moves to a neighbour, and what has no order stays.
    """
    anew, factor = rng.random(), steps.factors[int(rng.integers(len(steps.factors)))]
    if anew < steps.resample:
        return domain.from_unit(rng.random())
    if isinstance(domain, Choice | Constant):
        return value
    if isinstance(domain, Ordinal):
        return _along(domain, value, (factor > 1.0) - (factor < 1.0), domain.size)
    if value == 0:
        return _along(domain, value, factor - 1.0, 1.0)
    moved, change = domain.nearest(value * factor), value * (factor - 1.0)
    grid = domain.step if isinstance(domain, Int | Float) else None
    if moved != value or change == 0.0 or (grid is None and not isinstance(value, int)):
        return moved
    return domain.nearest(value + math.copysign(grid or 1, change))


def _along(domain: Domain, value: Json, distance: float, parts: float) -> Json:
    return domain.from_unit(min(max(domain.to_unit(value) + distance / parts, 0.0), 1.0))


def steps_move(steps: Steps, rng: np.random.Generator) -> Move:
    """``stepped`` for each hyperparameter, whatever its name."""
    return lambda _name, domain, value: stepped(domain, value, steps, rng)
