"""What a tuner checks and derives before its first session: goal, workers, backend, a name."""

from __future__ import annotations

import contextlib
import inspect
import itertools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rung._trial import is_importing_training_code
from rung.backends.inline import Inline
from rung.checks import whole_number
from rung.errors import RungError, SettingError, SpaceError
from rung.runtime.objective import Kind, Objective
from rung.space.values import freeze, thaw
from rung.types import Config, Goal, Json

if TYPE_CHECKING:
    from rung.backends.resources import Resources
    from rung.contracts import Backend, Scheduler, Store


def refuse_during_import() -> None:
    """RungError while training code is imported: the script would begin its study a second time.

    A search inside a trial is none of that, and may run.
    """
    if is_importing_training_code():
        raise RungError(
            "a trial process imported a script that starts a study, which would start a second one.",
            hint='Put the call of tune() or Tuner() under `if __name__ == "__main__":`.',
        )


def reference_of(objective: Objective) -> Json:
    """By what name a study's objective can be found again: ``module:function``, a script's argument list, or None."""
    return objective.reference or list(objective.argv) or None


def free_name(store: Store, base: str) -> str:
    """A name that no study of the store has: ``base``, numbered when it is taken."""
    base = base.replace("#", "")
    taken = {row.name for row in store.tables.studies()}
    if base not in taken:
        return base
    return next(name for number in itertools.count(2) if (name := f"{base}-{number}") not in taken)


def default_backend(objective: Objective, workers: int | None, resources: Resources | None = None) -> Backend:
    """In this process without ``workers``, else in so many processes; scripts and what has resources have processes."""
    if workers is None and resources is None and objective.kind is not Kind.SCRIPT:
        return Inline()
    from rung.backends.processes import Processes

    return Processes(slots=workers or (1 if resources is None else None), resources=resources)


@contextlib.contextmanager
def opened(backend: Backend, study: str, objective: Objective, folder: Path) -> Iterator[None]:
    """The backend is ready for the trials of a study, whose folder is there, until the end of the block."""
    folder.mkdir(parents=True, exist_ok=True)
    backend.open(study, objective, folder)
    try:
        yield
    finally:
        backend.close()


def checked_goal(metric: str, mode: str) -> Goal:
    """SettingError when these are no goal."""
    if not isinstance(metric, str) or not metric:
        raise SettingError(f"metric={metric!r} is not a name.", hint="Name the metric that the objective reports.")
    if mode not in {"min", "max"}:
        raise SettingError(f"mode={mode!r} is not known.", hint="Use mode='min' or mode='max'.")
    return Goal(metric, mode)  # type: ignore[arg-type]  # just checked


def checked_given(given: Sequence[Config]) -> list[Config]:
    """The configurations with values that JSON has; SettingError when one is none. No space need contain them."""
    if isinstance(given, Mapping):
        raise SettingError(f"given={given!r} is one configuration.", hint="Give a list of them.")
    return [plain_config(config) for config in given]


def plain_config(config: Config) -> Config:
    """The configuration with values that JSON has; SettingError when it is none. No space need contain it."""
    if not isinstance(config, Mapping) or not all(isinstance(name, str) for name in config):
        raise SettingError(f"{config!r} is no configuration.", hint="Give a dict from names to values.")
    try:
        return {name: thaw(freeze(value)) for name, value in config.items()}
    except SpaceError as error:
        raise SettingError(error.sentence, hint=error.hint) from error


def checked_name(name: str) -> str:
    """SettingError when a study can't be called so."""
    if not isinstance(name, str) or not name.strip() or "#" in name:
        raise SettingError(
            f"{name!r} can't be the name of a study.",
            hint="Give a text without #, which stands between a study and the number of a trial: lenet#3.",
        )
    return name


def checked_scheduler(scheduler: Scheduler) -> Scheduler:
    """SettingError when this is none; a searcher, of either kind, is the likely slip."""
    suggest = getattr(scheduler, "suggest", None)
    if suggest is None or "new_trials" not in inspect.signature(suggest).parameters:
        raise SettingError(
            f"{type(scheduler).__name__} is not a scheduler.",
            hint="Put a searcher into one: BasicScheduler(searcher). What is written as in the d2l book goes in by "
            "rung.integrations.d2l.as_scheduler.",
        )
    return scheduler


def checked_workers(workers: int | None, backend: Backend | None, resources: Resources | None = None) -> int | None:
    """SettingError when this is no number of workers, or it or the resources contradict the backend."""
    if resources is not None and backend is not None:
        raise SettingError("both resources and backend were given.", hint="Give the backend its resources.")
    if workers is not None and backend is not None:
        raise SettingError("both workers and backend were given.", hint="Give the backend its slots, and no workers.")
    if workers is None:
        return None
    return whole_number("workers", workers, at_least=1, example="4, or leave it out to run in this process")
