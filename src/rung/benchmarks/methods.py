"""Methods by name: rung's own, and those of other projects behind a colon.

``random``, ``asha+tpe`` and ``asha(reduction_factor=4)+random`` are rung's, see ``rung.registry.method_spec``;
``optuna:tpe`` is the algorithm ``tpe`` of Optuna.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from rung import registry
from rung.benchmarks.method import Method, Task
from rung.benchmarks.peers.foreign import Foreign
from rung.errors import MissingExtraError, SettingError

if TYPE_CHECKING:
    from types import ModuleType

    from rung.contracts import Scheduler
    from rung.types import Json

PEERS: Final[Mapping[str, str]] = {
    "optuna": "optuna",
    "synetune": "syne_tune",
    "smac": "smac",
    "hyperopt": "hyperopt",
    "hebo": "hebo",
    "nevergrad": "nevergrad",
    "ax": "ax",
}
"""What stands before the colon, and is the extra with its package -> the module here."""


def method(name: str) -> Method:
    """The method of that name.

    SettingError for an unknown one, which names the nearest; MissingExtraError when its package isn't installed.
    """
    peer, colon, algorithm = name.partition(":")
    if colon and peer in PEERS:
        return _foreign(name, peer, algorithm)
    if colon and peer.isidentifier() and "." not in peer and (near := difflib.get_close_matches(peer, PEERS, n=1)):
        raise SettingError(f"There is no method {name!r}.", hint=f"Did you mean {near[0]}:{algorithm}?")
    registry.method_spec(name, max_t=1)  # so that a bad name is told here, and not in each run
    return Method(name, lambda task: _own(name, task), packages=("rung",), modules=_homes(name))


def names() -> list[str]:
    """All methods that have a name of their own, whether or not their packages are installed."""
    own = registry.names_of("searchers") + [each for each in registry.names_of("schedulers") if each != "basic"]
    return own + [f"{peer}:{algorithm}" for peer in PEERS for algorithm in _module(peer).ALGORITHMS]


def _own(name: str, task: Task) -> Scheduler:
    spec = registry.method_spec(name, max_t=task.n_steps)
    searcher = _with_points(spec["searcher"], task)
    return registry.build_scheduler({**spec, "searcher": searcher}, task.space)


def _with_points(spec: Mapping[str, Json], task: Task) -> Mapping[str, Json]:
    """A searcher that has a word for it tries the points first; a grid, which has none, goes its own way."""
    return {**spec, "points_to_evaluate": list(task.points)} if task.points and _takes_points(spec["name"]) else spec


def _takes_points(searcher: str) -> bool:
    return "points_to_evaluate" in inspect.signature(registry.factory_of("searchers", searcher)).parameters


def _homes(name: str) -> tuple[str, ...]:
    """The modules that the parts of an own method come from."""
    spec = registry.method_spec(name, max_t=1)
    factories = (
        registry.factory_of("schedulers", spec["name"]),
        registry.factory_of("searchers", spec["searcher"]["name"]),
    )
    return tuple(factory.__module__ for factory in factories)


def _foreign(name: str, peer: str, algorithm: str) -> Method:
    module = _module(peer)
    makers: Mapping[str, Callable[[Task], Any]] = module.ALGORITHMS
    if algorithm not in makers:
        near = difflib.get_close_matches(algorithm, makers, n=1)
        guess = f"Did you mean {peer}:{near[0]}? " if near else ""
        listed = ", ".join(f"{peer}:{each}" for each in makers)
        raise SettingError(f"There is no method {name!r}.", hint=f"{guess}There are {listed}.")
    for package in module.MODULES:
        try:
            import_module(package)
        except ImportError as error:
            raise MissingExtraError(name, peer) from error
    make = makers[algorithm]
    return Method(
        name,
        lambda task: Foreign(name, make(task), task.space),
        packages=("rung", *module.PACKAGES),
        modules=(module.__name__, *module.MODULES),
    )


def _module(peer: str) -> ModuleType:
    return import_module(f"rung.benchmarks.peers.{PEERS[peer]}")
