"""The contract of a method under test: what it is told, and how it is made."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from rung.contracts import Scheduler
    from rung.space import Space
    from rung.types import Config


class Task(NamedTuple):
    """What a method has to do: the same for every method on one problem with one seed.

    points: configurations of the space that it tries first, in this order. n_steps: the length of a full training.
    seed: for random numbers of its own, from 0 and below 2**31. workers: how many trials run at once. n_trials: how
    many full trainings the budget pays for; None where time limits it.
    """

    space: Space
    points: tuple[Config, ...]
    n_steps: int
    seed: int
    workers: int = 1
    n_trials: int | None = None


class Method(NamedTuple):
    """A way to search, by name.

    name: as on the command line: ``asha+tpe``, ``optuna:tpe``. make: a new one for a task. packages: the distributions
    whose versions matter to its results. modules: what is imported before it is made, so that processes can do so once.
    """

    name: str
    make: Callable[[Task], Scheduler]
    packages: tuple[str, ...]
    modules: tuple[str, ...]
