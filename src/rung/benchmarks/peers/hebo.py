"""HEBO, with a Gaussian process and three acquisition functions at once.

Version 0.3.6 asks for NumPy before 1.25 and for pymoo 0.6.0, but works with NumPy 2.4, pandas 3.1 and pymoo 0.6.2 where
it is installed by ``pip install --no-deps HEBO==0.3.6``, with disjoint-set, GPy and catboost beside it. Version 0.3.2,
the last that asks for no old NumPy, can't be imported with any pymoo since 0.6.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Hashable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final, final

import numpy as np

from rung.benchmarks.peers._flat import Axis, Flat, Kind
from rung.benchmarks.peers._randomness import OwnRandomness
from rung.benchmarks.peers._silence import silence
from rung.benchmarks.peers.peer import Asked, Peer

if TYPE_CHECKING:
    from rung.benchmarks.method import Task

PACKAGES: Final = ("HEBO", "pymoo", "gpytorch", "torch")
MODULES: Final = ("hebo.optimizers.hebo",)

_KINDS: Final = {Kind.REAL, Kind.LOG_REAL, Kind.WHOLE, Kind.LOG_WHOLE, Kind.LABELS}


@final
class _Hebo:
    """It takes no notice of trials that fail or are pending.

    What breaks a constraint is told to have the worst loss so far.
    """

    report = None

    def __init__(self, task: Task) -> None:
        self._flat = Flat(task.space, _KINDS)
        self._points = list(task.points)
        self._keys = itertools.count()
        self._coordinates: dict[Hashable, dict[str, float]] = {}
        self._worst: float | None = None
        self._randomness = OwnRandomness(task.seed, torch=True)
        with self._at_work():
            from hebo.design_space.design_space import DesignSpace
            from hebo.optimizers.hebo import HEBO

            space = DesignSpace().parse([_parameter(axis) for axis in self._flat.axes])
            self._optimizer: Any = HEBO(space, scramble_seed=task.seed)

    def ask(self) -> Asked | None:
        if self._points:
            point = self._points.pop(0)
            return Asked(self._entered(self._flat.coordinates(point)), point)
        with self._at_work():
            return self._flat.ask_allowed(self._ask, self._refuse)

    def tell(self, key: Hashable, loss: float | None, *, is_stopped: bool) -> None:
        del is_stopped
        coordinates = self._coordinates.pop(key)
        if loss is not None:
            self._worst = loss if self._worst is None else max(loss, self._worst)
            with self._at_work():
                self._observe(coordinates, loss)

    def _ask(self) -> Asked:
        with _seeded_evolution():
            suggestion = self._optimizer.suggest(1)
        coordinates = {axis.name: suggestion[axis.name].item() for axis in self._flat.axes}
        return Asked(self._entered(coordinates), self._flat.config(coordinates))

    def _entered(self, coordinates: dict[str, float]) -> int:
        key = next(self._keys)
        self._coordinates[key] = coordinates
        return key

    def _refuse(self, key: Hashable) -> None:
        coordinates = self._coordinates.pop(key)
        if self._worst is not None:
            self._observe(coordinates, self._worst)

    def _observe(self, coordinates: dict[str, float], loss: float) -> None:
        import pandas as pd

        self._optimizer.observe(pd.DataFrame([coordinates]), np.array([[loss]]))

    @contextlib.contextmanager
    def _at_work(self) -> Iterator[None]:
        """Without warnings: of what will be dropped, from torch and pandas, and of numbers, from scikit-learn."""
        with silence(ignored=[Warning]), self._randomness.in_force():
            yield


def _parameter(axis: Axis) -> dict[str, Any]:
    if axis.kind is Kind.LABELS:
        return {"name": axis.name, "type": "cat", "categories": list(range(axis.count))}
    words = {Kind.REAL: "num", Kind.LOG_REAL: "pow", Kind.WHOLE: "int", Kind.LOG_WHOLE: "pow_int"}
    return {"name": axis.name, "type": words[axis.kind], "lb": axis.low, "ub": axis.high}


@contextlib.contextmanager
def _seeded_evolution() -> Iterator[None]:
    """With a seed for pymoo, drawn from NumPy's global generator: HEBO gives it none, so that it would take any."""
    from hebo.acq_optimizers import evolution_optimizer

    minimize = evolution_optimizer.minimize
    evolution_optimizer.minimize = partial(minimize, seed=np.random.randint(2**31))  # noqa: NPY002
    try:
        yield
    finally:
        evolution_optimizer.minimize = minimize


ALGORITHMS: Final[Mapping[str, Callable[[Task], Peer]]] = {"hebo": _Hebo}
