"""``rung.tune``: one call from an objective and a space to a study."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

from rung import registry
from rung._scheduling import has_end, scheduler_for, training_length
from rung.console import make_progress
from rung.errors import SettingError
from rung.runtime.objective import Objective, as_objective
from rung.schedulers.early import stopping_trials
from rung.space import Space, as_space
from rung.space.editing import edited
from rung.stopping import Scope, as_criterion
from rung.tuner import Tuner
from rung.tuning.starter import Limits

if TYPE_CHECKING:
    from rung.backends.resources import Resources
    from rung.bookkeeping import IncumbentFrom
    from rung.console import ProgressMode
    from rung.contracts import Backend, Scheduler, Searcher, Store
    from rung.stopping import Criterion
    from rung.study import Study
    from rung.tuning.opening import Resume
    from rung.tuning.recording import Result
    from rung.tuning.session import Observer
    from rung.types import Config

_Part = TypeVar("_Part", "Searcher", "Scheduler")

DEFAULT_STORE = "sqlite:///rung.db"

_LENGTH: Final = (
    "Give the function a parameter max_epochs with a default, or the scheduler its max_t: scheduler='asha(max_t=27)'."
)


def tune(
    objective: Callable[..., object] | Sequence[str] | str | Objective,
    space: Space | Mapping[str, Any],
    *,
    metric: str = "error",
    mode: Literal["min", "max"] = "min",
    priors: Mapping[str, Any] | None = None,
    initial_config: Config | None = None,
    points_to_evaluate: Sequence[Config] = (),
    known_results: Iterable[tuple[Config, Result]] = (),
    searcher: str | Searcher = "auto",
    scheduler: str | Scheduler = "auto",
    max_trials: int | None = None,
    seconds: float | None = None,
    workers: int | None = None,
    backend: Backend | None = None,
    resources: Resources | None = None,
    store: Store | str | Path = DEFAULT_STORE,
    study: str | None = None,
    seed: int | None = None,
    resume: Resume = "auto",
    incumbent_from: IncumbentFrom = "any",
    limits: Limits | None = None,
    stop: Criterion | str | None = None,
    stop_trials: Criterion | str | None = None,
    project: str | None = None,
    message: str = "",
    tags: Sequence[str] = (),
    project_limit: float | str | None = None,
    progress: ProgressMode = "auto",
    observers: Sequence[Observer] = (),
) -> Study:
    """Search the space for the configuration with the best metric; returns the study.

    objective: a function of the hyperparameters, of a ``trial``, a generator, a script's argument list, or a reference
    ``module:function``. space: a ``Space``, or a mapping to domains, lists and ``scipy.stats`` distributions. priors:
    where you believe the best values to be, such as ``{"lr": "~1e-3"}``; see ``Space``. initial_config,
    points_to_evaluate: tried first; one or the other. known_results: pairs of a configuration and what it came to
    elsewhere, from which the searcher learns. searcher, scheduler: names, possibly with options, as in
    ``tpe(startup_trials=5)``, or objects. The searcher ``auto`` is what suits the space and the time that a trial
    takes, see ``AutoSearcher``; the scheduler ``auto`` is ASHA (stopping) when the function has a ``max_epochs``
    parameter with a default of at least 2, else every trial runs to its end. max_trials: the study's total, in which
    the known results count. seconds: wall time. stop: other criteria, or their text; see ``rung.stopping``. One of the
    three is needed unless the searcher ends by itself; a value to be reached, or a metric as the cost, is not enough
    alone. stop_trials: what ends single trials early besides the scheduler, such as
    ``rung.stopping.patience(5) | rung.stopping.diverged()``; see ``EarlyStopping``. A scheduler object is made anew
    from its settings then, and the given one takes no part. store: ``rung.db`` in the working directory by default, or
    ``"memory"``. progress: ``auto``, ``live``, ``notebook``, ``plain``, ``json`` or ``off``.
    All else as for ``Tuner``.
    """
    target = as_objective(objective)
    if priors is not None:
        space = edited(as_space(space), {}, priors=priors)
    if isinstance(scheduler, str):
        proposes = _searcher(searcher, space, initial_config, points_to_evaluate)
        built = scheduler_for(scheduler, proposes, training_length(target), hint=_LENGTH, options={})
    else:
        proposes, built = None, _ready_made("scheduler", scheduler, space, initial_config, points_to_evaluate)
    if stop_trials is not None:
        built = stopping_trials(built, stop_trials, mode=mode, searcher=proposes)
    ends = _checked_end(built, max_trials=max_trials, seconds=seconds, stop=stop)
    address = str(store) if isinstance(store, str | Path) else store.url
    shown = make_progress(progress, store=address, max_trials=max_trials)
    tuner = Tuner(
        target,
        built,
        metric=metric,
        mode=mode,
        store=store,
        study=study,
        workers=workers,
        backend=backend,
        resources=resources,
        seed=seed,
        resume=resume,
        incumbent_from=incumbent_from,
        limits=limits,
        stop=ends,
        project=project,
        message=message,
        tags=tags,
        project_limit=project_limit,
        known_results=known_results,
        observers=(*shown.observers, *observers),
    )
    with shown, contextlib.ExitStack() as on_failure:
        on_failure.callback(tuner.close)
        found = tuner.run(max_trials=max_trials, seconds=seconds)
        on_failure.pop_all()  # the study reads from the store, which therefore stays open
    return found


def _searcher(
    searcher: str | Searcher, space: Space | Mapping[str, Any], initial: Config | None, points: Sequence[Config]
) -> Searcher:
    if isinstance(searcher, str):
        given = {"initial_config": initial, "points_to_evaluate": points or None}
        first = {name: value for name, value in given.items() if value is not None}
        return registry.searcher(searcher, as_space(space), **first)
    return _ready_made("searcher", searcher, space, initial, points)


def _ready_made(
    what: str, part: _Part, space: Space | Mapping[str, Any], initial: Config | None, points: Sequence[Config]
) -> _Part:
    """A searcher or scheduler object, which must not contradict what else was given."""
    if not isinstance(getattr(part, "space", None), Space):  # None, or the class itself
        names = {"searcher": "'tpe'", "scheduler": "'asha', or 'basic' to run every trial to its end"}
        raise SettingError(f"{what}={part!r} is no {what}.", hint=f"Give an object, or a name such as {names[what]}.")
    if initial is not None or points:
        raise SettingError(
            "initial_config and points_to_evaluate go to the searcher, which was given ready-made.",
            hint="Write RandomSearcher(space, initial_config=…), or whichever searcher it is.",
        )
    if as_space(space) != part.space:
        raise SettingError(
            f"the space differs from that of {type(part).__name__}: "
            + "; ".join(part.space.difference(as_space(space)))
            + ".",
            hint="Give both the same space.",
        )
    return part


def _checked_end(
    scheduler: Scheduler, *, max_trials: int | None, seconds: float | None, stop: Criterion | str | None
) -> Criterion | None:
    """The stop criterion. SettingError when it is none, and when the study may never end."""
    criterion = None if stop is None else as_criterion(stop, Scope.STUDY)
    if has_end(scheduler, max_trials=max_trials, seconds=seconds, stop=criterion):
        return criterion
    if criterion is not None:
        raise SettingError(
            f"nothing says when to end: {criterion} may never come.", hint="Give max_trials=… or seconds=… as well."
        )
    raise SettingError("nothing says when to end.", hint="Give max_trials=…, seconds=… or stop=….")
