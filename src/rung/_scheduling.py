"""Which scheduler suits an objective, and whether a study with it is sure to end: for ``tune`` and the command line."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping
from numbers import Integral
from typing import TYPE_CHECKING, Any

from rung import registry
from rung.errors import SettingError

if TYPE_CHECKING:
    from rung.contracts import Scheduler, Searcher
    from rung.runtime.objective import Objective
    from rung.stopping import Criterion
    from rung.types import Json


def training_length(objective: Objective) -> int | None:
    """The default of the function's ``max_epochs`` parameter, if it has one that is a whole number."""
    if objective.limit is None or objective.target is None:
        return None
    default: Any = inspect.signature(objective.target).parameters[objective.limit].default
    return None if isinstance(default, bool) or not isinstance(default, Integral) else int(default)


def chosen_name(text: str, length: int | None, options: Collection[str] = ()) -> str:
    """The scheduler's name, or that which ``auto`` stands for: ASHA where a training is known to be long enough.

    length: of a full training. options: the names of those that are given to it.
    """
    if text != "auto":
        return text
    return "asha" if "max_t" in options or (length or 0) >= 2 else "basic"


def scheduler_for(
    text: str, searcher: Searcher, length: int | None, *, hint: str, options: Mapping[str, Any]
) -> Scheduler:
    """The scheduler of that name, possibly with options in it, told the length of a training if it has to know.

    hint: how to say the length where it is not known; SettingError then.
    """
    name, given = chosen_name(text, length, options), dict(options)
    form = registry.form_of("schedulers", name)
    if registry.has_option("schedulers", form, "max_t") and "max_t" not in {**form, **given}:
        if length is None:
            raise SettingError(f"{form['name']} needs to know how long a full training is.", hint=hint)
        given["max_t"] = length
    return registry.scheduler(name, searcher, **given)


def has_end(scheduler: Scheduler, *, max_trials: int | None, seconds: float | None, stop: Criterion | None) -> bool:
    """Whether a study is sure to end; a value that is to be reached may never be, nor a cost be reported."""
    is_bounded = _is_population(scheduler.spec())  # it is trained once
    if max_trials is not None or seconds is not None or is_bounded or ends_by_itself(scheduler):
        return True
    return stop is not None and stop.ends_some_day()


def ends_by_itself(scheduler: Scheduler) -> bool:
    """Whether its searcher has nothing left to suggest some day, as a grid has; a random one repeats itself."""
    return (scheduler.spec().get("searcher") or {}).get("name") == "grid"


def _is_population(form: Mapping[str, Json]) -> bool:
    within = form.get("within")
    return "population" in form or (isinstance(within, Mapping) and _is_population(within))
