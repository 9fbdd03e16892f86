"""Optuna's samplers, and its pruners on top of them.

CmaEsSampler is not among them, since it needs one more package, cmaes.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Hashable, Mapping
from typing import TYPE_CHECKING, Any, Final, final

from rung.benchmarks.peers._flat import Axis, Flat, Kind
from rung.benchmarks.peers._silence import silence
from rung.benchmarks.peers.peer import Asked, Peer

if TYPE_CHECKING:
    from rung.benchmarks.method import Task

PACKAGES: Final = ("optuna",)
MODULES: Final = ("optuna",)

_KINDS: Final = {Kind.REAL, Kind.LOG_REAL, Kind.WHOLE, Kind.LOG_WHOLE, Kind.LABELS}


@final
class _Optuna:
    """A study that asks for what is active only, parents first, as an objective of Optuna's would.

    What breaks a constraint is told to have the worst loss so far: a sampler that didn't learn would ask for it again.
    """

    def __init__(self, task: Task, sampler: Any, pruner: Any | None) -> None:
        import optuna

        self.report = None if pruner is None else self._report
        self._task = task
        self._flat = Flat(task.space, _KINDS)
        self._trials: dict[Hashable, Any] = {}
        self._worst: float | None = None
        with _quiet():
            self._study = optuna.create_study(
                sampler=sampler,
                pruner=pruner or optuna.pruners.NopPruner(),
                study_name=f"seed {task.seed}",  # HyperbandPruner puts trials into brackets by it
            )
            for point in task.points:
                coordinates = self._flat.coordinates(point)
                self._study.enqueue_trial({name: value for name, value in coordinates.items() if name in point})

    def ask(self) -> Asked | None:
        with _quiet():
            return self._flat.ask_allowed(self._ask, self._refuse)

    def _report(self, key: Hashable, step: int, loss: float) -> bool:
        with _quiet():
            self._trials[key].report(loss, step)
            return step < self._task.n_steps and bool(self._trials[key].should_prune())

    def tell(self, key: Hashable, loss: float | None, *, is_stopped: bool) -> None:
        from optuna.trial import TrialState

        with _quiet():
            if loss is None:
                self._study.tell(self._trials.pop(key), state=TrialState.FAIL)
            elif is_stopped:
                self._study.tell(self._trials.pop(key), state=TrialState.PRUNED)
            else:
                self._study.tell(self._trials.pop(key), loss)
                self._worst = loss if self._worst is None else max(loss, self._worst)

    def _ask(self) -> Asked:
        trial = self._study.ask()
        self._trials[trial.number] = trial
        config = self._flat.build(lambda axis: _suggested(trial, axis))
        points = self._task.points  # what was enqueued comes first, but perhaps rounded
        return Asked(trial.number, points[trial.number] if trial.number < len(points) else config)

    def _refuse(self, key: Hashable) -> None:
        self.tell(key, self._worst, is_stopped=False)


def _suggested(trial: Any, axis: Axis) -> float:
    coordinate: float
    match axis.kind:
        case Kind.LABELS:
            coordinate = trial.suggest_categorical(axis.name, list(range(axis.count)))
        case Kind.WHOLE | Kind.LOG_WHOLE:
            coordinate = trial.suggest_int(axis.name, axis.low, axis.high, log=axis.kind is Kind.LOG_WHOLE)
        case _:
            coordinate = trial.suggest_float(axis.name, axis.low, axis.high, log=axis.kind is Kind.LOG_REAL)
    return coordinate


def _quiet() -> contextlib.AbstractContextManager[None]:
    """Without notices of each trial, of what is experimental, and of parameters that a sampler leaves to another."""
    from optuna.exceptions import ExperimentalWarning

    return silence("optuna", ignored=[ExperimentalWarning])


def _random(task: Task) -> Any:
    from optuna.samplers import RandomSampler

    return RandomSampler(seed=task.seed)


def _tpe(task: Task) -> Any:
    from optuna.samplers import TPESampler

    return TPESampler(seed=task.seed)


def _gp(task: Task) -> Any:
    from optuna.samplers import GPSampler

    return GPSampler(seed=task.seed)


def _qmc(task: Task) -> Any:
    from optuna.samplers import QMCSampler

    return QMCSampler(seed=task.seed, scramble=True)  # else all seeds have the same points


def _asha(task: Task) -> Any:
    from optuna.pruners import SuccessiveHalvingPruner

    del task  # it takes the first trial that completes as the length of a training
    return SuccessiveHalvingPruner()


def _hyperband(task: Task) -> Any:
    from optuna.pruners import HyperbandPruner

    return HyperbandPruner(max_resource=task.n_steps)


def _median(task: Task) -> Any:
    from optuna.pruners import MedianPruner

    del task
    return MedianPruner()


def _maker(sampler: Callable[[Task], Any], pruner: Callable[[Task], Any] | None = None) -> Callable[[Task], Peer]:
    def make(task: Task) -> Peer:
        with _quiet():
            return _Optuna(task, sampler(task), pruner and pruner(task))

    return make


ALGORITHMS: Final[Mapping[str, Callable[[Task], Peer]]] = {
    "random": _maker(_random),
    "tpe": _maker(_tpe),
    "gp": _maker(_gp),
    "qmc": _maker(_qmc),
    "asha+random": _maker(_random, _asha),
    "asha+tpe": _maker(_tpe, _asha),
    "hyperband+tpe": _maker(_tpe, _hyperband),
    "median+random": _maker(_random, _median),
    "median+tpe": _maker(_tpe, _median),
}
