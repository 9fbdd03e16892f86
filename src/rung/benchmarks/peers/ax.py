"""Ax: the Bayesian optimisation that its client sets up by default, and the Sobol points that this begins with."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Hashable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, final

from rung.benchmarks.peers._flat import Axis, Flat, Kind
from rung.benchmarks.peers._silence import no_logging, silence
from rung.benchmarks.peers.peer import Asked, Peer

if TYPE_CHECKING:
    from rung.benchmarks.method import Task
    from rung.space import Space

PACKAGES: Final = ("ax-platform", "botorch", "gpytorch", "torch")
MODULES: Final = ("ax.api.client",)

_KINDS: Final = {Kind.WHOLE, Kind.LOG_WHOLE, Kind.LEVELS, Kind.LABELS}
"""Floats go through the unit interval, where its models have them anyway, because Ax refuses small ranges."""

_MOST_LISTED: Final = 1_000
"""Ax takes no longer lists of choices, and holds one of all integers in memory; beyond it, floats are rounded."""

_CHOICES: Final = {Kind.LABELS, Kind.LEVELS}
_LOSS: Final = "loss"


class _Only(NamedTuple):
    """What a dimension depends on: it is active where its parent has this coordinate."""

    parent: str
    place: int


@final
class _Ax:
    """A client with one metric. While results are pending, it may begin more than the initial trials."""

    report = None

    def __init__(self, method: Literal["fast", "random_search"], task: Task) -> None:
        self._flat = Flat(task.space, _KINDS)
        self._points = list(task.points)
        self._conditions = _conditions(task.space, self._flat)
        self._is_complete = False
        with _quiet():
            from ax.api.client import Client

            self._client: Any = Client(random_seed=task.seed)
            self._client.configure_experiment([_parameter(axis, self._conditions) for axis in self._flat.axes])
            self._client.configure_optimization(f"-{_LOSS}")
            self._client.configure_generation_strategy(method, allow_exceeding_initialization_budget=True)

    def ask(self) -> Asked | None:
        with _quiet():
            if self._points:
                point = self._points.pop(0)
                return Asked(self._client.attach_trial(self._told(self._flat.coordinates(point))), point)
            return self._flat.ask_allowed(self._ask, self._client.mark_trial_abandoned)

    def tell(self, key: Hashable, loss: float | None, *, is_stopped: bool) -> None:
        del is_stopped
        with _quiet():
            if loss is None:
                self._client.mark_trial_failed(key)
            else:
                self._client.complete_trial(key, {_LOSS: loss})

    def _ask(self) -> Asked | None:
        from ax.exceptions.core import OptimizationComplete

        if self._is_complete:
            return None
        try:
            ((key, coordinates),) = self._client.get_next_trials(1).items()
        except OptimizationComplete:  # it has looked for a new point for half a minute, and would do so again
            self._is_complete = True
            return None
        return Asked(key, self._flat.build(lambda axis: coordinates[axis.name]))

    def _told(self, coordinates: Mapping[str, float]) -> dict[str, float]:
        """Without those that Ax knows to be inactive, and of the types that it insists on."""

        def is_active(name: str) -> bool:
            only = self._conditions.get(name)
            return only is None or (coordinates[only.parent] == only.place and is_active(only.parent))

        return {
            axis.name: coordinates[axis.name] if _is_listed(axis) else float(coordinates[axis.name])
            for axis in self._flat.axes
            if is_active(axis.name)
        }


def _conditions(space: Space, flat: Flat) -> dict[str, _Only]:
    """The conditions that Ax has words for, by child: those on one value of one choice.

    With others, a child is always active for it, and is left out of configs only.
    """
    parents = {axis.name: axis for axis in flat.axes if axis.kind in _CHOICES and _is_listed(axis)}
    conditions: dict[str, _Only] = {}
    for child in flat.axes:
        whens = space.conditions.get(child.name, ())
        if len(whens) == 1 and (parent := parents.get(whens[0].parent)):
            met = [place for place in range(parent.count) if parent.value(place) in whens[0].values]
            if len(met) == 1:
                conditions[child.name] = _Only(parent.name, met[0])
    return conditions


def _parameter(axis: Axis, conditions: Mapping[str, _Only]) -> Any:
    from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig

    if axis.kind in _CHOICES and _is_listed(axis):
        children: dict[Any, list[str]] = {}
        for child, only in conditions.items():
            if only.parent == axis.name:
                children.setdefault(only.place, []).append(child)
        places = list(range(axis.count))
        is_ordered = axis.kind is Kind.LEVELS
        return ChoiceParameterConfig(axis.name, places, "int", is_ordered, children or None)
    return RangeParameterConfig(
        axis.name,
        (axis.low, axis.high),
        "int" if _is_listed(axis) else "float",
        scaling="log" if axis.kind is Kind.LOG_WHOLE else "linear",
    )


def _is_listed(axis: Axis) -> bool:
    return axis.kind is not Kind.REAL and axis.count <= _MOST_LISTED


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without its notices, and without warnings of pandas, BoTorch and GPyTorch, and of what Ax itself will drop.

    All logging is off for the moment, since Ax sets the level of each of its loggers as it is imported.
    """
    with no_logging(), silence(ignored=[Warning]):
        yield


ALGORITHMS: Final[Mapping[str, Callable[[Task], Peer]]] = {
    "sobol": partial(_Ax, "random_search"),
    "default": partial(_Ax, "fast"),
}
