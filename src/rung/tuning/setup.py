"""What a tuner checks and derives before its first session: goal, workers, backend, a name, the stored settings."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from msgspec import structs

from rung.backends.inline import Inline
from rung.bookkeeping import IncumbentFrom
from rung.errors import SettingError
from rung.runtime.objective import Kind, Objective
from rung.types import Goal, Json

if TYPE_CHECKING:
    from rung.contracts import Backend, Store
    from rung.tuning.starter import Limits


def settings_of(limits: Limits, workers: int | None, incumbent_from: IncumbentFrom, *, begun: int) -> dict[str, Json]:
    """What ``rung resume`` needs to go on as this run would have; ``begun``: how many trials there are already."""
    given = structs.asdict(limits)
    more, total = given.pop("new_trials"), given.pop("max_trials")
    totals = [count for count in (total, None if more is None else begun + more) if count is not None]
    settings = {
        "max_trials": min(totals, default=None),
        "seconds": given.pop("seconds"),
        "workers": workers,
        "incumbent_from": incumbent_from,
        "limits": given,
    }
    return {name: value for name, value in settings.items() if value is not None}


def free_name(store: Store, base: str) -> str:
    """A name that no study of the store has: ``base``, numbered when it is taken."""
    taken = {row.name for row in store.tables.studies()}
    if base not in taken:
        return base
    return next(name for number in itertools.count(2) if (name := f"{base}-{number}") not in taken)


def default_backend(objective: Objective, workers: int | None) -> Backend:
    """In this process without ``workers``, else in so many processes; scripts always have a process."""
    if workers is None and objective.kind is not Kind.SCRIPT:
        return Inline()
    from rung.backends.processes import Processes

    return Processes(slots=workers or 1)


def checked_goal(metric: str, mode: str) -> Goal:
    """SettingError when these are no goal."""
    if not isinstance(metric, str) or not metric:
        raise SettingError(f"metric={metric!r} is not a name.", hint="Name the metric that the objective reports.")
    if mode not in {"min", "max"}:
        raise SettingError(f"mode={mode!r} is not known.", hint="Use mode='min' or mode='max'.")
    return Goal(metric, mode)  # type: ignore[arg-type]  # just checked


def checked_workers(workers: int | None, backend: Backend | None) -> int | None:
    """SettingError when this is no number of workers, or contradicts the backend."""
    if workers is not None and backend is not None:
        raise SettingError("both workers and backend were given.", hint="Give the backend its slots, and no workers.")
    if workers is not None and (not isinstance(workers, int) or workers < 1):
        raise SettingError(f"workers={workers!r} must be a whole number of at least 1, or None to run in this process.")
    return workers
