"""Syne Tune's searchers, its stopping variant of ASHA on top of some of them, and its median rule.

Left out: what is no longer in 0.16, namely promotion-type ASHA, synchronous Hyperband, MOBSTER, HyperTune, DyHPO,
PASHA, DEHB and the GP of its own; population based training, which pauses and copies trials, as a ``Peer`` can't; the
median rule on anything but random search, since it doesn't tell the scheduler below it how trials end. ``botorch`` and
``asha+cqr`` need one more package each, botorch and huggingface_hub.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple, final

from rung.benchmarks.peers._flat import Axis, Flat, Kind
from rung.benchmarks.peers._randomness import OwnRandomness
from rung.benchmarks.peers._silence import silence
from rung.benchmarks.peers.peer import Asked, Peer

if TYPE_CHECKING:
    from rung.benchmarks.method import Task

PACKAGES: Final = ("syne-tune", "statsmodels", "xgboost")
MODULES: Final = ("syne_tune",)

_KINDS: Final = set(Kind) - {Kind.NORMAL}
_LOSS: Final = "loss"
_STEP: Final = "step"


@final
class _SyneTune:
    """A scheduler that is told of trials as by Syne Tune's own tuner.

    It draws from the global generator of NumPy, or torch: even its random search, which leaves its seed unused. What
    breaks a constraint is told to have the worst loss so far. An integer outside its bounds, as kernel densities
    suggest it, is moved to the nearest and told as that.
    """

    def __init__(
        self, task: Task, make: Callable[[_Setting], Any], *, stops_early: bool, needs_torch: bool = False
    ) -> None:
        self.report = self._report if stops_early else None
        self._task = task
        self._flat = Flat(task.space, _KINDS)
        self._asked = 0
        self._trials: dict[Hashable, Any] = {}
        self._steps: dict[Hashable, int] = {}
        self._worst: float | None = None
        if needs_torch:
            # Now, as what it imports draws from the global generators.
            import syne_tune.optimizer.schedulers.searchers.botorch.botorch_searcher  # noqa: F401
        self._randomness = OwnRandomness(task.seed, torch=needs_torch)
        with self._at_work():
            domains = {axis.name: _domain(axis) for axis in self._flat.axes}
            points = [self._flat.coordinates(point) for point in task.points]
            self._scheduler = make(_Setting(domains, points, task.seed, task.n_steps))

    def ask(self) -> Asked | None:
        with self._at_work():
            return self._flat.ask_allowed(self._ask, self._refuse)

    def _report(self, key: Hashable, step: int, loss: float) -> bool:
        self._steps[key] = step
        with self._at_work():
            decision = self._scheduler.on_trial_result(self._trials[key], {_LOSS: loss, _STEP: step})
        return step < self._task.n_steps and bool(decision == "STOP")

    def tell(self, key: Hashable, loss: float | None, *, is_stopped: bool) -> None:
        with self._at_work():
            self._tell(key, loss, is_stopped=is_stopped)

    def _tell(self, key: Hashable, loss: float | None, *, is_stopped: bool) -> None:
        trial = self._trials.pop(key)
        if loss is None:
            self._scheduler.on_trial_error(trial)
            return
        self._worst = loss if self._worst is None else max(loss, self._worst)
        if is_stopped:
            self._scheduler.on_trial_remove(trial)
        else:
            self._scheduler.on_trial_complete(trial, {_LOSS: loss, _STEP: self._steps.pop(key, 1)})

    def _ask(self) -> Asked | None:
        from syne_tune.backend.trial_status import Trial

        suggestion = self._scheduler.suggest()
        if suggestion is None:
            return None
        key, points = self._asked, self._task.points
        self._asked += 1
        coordinates = {
            axis.name: min(max(suggestion.config[axis.name], axis.low), axis.high) for axis in self._flat.axes
        }
        self._trials[key] = Trial(key, coordinates, dt.datetime.now(tz=dt.UTC))
        self._scheduler.on_trial_add(self._trials[key])
        return Asked(key, points[key] if key < len(points) else self._flat.config(coordinates))

    def _refuse(self, key: Hashable) -> None:
        self._tell(key, self._worst, is_stopped=False)

    @contextlib.contextmanager
    def _at_work(self) -> Iterator[None]:
        """Without its reports, and without warnings of what lies below it: of small numbers, and of being outdated.

        It reports to the root, and statsmodels, torch.jit, GPyTorch and BoTorch warn, the last by a class of its own.
        """
        with silence("root", "syne_tune", ignored=[Warning]), self._randomness.in_force():
            yield


def _domain(axis: Axis) -> Any:
    from syne_tune import config_space as words

    match axis.kind:
        case Kind.LABELS:
            return words.choice(list(range(axis.count)))
        case Kind.LEVELS:
            return words.ordinal(list(range(axis.count)), kind="equal")
        case Kind.WHOLE:
            return words.randint(axis.low, axis.high)
        case Kind.LOG_WHOLE:
            return words.lograndint(axis.low, axis.high)
        case Kind.LOG_REAL:
            return words.loguniform(axis.low, axis.high)
        case _:
            return words.uniform(axis.low, axis.high)


class _Setting(NamedTuple):
    """What every scheduler is made of."""

    space: dict[str, Any]
    points: list[dict[str, float]]
    seed: int
    n_steps: int


def _random(given: _Setting) -> Any:
    from syne_tune.optimizer.baselines import RandomSearch

    return RandomSearch(given.space, metrics=[_LOSS], random_seed=given.seed, points_to_evaluate=given.points)


def _searching(name: str) -> Callable[[_Setting], Any]:
    """The scheduler of that name that trains everything to the end."""

    def make(given: _Setting) -> Any:
        from syne_tune.optimizer import baselines

        scheduler = vars(baselines)[name]
        return scheduler(given.space, metric=_LOSS, random_seed=given.seed, points_to_evaluate=given.points)

    return make


def _halving(name: str) -> Callable[[_Setting], Any]:
    """The scheduler of that name that stops trials by ASHA."""

    def make(given: _Setting) -> Any:
        from syne_tune.optimizer import baselines

        return vars(baselines)[name](
            given.space,
            metric=_LOSS,
            time_attr=_STEP,
            max_t=given.n_steps,
            random_seed=given.seed,
            points_to_evaluate=given.points,
        )

    return make


def _median(given: _Setting) -> Any:
    from syne_tune.optimizer.schedulers.median_stopping_rule import MedianStoppingRule

    return MedianStoppingRule(_random(given), time_attr=_STEP, metric=_LOSS, random_seed=given.seed)


def _maker(
    scheduler: Callable[[_Setting], Any], *, stops_early: bool = False, needs_torch: bool = False
) -> Callable[[Task], Peer]:
    def make(task: Task) -> Peer:
        return _SyneTune(task, scheduler, stops_early=stops_early, needs_torch=needs_torch)

    return make


ALGORITHMS: Final[Mapping[str, Callable[[Task], Peer]]] = {
    "random": _maker(_random),
    "bore": _maker(_searching("BORE")),
    "botorch": _maker(_searching("BOTorch"), needs_torch=True),
    "kde": _maker(_searching("TPE")),
    "rea": _maker(_searching("REA")),
    "asha": _maker(_halving("ASHA"), stops_early=True),
    "asha+bore": _maker(_halving("ASHABORE"), stops_early=True),
    "asha+cqr": _maker(_halving("ASHACQR"), stops_early=True),
    "bohb": _maker(_halving("BOHB"), stops_early=True),
    "median+random": _maker(_median, stops_early=True),
}
"""By Syne Tune's own names, but that its ``TPE`` is called ``kde``, as its searcher is."""
