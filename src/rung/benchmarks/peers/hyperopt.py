"""hyperopt's algorithms. ``atpe`` is not among them, since it needs one more package, lightgbm."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping
from typing import TYPE_CHECKING, Any, Final, final

import numpy as np

from rung.benchmarks.peers._flat import Axis, Flat, Kind
from rung.benchmarks.peers._silence import silence
from rung.benchmarks.peers.peer import Asked, Peer

if TYPE_CHECKING:
    from rung.benchmarks.method import Task
    from rung.space import Space

PACKAGES: Final = ("hyperopt",)
MODULES: Final = ("hyperopt",)

_KINDS: Final = {Kind.REAL, Kind.LOG_REAL, Kind.WHOLE, Kind.LOG_WHOLE, Kind.LABELS}  # hp.normal has no bounds


@final
class _Hyperopt:
    """What ``fmin`` does, turned by hand: documents of trials, and a seed for each suggestion.

    What fails, and what breaks a constraint, has the status of a failure, which is the worst result to all algorithms.
    """

    report = None

    def __init__(self, task: Task, suggest: Callable[..., Any]) -> None:
        from hyperopt import Trials
        from hyperopt.base import Domain

        self._suggest = suggest
        self._flat = Flat(task.space, _KINDS)
        self._nested = _nested(task.space, self._flat)
        self._points = task.points
        self._rng = np.random.default_rng(task.seed)
        self._trials = Trials()
        self._running: dict[Hashable, Any] = {}
        self._domain = Domain(None, _tree(task.space, self._flat, self._nested))  # only fmin would call the objective

    def ask(self) -> Asked | None:
        with silence("hyperopt"):
            return self._flat.ask_allowed(self._ask, self._fail)

    def tell(self, key: Hashable, loss: float | None, *, is_stopped: bool) -> None:
        del is_stopped
        if loss is None:
            self._fail(key)
        else:
            self._end(key, {"status": "ok", "loss": loss})

    def _ask(self) -> Asked:
        (key,) = self._trials.new_trial_ids(1)
        point = self._points[key] if key < len(self._points) else None
        if point is None:
            documents = self._suggest([key], self._domain, self._trials, int(self._rng.integers(2**31 - 1)))
        else:
            documents = [self._given(key, point)]
        self._trials.insert_trial_docs(documents)
        self._trials.refresh()
        self._running[key] = self._trials.trials[-1]
        found = {name: values[0] for name, values in self._running[key]["misc"]["vals"].items() if values}
        return Asked(key, self._flat.build(lambda axis: found[axis.name]) if point is None else point)

    def _given(self, key: int, point: Mapping[str, Any]) -> Any:
        """The document of a trial that was not suggested; what is inactive in a tree has no value."""
        from hyperopt.fmin import generate_trial

        coordinates = self._flat.coordinates(point)
        document = generate_trial(key, coordinates)
        for name in self._nested.keys() - point.keys():
            document["misc"]["idxs"][name] = []
            document["misc"]["vals"][name] = []
        return document

    def _fail(self, key: Hashable) -> None:
        self._end(key, {"status": "fail"})

    def _end(self, key: Hashable, result: dict[str, Any]) -> None:
        from hyperopt import JOB_STATE_DONE

        document = self._running.pop(key)
        document["result"], document["state"] = result, JOB_STATE_DONE
        self._trials.refresh()


def _nested(space: Space, flat: Flat) -> dict[str, str]:
    """Dimensions that stand below one value or several of another in hyperopt's tree -> that other.

    That is possible with a single condition on labels. What has other conditions is always asked for.
    """
    labels = {axis.name for axis in flat.axes if axis.kind is Kind.LABELS}
    searched = {axis.name for axis in flat.axes}
    return {
        name: whens[0].parent
        for name, whens in space.conditions.items()
        if name in searched and len(whens) == 1 and whens[0].parent in labels
    }


def _tree(space: Space, flat: Flat, nested: Mapping[str, str]) -> dict[str, Any]:
    """The space of hyperopt; a dimension that stands below several values is one and the same node there."""
    axes = {axis.name: axis for axis in flat.axes}
    nodes: dict[str, Any] = {}

    def node(name: str) -> Any:
        if name not in nodes:
            children = [child for child, parent in nested.items() if parent == name]
            nodes[name] = _choice(axes[name], children) if axes[name].kind is Kind.LABELS else _number(axes[name])
        return nodes[name]

    def _choice(axis: Axis, children: list[str]) -> Any:
        from hyperopt import hp

        values = [axis.value(place) for place in range(axis.count)]
        below = [{child: node(child) for child in children if value in _values(space, child)} for value in values]
        return hp.choice(axis.name, below)

    return {axis.name: node(axis.name) for axis in flat.axes if axis.name not in nested}


def _values(space: Space, child: str) -> Any:
    return space.conditions[child][0].values


def _number(axis: Axis) -> Any:
    from hyperopt import hp

    match axis.kind:
        case Kind.WHOLE:  # rounded to steps of 1, so that this gives both ends their full share
            return hp.quniform(axis.name, axis.low - 0.5, axis.high + 0.5, 1)
        case Kind.LOG_WHOLE:
            return hp.qloguniform(axis.name, math.log(axis.low - 0.5), math.log(axis.high + 0.5), 1)
        case Kind.LOG_REAL:
            return hp.loguniform(axis.name, math.log(axis.low), math.log(axis.high))
        case _:
            return hp.uniform(axis.name, axis.low, axis.high)


def _random(task: Task) -> Peer:
    from hyperopt import rand

    return _Hyperopt(task, rand.suggest)


def _tpe(task: Task) -> Peer:
    from hyperopt import tpe

    return _Hyperopt(task, tpe.suggest)


def _anneal(task: Task) -> Peer:
    from hyperopt import anneal

    return _Hyperopt(task, anneal.suggest)


ALGORITHMS: Final[Mapping[str, Callable[[Task], Peer]]] = {"random": _random, "tpe": _tpe, "anneal": _anneal}
