"""SMAC's facades for problems of one fidelity: a random forest, a Gaussian process, and random search.

Its multi-fidelity facade is not among them: it decides on a budget before a trial begins, and begins the trial anew for
the next one.
"""

from __future__ import annotations

import contextlib
import itertools
import tempfile
from collections.abc import Callable, Hashable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, final

from rung.benchmarks.peers._flat import Axis, Flat, Kind
from rung.benchmarks.peers._silence import silence
from rung.benchmarks.peers.peer import Asked, Peer

if TYPE_CHECKING:
    from rung.benchmarks.method import Task
    from rung.space import Space, When
    from rung.types import Config

PACKAGES: Final = ("smac", "ConfigSpace", "scikit-learn")
MODULES: Final = ("smac",)

_KINDS: Final = {Kind.WHOLE, Kind.LOG_WHOLE, Kind.LEVELS, Kind.LABELS}
"""Floats go through the unit interval, where its models have them anyway, because ConfigSpace rounds their bounds."""

_MOST_LISTED: Final = 1_000  # values of a parent that are gone through to tell a condition on it


_N_TRIALS: Final = 100  # SMAC's own default


@final
class _Smac:
    """A facade that tries each configuration once, as for a target function that its scenario calls deterministic.

    What fails or breaks a constraint crashes at the worst cost so far, as soon as there is one: its models can't take
    the infinite cost that is the default. A quarter of the trials, if it is known how many there will be, else of the
    default of 100, is the most that the initial design may have; going on beyond is no trouble.
    """

    report = None

    def __init__(self, facade: str, task: Task) -> None:
        import smac

        self._flat = Flat(task.space, _KINDS)
        self._space = _space(task.space, self._flat)
        self._points = list(task.points)
        self._keys = itertools.count()
        self._trials: dict[Hashable, Any] = {}
        self._crashed: list[Any] = []
        self._worst: float | None = None
        kind = getattr(smac, facade)
        with tempfile.TemporaryDirectory() as folder, _quiet():  # where it writes at this moment, and no later
            scenario = smac.Scenario(
                self._space,
                deterministic=True,
                n_trials=task.n_trials or _N_TRIALS,
                seed=task.seed,
                output_directory=Path(folder),
            )
            intensifier = kind.get_intensifier(scenario, max_config_calls=1)
            self._facade = kind(scenario, intensifier=intensifier, logging_level=False)

    def ask(self) -> Asked | None:
        with _quiet():
            if self._points:
                return self._point(self._points.pop(0))
            return self._flat.ask_allowed(self._ask, self._crash)

    def tell(self, key: Hashable, loss: float | None, *, is_stopped: bool) -> None:
        del is_stopped
        with _quiet():
            if loss is None:
                self._crash(key)
                return
            self._worst = loss if self._worst is None else max(loss, self._worst)
            self._tell(self._trials.pop(key), loss)
            self._tell_crashed()

    def _point(self, point: Config) -> Asked:
        from ConfigSpace.util import deactivate_inactive_hyperparameters
        from smac.runhistory.dataclasses import TrialInfo

        coordinates = self._flat.coordinates(point)
        trial = TrialInfo(deactivate_inactive_hyperparameters(coordinates, self._space), seed=0)
        self._facade.runhistory.add_running_trial(trial)
        return self._asked(trial, point)

    def _ask(self) -> Asked | None:
        from smac.main.exceptions import ConfigurationSpaceExhaustedException

        try:
            trial = self._facade.ask()
        except (StopIteration, ConfigurationSpaceExhaustedException):
            return None
        return self._asked(trial, self._flat.build(lambda axis: trial.config[axis.name]))

    def _asked(self, trial: Any, config: Config) -> Asked:
        key = next(self._keys)
        self._trials[key] = trial
        return Asked(key, config)

    def _crash(self, key: Hashable) -> None:
        self._crashed.append(self._trials.pop(key))
        self._tell_crashed()

    def _tell_crashed(self) -> None:
        if self._worst is not None:
            for trial in self._crashed:
                self._tell(trial, self._worst, is_crash=True)
            self._crashed.clear()

    def _tell(self, trial: Any, cost: float, *, is_crash: bool = False) -> None:
        from smac.runhistory import StatusType
        from smac.runhistory.dataclasses import TrialValue

        status = StatusType.CRASHED if is_crash else StatusType.SUCCESS
        self._facade.tell(trial, TrialValue(cost=cost, status=status), save=False)


def _quiet() -> contextlib.AbstractContextManager[None]:
    """Without its notices, and warnings from its local search: of the mean of nothing, when it has no time to tell."""
    return silence("smac", ignored=[RuntimeWarning])


def _space(space: Space, flat: Flat) -> Any:
    """Conditions on floats are not told: what these make inactive is only left out of the configs."""
    import ConfigSpace as words  # noqa: N813  there are as many classes of it here as words

    translated = words.ConfigurationSpace()
    parameters = {axis.name: _parameter(axis) for axis in flat.axes}
    translated.add(parameters.values())
    parents = {axis.name: axis for axis in flat.axes if axis.kind is not Kind.REAL and axis.count <= _MOST_LISTED}
    for child, parameter in parameters.items():
        whens: dict[str, list[When]] = {}
        for when in space.conditions.get(child, ()):
            whens.setdefault(when.parent, []).append(when)
        parts = [
            words.InCondition(parameter, parameters[name], _meeting(parents[name], given))
            for name, given in whens.items()
            if name in parents
        ]
        if parts:
            translated.add(words.AndConjunction(*parts) if len(parts) > 1 else parts[0])
    return translated


def _meeting(parent: Axis, whens: list[When]) -> list[int]:
    """The coordinates at which all the conditions on a parent are met."""
    coordinates = (int(parent.low) + place for place in range(parent.count))
    return [each for each in coordinates if all(parent.value(each) in when.values for when in whens)]


def _parameter(axis: Axis) -> Any:
    import ConfigSpace as words  # noqa: N813

    match axis.kind:
        case Kind.LABELS:
            return words.CategoricalHyperparameter(axis.name, range(axis.count))
        case Kind.LEVELS:
            return words.OrdinalHyperparameter(axis.name, range(axis.count))
        case Kind.WHOLE | Kind.LOG_WHOLE:
            return words.UniformIntegerHyperparameter(axis.name, axis.low, axis.high, log=axis.kind is Kind.LOG_WHOLE)
        case _:
            return words.UniformFloatHyperparameter(axis.name, 0.0, 1.0)


ALGORITHMS: Final[Mapping[str, Callable[[Task], Peer]]] = {
    "random": partial(_Smac, "RandomFacade"),
    "hpo": partial(_Smac, "HyperparameterOptimizationFacade"),
    "bb": partial(_Smac, "BlackBoxFacade"),
}
"""``hpo`` has the random forest, ``bb`` the Gaussian process."""
