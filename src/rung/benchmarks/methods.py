"""Methods by name: rung's own, and those of other projects behind a colon.

``random``, ``asha+tpe`` and ``asha(reduction_factor=4)+random`` are rung's, see ``rung.registry.method_spec``;
``optuna:tpe`` is the algorithm ``tpe`` of Optuna.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from rung import registry
from rung.benchmarks.method import Method, Task
from rung.benchmarks.peers._silence import no_logging, silence
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

_BY_HAND: Final[Mapping[str, str]] = {
    "hebo": "pip install GPy catboost disjoint-set pymoo && pip install --no-deps HEBO==0.3.6",
}
"""What installs a package whose stated requirements can't be met, though it works."""


def method(name: str) -> Method:
    """The method of that name.

    SettingError for an unknown one, which names the nearest; MissingExtraError when its package isn't installed.
    """
    peer, colon, algorithm = name.partition(":")
    if not is_own(name):
        return _foreign(name, peer, algorithm)
    try:
        form = registry.method_spec(name, max_t=1)  # so that a bad name is told here, and not in each run
    except SettingError as error:
        near = difflib.get_close_matches(peer, PEERS, n=1) if colon and peer.isidentifier() else []
        if near and find_spec(peer) is None:
            raise SettingError(f"There is no method {name!r}.", hint=f"Did you mean {near[0]}:{algorithm}?") from error
        raise
    return Method(name, lambda task: _own(name, task), packages=("rung",), modules=_homes(form))


def is_own(name: str) -> bool:
    """Whether a method is made of searchers and schedulers of rung's kind, and not another project's."""
    peer, colon, _ = name.partition(":")
    return not (colon and peer in PEERS)


def names() -> list[str]:
    """All methods that have a name of their own, whether or not their packages are installed."""
    schedulers = [
        each
        for each in registry.names_of("schedulers")
        if each != "basic" and registry.required_options("schedulers", each) <= {"max_t"}
    ]
    own = registry.names_of("searchers") + schedulers
    return own + [f"{peer}:{algorithm}" for peer in PEERS for algorithm in _module(peer).ALGORITHMS]


def _own(name: str, task: Task) -> Scheduler:
    form = registry.with_points(registry.method_spec(name, max_t=task.n_steps), task.points)
    return registry.build_scheduler(form, task.space)


def _homes(form: Mapping[str, Json]) -> tuple[str, ...]:
    """The modules that the parts of an own method come from."""
    factories = (
        registry.factory_of("schedulers", form["name"]),
        registry.factory_of("searchers", form["searcher"]["name"]),
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
            with no_logging(), silence(ignored=[Warning]):  # what it says as it is imported concerns nobody here
                import_module(package)
        except ImportError as error:
            raise MissingExtraError(name, peer, _BY_HAND.get(peer, "")) from error
    make = makers[algorithm]
    return Method(
        name,
        lambda task: Foreign(name, make(task), task.space),
        packages=("rung", *module.PACKAGES),
        modules=(module.__name__, *module.MODULES),
    )


def _module(peer: str) -> ModuleType:
    return import_module(f"rung.benchmarks.peers.{PEERS[peer]}")
