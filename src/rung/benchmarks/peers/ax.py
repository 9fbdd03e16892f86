"""Ax: Bayesian optimisation with BoTorch as its client sets it up by default, and the Sobol points that it begins with."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Hashable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final, final

from rung.benchmarks.peers._flat import Axis, Flat, Kind
from rung.benchmarks.peers._silence import silence
from rung.benchmarks.peers.peer import Asked, Peer

if TYPE_CHECKING:
    from rung.benchmarks.method import Task
    from rung.space import Space
    from rung.types import Config

PACKAGES: Final = ("ax-platform", "botorch", "gpytorch", "torch")
MODULES: Final = ("ax.api.client",)

_KINDS: Final = frozenset(Kind) - {Kind.NORMAL}
_LOSS: Final = "loss"


@final
class _Ax:
    """A client of an experiment with one metric. It may begin more trials than the initial ones before results come."""

    stops_early = False

    def __init__(self, method: str, task: Task) -> None:
        self._flat = Flat(task.space, _KINDS)
        self._points = list(task.points)
        self._dependents = _dependents(task.space, self._flat)
        with _quiet():
            from ax.api.client import Client

            self._client = Client(random_seed=task.seed)
            self._client.configure_experiment(
                [_parameter(axis, self._dependents.get(axis.name)) for axis in self._flat.axes]
            )
            self._client.configure_optimization(f"-{_LOSS}")
            self._client.configure_generation_strategy(method, allow_exceeding_initialization_budget=True)

    def ask(self) -> Asked | None:
        with _quiet():
            if self._points:
                point = self._points.pop(0)
                return Asked(self._client.attach_trial(self._active(self._flat.coordinates(point))), point)
            return self._flat.ask_allowed(self._ask, self._client.mark_trial_abandoned)

    def report(self, key: Hashable, step: int, loss: float) -> bool:
        del key, step, loss
        return False

    def tell(self, key: Hashable, loss: float | None, *, is_stopped: bool) -> None:
        del is_stopped
        with _quiet():
            if loss is None:
                self._client.mark_trial_failed(key)
            else:
                self._client.complete_trial(key, {_LOSS: loss})

    def _ask(self) -> Asked | None:
        trials = self._client.get_next_trials(1)
        for key, coordinates in trials.items():
            return Asked(key, self._flat.build(lambda axis: coordinates[axis.name]))
        return None

    def _active(self, coordinates: Mapping[str, float]) -> dict[str, float]:
        """Those that the client is told, which are what is active and what it does not know to be inactive."""
        inactive = {
            child
            for parent, children in self._dependents.items()
            for value, names in children.items()
            for child in names
            if coordinates[parent] != value
        }
        return {name: coordinate for name, coordinate in coordinates.items() if name not in inactive}


def _dependents(space: Space, flat: Flat) -> dict[str, dict[int, list[str]]]:
    """Parent -> its coordinate -> the children that are active there only.

    This is all that Ax has for conditions: other children are always active for it, and left out of configs.
    """
    parents = {axis.name: axis for axis in flat.axes if axis.kind in {Kind.LABELS, Kind.LEVELS}}
    dependents: dict[str, dict[int, list[str]]] = {}
    for child in flat.axes:
        whens = space.conditions.get(child.name, ())
        parent = parents.get(whens[0].parent) if len(whens) == 1 else None
        if parent is not None:
            met = [place for place in range(parent.count) if parent.value(place) in whens[0].values]
            if len(met) == 1:
                dependents.setdefault(parent.name, {}).setdefault(met[0], []).append(child.name)
    return dependents


def _parameter(axis: Axis, dependents: Mapping[int, list[str]] | None) -> Any:
    from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig

    if axis.kind in {Kind.LABELS, Kind.LEVELS}:
        return ChoiceParameterConfig(
            axis.name,
            list(range(axis.count)),
            "int",
            is_ordered=axis.kind is Kind.LEVELS,
            dependent_parameters=dependents,
        )
    return RangeParameterConfig(
        axis.name,
        (axis.low, axis.high),
        "int" if axis.kind in {Kind.WHOLE, Kind.LOG_WHOLE} else "float",
        scaling="log" if axis.kind in {Kind.LOG_REAL, Kind.LOG_WHOLE} else "linear",
    )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without its notices, and without warnings of pandas, BoTorch and GPyTorch, and of what Ax itself will drop.

    All logging is off for the moment, since Ax sets the level of each of its loggers as it is imported.
    """
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with silence(ignored=[Warning]):
            yield
    finally:
        logging.disable(before)


ALGORITHMS: Final[Mapping[str, Callable[[Task], Peer]]] = {
    "sobol": partial(_Ax, "random_search"),
    "default": partial(_Ax, "fast"),
}
