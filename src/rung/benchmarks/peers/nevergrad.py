"""Nevergrad: evolution strategies, differential evolution and swarms, each with its own settings.

NGOpt, which picks one of them by the number of evaluations, is not among these: the meta-model that version 1.0.12
picks for many spaces of floats fails with NumPy 2.4.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final, final

import numpy as np

from rung.benchmarks.peers._flat import Axis, Flat, Kind
from rung.benchmarks.peers._randomness import OwnRandomness
from rung.benchmarks.peers._silence import silence
from rung.benchmarks.peers.peer import Asked, Peer

if TYPE_CHECKING:
    from rung.benchmarks.method import Task

PACKAGES: Final = ("nevergrad", "cma")
MODULES: Final = ("nevergrad",)

_KINDS: Final = frozenset(Kind) - {Kind.NORMAL}
_FEW: Final = 10  # for ranges below it, Nevergrad's set_integer_casting recommends a TransitionChoice instead


@final
class _Nevergrad:
    """It has no word for trials that fail: they count as the worst loss so far."""

    report = None

    def __init__(self, optimizer: str, task: Task) -> None:
        import nevergrad

        self._flat = Flat(task.space, _KINDS)
        with OwnRandomness(task.seed).in_force():  # parameters draw the seeds of generators that are replaced below
            parametrization = nevergrad.p.Dict(**{axis.name: _parameter(axis) for axis in self._flat.axes})
        parametrization.random_state = np.random.RandomState(task.seed)
        self._optimizer: Any = nevergrad.optimizers.registry[optimizer](parametrization, num_workers=task.workers)
        self._points = list(task.points)
        self._candidates: dict[Hashable, Any] = {}
        self._worst: float | None = None

    def ask(self) -> Asked | None:
        if not self._points:
            return self._flat.ask_allowed(self._ask, self._candidates.pop)
        point = self._points.pop(0)
        self._optimizer.suggest(self._flat.coordinates(point))  # for the next time that it is asked
        return Asked(self._ask().key, point)

    def tell(self, key: Hashable, loss: float | None, *, is_stopped: bool) -> None:
        from nevergrad.common.errors import LossTooLargeWarning

        del is_stopped
        candidate = self._candidates.pop(key)
        if loss is not None:
            self._worst = loss if self._worst is None else max(loss, self._worst)
        if self._worst is not None:
            with silence(ignored=[LossTooLargeWarning]):  # it cuts losses at 5e20
                self._optimizer.tell(candidate, self._worst if loss is None else loss)

    def _ask(self) -> Asked:
        candidate = self._optimizer.ask()
        self._candidates[candidate.uid] = candidate
        return Asked(candidate.uid, self._flat.config(candidate.value))


def _parameter(axis: Axis) -> Any:
    """Ranges of integers reach half a step beyond their ends, so that these are as likely as the others."""
    from nevergrad import p

    match axis.kind:
        case Kind.LABELS:
            return p.Choice(range(axis.count))
        case Kind.LEVELS | Kind.WHOLE if axis.kind is Kind.LEVELS or axis.count < _FEW:
            return p.TransitionChoice([int(axis.low) + place for place in range(axis.count)])
        case Kind.WHOLE:
            return p.Scalar(lower=axis.low - 0.5, upper=axis.high + 0.5).set_integer_casting()
        case Kind.LOG_WHOLE:
            return p.Log(lower=axis.low - 0.5, upper=axis.high + 0.5).set_integer_casting()
        case Kind.LOG_REAL:
            return p.Log(lower=axis.low, upper=axis.high)
        case _:
            return p.Scalar(lower=axis.low, upper=axis.high)


ALGORITHMS: Final[Mapping[str, Callable[[Task], Peer]]] = {
    "random": partial(_Nevergrad, "RandomSearch"),
    "oneplusone": partial(_Nevergrad, "OnePlusOne"),
    "discrete": partial(_Nevergrad, "PortfolioDiscreteOnePlusOne"),
    "de": partial(_Nevergrad, "TwoPointsDE"),
    "pso": partial(_Nevergrad, "PSO"),
    "cma": partial(_Nevergrad, "CMA"),
}
"""``discrete`` is the one that Nevergrad's documentation recommends for mixed spaces and hyperparameters."""
